//! Directories that their owner may not write in, lent to us for the time of a batch.
//!
//! Nothing can be put into such a directory or taken out of it, and it cannot be moved itself, unless we are above permissions. So it gets the
//! permission to write for as long as the batch takes. Before that it is written down durably, in an intent without a slot; and after it, or at the
//! next start if there was a kill, it gets back what it had. A person who sets its permissions meanwhile has the last word.

use super::prepare::{Prepared, missing_is_changed, permissions_of};
use super::remove::below;
use super::{Executor, Job, Stop};
use crate::tree::Place;
use crate::vfs::{ObjectKind, Status, Vfs};
use homesync_engine::{Displaced, Expected, Intent, Journal, Operation, Stamp, Step};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Entry, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Its owner may write in it, or to it.
pub(super) const WRITE: u16 = 0o200;
/// All that its owner may do with a directory.
const EVERYTHING: u16 = 0o700;

/// A directory that is lent.
pub(super) struct Lent<V: Vfs> {
    intent: Intent,
    /// Held where it may get another name meanwhile; the others are found again by their names, for there may be thousands.
    directory: Option<Arc<V::Directory>>,
    /// It is closed when all is done, and lent only where that has to be brought in order after a kill.
    is_later: bool,
}

/// The permissions of a directory while it is lent.
fn lent(permissions: u16) -> u16 {
    permissions | EVERYTHING
}

impl<V: Vfs> Executor<'_, V> {
    /// The permissions with which a new directory comes into place, and whether it is lent: until the end of the batch then.
    pub(super) fn permissions_at_first(&self, entry: &Entry) -> (u16, bool) {
        match permissions_of(entry) {
            permissions if self.closes(permissions) => (lent(permissions), true),
            permissions => (permissions, false),
        }
    }

    /// Remembers that a directory is lent.
    pub(super) fn note_lent(&self, directory: &V::Directory, is_lent: bool) -> io::Result<()> {
        if is_lent {
            self.lent_now.borrow_mut().insert(self.tree.vfs.directory_status(directory)?.inode);
        }
        Ok(())
    }

    /// A directory that is lent has other permissions than the plan was made for.
    pub(super) fn is_lent_now(&self, found: &Stamp) -> bool {
        self.lent_now.borrow().contains(&found.inode)
    }

    /// Something has taken from a directory that is lent what the batch needs.
    pub(super) fn lend_again(&self, directory: &V::Directory, found: &Stamp) -> io::Result<()> {
        match self.is_lent_now(found) && self.closes(found.permissions) {
            true => self.tree.vfs.set_directory_permissions(directory, lent(found.permissions)),
            false => Ok(()),
        }
    }

    /// What has these permissions cannot be changed by us.
    pub(super) fn closes(&self, permissions: u16) -> bool {
        permissions & WRITE == 0 && self.tree.vfs.bound_user().is_some()
    }

    /// A directory that its owner may not write in, before or after, gets its permissions when everything in it is done: they may forbid that. But it
    /// cannot wait where it goes along with one above it.
    pub(super) fn done_last(&self, jobs: &[Job<V>]) -> BTreeSet<usize> {
        if self.tree.vfs.bound_user().is_none() {
            return BTreeSet::new();
        }
        let operations = || jobs.iter().map(|job| &job.operation);
        let displaced: BTreeSet<&RelativePath> = operations()
            .filter(|operation| operation.displaces_directory())
            .map(|operation| &operation.path)
            .collect();
        let is_closed = |operation: &Operation| {
            let before =
                matches!(operation.expected, Expected::Object(stamp) if self.closes(stamp.permissions));
            before || self.closes(permissions_of(&operation.entry))
        };
        let stays = |path: &RelativePath| !path.at_or_above().any(|above| displaced.contains(&above));
        let adjusted = operations().enumerate().filter(|(_, operation)| operation.adjusts_directory());
        let last = adjusted.filter(|(_, operation)| is_closed(operation) && stays(&operation.path));
        last.map(|(number, _)| number).collect()
    }

    /// The directories that have to be lent for what is ready, as they are to be written down.
    pub(super) fn to_be_lent<J: Journal>(
        &self,
        jobs: &[Job<V>],
        journal: &mut J,
    ) -> Result<Vec<Lent<V>>, J::Error> {
        if self.tree.vfs.bound_user().is_none() {
            return Ok(Vec::new());
        }
        let ready = || jobs.iter().filter(|job| job.is_ready());
        let mut found = self.places_to_be_lent(ready().map(|job| &job.operation).collect());
        for job in ready() {
            let Ok(Some(Prepared { staged: Some(staged), .. })) = &job.state else { continue };
            let (operation, permissions) = (&job.operation, permissions_of(&job.operation.entry));
            if operation.entry.content == Content::Directory && self.closes(permissions) {
                found.push(Lent::new(operation.path.clone(), Stamp { permissions, ..staged.stamp }, None));
            }
        }
        if found.is_empty() {
            return Ok(found);
        }
        for (path, copies) in ready().filter_map(|job| conflict_copies(&job.operation)) {
            found.iter_mut().for_each(|lent| lent.goes_with(path, copies));
        }
        let first = journal.reserve(found.len() as u64)?;
        found.iter_mut().zip(first..).for_each(|(lent, number)| lent.intent.number = number);
        Ok(found)
    }

    /// Those that are there already.
    fn places_to_be_lent(&self, operations: Vec<&Operation>) -> Vec<Lent<V>> {
        let mut places: BTreeMap<RelativePath, bool> = BTreeMap::new();
        for operation in &operations {
            for path in filled(operation) {
                places.entry(path).or_insert(false);
            }
            if self.gives_attributes(operation) {
                places.entry(operation.path.clone()).or_insert(false);
            }
            if operation.displaces_directory() {
                places.insert(operation.path.clone(), true);
                places.extend(self.swept(operation).into_iter().map(|path| (path, true)));
            }
        }
        let mut found = self.closed_at_the_end(&operations, &places);
        for (path, is_displaced) in places {
            // What cannot be opened or looked at refuses what is to be done in it as well.
            let Ok(directory) = self.tree.directory(&path) else { continue };
            let Ok(status) = self.tree.vfs.directory_status(&directory) else { continue };
            let is_ours = self.tree.vfs.bound_user() == Some(status.owner);
            if let Some(stamp) = status.stamp().filter(|stamp| is_ours && self.closes(stamp.permissions)) {
                found.push(Lent::new(path, stamp, is_displaced.then_some(directory)));
            }
        }
        found
    }

    /// Directories that go to the recovery area together with the one that they are in.
    fn swept(&self, operation: &Operation) -> Vec<RelativePath> {
        let Ok(directory) = self.tree.directory(&operation.path) else { return Vec::new() };
        let listed = self.tree.vfs.list(&directory).unwrap_or_default();
        let is_directory = |kind: &ObjectKind| *kind == ObjectKind::Kept(Kind::Directory);
        let directories = listed.into_iter().filter(|(_, kind)| is_directory(kind));
        directories.filter_map(|(name, _)| below(&operation.path, &name)).collect()
    }

    /// Directories in which something is done, and which are closed when that is done. If we are killed right after it, what is to be settled in
    /// them needs them open once more.
    fn closed_at_the_end(
        &self,
        operations: &[&Operation],
        places: &BTreeMap<RelativePath, bool>,
    ) -> Vec<Lent<V>> {
        let adjusted = operations.iter().filter(|operation| operation.adjusts_directory());
        let closed = adjusted.filter(|operation| {
            self.closes(permissions_of(&operation.entry)) && places.contains_key(&operation.path)
        });
        let later = closed.filter_map(|operation| {
            let Expected::Object(stamp) = operation.expected else { return None };
            let stamp = Stamp { permissions: permissions_of(&operation.entry), ..stamp };
            Some(Lent { is_later: true, ..Lent::new(operation.path.clone(), stamp, None) })
        });
        later.collect()
    }

    /// Makes them writable, now that it is written down. What cannot be lent refuses what is to be done in it.
    pub(super) fn lend<'i>(&self, all: impl Iterator<Item = &'i Intent>) {
        for intent in all {
            if let (Ok(Some((directory, has))), Expected::Object(own)) =
                (self.find_lent(intent), intent.expected)
                && has.permissions == own.permissions
                && self.tree.vfs.set_directory_permissions(&directory, lent(own.permissions)).is_ok()
            {
                self.lent_now.borrow_mut().insert(own.inode);
            }
        }
    }

    /// Gives them all back.
    pub(super) fn give_back(&self, all: &[Lent<V>]) -> io::Result<()> {
        self.lent_now.take();
        let mut refused = Ok(());
        for one in all.iter().filter(|one| !one.is_later) {
            let given = match &one.directory {
                Some(directory) => self.give_back_one(directory, &one.intent),
                None => self.settle_lent(&one.intent),
            };
            refused = refused.and(given);
        }
        refused
    }

    /// A directory that is on its way out of a person's sight, or was when we were stopped, is made such that it can be moved on. If it comes back,
    /// what was written down of it says what it gets back.
    pub(super) fn lend_displaced(&self, at: &Place<V>, found: &Stamp) -> io::Result<()> {
        if found.kind != Kind::Directory || !self.closes(found.permissions) {
            return Ok(());
        }
        let directory = self.tree.vfs.open_directory(&at.directory, at.name()?)?;
        self.tree.vfs.set_directory_permissions(&directory, lent(found.permissions))
    }

    /// Gives one back of which only what was written down is known. It may be gone, or never have come into place.
    pub(super) fn settle_lent(&self, intent: &Intent) -> io::Result<()> {
        match self.find_lent(intent)? {
            Some((directory, _)) => self.give_back_one(&directory, intent),
            None => Ok(()),
        }
    }

    fn give_back_one(&self, directory: &Arc<V::Directory>, intent: &Intent) -> io::Result<()> {
        let Expected::Object(own) = intent.expected else { return Ok(()) };
        if self.tree.vfs.directory_status(directory)?.permissions == lent(own.permissions) {
            self.names_change(directory)?;
            self.tree.vfs.set_directory_permissions(directory, own.permissions)?;
        }
        Ok(())
    }

    /// It, under its name or one that it may have got meanwhile, and how it is now.
    fn find_lent(&self, intent: &Intent) -> io::Result<Option<(Arc<V::Directory>, Status)>> {
        let Expected::Object(own) = intent.expected else { return Ok(None) };
        for path in std::iter::once(&intent.path).chain(&intent.copies) {
            let directory = match self.tree.directory(path).map_err(missing_is_changed) {
                Err(Stop::Undone(_)) => continue,
                Err(Stop::Refused(error)) => return Err(error),
                Ok(directory) => directory,
            };
            let status = self.tree.vfs.directory_status(&directory)?;
            if status.inode == own.inode {
                return Ok(Some((directory, status)));
            }
        }
        Ok(None)
    }
}

impl<V: Vfs> Lent<V> {
    fn new(path: RelativePath, stamp: Stamp, directory: Option<Arc<V::Directory>>) -> Self {
        let (staged, staged_name, slot, copies) = (None, None, None, Vec::new());
        let expected = Expected::Object(stamp);
        // Its number comes from the journal.
        let intent = Intent { number: 0, path, expected, staged, staged_name, slot, copies };
        Self { intent, directory, is_later: false }
    }

    /// Where a directory at or above it becomes a conflict copy, it goes along, under whichever name it has by then.
    fn goes_with(&mut self, path: &RelativePath, copies: &[RelativePath]) {
        let mut names = Vec::new();
        for name in std::iter::once(&self.intent.path).chain(&self.intent.copies) {
            if let Some(below) =
                name.as_str().strip_prefix(path.as_str()).filter(|_| name.is_at_or_below(path))
            {
                let below = |copy: &RelativePath| RelativePath::parse(&format!("{}{below}", copy.as_str()));
                names.extend(copies.iter().map(below).filter_map(Result::ok));
            }
        }
        self.intent.copies.extend(names);
    }

    pub(super) fn intent(&self) -> &Intent {
        &self.intent
    }
}

/// What becomes a conflict copy, and the names that it may get.
fn conflict_copies(operation: &Operation) -> Option<(&RelativePath, &[RelativePath])> {
    match &operation.step {
        Step::Put { displaced: Displaced::Conflict(copies) } => Some((&operation.path, copies)),
        _ => None,
    }
}

/// The directories in which names change.
fn filled(operation: &Operation) -> Vec<RelativePath> {
    let mut filled: Vec<RelativePath> = operation.paths().filter_map(RelativePath::parent).collect();
    if let Some((_, copies)) = conflict_copies(operation) {
        // If a person takes the directory of a copy away meanwhile, it is made again.
        filled.extend(copies.iter().flat_map(RelativePath::ancestors));
    }
    // There may be one already that serves as the one to be made.
    if matches!(operation.step, Step::Put { .. }) && operation.entry.content == Content::Directory {
        filled.push(operation.path.clone());
    }
    filled
}
