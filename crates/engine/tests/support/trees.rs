//! What the tests of the engine are written with: machines, items and trees in a few words.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests, of which each file uses some")]

use homesync_engine::{
    Changes, Expected, Local, MemoryTrees, Operation, Plan, Rules, Situation, Stamp, Surroundings, plan,
};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockList, Content, DeviceId, Entry, Kind, ShortId, Timestamp, Validity, Version};
use std::collections::BTreeSet;
use std::sync::Arc;

/// This machine, and two others. The numbers are those of version counters: `(US, 3)`.
pub const US: u64 = 1;
pub const THEM: u64 = 2;
pub const THIRD: u64 = 3;

pub const NOW: u64 = 1_800_000_000;

pub fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

pub fn device(number: u64) -> DeviceId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DeviceId::from_bytes(bytes)
}

pub fn version(counters: &[(u64, u64)]) -> Version {
    Version::from_counters(counters.iter().map(|(machine, count)| (ShortId(*machine), *count))).unwrap()
}

pub fn text(content: &str) -> Content {
    Content::File(BlockList::of(content.as_bytes()))
}

pub fn link(target: &str) -> Content {
    Content::Link(target.into())
}

pub const DIRECTORY: Content = Content::Directory;
pub const GONE: Content = Content::Deleted(Kind::File);
pub const GONE_DIRECTORY: Content = Content::Deleted(Kind::Directory);

/// An item whose last change was made by the machine with the highest counter's place, at second 1000.
pub fn entry(at: &str, content: Content, counters: &[(u64, u64)]) -> Entry {
    let permissions = match content {
        Content::File(_) => Some(0o644),
        Content::Directory => Some(0o755),
        _ => None,
    };
    Entry {
        path: path(at),
        content,
        validity: Validity::Valid,
        version: version(counters),
        modified: Timestamp::at(1_000),
        modified_by: ShortId(counters.last().map_or(0, |counter| counter.0)),
        permissions,
        sequence: 0,
        previous: None,
        metadata: None,
    }
}

/// The same at another time.
pub fn at_time(entry: Entry, seconds: i64) -> Entry {
    Entry { modified: Timestamp::at(seconds), ..entry }
}

pub fn with_validity(entry: Entry, validity: Validity) -> Entry {
    Entry { validity, ..entry }
}

/// How the object of an entry looks on the disk.
pub fn stamp_of(entry: &Entry) -> Option<Stamp> {
    let kind = entry.content.kind();
    (!entry.content.is_deleted()).then(|| Stamp {
        kind,
        size: entry.content.blocks().map_or(0, BlockList::size),
        modified: if kind == Kind::File { entry.modified } else { Timestamp::default() },
        changed: Timestamp::at(5_000),
        inode: entry.path.as_str().bytes().map(u64::from).sum(),
        permissions: entry.permissions.unwrap_or(0o777),
    })
}

/// A machine's trees and surroundings, ready to be planned.
pub struct Machine {
    pub trees: MemoryTrees,
    pub rules: Rules,
    pub situation: Situation,
}

impl Machine {
    pub fn new() -> Self {
        let situation = Situation { now: NOW, ..Situation::default() };
        Self { trees: MemoryTrees::default(), rules: Rules::new(ShortId(US)), situation }
    }

    pub fn ignoring(patterns: &str) -> Self {
        let mut machine = Self::new();
        let rules = IgnoreRules::compile(patterns, &mut |_| Err(String::new())).unwrap();
        machine.situation.ignore = Arc::new(rules);
        machine
    }

    /// This machine has the item, as the entry says.
    pub fn has(mut self, entry: Entry) -> Self {
        let local = Local { stamp: stamp_of(&entry), entry, found: None };
        self.trees.apply(&Changes { local: vec![local], ..Changes::default() });
        self
    }

    /// Another machine said so.
    pub fn hears(mut self, from: u64, entry: Entry) -> Self {
        self.trees.apply(&Changes { others: vec![(device(from), entry)], ..Changes::default() });
        self
    }

    /// Both have the item.
    pub fn shares(self, entry: Entry) -> Self {
        self.has(entry.clone()).hears(THEM, entry)
    }

    /// The plan for everything that anybody has said anything about.
    pub fn plan(&self) -> Plan {
        use homesync_engine::View;
        let mut dirty = BTreeSet::new();
        self.trees
            .paths_below(None, &mut |path| {
                dirty.insert(path.clone());
                true
            })
            .unwrap();
        self.plan_for(&dirty)
    }

    pub fn plan_for(&self, dirty: &BTreeSet<RelativePath>) -> Plan {
        let surroundings = Surroundings::new(&self.trees, &self.situation, &self.rules);
        plan(&surroundings, dirty).unwrap()
    }
}

/// The plan in words: `a put`, `b removed`, `c held Blocked` …, in the order of the operations, then what is recorded, then what waits.
pub fn words(plan: &Plan) -> Vec<String> {
    use homesync_engine::{Displaced, Step};
    let operation = |operation: &Operation| {
        let over = if operation.expected == Expected::Absent { "put" } else { "replaced" };
        let what = match &operation.step {
            Step::Put { displaced: Displaced::Recovery } => over.to_string(),
            Step::Put { displaced: Displaced::Conflict(_) } => "replaced, kept aside".to_string(),
            Step::Move { from, .. } => format!("moved from {}", from.as_str()),
            Step::Remove => "removed".to_string(),
            Step::Adjust => "adjusted".to_string(),
            Step::Dress => "dressed".to_string(),
        };
        format!("{} {what}", operation.path.as_str())
    };
    let recorded = |local: &Local| format!("{} recorded", local.entry.path.as_str());
    let mut words: Vec<String> = plan.operations.iter().map(operation).collect();
    words.extend(plan.recorded.iter().map(recorded));
    words.extend(plan.held.iter().map(|(path, reason)| format!("{} held {reason:?}", path.as_str())));
    words
}

/// The names of the conflict copy that an operation would make.
pub fn copies(plan: &Plan) -> Vec<String> {
    use homesync_engine::{Displaced, Step};
    let first = |operation: &Operation| match &operation.step {
        Step::Put { displaced: Displaced::Conflict(copies) } => Some(copies[0].as_str().to_string()),
        _ => None,
    };
    plan.operations.iter().filter_map(first).collect()
}
