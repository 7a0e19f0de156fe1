//! The three trees in memory: what tests and the index's twin in memory are made of.
//!
//! Simulated runs read them some hundred times for each thing that happens, so what a plan reads is near at hand, and what is asked for seldom is
//! looked for.

use crate::trees::{Agreed, Changes, Local, Unreadable, View};
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{BlocksHash, DeviceId, Entry};
use std::collections::BTreeMap;
use std::ops::Bound;

/// Trees that forget everything with the process.
#[derive(Clone, Debug, Default)]
pub struct MemoryTrees {
    /// Boxed, because a map moves its values about.
    items: BTreeMap<RelativePath, Box<Item>>,
    /// Which path got which sequence number, in that order. Most of those whose path has a later number by now are left out.
    numbered: Vec<(u64, RelativePath)>,
    present: u64,
    sequence: u64,
}

/// What is known about a path.
#[derive(Clone, Debug, Default)]
struct Item {
    local: Option<Local>,
    /// In the order of machines.
    others: Vec<(DeviceId, Entry)>,
    agreed: Option<Agreed>,
}

impl Item {
    /// Some machine has said something about it.
    fn is_known(&self) -> bool {
        self.local.is_some() || !self.others.is_empty()
    }
}

impl MemoryTrees {
    /// Stores what an event changed; answers the highest sequence number given so far.
    pub fn apply(&mut self, changes: &Changes) -> u64 {
        for local in &changes.local {
            self.put(local.clone());
        }
        for (path, stamp, found) in &changes.restamped {
            if let Some(local) = self.items.get_mut(path).and_then(|item| item.local.as_mut()) {
                (local.stamp, local.found) = (Some(*stamp), found.clone());
            }
        }
        for device in &changes.forget {
            self.items.values_mut().for_each(|item| item.others.retain(|(other, _)| other != device));
        }
        for (device, entry) in &changes.others {
            self.hear(*device, entry.clone());
        }
        for (path, agreed) in &changes.agreed {
            match agreed {
                Some(agreed) => self.item(path).agreed = Some(agreed.clone()),
                None => drop(self.items.get_mut(path).and_then(|item| item.agreed.take())),
            }
        }
        self.sequence
    }

    /// Stores an item of this machine, which gets the next sequence number.
    pub fn put(&mut self, mut local: Local) {
        self.sequence += 1;
        local.entry.sequence = self.sequence;
        let path = local.entry.path.clone();
        let is_present = local.entry.is_present();
        let old = self.item(&path).local.replace(local);
        self.present += u64::from(is_present);
        self.present -= u64::from(old.is_some_and(|old| old.entry.is_present()));
        self.numbered.push((self.sequence, path));
        if self.numbered.len() > 2 * self.items.len() + 16 {
            let items = &self.items;
            self.numbered.retain(|(sequence, path)| numbered(items, *sequence, path).is_some());
        }
    }

    /// Stores what another machine says about an item.
    pub fn hear(&mut self, device: DeviceId, entry: Entry) {
        let others = &mut self.item(&entry.path).others;
        match others.binary_search_by_key(&device, |other| other.0) {
            Ok(place) => others[place].1 = entry,
            Err(place) => others.insert(place, (device, entry)),
        }
    }

    /// This machine's item, where a copy of it is not needed.
    pub fn get(&self, path: &RelativePath) -> Option<&Local> {
        self.items.get(path)?.local.as_ref()
    }

    /// This machine's items, in the order of names.
    pub fn locals(&self) -> impl Iterator<Item = &Local> {
        self.items.values().filter_map(|item| item.local.as_ref())
    }

    /// This machine's entries with a higher sequence number, in that order.
    pub fn since(&self, sequence: u64) -> impl Iterator<Item = &Entry> {
        let later = self.numbered.partition_point(|(given, _)| *given <= sequence);
        let later = self.numbered[later..].iter();
        later.filter_map(|(sequence, path)| numbered(&self.items, *sequence, path))
    }

    /// The highest sequence number given so far.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// What was agreed, in the order of names.
    pub fn all_agreed(&self) -> impl Iterator<Item = (&RelativePath, &Agreed)> {
        self.items.iter().filter_map(|(path, item)| Some((path, item.agreed.as_ref()?)))
    }

    fn item(&mut self, path: &RelativePath) -> &mut Item {
        self.items.entry(path.clone()).or_default()
    }
}

/// The entry at a path, if this is still its sequence number.
fn numbered<'a>(
    items: &'a BTreeMap<RelativePath, Box<Item>>,
    sequence: u64,
    path: &RelativePath,
) -> Option<&'a Entry> {
    let local = items.get(path)?.local.as_ref()?;
    Some(&local.entry).filter(|entry| entry.sequence == sequence)
}

impl View for MemoryTrees {
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable> {
        Ok(self.get(path).cloned())
    }

    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        Ok(self.items.get(path).map(|item| item.others.clone()).unwrap_or_default())
    }

    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        Ok(self.items.get(path).and_then(|item| item.agreed.clone()))
    }

    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        let mut known = below(&self.items, directory).filter(|(_, item)| item.is_known());
        known.all(|(path, _)| visit(path));
        Ok(())
    }

    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        let prefix = directory.map(|directory| format!("{}/", directory.as_str())).unwrap_or_default();
        let mut children = Vec::new();
        let mut from = prefix.clone();
        while let Some((path, item)) =
            self.items.range::<str, _>((Bound::Included(from.as_str()), Bound::Unbounded)).next()
            && let Some(rest) = path.as_str().strip_prefix(&prefix)
        {
            // Past everything deeper: `0` is the character after `/`.
            from = match rest.split_once('/') {
                Some((name, _)) => format!("{prefix}{name}0"),
                None => format!("{}\0", path.as_str()),
            };
            let is_here = item.local.as_ref().is_some_and(|local| local.stamp.is_some());
            if is_here && !rest.contains('/') {
                children.push(path.clone());
            }
        }
        Ok(children)
    }

    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable> {
        let holds = |entry: &&Entry| entry.is_present() && entry.content.digest() == Some(digest);
        let entries = self.locals().map(|local| &local.entry).filter(holds);
        Ok(entries.take(limit).map(|entry| entry.path.clone()).collect())
    }

    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        let folded = fold(path.as_str());
        let is_other = |local: &&Local| local.stamp.is_some() && local.entry.path != *path;
        let found = self.locals().filter(is_other).map(|local| &local.entry.path);
        Ok(found.filter(|other| fold(other.as_str()) == folded).cloned().collect())
    }

    fn present(&self) -> Result<u64, Unreadable> {
        Ok(self.present)
    }
}

/// What is below a directory, at any depth.
fn below<'a, T>(
    map: &'a BTreeMap<RelativePath, T>,
    directory: Option<&RelativePath>,
) -> impl Iterator<Item = (&'a RelativePath, &'a T)> + use<'a, T> {
    let directory = directory.cloned();
    let from = directory.as_ref().map_or(Bound::Unbounded, |directory| Bound::Excluded(directory.as_str()));
    let after = map.range::<str, _>((from, Bound::Unbounded));
    // `a-b` and `a.b` stand between `a` and `a/b`; no text is made to begin behind them, because that costs more than to step over them.
    after
        .map_while(move |(path, value)| {
            let Some(directory) = &directory else { return Some(Some((path, value))) };
            let next = path.as_str().strip_prefix(directory.as_str())?.as_bytes().first()?;
            (*next <= b'/').then(|| (*next == b'/').then_some((path, value)))
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_protocol::{Content, ShortId, Timestamp, Validity, Version};

    #[test]
    fn below_a_directory_are_only_the_paths_in_it() {
        let map: BTreeMap<RelativePath, ()> = ["a", "a-b", "a.c", "a/b", "a/b/c", "a0", "b"]
            .into_iter()
            .map(|path| (RelativePath::parse(path).unwrap(), ()))
            .collect();
        let directory = RelativePath::parse("a").unwrap();
        let found: Vec<&str> = below(&map, Some(&directory)).map(|(path, ())| path.as_str()).collect();
        assert_eq!(found, ["a/b", "a/b/c"]);
        assert_eq!(below(&map, None).count(), 7);
    }

    #[test]
    fn only_the_last_change_of_an_item_is_told_however_often_it_changes() {
        let mut trees = MemoryTrees::default();
        let local = |path: &str| Local {
            entry: Entry {
                path: RelativePath::parse(path).unwrap(),
                content: Content::Directory,
                validity: Validity::Valid,
                version: Version::empty(),
                modified: Timestamp::at(0),
                modified_by: ShortId(1),
                permissions: None,
                sequence: 0,
                previous: None,
                metadata: None,
            },
            stamp: None,
            found: None,
        };
        trees.put(local("a"));
        (0..100).for_each(|_| trees.put(local("b")));
        trees.put(local("c"));
        let told = |after| -> Vec<(u64, String)> {
            trees.since(after).map(|entry| (entry.sequence, entry.path.as_str().to_string())).collect()
        };
        let (a, b, c) = ((1, "a".to_string()), (101, "b".to_string()), (102, "c".to_string()));
        assert_eq!(told(0), [a, b.clone(), c.clone()]);
        assert_eq!(told(100), [b, c]);
        assert_eq!(told(102), []);
        assert!(trees.numbered.len() < 30);
        assert_eq!(trees.present(), Ok(3));
    }
}
