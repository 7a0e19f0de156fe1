//! What a simulated machine remembers durably: the index's twin in memory.

use homesync_engine::{Changes, Intent, Journal, MemoryTrees, View};
use homesync_protocol::{DeviceId, Entry};
use std::collections::BTreeMap;
use std::convert::Infallible;

/// Everything that survives a power cut, whole after each commit.
#[derive(Clone, Debug)]
pub struct Store {
    trees: MemoryTrees,
    index_id: u64,
    positions: BTreeMap<DeviceId, (u64, u64)>,
    intents: BTreeMap<u64, Intent>,
    next_intent: u64,
}

impl Store {
    /// Empty, with an id that no index had before.
    pub fn new(index_id: u64) -> Self {
        Self {
            trees: MemoryTrees::default(),
            index_id,
            positions: BTreeMap::new(),
            intents: BTreeMap::new(),
            next_intent: 1,
        }
    }

    /// How the engine reads it.
    pub fn view(&self) -> &dyn View {
        &self.trees
    }

    /// The trees.
    pub fn trees(&self) -> &MemoryTrees {
        &self.trees
    }

    /// Makes changes durable.
    pub fn commit(&mut self, changes: &Changes) {
        self.trees.apply(changes);
        for number in &changes.settled {
            self.intents.remove(number);
        }
    }

    /// The id under which sequence numbers count.
    pub fn index_id(&self) -> u64 {
        self.index_id
    }

    /// After it was brought back from an older copy: what was announced since would be announced again under the same numbers, so the numbers
    /// count anew.
    pub fn renew(&mut self, index_id: u64) {
        self.index_id = index_id;
    }

    /// Up to where another machine's index is known.
    pub fn position(&self, device: DeviceId) -> Option<(u64, u64)> {
        self.positions.get(&device).copied()
    }

    /// Another machine's index is known up to here.
    pub fn set_position(&mut self, device: DeviceId, position: (u64, u64)) {
        self.positions.insert(device, position);
    }

    /// Entries to announce after a sequence number.
    pub fn since(&self, sequence: u64) -> Vec<Entry> {
        self.trees.since(sequence).cloned().collect()
    }

    /// Intents that are not settled.
    pub fn open_intents(&self) -> Vec<Intent> {
        self.intents.values().cloned().collect()
    }

    /// All open intents are settled.
    pub fn settle_intents(&mut self) {
        self.intents.clear();
    }
}

impl Journal for Store {
    type Error = Infallible;

    fn reserve(&mut self, many: u64) -> Result<u64, Self::Error> {
        let first = self.next_intent;
        self.next_intent += many;
        Ok(first)
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), Self::Error> {
        self.intents.extend(intents.iter().map(|intent| (intent.number, intent.clone())));
        Ok(())
    }
}
