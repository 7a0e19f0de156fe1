//! What the index is to say about objects here without anything being done to them is said only of what is there.
//!
//! What others say about an item is taken over where the same is here already. But that it is here is what the last look told, and it may have been
//! removed since: then the removal, when it is noticed, would claim to have seen what was taken over, and take it away from the others. So the
//! disk is asked first, which costs no more than a look at the name.

use super::{Action, Folder, Now};
use crate::stamp::Stamp;
use crate::trees::{Local, Unreadable, View};
use homesync_paths::RelativePath;

impl Folder {
    /// Records what is sure, or asks about the rest.
    pub(super) fn record_confirmed(
        &mut self,
        recorded: Vec<Local>,
        view: &dyn View,
    ) -> Result<Vec<Action>, Unreadable> {
        let confirmed = std::mem::take(&mut self.confirmed);
        let is_sure = |local: &Local| {
            local.stamp.is_none_or(|stamp| {
                confirmed.get(&local.entry.path).is_some_and(|now| stamp.is_untouched_object(now))
            })
        };
        let (sure, open): (Vec<Local>, Vec<Local>) = recorded.into_iter().partition(is_sure);
        if sure.is_empty() {
            self.is_operating = true;
            return Ok(vec![Action::Confirm(open.into_iter().map(|local| local.entry.path).collect())]);
        }
        let changes = self.recording(sure, view)?;
        Ok(vec![Action::Store(changes), Action::Announce])
    }

    /// The disk answered. The plan is made again, because other things may have happened meanwhile; what is not there as it was is looked at.
    pub(super) fn confirmed(
        &mut self,
        found: Vec<(RelativePath, Option<Stamp>)>,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        self.is_operating = false;
        let mut looks = Vec::new();
        for (path, there) in found {
            let known = view.local(&path)?.and_then(|own| own.stamp);
            self.dirty.insert(path.clone());
            match there {
                Some(there) if known.is_some_and(|known| known.is_untouched_object(&there)) => {
                    self.confirmed.insert(path, there);
                }
                // Not at once again: a look that finds nothing new would lead to the same question.
                _ => {
                    self.retry(&path, now);
                    looks.push(path);
                }
            }
        }
        Ok(if looks.is_empty() { Vec::new() } else { vec![Action::Scan(looks)] })
    }
}
