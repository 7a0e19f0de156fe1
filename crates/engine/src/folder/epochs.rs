//! Looks at the disk that were overtaken by our own operations.
//!
//! A look takes time, and so does its way to the engine. If an operation changed a path meanwhile, the look tells how it was before, and
//! would be taken for a person's change. So every look carries the number of the last batch that was finished when it began.

use crate::canary::{Bug, planted};
use crate::operation::{Displaced, Operation, Step};
use crate::surroundings::has_at_or_above;
use crate::trees::{Unreadable, View};
use homesync_paths::RelativePath;
use homesync_protocol::Content;
use std::collections::{BTreeSet, VecDeque};

/// So many batches are remembered path by path; a look that began before the oldest of them says nothing at all.
const REMEMBERED: usize = 64;
/// The owner may write.
const WRITE: u16 = 0o200;

#[derive(Default)]
pub(super) struct Epochs {
    now: u64,
    oldest: u64,
    batches: VecDeque<Batch>,
}

struct Batch {
    epoch: u64,
    /// Paths that were changed, with all that is below them.
    changed: BTreeSet<RelativePath>,
    /// Directories that their owner may not write in, and that were lent for it: for a while they had other permissions.
    lent: BTreeSet<RelativePath>,
}

impl Epochs {
    /// What a look that begins now carries.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// A batch begins, or ends: whatever was seen of its paths before is not to be believed.
    pub(super) fn operated<'a>(
        &mut self,
        operations: impl Iterator<Item = &'a Operation>,
        view: &dyn View,
    ) -> Result<(), Unreadable> {
        let (mut changed, mut lent) = (BTreeSet::new(), BTreeSet::new());
        for operation in operations {
            changed.extend(paths_of(operation));
            // One that is new is lent until everything in it is done.
            lent.extend(comes_closed(operation).then(|| operation.path.clone()));
        }
        for path in changed.iter().filter_map(RelativePath::parent).collect::<BTreeSet<_>>() {
            let own = view.local(&path)?;
            if own.and_then(|own| own.entry.permissions).is_some_and(|permissions| permissions & WRITE == 0) {
                lent.insert(path);
            }
        }
        self.now += 1;
        self.batches.push_back(Batch { epoch: self.now, changed, lent });
        if self.batches.len() > REMEMBERED
            && let Some(batch) = self.batches.pop_front()
        {
            self.oldest = batch.epoch;
        }
        Ok(())
    }

    /// The path is lent in the batch that is under way: what is seen of it meanwhile is not how it is.
    pub(super) fn is_lent_now(&self, path: &RelativePath) -> bool {
        self.batches.back().is_some_and(|batch| batch.lent.contains(path))
    }

    /// A look at the path that began at `as_of` was overtaken.
    pub(super) fn is_overtaken(&self, path: &RelativePath, as_of: u64) -> bool {
        if planted(Bug::StaleLookBelieved) {
            return false;
        }
        if as_of < self.oldest {
            return true;
        }
        let mut later = self.batches.iter().filter(|batch| batch.epoch > as_of);
        later.any(|batch| batch.lent.contains(path) || has_at_or_above(&batch.changed, path))
    }
}

/// A directory gets permissions that forbid to write in it.
fn comes_closed(operation: &Operation) -> bool {
    operation.entry.content == Content::Directory
        && operation.entry.permissions.is_some_and(|permissions| permissions & WRITE == 0)
}

/// Every path at which something may appear or disappear.
fn paths_of(operation: &Operation) -> Vec<RelativePath> {
    let mut paths: Vec<RelativePath> = operation.paths().cloned().collect();
    if let Step::Put { displaced: Displaced::Conflict(copies) } = &operation.step {
        // Directories are made for them where there are none: in a repository a copy has a place of its own.
        let above = copies.iter().flat_map(RelativePath::ancestors);
        paths.extend(above.filter(|above| !operation.path.is_at_or_below(above)));
        paths.extend(copies.iter().cloned());
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTrees;
    use crate::operation::Expected;
    use crate::trees::Local;
    use homesync_protocol::{Entry, Kind, ShortId, Timestamp, Validity, Version};

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    fn conflict(at: &str, copy: &str) -> Operation {
        let entry = Entry {
            path: path(at),
            content: Content::Deleted(Kind::File),
            validity: Validity::Valid,
            version: Version::empty(),
            modified: Timestamp::default(),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 0,
            previous: None,
            metadata: None,
        };
        let step = Step::Put { displaced: Displaced::Conflict(vec![path(copy)]) };
        Operation { path: entry.path.clone(), expected: Expected::Absent, step, entry, unit: None }
    }

    #[test]
    fn a_look_at_a_directory_that_was_lent_is_overtaken_and_one_at_its_neighbours_is_not() {
        let mut trees = MemoryTrees::default();
        for (name, permissions) in [("closed", 0o555), ("open", 0o755)] {
            let permissions = Some(permissions);
            let entry = Entry { content: Content::Directory, permissions, ..conflict(name, "x").entry };
            trees.put(Local { entry, stamp: None, found: None });
        }
        let mut epochs = Epochs::default();
        let operations = [conflict("closed/a", "closed/b"), conflict("open/a", "open/b")];
        epochs.operated(operations.iter(), &trees).unwrap();
        for overtaken in ["closed", "closed/a", "open/b"] {
            assert!(epochs.is_overtaken(&path(overtaken), 0), "{overtaken}");
        }
        assert!(epochs.is_lent_now(&path("closed")) && !epochs.is_lent_now(&path("open")));
        for other in ["open", "closed/c"] {
            assert!(!epochs.is_overtaken(&path(other), 0), "{other}");
        }
    }

    #[test]
    fn a_look_is_overtaken_where_a_copy_was_put_and_where_directories_were_made_for_it() {
        let mut epochs = Epochs::default();
        let operation = conflict("r/.git/refs/main", "r/.git/sync-conflicts/refs/main.sync-conflict");
        epochs.operated([&operation].into_iter(), &MemoryTrees::default()).unwrap();
        for overtaken in ["r/.git/refs/main", "r/.git/sync-conflicts", "r/.git/sync-conflicts/refs"] {
            assert!(epochs.is_overtaken(&path(overtaken), 0), "{overtaken}");
            assert!(!epochs.is_overtaken(&path(overtaken), epochs.now()), "{overtaken}");
        }
        for other in ["r", "r/.git", "r/.git/refs", "r/.git/HEAD"] {
            assert!(!epochs.is_overtaken(&path(other), 0), "{other}");
        }
    }
}
