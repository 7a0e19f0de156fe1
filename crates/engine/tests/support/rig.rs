//! A folder's state machine with trees in memory: events go in, what it wants comes out.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests, of which each file uses some")]

use super::trees::{device, path, stamp_of};
use homesync_engine::{
    Action, Done, Event, Folder, Listing, MemoryTrees, Now, Operation, Outcome, Rules, Seen, View,
};
use homesync_paths::RelativePath;
use homesync_protocol::{Entry, ShortId};

pub struct Rig {
    pub folder: Folder,
    pub trees: MemoryTrees,
    pub now: Now,
}

impl Rig {
    pub fn new(rules: Rules) -> Self {
        let now = Now { seconds: super::trees::NOW, ticks: 10_000 };
        Self { folder: Folder::new(rules, None), trees: MemoryTrees::default(), now }
    }

    pub fn ours() -> Self {
        Self::new(Rules::new(ShortId(super::trees::US)))
    }

    /// An event, what it makes the folder store, and then what is planned. The answer is everything that is not stored.
    pub fn event(&mut self, event: Event) -> Vec<Action> {
        let first = self.folder.handle(event, &self.trees, self.now).unwrap();
        let mut rest = self.store(first);
        loop {
            let next = self.folder.poll(&self.trees, self.now).unwrap();
            if next.is_empty() {
                return rest;
            }
            rest.extend(self.store(next));
        }
    }

    fn store(&mut self, actions: Vec<Action>) -> Vec<Action> {
        let mut rest = Vec::new();
        for action in actions {
            match action {
                Action::Store(changes) => drop(self.trees.apply(&changes)),
                Action::Confirm(paths) => {
                    let stamp = |path| self.trees.local(path).unwrap().and_then(|own| own.stamp);
                    let found = paths.iter().map(|path| (path.clone(), stamp(path))).collect();
                    let next = self.folder.handle(Event::Confirmed(found), &self.trees, self.now).unwrap();
                    rest.extend(self.store(next));
                }
                other => rest.push(other),
            }
        }
        rest
    }

    pub fn hears(&mut self, from: u64, entries: Vec<Entry>) -> Vec<Action> {
        self.event(Event::Index { device: device(from), full: false, entries })
    }

    /// A listing of the root.
    pub fn lists(&mut self, seen: Vec<(&str, Seen)>) -> Vec<Action> {
        self.listing(None, seen)
    }

    /// A listing of a directory.
    pub fn lists_in(&mut self, directory: &str, seen: Vec<(&str, Seen)>) -> Vec<Action> {
        self.listing(Some(path(directory)), seen)
    }

    fn listing(&mut self, directory: Option<RelativePath>, seen: Vec<(&str, Seen)>) -> Vec<Action> {
        let seen = seen.into_iter().map(|(at, seen)| (path(at), seen)).collect();
        let as_of = self.folder.epoch();
        let listing = Listing { as_of, directory, seen: Ok(seen), leaves_out: false, staying: Vec::new() };
        self.event(Event::Listed(listing))
    }

    /// The operations were done.
    pub fn done(&mut self, operations: Vec<Operation>) -> Vec<Action> {
        let outcome = |operation: Operation| {
            let done = Done { stamp: stamp_of(&operation.entry), ..Done::default() };
            Outcome { operation, result: Ok(done), intents: Vec::new() }
        };
        self.event(Event::Finished(operations.into_iter().map(outcome).collect()))
    }

    pub fn later(&mut self, milliseconds: u64) {
        self.now.ticks += milliseconds;
        self.now.seconds += milliseconds / 1_000;
    }

    /// What the index says about a path of this machine.
    pub fn own(&self, at: &str) -> Option<Entry> {
        self.trees.local(&path(at)).unwrap().map(|own| own.entry)
    }
}

/// A look that finds the object of an entry.
pub fn seen(entry: &Entry) -> Seen {
    let stamp = stamp_of(entry).unwrap();
    Seen::Present { stamp, content: entry.content.clone(), blank: false, racy: false, metadata: None }
}

/// The operations that are asked for.
pub fn operations(actions: &[Action]) -> Vec<Operation> {
    let asked = |action: &Action| match action {
        Action::Operate(operations) => operations.clone(),
        _ => Vec::new(),
    };
    actions.iter().flat_map(asked).collect()
}
