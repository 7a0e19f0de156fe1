//! What a machine made durable, and what was true on its disk at that moment, for whoever checks it.

use super::store::Store;
use crate::filesystem::SimFs;
use homesync_engine::{Changes, Local};
use homesync_paths::RelativePath;
use homesync_protocol::{Entry, ShortId};
use std::collections::BTreeSet;

/// Changes, and what they have to be compared with.
#[derive(Debug)]
pub struct Stored {
    /// They.
    pub changes: Changes,
    /// What they call removed although the very object is there.
    pub still_there: Vec<RelativePath>,
    /// Where they say that something new is, and it is not.
    pub not_there: Vec<RelativePath>,
    /// What they call removed because it was not seen any more, neither there nor elsewhere.
    pub missed: Vec<RelativePath>,
}

impl Stored {
    /// What is about to be stored, looked at before.
    pub fn look(changes: Changes, own: ShortId, store: &Store, disk: &SimFs) -> Self {
        Self {
            still_there: still_there(&changes, store, disk),
            not_there: not_there(&changes, store, disk),
            missed: missed(&changes, own, store),
            changes,
        }
    }
}

fn removed(changes: &Changes) -> impl Iterator<Item = &Entry> {
    changes.local.iter().map(|local| &local.entry).filter(|entry| entry.content.is_deleted())
}

fn known(store: &Store, path: &RelativePath) -> Option<Local> {
    store.view().local(path).ok().flatten()
}

fn still_there(changes: &Changes, store: &Store, disk: &SimFs) -> Vec<RelativePath> {
    let is_there = |path: &RelativePath| {
        let believed = known(store, path).and_then(|local| local.stamp).map(|stamp| stamp.inode);
        let found = disk.status_of(path.as_str()).ok().map(|status| status.inode);
        found.is_some() && found == believed
    };
    removed(changes).map(|entry| entry.path.clone()).filter(is_there).collect()
}

fn not_there(changes: &Changes, store: &Store, disk: &SimFs) -> Vec<RelativePath> {
    let is_there = |local: &Local| {
        let believed = known(store, &local.entry.path).and_then(|known| known.stamp);
        // What is only said anew about a known object was not looked at.
        let Some(stamp) = local.stamp.filter(|stamp| believed != Some(*stamp)) else { return true };
        let found = disk.status_of(local.entry.path.as_str()).ok().and_then(|status| status.stamp());
        found.is_some_and(|found| found.inode == stamp.inode && found.is_same_content(&stamp))
    };
    let other = changes.local.iter().filter(|local| !is_there(local));
    other.map(|local| local.entry.path.clone()).collect()
}

fn missed(changes: &Changes, own: ShortId, store: &Store) -> Vec<RelativePath> {
    let done: BTreeSet<&RelativePath> = changes.journal.iter().map(|record| &record.path).collect();
    let is_elsewhere = |path: &RelativePath| {
        let Some(digest) = known(store, path).and_then(|local| local.entry.content.digest()) else {
            return false;
        };
        let is_new = |local: &Local| local.entry.is_present() && local.entry.content.digest() == Some(digest);
        let twins = store.view().files_with(digest, 2).unwrap_or_default();
        changes.local.iter().any(is_new) || twins.iter().any(|twin| twin != path)
    };
    // An operation that displaced a directory saw what was in it, and what was not.
    let is_done = |path: &RelativePath| path.at_or_above().any(|above| done.contains(&above));
    // What others removed as well is not called so because it was missed.
    let ours = removed(changes).filter(|entry| entry.modified_by == own);
    let seen = ours.map(|entry| &entry.path).filter(|path| !is_done(path));
    seen.filter(|path| known(store, path).is_some_and(|local| local.entry.is_present()))
        .filter(|path| !is_elsewhere(path))
        .cloned()
        .collect()
}
