//! Since when things are gone from a disk because a person took them away.

use homesync_paths::RelativePath;
use std::collections::BTreeMap;

/// For each path that a person took away, when they first did, as long as the machine has recorded nothing there since.
#[derive(Debug, Default)]
pub struct Gone {
    since: BTreeMap<String, u64>,
}

impl Gone {
    /// A person took away what was there.
    pub fn went(&mut self, path: &str, ticks: u64) {
        self.since.entry(path.to_string()).or_insert(ticks);
    }

    /// The machine recorded what is there now.
    pub fn is_known(&mut self, path: &RelativePath) {
        self.since.remove(path.as_str());
    }

    /// The earliest moment since which this can have been missing: it went itself, or with a directory above.
    pub fn since(&self, path: &RelativePath) -> Option<u64> {
        let with_above = std::iter::once(path.as_str().to_string())
            .chain(path.ancestors().map(|above| above.as_str().to_string()));
        with_above.filter_map(|path| self.since.get(&path).copied()).min()
    }
}
