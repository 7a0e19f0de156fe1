//! Since when things are gone from a disk because a person took them away.

use homesync_paths::RelativePath;
use std::collections::BTreeMap;

/// What people took away on a machine, and what the machine recorded since.
#[derive(Debug, Default)]
pub struct Gone {
    /// For each path, when a person took away what was there.
    went: BTreeMap<String, Vec<u64>>,
    /// For each path, when the machine last recorded what is there.
    known: BTreeMap<String, u64>,
}

impl Gone {
    /// A person took away what was there.
    pub fn went(&mut self, path: &str, ticks: u64) {
        self.went.entry(path.to_string()).or_default().push(ticks);
    }

    /// The machine records what is there now.
    pub fn is_known(&mut self, path: &RelativePath, ticks: u64) {
        self.known.insert(path.as_str().to_string(), ticks);
    }

    /// The machine has an older index, and knows nothing of what it recorded.
    pub fn is_forgotten(&mut self) {
        self.known.clear();
    }

    /// The earliest moment since which this can have been missing: it went itself, or with a directory above it.
    pub fn since(&self, path: &RelativePath) -> Option<u64> {
        let known = self.known.get(path.as_str()).copied().unwrap_or_default();
        let went = path.at_or_above().filter_map(|path| self.went.get(path.as_str()));
        went.flatten().copied().filter(|ticks| *ticks >= known).min()
    }
}
