//! The three trees in memory: what tests and the index's twin in memory are made of.

use crate::trees::{Agreed, Changes, Local, Unreadable, View};
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{BlocksHash, DeviceId, Entry};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// Trees that forget everything with the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrees {
    local: BTreeMap<RelativePath, Local>,
    others: BTreeMap<RelativePath, BTreeMap<DeviceId, Entry>>,
    agreed: BTreeMap<RelativePath, Agreed>,
    contents: BTreeMap<BlocksHash, BTreeSet<RelativePath>>,
    by_sequence: BTreeMap<u64, RelativePath>,
    present: u64,
    sequence: u64,
}

impl MemoryTrees {
    /// Stores what an event changed; answers the highest sequence number given so far.
    pub fn apply(&mut self, changes: &Changes) -> u64 {
        for local in &changes.local {
            self.sequence += 1;
            let mut local = local.clone();
            local.entry.sequence = self.sequence;
            self.put_local(local);
        }
        for (path, stamp) in &changes.restamped {
            if let Some(local) = self.local.get_mut(path) {
                local.stamp = Some(*stamp);
            }
        }
        for device in &changes.forget {
            self.others.values_mut().for_each(|entries| drop(entries.remove(device)));
            self.others.retain(|_, entries| !entries.is_empty());
        }
        for (device, entry) in &changes.others {
            self.others.entry(entry.path.clone()).or_default().insert(*device, entry.clone());
        }
        for (path, agreed) in &changes.agreed {
            match agreed {
                Some(agreed) => drop(self.agreed.insert(path.clone(), agreed.clone())),
                None => drop(self.agreed.remove(path)),
            }
        }
        self.sequence
    }

    /// This machine's items, in the order of names.
    pub fn locals(&self) -> impl Iterator<Item = &Local> {
        self.local.values()
    }

    /// This machine's entries with a higher sequence number, in that order.
    pub fn since(&self, sequence: u64) -> impl Iterator<Item = &Entry> {
        let later = self.by_sequence.range((Bound::Excluded(sequence), Bound::Unbounded));
        later.filter_map(|(_, path)| self.local.get(path)).map(|local| &local.entry)
    }

    /// The highest sequence number given so far.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What was agreed, in the order of names.
    pub fn all_agreed(&self) -> impl Iterator<Item = (&RelativePath, &Agreed)> {
        self.agreed.iter()
    }

    fn put_local(&mut self, local: Local) {
        let path = local.entry.path.clone();
        if let Some(old) = self.local.get(&path) {
            self.present -= u64::from(old.entry.is_present());
            self.by_sequence.remove(&old.entry.sequence);
            if let Some(blocks) = old.entry.content.blocks()
                && let Some(paths) = self.contents.get_mut(&blocks.digest())
            {
                paths.remove(&path);
            }
        }
        self.present += u64::from(local.entry.is_present());
        if let Some(blocks) = local.entry.content.blocks().filter(|_| local.entry.is_present()) {
            self.contents.entry(blocks.digest()).or_default().insert(path.clone());
        }
        self.by_sequence.insert(local.entry.sequence, path.clone());
        self.local.insert(path, local);
    }
}

impl View for MemoryTrees {
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable> {
        Ok(self.local.get(path).cloned())
    }

    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        let entries = self.others.get(path).into_iter().flatten();
        Ok(entries.map(|(device, entry)| (*device, entry.clone())).collect())
    }

    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        Ok(self.agreed.get(path).cloned())
    }

    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        let mut local = below(&self.local, directory).peekable();
        let mut others = below(&self.others, directory).peekable();
        loop {
            let next = match (local.peek(), others.peek()) {
                (Some(ours), Some(theirs)) if ours == theirs => {
                    others.next();
                    local.next()
                }
                (Some(ours), Some(theirs)) if ours < theirs => local.next(),
                (Some(_), None) => local.next(),
                _ => others.next(),
            };
            match next {
                Some(path) if visit(path) => {}
                _ => return Ok(()),
            }
        }
    }

    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        let prefix = directory.map(|directory| format!("{}/", directory.as_str())).unwrap_or_default();
        let mut children = Vec::new();
        let mut from = prefix.clone();
        while let Some((path, local)) =
            self.local.range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded)).next()
            && let Some(rest) = path.as_str().strip_prefix(&prefix)
        {
            // Past everything deeper: `0` is the character after `/`.
            from = match rest.split_once('/') {
                Some((name, _)) => format!("{prefix}{name}0"),
                None => format!("{}\0", path.as_str()),
            };
            if local.stamp.is_some() && !rest.contains('/') {
                children.push(path.clone());
            }
        }
        Ok(children)
    }

    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable> {
        Ok(self.contents.get(&digest).into_iter().flatten().take(limit).cloned().collect())
    }

    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        let folded = fold(path.as_str());
        let is_other = |local: &&Local| local.stamp.is_some() && local.entry.path != *path;
        let found = self.local.values().filter(is_other).map(|local| &local.entry.path);
        Ok(found.filter(|other| fold(other.as_str()) == folded).cloned().collect())
    }

    fn present(&self) -> Result<u64, Unreadable> {
        Ok(self.present)
    }
}

/// The keys below a directory, at any depth.
fn below<'a, T>(
    map: &'a BTreeMap<RelativePath, T>,
    directory: Option<&RelativePath>,
) -> impl Iterator<Item = &'a RelativePath> + use<'a, T> {
    let prefix = directory.map(|directory| format!("{}/", directory.as_str())).unwrap_or_default();
    map.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
        .map(|(path, _)| path)
        .take_while(move |path| path.as_str().starts_with(&prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_a_directory_are_only_the_paths_in_it() {
        let map: BTreeMap<RelativePath, ()> = ["a", "a-b", "a.c", "a/b", "a/b/c", "a0", "b"]
            .into_iter()
            .map(|path| (RelativePath::parse(path).unwrap(), ()))
            .collect();
        let directory = RelativePath::parse("a").unwrap();
        let found: Vec<&str> = below(&map, Some(&directory)).map(RelativePath::as_str).collect();
        assert_eq!(found, ["a/b", "a/b/c"]);
        assert_eq!(below(&map, None).count(), 7);
    }
}
