//! From "it is not there" to "it was removed": the second look, and the guard.

use super::scan::Gathered;
use super::{Action, Folder, Now, SETTLE};
use crate::canary::{Bug, planted};
use crate::git;
use crate::record::{Meaning, Seen, record};
use crate::trees::{Candidates, Local, Unreadable, View};
use homesync_paths::RelativePath;
use homesync_protocol::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds for which a removal waits at most for others that go on, so that all are judged together.
const TOGETHER: u64 = 10_000;

/// How many files with one content are asked whether they were moved.
pub(super) const MOST_TWINS: usize = 16;

/// Items that were not there at the last look.
#[derive(Default)]
pub(super) struct Removals {
    /// Since when, in ticks.
    missing: BTreeMap<RelativePath, u64>,
    /// When the last of them was missed first.
    newest: u64,
    /// Missing at a second look after the settle time, or found again elsewhere.
    confirmed: BTreeSet<RelativePath>,
    /// A person agreed to these.
    approved: BTreeSet<RelativePath>,
    /// Waiting for a person.
    pub(super) guarded: BTreeSet<RelativePath>,
}

impl Removals {
    /// It is not there. At the second look, after the settle time, that is believed.
    pub(super) fn missing(&mut self, path: &RelativePath, now: Now) {
        let newest = &mut self.newest;
        let since = *self.missing.entry(path.clone()).or_insert_with(|| {
            *newest = now.ticks;
            now.ticks
        });
        if now.ticks >= self.settles_at(since) || planted(Bug::GoneAtOnce) {
            self.confirmed.insert(path.clone());
        }
    }

    /// When something that has been missing since then is believed to be gone. A tree goes file by file: the guard has to see all of it.
    fn settles_at(&self, since: u64) -> u64 {
        self.newest.clamp(since, since + TOGETHER) + SETTLE
    }

    /// Something is there. What was missing below has to be missed again: that its directory was gone proves nothing any more. Answers what is not
    /// missing any more.
    fn reappeared(&mut self, path: &RelativePath) -> Vec<RelativePath> {
        if !self.missing.contains_key(path) {
            return Vec::new();
        }
        let below = path.keys_below(&self.missing);
        let found: Vec<RelativePath> = std::iter::once(path).chain(below).cloned().collect();
        found.iter().for_each(|path| self.forget(path));
        found
    }

    /// What was not there at the last look, and since when.
    pub(super) fn all(&self) -> &BTreeMap<RelativePath, u64> {
        &self.missing
    }

    pub(super) fn forget(&mut self, path: &RelativePath) {
        self.missing.remove(path);
        self.confirmed.remove(path);
        self.guarded.remove(path);
        self.approved.remove(path);
    }

    pub(super) fn is_missing(&self, path: &RelativePath) -> bool {
        self.missing.contains_key(path)
    }

    pub(super) fn confirm(&mut self, path: &RelativePath) {
        self.confirmed.insert(path.clone());
    }

    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }

    /// A person agreed to everything that waits. That may have taken them days: it is looked at once more.
    pub(super) fn approve(&mut self) {
        let waited = std::mem::take(&mut self.guarded);
        waited.iter().for_each(|path| self.doubt(path));
        self.approved.extend(waited);
    }

    /// It was missing when it was looked at last, which was too long ago: another look is due.
    fn doubt(&mut self, path: &RelativePath) {
        self.guarded.remove(path);
        self.confirmed.remove(path);
    }

    /// A person wants back what waits.
    pub(super) fn refuse(&mut self) -> Vec<RelativePath> {
        let refused: Vec<RelativePath> = std::mem::take(&mut self.guarded).into_iter().collect();
        refused.iter().for_each(|path| self.forget(path));
        refused
    }

    /// Paths whose second look is due: only the topmost, because nothing can be below what is not there.
    pub(super) fn due(&mut self, now: Now) -> Vec<RelativePath> {
        let is_due = |path: &RelativePath, since: u64| {
            now.ticks >= self.settles_at(since) && !self.confirmed.contains(path)
        };
        let due: BTreeSet<&RelativePath> =
            self.missing.iter().filter(|(path, since)| is_due(path, **since)).map(|(path, _)| path).collect();
        let is_top = |path: &RelativePath| !path.ancestors().any(|above| due.contains(&above));
        due.iter().copied().filter(|path| is_top(path)).cloned().collect()
    }

    pub(super) fn next_wake(&self) -> Option<u64> {
        self.missing
            .iter()
            .filter(|(path, _)| !self.confirmed.contains(*path))
            .map(|(_, since)| self.settles_at(*since))
            .min()
    }
}

impl Folder {
    /// Something is there, or it cannot be told: what waited for that is planned.
    pub(super) fn reappeared(&mut self, path: &RelativePath) {
        self.dirty.extend(self.removals.reappeared(path));
    }

    /// Records the removals that are confirmed, unless they are so many that a person must say yes first.
    pub(super) fn confirmed_removals(
        &mut self,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        if self.removals.confirmed.is_empty() {
            return Ok(());
        }
        let mut meant = Vec::new();
        let mut waiting = 0;
        for path in self.removals.confirmed.iter().rev() {
            let candidates = Candidates::read(view, path)?;
            let Meaning::Now(local) = record(path, &Seen::Absent, &candidates, &self.rules, now.seconds)
            else {
                continue;
            };
            // What others removed as well, and what was moved, is no loss to ask about.
            let is_ours = local.entry.modified_by == self.rules.own
                && candidates.global().is_none_or(|global| !global.content.is_deleted());
            let is_moved = self.is_moved(&local.entry.path, &candidates, view, gathered)?
                || self.is_tidied_up(&local.entry.path, view)?;
            waiting += u64::from(is_ours && !is_moved && !self.removals.approved.contains(path));
            meant.push((*local, candidates, is_ours && !is_moved));
        }
        let earlier = self.recently_removed(now);
        let is_held = waiting > 0 && self.rules.guard.holds(waiting + earlier, view.present()? + earlier);
        if is_held {
            let is_free = |(local, _, is_counted): &Meant| {
                !is_counted || self.removals.approved.contains(&local.entry.path)
            };
            let (free, held): (Vec<Meant>, Vec<Meant>) = meant.into_iter().partition(is_free);
            self.removals.guarded.extend(held.into_iter().map(|(local, ..)| local.entry.path));
            meant = free;
        } else {
            // Enough time has passed since the other removals that these are few now.
            let (waited, now): (Vec<Meant>, Vec<Meant>) =
                meant.into_iter().partition(|(local, ..)| self.removals.guarded.contains(&local.entry.path));
            waited.iter().for_each(|(local, ..)| self.removals.doubt(&local.entry.path));
            meant = now;
        }
        let mut removed = 0;
        for (local, candidates, is_counted) in without_parents_of_others(meant, view)? {
            removed += u64::from(is_counted);
            self.removals.forget(&local.entry.path);
            self.noted(local, &candidates, view, gathered)?;
        }
        self.count_removed(removed, now);
        Ok(())
    }

    /// Git has put an object of a repository that is still there into a pack, or nothing needs it any more. That is no act of a person, and often
    /// thousands of files.
    fn is_tidied_up(&self, path: &RelativePath, view: &dyn View) -> Result<bool, Unreadable> {
        let Some(head) = git::head_of_object(path) else { return Ok(false) };
        Ok(!self.removals.is_missing(&head) && view.local(&head)?.is_some_and(|head| head.stamp.is_some()))
    }

    /// The content of a missing file is at another place.
    fn is_moved(
        &self,
        path: &RelativePath,
        candidates: &Candidates,
        view: &dyn View,
        gathered: &Gathered,
    ) -> Result<bool, Unreadable> {
        let Some(blocks) = candidates.own.as_ref().and_then(|own| own.entry.content.blocks()) else {
            return Ok(false);
        };
        let is_twin = |other: &RelativePath| other != path && !self.removals.is_missing(other);
        let is_new = gathered.changes.local.iter().any(|local| {
            local.entry.is_present()
                && local.entry.content.blocks().is_some_and(|other| other.digest() == blocks.digest())
        });
        Ok(is_new || view.files_with(blocks.digest(), MOST_TWINS)?.iter().any(is_twin))
    }

    /// After time has passed, or a person has spoken: what can be recorded without another look.
    pub(super) fn settle(&mut self, view: &dyn View, now: Now) -> Result<Vec<Action>, Unreadable> {
        let mut gathered = Gathered::default();
        self.confirmed_removals(view, now, &mut gathered)?;
        self.gathered(gathered, view)
    }
}

/// A removal, what is known about its path, and whether it counts for the guard.
type Meant = (Local, Candidates, bool);

/// A directory is recorded as removed only together with, or after, all that was in it: what were left would be looked for by nobody any more
/// after a stop.
fn without_parents_of_others(meant: Vec<Meant>, view: &dyn View) -> Result<Vec<Meant>, Unreadable> {
    let mut going: BTreeSet<RelativePath> =
        meant.iter().map(|(local, ..)| local.entry.path.clone()).collect();
    let mut rest = Vec::with_capacity(meant.len());
    // From the leaves up: what stays keeps the directories above it.
    for one in meant {
        let path = &one.0.entry.path;
        let is_directory = one.0.entry.content.kind() == Kind::Directory;
        if is_directory && !view.children(Some(path))?.iter().all(|child| going.contains(child)) {
            going.remove(path);
            continue;
        }
        rest.push(one);
    }
    Ok(rest)
}
