//! How operations ended: into the index with what is done, another look at what was not.

use super::scan::Gathered;
use super::{Action, Folder, Now};
use crate::git;
use crate::operation::{Displaced, Done, Expected, Failure, Operation, Outcome, Remedy, Step, Undone};
use crate::record::{Meaning, Seen, record};
use crate::trees::{Candidates, Deed, JournalRecord, Local, Unreadable, View, all_below};
use homesync_paths::RelativePath;
use homesync_protocol::Content;
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds until a failed item is tried again for the first time; each time twice as long.
const FIRST_RETRY: u64 = 1_000;
/// Milliseconds until a disk that was full or read-only is tried again.
const PROBE: u64 = 10_000;
/// At most this many times twice as long: about an hour.
const MOST_DOUBLINGS: u32 = 12;

/// An item that failed.
pub(super) struct Attempts {
    /// How often in a row it did.
    pub(super) many: u32,
    /// What the system said, if it was the system.
    pub(super) text: Option<String>,
    /// When it is tried again, in ticks; nothing while it is being tried.
    pub(super) until: Option<u64>,
}

/// Failed items that are not tried again yet.
pub(super) fn waiting(failures: &BTreeMap<RelativePath, Attempts>, now: Now) -> BTreeSet<RelativePath> {
    let waits = |attempts: &Attempts| attempts.until.is_some_and(|until| until > now.ticks);
    failures.iter().filter(|(_, attempts)| waits(attempts)).map(|(path, _)| path.clone()).collect()
}

/// Failed items whose time has come. They stay counted until they succeed.
pub(super) fn due(failures: &mut BTreeMap<RelativePath, Attempts>, now: Now) -> Vec<RelativePath> {
    let due =
        failures.iter_mut().filter(|(_, attempts)| attempts.until.is_some_and(|until| until <= now.ticks));
    due.map(|(path, attempts)| {
        attempts.until = None;
        path.clone()
    })
    .collect()
}

impl Folder {
    pub(super) fn finished(
        &mut self,
        outcomes: Vec<Outcome>,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        self.is_operating = false;
        self.epochs.operated(outcomes.iter().map(|outcome| &outcome.operation), view)?;
        let mut gathered = Gathered::default();
        gathered.looks.extend(std::mem::take(&mut self.lent_meanwhile));
        let mut removed = 0;
        for outcome in outcomes {
            // What was refused half-way is settled from its intent, before anything else is done.
            if !matches!(outcome.result, Err(Undone::Failed(_))) {
                gathered.changes.settled.extend(outcome.intents);
            }
            let operation = outcome.operation;
            match outcome.result {
                Ok(done) => {
                    let is_of_git = git::head_of_object(&operation.path).is_some();
                    removed += u64::from(operation.step == Step::Remove && !is_of_git);
                    self.done(operation, done, view, now, &mut gathered)?;
                }
                Err(undone) => self.undone(&operation, undone, now, &mut gathered),
            }
        }
        self.dirty.extend(self.fetches.take_waiting());
        self.count_removed(removed, now);
        self.gathered(gathered, view)
    }

    fn done(
        &mut self,
        operation: Operation,
        done: Done,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        self.failures.remove(&operation.path);
        self.fetches.drop_fetch(&operation.path);
        self.situation.approved.remove(&operation.path);
        self.situation.reverting.remove(&operation.path);
        self.put_back.remove(&operation.path);
        gathered.changes.journal.push(journal(&operation, &done, now));
        if done.stamp.is_some_and(|stamp| stamp.is_distrusted()) {
            self.read_again_soon(&operation.path, now);
        }
        let is_directory_kept = matches!((&operation.step, operation.expected),
            (Step::Put { displaced: Displaced::Conflict(_) }, Expected::Object(stamp)) if stamp.kind == homesync_protocol::Kind::Directory);
        let candidates = Candidates::read(view, &operation.path)?;
        if let Some(copy) = done.copy {
            self.kept_aside(copy, candidates.here(), view, now, gathered)?;
        }
        // What was below a directory that became a copy is to be found there now.
        if is_directory_kept {
            self.moved_away_below(&operation.path, view, now, gathered)?;
        }
        let found = match &operation.step {
            // It has come as it was.
            Step::Move { from, .. } => view.local(from)?.and_then(|own| own.found),
            _ => done.found,
        };
        self.noted(Local { entry: operation.entry, stamp: done.stamp, found }, &candidates, view, gathered)?;
        if let Step::Move { from, from_entry, .. } = operation.step {
            let candidates = Candidates::read(view, &from)?;
            let gone = Local { entry: *from_entry, stamp: None, found: None };
            self.noted(gone, &candidates, view, gathered)?;
        }
        Ok(())
    }

    /// The losing side has a name of its own now. Others hear of it together with the side that won: whoever waits until everybody has
    /// everything waits for both.
    fn kept_aside(
        &mut self,
        copy: RelativePath,
        loser: Option<&Local>,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        gathered.looks.push(copy.clone());
        // What was not to be believed is looked at first; and so is a directory, with all that is in it.
        let is_known = |own: &&Local| {
            own.entry.validity.is_valid() && matches!(own.entry.content, Content::File(_) | Content::Link(_))
        };
        let Some((own, stamp)) = loser.filter(is_known).and_then(|own| Some((own, own.stamp?))) else {
            return Ok(());
        };
        // An older copy of this name may have been taken away in the same batch, which the trees do not know yet.
        let is_new = gathered.changes.local.iter().all(|other| other.entry.path != copy);
        if !is_new || self.situation.is_left_out(&copy) {
            return Ok(());
        }
        let metadata = own.found.as_ref().map(|found| found.metadata.clone());
        // Its name changed, and with that its time of change, which nobody has read yet.
        let seen =
            Seen::Present { stamp, content: own.entry.content.clone(), blank: false, racy: true, metadata };
        let candidates = Candidates::read(view, &copy)?;
        if let Meaning::Now(local) = record(&copy, &seen, &candidates, &self.rules, now.seconds) {
            self.noted(*local, &candidates, view, gathered)?;
        }
        Ok(())
    }

    /// What was below a directory that we gave another name is not there any more: that is known, and stored together with what came in its place.
    fn moved_away_below(
        &mut self,
        path: &RelativePath,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        // What the same batch did in it before has moved away with it, and is not stored yet.
        let is_below = |local: &Local| local.entry.path != *path && local.entry.path.is_at_or_below(path);
        let (done, rest): (Vec<Local>, Vec<Local>) =
            std::mem::take(&mut gathered.changes.local).into_iter().partition(is_below);
        gathered.changes.local = rest;
        let mut done: BTreeMap<RelativePath, Local> =
            done.into_iter().map(|local| (local.entry.path.clone(), local)).collect();
        for path in all_below(view, Some(path))?.into_iter().rev() {
            let mut candidates = Candidates::read(view, &path)?;
            let done = done.remove(&path);
            candidates.own = done.clone().or(candidates.own);
            let meaning = record(&path, &Seen::Absent, &candidates, &self.rules, now.seconds);
            if let Meaning::Now(local) = meaning {
                self.reappeared(&path);
                self.noted(*local, &candidates, view, gathered)?;
            } else {
                gathered.changes.local.extend(done);
            }
        }
        Ok(())
    }

    fn undone(&mut self, operation: &Operation, undone: Undone, now: Now, gathered: &mut Gathered) {
        self.dirty.extend(operation.paths().cloned());
        // What was moved and put back looks touched, and nobody wrote to it.
        self.put_back.extend(operation.paths().cloned());
        match undone {
            // A person was quicker. What they did is news.
            Undone::Changed => {
                gathered.looks.push(operation.path.clone());
                match &operation.step {
                    Step::Move { from, .. } => gathered.looks.push(from.clone()),
                    // Where what is here could not be put back, it may have one of these names.
                    Step::Put { displaced: Displaced::Conflict(copies) } => {
                        gathered.looks.extend(copies.iter().cloned());
                    }
                    _ => {}
                }
                self.retry(&operation.path, now);
            }
            // Its times say that it is as it was, and its bytes are others.
            Undone::Damaged => {
                gathered.reads.push(operation.path.clone());
                self.retry(&operation.path, now);
            }
            Undone::NotEmpty => {
                gathered.looks.push(operation.path.clone());
                self.retry(&operation.path, now);
            }
            Undone::Missing => {
                self.fetches.drop_fetch(&operation.path);
                self.retry(&operation.path, now);
            }
            Undone::Failed(failure) => self.system_refused(&operation.path, failure, now),
        }
    }

    /// The system refused something that is to be done about a path.
    pub(super) fn system_refused(&mut self, path: &RelativePath, failure: Failure, now: Now) {
        self.retry(path, now);
        match failure.remedy {
            Remedy::RetryItem => {}
            Remedy::GiveUpItem => drop(self.situation.refused.insert(path.clone())),
            Remedy::PauseFolder => {
                self.stuck = Some((failure.text.clone(), now.ticks.saturating_add(PROBE)));
            }
        }
        if let Some(attempts) = self.failures.get_mut(path) {
            attempts.text = Some(failure.text);
        }
    }

    /// Tries again later, each time later, until something new is known about the path.
    pub(super) fn retry(&mut self, path: &RelativePath, now: Now) {
        let many = self.failures.get(path).map_or(0, |attempts| attempts.many);
        let until = now.ticks.saturating_add(FIRST_RETRY << many.min(MOST_DOUBLINGS));
        self.failures.insert(path.clone(), Attempts { many: many + 1, text: None, until: Some(until) });
        self.dirty.insert(path.clone());
    }
}

fn journal(operation: &Operation, done: &Done, now: Now) -> JournalRecord {
    let deed = match (&operation.step, operation.expected) {
        (Step::Remove, _) => Deed::Removed,
        (Step::Adjust | Step::Dress, _) => Deed::Adjusted,
        (Step::Move { .. }, _) => Deed::Moved,
        (Step::Put { .. }, Expected::Absent) => Deed::Created,
        (Step::Put { .. }, Expected::Object(_)) if done.copy.is_some() => Deed::KeptAside,
        (Step::Put { .. }, Expected::Object(_)) => Deed::Replaced,
    };
    JournalRecord {
        at: now.seconds as i64,
        path: operation.path.clone(),
        deed,
        by: operation.entry.modified_by,
        kept: done.kept.clone(),
    }
}
