//! The twin of the durable index in memory: the model that tests compare with, and the simulator's index.
//!
//! It holds what is committed and nothing else, so a crash loses nothing of it. A clone shares everything until one of the two changes.

use crate::{Additions, Committed, Index, IndexError, Position};
use homesync_engine::{
    Agreed, Changes, Intent, Journal, JournalRecord, Local, MemoryTrees, Unreadable, View,
};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, BlocksHash, DeviceId, Entry};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// An index that forgets everything with the process.
#[derive(Clone, Debug)]
pub struct MemoryIndex(Arc<State>);

#[derive(Clone, Debug)]
struct State {
    trees: MemoryTrees,
    index_id: u64,
    sequence: u64,
    counter_floor: u64,
    fresh: bool,
    next_intent: u64,
    intents: BTreeMap<u64, Intent>,
    journal: Vec<JournalRecord>,
    positions: BTreeMap<DeviceId, Position>,
    /// The trees number entries one by one; after [`Index::raise`] ours are higher, so the numbers are kept here.
    by_sequence: BTreeMap<u64, RelativePath>,
    numbers: BTreeMap<RelativePath, u64>,
}

impl MemoryIndex {
    /// An empty one.
    pub fn new(index_id: u64) -> Self {
        Self(Arc::new(State {
            trees: MemoryTrees::default(),
            index_id,
            sequence: 0,
            counter_floor: 0,
            fresh: true,
            next_intent: 1,
            intents: BTreeMap::new(),
            journal: Vec::new(),
            positions: BTreeMap::new(),
            by_sequence: BTreeMap::new(),
            numbers: BTreeMap::new(),
        }))
    }

    /// All of this machine's items, in the order of names.
    pub fn all_locals(&self) -> impl Iterator<Item = Local> {
        self.0.trees.locals().map(|local| self.0.numbered(local.clone()))
    }

    /// Everything that was agreed, in the order of names.
    pub fn all_agreed(&self) -> impl Iterator<Item = (&RelativePath, &Agreed)> {
        self.0.trees.all_agreed()
    }
}

impl State {
    fn numbered(&self, mut local: Local) -> Local {
        local.entry.sequence = self.numbers.get(&local.entry.path).copied().unwrap_or_default();
        local
    }

    fn number(&mut self, path: &RelativePath) {
        self.sequence += 1;
        self.by_sequence.insert(self.sequence, path.clone());
        if let Some(old) = self.numbers.insert(path.clone(), self.sequence) {
            self.by_sequence.remove(&old);
        }
    }
}

impl View for MemoryIndex {
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable> {
        Ok(self.0.trees.local(path)?.map(|local| self.0.numbered(local)))
    }

    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        self.0.trees.others(path)
    }

    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        self.0.trees.agreed(path)
    }

    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        self.0.trees.paths_below(directory, visit)
    }

    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        self.0.trees.children(directory)
    }

    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable> {
        self.0.trees.files_with(digest, limit)
    }

    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        self.0.trees.spellings(path)
    }

    fn present(&self) -> Result<u64, Unreadable> {
        self.0.trees.present()
    }
}

impl Journal for MemoryIndex {
    type Error = IndexError;

    fn reserve(&mut self, many: u64) -> Result<u64, IndexError> {
        let state = Arc::make_mut(&mut self.0);
        let first = state.next_intent;
        state.next_intent += many;
        Ok(first)
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), IndexError> {
        let state = Arc::make_mut(&mut self.0);
        for intent in intents {
            state.intents.insert(intent.number, intent.clone());
        }
        Ok(())
    }
}

impl Index for MemoryIndex {
    fn commit_with(&mut self, changes: &Changes, additions: &Additions) -> Result<Committed, IndexError> {
        let state = Arc::make_mut(&mut self.0);
        state.trees.apply(changes);
        for local in &changes.local {
            state.number(&local.entry.path);
        }
        for device in &changes.forget {
            state.positions.remove(device);
        }
        for number in &changes.settled {
            state.intents.remove(number);
        }
        state.journal.extend(changes.journal.iter().cloned());
        state.positions.extend(additions.positions.iter().copied());
        state.fresh &= !additions.scanned;
        Ok(Committed { sequence: state.sequence })
    }

    fn index_id(&self) -> u64 {
        self.0.index_id
    }

    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    fn counter_floor(&self) -> u64 {
        self.0.counter_floor
    }

    fn fresh(&self) -> bool {
        self.0.fresh
    }

    fn announce_since(&self, sequence: u64, limit: usize) -> Result<Vec<Entry>, Unreadable> {
        let after = self.0.by_sequence.range((Bound::Excluded(sequence), Bound::Unbounded));
        let locals = after.take(limit).filter_map(|(_, path)| self.local(path).transpose());
        locals.map(|local| local.map(|local| local.entry)).collect()
    }

    fn others_position(&self, device: DeviceId) -> Result<Option<Position>, Unreadable> {
        Ok(self.0.positions.get(&device).copied())
    }

    fn open_intents(&self) -> Result<Vec<Intent>, Unreadable> {
        Ok(self.0.intents.values().cloned().collect())
    }

    fn journal(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, JournalRecord)>, Unreadable> {
        let numbered = self.0.journal.iter().cloned().zip(1..).map(|(record, number)| (number, record));
        let wanted: Vec<_> =
            numbered.filter(|(number, _)| before.is_none_or(|before| *number < before)).collect();
        Ok(wanted.into_iter().rev().take(limit).collect())
    }

    fn block_places(&self, hash: BlockHash, limit: usize) -> Result<Vec<(RelativePath, u32)>, Unreadable> {
        let mut places = Vec::new();
        for local in self.0.trees.locals().filter(|local| local.entry.is_present()) {
            let hashes = local.entry.content.blocks().map(|blocks| blocks.hashes()).unwrap_or_default();
            let found = hashes.iter().zip(0..).filter(|(other, _)| **other == hash);
            places.extend(found.map(|(_, block)| (local.entry.path.clone(), block)));
        }
        places.truncate(limit);
        Ok(places)
    }

    fn locals(&self, after: Option<&RelativePath>, limit: usize) -> Result<Vec<Local>, Unreadable> {
        let is_behind = |local: &&Local| after.is_none_or(|after| local.entry.path > *after);
        let behind = self.0.trees.locals().filter(is_behind).take(limit);
        Ok(behind.map(|local| self.0.numbered(local.clone())).collect())
    }

    fn raise(
        &mut self,
        index_id: u64,
        own_counter_hint: u64,
        sequence_at_least: u64,
    ) -> Result<(), IndexError> {
        let state = Arc::make_mut(&mut self.0);
        state.index_id = index_id;
        state.sequence = state.sequence.max(sequence_at_least);
        state.counter_floor = state.counter_floor.max(own_counter_hint);
        Ok(())
    }

    fn compact(&mut self) -> Result<(), IndexError> {
        Ok(())
    }

    fn check(&mut self) -> Result<(), IndexError> {
        Ok(())
    }
}
