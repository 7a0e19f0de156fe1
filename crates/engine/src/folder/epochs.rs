//! Looks at the disk that were overtaken by our own operations.
//!
//! A look takes time, and so does its way to the engine. If an operation changed a path meanwhile, the look tells how it was before, and
//! would be taken for a person's change. So every look carries the number of the last batch that was finished when it began.

use crate::canary::{Bug, planted};
use crate::operation::{Displaced, Operation, Step};
use crate::surroundings::has_at_or_above;
use homesync_paths::RelativePath;
use std::collections::{BTreeSet, VecDeque};

/// So many batches are remembered path by path; a look that began before the oldest of them says nothing at all.
const REMEMBERED: usize = 64;

#[derive(Default)]
pub(super) struct Epochs {
    now: u64,
    oldest: u64,
    batches: VecDeque<(u64, BTreeSet<RelativePath>)>,
}

impl Epochs {
    /// What a look that begins now carries.
    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// A batch begins, or ends: whatever was seen of its paths before is not to be believed.
    pub(super) fn operated<'a>(&mut self, operations: impl Iterator<Item = &'a Operation>) {
        self.now += 1;
        self.batches.push_back((self.now, operations.flat_map(paths_of).collect()));
        if self.batches.len() > REMEMBERED
            && let Some((epoch, _)) = self.batches.pop_front()
        {
            self.oldest = epoch;
        }
    }

    /// A look at the path that began at `as_of` was overtaken.
    pub(super) fn is_overtaken(&self, path: &RelativePath, as_of: u64) -> bool {
        if planted(Bug::StaleLookBelieved) {
            return false;
        }
        if as_of < self.oldest {
            return true;
        }
        let mut later = self.batches.iter().filter(|(epoch, _)| *epoch > as_of);
        later.any(|(_, paths)| has_at_or_above(paths, path))
    }
}

/// Every path at which something may appear or disappear.
fn paths_of(operation: &Operation) -> Vec<RelativePath> {
    let mut paths: Vec<RelativePath> = operation.paths().cloned().collect();
    if let Step::Put { displaced: Displaced::Conflict(copies) } = &operation.step {
        paths.extend(copies.iter().cloned());
    }
    paths
}
