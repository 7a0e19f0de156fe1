//! Blocks that other machines have of files which are not complete there yet: what they said of it last.
//!
//! It only saves time, so little is kept of it, and nothing of it is believed: a block that turns out to be another one, or not to be had, is
//! asked of somebody else at once. Nothing is lost with what is forgotten.

use super::fetches::BlockResult;
use crate::trees::Candidates;
use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, DeviceId, Entry, ProgressUpdate, Version};
use std::collections::{BTreeMap, BTreeSet};

/// So many unfinished files are remembered of one machine: it fills fewer at the same time.
pub(super) const MOST_FILES: usize = 256;
/// So many of their blocks are.
pub(super) const MOST_BLOCKS: usize = 1 << 16;

/// What is remembered of all machines.
#[derive(Default)]
pub(super) struct Temporaries {
    of: BTreeMap<DeviceId, BTreeMap<RelativePath, Temporary>>,
}

/// A file that another machine puts together.
struct Temporary {
    version: Version,
    block_size: u32,
    blocks: BTreeSet<u32>,
}

impl Temporaries {
    /// A machine said which blocks it has now, or that it has them no longer under that name.
    pub(super) fn told(&mut self, device: DeviceId, updates: Vec<ProgressUpdate>) {
        let files = self.of.entry(device).or_default();
        let mut room = MOST_BLOCKS - files.values().map(|known| known.blocks.len()).sum::<usize>();
        for ProgressUpdate { path, version, blocks, block_size } in updates {
            let before = files.remove(&path);
            let many = before.as_ref().map_or(0, |known| known.blocks.len());
            let mut now = match (before, &blocks) {
                (Some(known), Some(_)) if known.version == version && known.block_size == block_size => known,
                (_, Some(_)) => Temporary { version, block_size, blocks: BTreeSet::new() },
                // It is void, unless another version of the file was spoken of since.
                (Some(known), None) if known.version != version => known,
                (_, None) => {
                    room += many;
                    continue;
                }
            };
            let most = room + many;
            for block in blocks.into_iter().flatten() {
                if now.blocks.len() >= most {
                    break;
                }
                now.blocks.insert(block);
            }
            room = most;
            if files.len() < MOST_FILES && !now.blocks.is_empty() {
                room -= now.blocks.len();
                files.insert(path, now);
            }
        }
        if files.is_empty() {
            self.of.remove(&device);
        }
    }

    /// A machine said in its index what it has: what is as new as its unfinished file, or newer, takes the place of that.
    pub(super) fn has_now(&mut self, device: DeviceId, entry: &Entry) {
        let Some(files) = self.of.get_mut(&device) else { return };
        let is_over = |known: &mut Temporary| entry.version.relation(&known.version).has_seen();
        if files.get_mut(&entry.path).is_some_and(is_over) {
            files.remove(&entry.path);
        }
    }

    /// Nothing that a machine said counts any more.
    pub(super) fn forget(&mut self, device: DeviceId) {
        self.of.remove(&device);
    }

    /// A machine did not give a block that it said it had. With one that was another it has lost all belief as to this file.
    pub(super) fn failed(&mut self, device: DeviceId, path: &RelativePath, block: u32, result: BlockResult) {
        let Some(files) = self.of.get_mut(&device) else { return };
        let Some(known) = files.get_mut(path) else { return };
        known.blocks.remove(&block);
        if known.blocks.is_empty() || result == BlockResult::Wrong {
            files.remove(path);
        }
    }

    /// Machines that can be asked for blocks of this content, and for which.
    pub(super) fn of<'t>(
        &'t self,
        wanted: &Entry,
        list: &BlockList,
        candidates: &Candidates,
        connected: &BTreeSet<DeviceId>,
    ) -> Vec<(DeviceId, &'t BTreeSet<u32>)> {
        // Ours may have seen more than the version of which others speak, and have the same content.
        let versions: Vec<&Version> = candidates
            .others
            .iter()
            .filter(|(_, entry)| entry.is_present() && entry.content.is_same(&wanted.content))
            .map(|(_, entry)| &entry.version)
            .chain([&wanted.version])
            .collect();
        let is_of_it =
            |known: &&Temporary| known.block_size == list.block_size() && versions.contains(&&known.version);
        let all = self.of.iter().filter(|(device, _)| connected.contains(device));
        all.filter_map(|(device, files)| Some((*device, &files.get(&wanted.path).filter(is_of_it)?.blocks)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;
    use homesync_protocol::{Content, ShortId, Timestamp, Validity};

    fn version(number: u64) -> Version {
        Version::from_counters([(ShortId(1), number)]).unwrap()
    }

    fn update(path: &str, number: u64, blocks: Option<Vec<u32>>) -> ProgressUpdate {
        let path = RelativePath::parse(path).unwrap();
        ProgressUpdate { path, version: version(number), blocks, block_size: 131_072 }
    }

    fn device(number: u8) -> DeviceId {
        DeviceId::from_bytes([number; 32])
    }

    /// An entry of a file with 40 blocks.
    fn entry(path: &str, number: u64) -> Entry {
        Entry {
            path: RelativePath::parse(path).unwrap(),
            content: Content::File(BlockList::of(&vec![7; 40 << 17])),
            validity: Validity::Valid,
            version: version(number),
            modified: Timestamp::at(1),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 0,
            previous: None,
            metadata: None,
        }
    }

    fn blocks(temporaries: &Temporaries, machine: u8, wanted: &Entry) -> Vec<u32> {
        let connected = BTreeSet::from([device(machine)]);
        let list = wanted.content.blocks().unwrap();
        let of = temporaries.of(wanted, list, &Candidates::default(), &connected);
        of.into_iter().flat_map(|(_, blocks)| blocks.iter().copied()).collect()
    }

    #[test]
    fn what_was_said_last_counts_whatever_is_said() {
        let entries: Vec<Entry> =
            ["a", "b"].iter().flat_map(|path| [1, 2].map(|number| entry(path, number))).collect();
        arbtest(|random| {
            let mut temporaries = Temporaries::default();
            let mut model: BTreeMap<(u8, &str), (u64, BTreeSet<u32>)> = BTreeMap::new();
            for _ in 0..random.int_in_range(0..=40)? {
                let (machine, path) = (random.int_in_range(1..=2)?, *random.choose(&["a", "b"])?);
                let (number, block) = (random.int_in_range(1..=2)?, random.int_in_range(0..=39)?);
                match random.int_in_range(0..=5)? {
                    0..=2 => {
                        temporaries.told(device(machine), vec![update(path, number, Some(vec![block]))]);
                        let known = model.entry((machine, path)).or_insert((number, BTreeSet::new()));
                        if known.0 != number {
                            *known = (number, BTreeSet::new());
                        }
                        known.1.insert(block);
                    }
                    3 => {
                        temporaries.told(device(machine), vec![update(path, number, None)]);
                        model.retain(|key, known| *key != (machine, path) || known.0 != number);
                    }
                    4 => {
                        let at = RelativePath::parse(path).unwrap();
                        let wrong = random.arbitrary::<bool>()?;
                        let result = if wrong { BlockResult::Wrong } else { BlockResult::Refused };
                        temporaries.failed(device(machine), &at, block, result);
                        if let Some(known) = model.get_mut(&(machine, path)) {
                            known.1.remove(&block);
                            if wrong {
                                known.1.clear();
                            }
                        }
                    }
                    _ => {
                        let entry = entries
                            .iter()
                            .find(|entry| entry.path.as_str() == path && entry.version == version(number));
                        temporaries.has_now(device(machine), entry.unwrap());
                        model.retain(|key, known| *key != (machine, path) || known.0 > number);
                    }
                }
                model.retain(|_, known| !known.1.is_empty());
                for machine in [1, 2] {
                    for entry in &entries {
                        let known = model.get(&(machine, entry.path.as_str()));
                        let expected: Vec<u32> = known
                            .filter(|known| entry.version == version(known.0))
                            .map(|known| known.1.iter().copied().collect())
                            .unwrap_or_default();
                        assert_eq!(blocks(&temporaries, machine, entry), expected);
                    }
                }
            }
            Ok(())
        })
        .budget_ms(500);
    }

    #[test]
    fn however_much_a_machine_says_little_of_it_is_kept() {
        let mut temporaries = Temporaries::default();
        for number in 0..2 * MOST_FILES {
            temporaries.told(device(1), vec![update(&format!("f{number}"), 1, Some(vec![u32::MAX]))]);
        }
        assert_eq!(temporaries.of[&device(1)].len(), MOST_FILES);
        temporaries.forget(device(1));
        for number in 0..4 {
            let blocks = (0..MOST_BLOCKS as u32 / 2).collect();
            temporaries.told(device(1), vec![update(&format!("f{number}"), 1, Some(blocks))]);
        }
        let kept: usize = temporaries.of[&device(1)].values().map(|known| known.blocks.len()).sum();
        assert_eq!(kept, MOST_BLOCKS);
        // And nothing of what it has nothing of.
        temporaries.told(device(2), vec![update("a", 1, Some(Vec::new())), update("a", 1, None)]);
        assert!(!temporaries.of.contains_key(&device(2)));
    }

    #[test]
    fn blocks_of_another_size_or_of_who_is_not_connected_are_none() {
        let mut temporaries = Temporaries::default();
        let other = ProgressUpdate { block_size: 262_144, ..update("a", 1, Some(vec![3])) };
        temporaries.told(device(1), vec![other]);
        temporaries.told(device(2), vec![update("a", 1, Some(vec![4]))]);
        let wanted = entry("a", 1);
        assert_eq!((blocks(&temporaries, 1, &wanted), blocks(&temporaries, 2, &wanted)), (vec![], vec![4]));
        let nobody = BTreeSet::new();
        let list = wanted.content.blocks().unwrap();
        assert!(temporaries.of(&wanted, list, &Candidates::default(), &nobody).is_empty());
        // What we want has seen more than what they fill, and is the same.
        let merged = Entry { version: version(9), ..wanted.clone() };
        let candidates = Candidates { own: None, others: vec![(device(3), wanted.clone())] };
        let connected = BTreeSet::from([device(2)]);
        let of = temporaries.of(&merged, list, &candidates, &connected);
        assert_eq!(of.len(), 1);
    }
}
