//! How things stand with a folder, for people: written by the engine's thread whenever something changed, read by everybody.

use super::Named;
use crate::fleet::FolderPlan;
use homesync_engine::{Question, Reason};
use homesync_paths::RelativePath;
use homesync_protocol::DeviceId;
use std::collections::{BTreeMap, BTreeSet};

/// So many of the items that wait are named.
pub(crate) const MOST_NAMED: usize = 1_000;

/// An item that waits.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) path: RelativePath,
    /// Why.
    pub(crate) reason: Reason,
    /// The system's words, if it was the system that refused.
    pub(crate) words: Option<String>,
    /// How often in a row it did not work.
    pub(crate) tries: u32,
}

/// So often in a row nobody speaks of trouble: a person wrote to the file at the very moment, or the machine that has it was just leaving. About
/// fifteen seconds.
const PASSING_TRIES: u32 = 4;

impl Held {
    /// Most likely it goes on by itself in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self.reason {
            Reason::Backoff => self.words.is_none() && self.tries <= PASSING_TRIES,
            Reason::Busy => true,
            _ => false,
        }
    }
}

/// It.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// The index is open and the first look has ended.
    pub(crate) is_known: bool,
    /// A look at everything is under way, or wanted.
    pub(crate) is_scanning: bool,
    /// A look at anything is.
    pub(crate) is_looking: bool,
    /// Something is being done to the disk.
    pub(crate) is_operating: bool,
    /// Why it stands still as a whole.
    pub(crate) halted: Option<String>,
    /// It rests by its mode, until somebody lets it travel.
    pub(crate) is_resting: bool,
    /// A person has paused it.
    pub(crate) is_paused: bool,
    /// What is wrong.
    pub(crate) problem: Option<String>,
    /// What a person can make better.
    pub(crate) advice: Option<String>,
    /// What a person is asked.
    pub(crate) questions: Vec<Question>,
    /// Items that wait, and why, as far as they are named.
    pub(crate) held: Vec<Held>,
    /// How many there are.
    pub(crate) held_count: usize,
    /// What could not be read.
    pub(crate) unread: Named,
    /// What has a name that cannot travel.
    pub(crate) unsyncable: Named,
    /// Pipes, sockets and devices.
    pub(crate) special: Named,
    /// Something will be looked at or tried again by itself.
    pub(crate) is_waiting: bool,
    /// The machines that it is shared with now.
    pub(crate) connected: BTreeSet<DeviceId>,
    /// Those of which nothing is heard any more, and why.
    pub(crate) turned_away: BTreeMap<DeviceId, String>,
    /// Present items here.
    pub(crate) items: u64,
    /// The highest sequence number that others may know.
    pub(crate) sequence: u64,
    /// Our index.
    pub(crate) index_id: u64,
    /// How many looks at everything have ended.
    pub(crate) looks: u64,
    /// How often the engine's thread had taken something up by then: if it has taken up more since, this is of the past.
    pub(crate) turns: u64,
}

impl Standing {
    /// Before anything is known.
    pub(crate) fn new(plan: &FolderPlan) -> Self {
        Self { is_scanning: true, is_looking: true, is_paused: plan.is_paused, ..Self::default() }
    }

    /// Nothing is under way and nothing waits for its time.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.is_known && !self.is_scanning && !self.is_looking && !self.is_operating && !self.is_waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(reason: Reason, words: Option<&str>, tries: u32) -> Held {
        let path = RelativePath::parse("file").unwrap();
        Held { path, reason, words: words.map(str::to_string), tries }
    }

    #[test]
    fn a_race_that_was_lost_once_is_no_trouble_and_what_the_system_refuses_is() {
        assert!(held(Reason::Backoff, None, 1).is_passing());
        assert!(held(Reason::Busy, None, 0).is_passing());
        assert!(!held(Reason::Backoff, None, PASSING_TRIES + 1).is_passing());
        assert!(!held(Reason::Backoff, Some("permission denied"), 1).is_passing());
        assert!(!held(Reason::Blocked, None, 1).is_passing());
    }
}
