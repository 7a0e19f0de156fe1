//! What a person has set for a folder, as far as it decides about their data.

use crate::canary::{Bug, planted};
use crate::metadata::MetadataRules;
use homesync_protocol::ShortId;

/// Which way changes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FolderKind {
    /// Both ways.
    #[default]
    SendReceive,
    /// This machine's state counts; what others changed is not taken over.
    SendOnly,
    /// The others' state counts; what is changed here stays here until a person decides.
    ReceiveOnly,
}

/// When a removal of many items waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Guard {
    /// More than half and more than 25 items, or more than 1,000 and a tenth of the folder.
    #[default]
    Standard,
    /// More than this many.
    MoreThan(u64),
    /// Never.
    Off,
}

impl Guard {
    /// Removing `many` of `all` present items needs a person's yes.
    pub fn holds(self, many: u64, all: u64) -> bool {
        match self {
            _ if planted(Bug::GuardOff) => false,
            Self::Standard => (many > 25 && many * 2 > all) || (many > 1_000 && many * 10 > all),
            Self::MoreThan(most) => many > most,
            Self::Off => false,
        }
    }
}

/// The settings of one folder on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// This machine.
    pub own: ShortId,
    /// Which way changes go.
    pub kind: FolderKind,
    /// When removals wait.
    pub guard: Guard,
    /// Our counters in versions begin above this. It is raised when the index was brought back from an older copy: numbers that were given since
    /// must not be given again.
    pub counter_floor: u64,
    /// The folder was not looked at as a whole since the program began: what is here as others have it was put here before a stop, and is no news.
    pub is_catching_up: bool,
    /// Permission bits are compared and set.
    pub permissions: bool,
    /// What happens with owners and attributes.
    pub metadata: MetadataRules,
    /// This file system does not tell `a` from `A`.
    pub folds_case: bool,
    /// How many conflict copies of one file stay; older ones go to the recovery area.
    pub most_conflicts: usize,
}

impl Rules {
    /// The defaults.
    pub fn new(own: ShortId) -> Self {
        Self {
            own,
            kind: FolderKind::SendReceive,
            guard: Guard::Standard,
            counter_floor: 0,
            is_catching_up: true,
            permissions: true,
            metadata: MetadataRules::default(),
            folds_case: false,
            most_conflicts: 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_lets_small_removals_pass_and_holds_large_ones() {
        let standard = Guard::Standard;
        for (many, all, held) in [
            (25, 25, false),
            (26, 51, true),
            (26, 52, false),
            (1_000, 5_000, false),
            (1_001, 5_000, true),
            (1_001, 10_010, false),
            (1_001, 10_009, true),
        ] {
            assert_eq!(standard.holds(many, all), held, "{many} of {all}");
        }
        assert!(Guard::MoreThan(3).holds(4, 1_000_000) && !Guard::MoreThan(3).holds(3, 3));
        assert!(!Guard::Off.holds(u64::MAX / 10, 1));
    }
}
