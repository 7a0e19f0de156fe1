//! Files that are being put together here, and what others are told of them: blocks of them can be had from here already.

use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, Entry, ProgressUpdate};
use std::collections::BTreeMap;

/// A file that is being put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// What it becomes.
    pub wanted: Entry,
    /// The blocks that are there by now, in order.
    pub blocks: Vec<u32>,
}

impl Unfinished {
    fn update(&self, blocks: Option<Vec<u32>>) -> ProgressUpdate {
        ProgressUpdate {
            path: self.wanted.path.clone(),
            version: self.wanted.version.clone(),
            blocks,
            block_size: self.wanted.content.blocks().map_or(0, BlockList::block_size),
        }
    }

    /// What was said of it still holds: there is only more.
    fn goes_on_from(&self, before: &Self) -> bool {
        let is_there = |block: &u32| self.blocks.binary_search(block).is_ok();
        self.wanted.version == before.wanted.version
            && self.wanted.content.is_same(&before.wanted.content)
            && before.blocks.iter().all(is_there)
    }
}

/// What is to be said to a machine that was told how things stood before.
pub fn progress(before: &[Unfinished], now: &[Unfinished]) -> Vec<ProgressUpdate> {
    let mut told: BTreeMap<&RelativePath, &Unfinished> =
        before.iter().map(|file| (&file.wanted.path, file)).collect();
    let mut updates = Vec::new();
    for file in now {
        let known = told.remove(&file.wanted.path);
        let goes_on = known.filter(|known| file.goes_on_from(known));
        if goes_on.is_none() {
            updates.extend(known.map(|known| known.update(None)));
        }
        let is_new = |block: &u32| goes_on.is_none_or(|known| known.blocks.binary_search(block).is_err());
        let new: Vec<u32> = file.blocks.iter().copied().filter(is_new).collect();
        if !new.is_empty() {
            updates.push(file.update(Some(new)));
        }
    }
    updates.extend(told.into_values().map(|file| file.update(None)));
    updates
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbitrary::{Result, Unstructured};
    use arbtest::arbtest;
    use homesync_protocol::{Content, ShortId, Timestamp, Validity, Version};
    use std::collections::BTreeSet;

    fn unfinished(path: &str, number: u64, blocks: Vec<u32>) -> Unfinished {
        let wanted = Entry {
            path: RelativePath::parse(path).unwrap(),
            content: Content::File(BlockList::of(&number.to_be_bytes())),
            validity: Validity::Valid,
            version: Version::from_counters([(ShortId(1), number)]).unwrap(),
            modified: Timestamp::at(1),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 0,
            previous: None,
            metadata: None,
        };
        Unfinished { wanted, blocks }
    }

    fn any(random: &mut Unstructured<'_>) -> Result<Vec<Unfinished>> {
        let mut all = Vec::new();
        for path in ["a", "b", "c"] {
            if random.arbitrary()? {
                let blocks: BTreeSet<u32> =
                    random.arbitrary::<[u8; 3]>()?.map(|block| u32::from(block % 6)).into();
                all.push(unfinished(path, random.int_in_range(1..=2)?, blocks.into_iter().collect()));
            }
        }
        Ok(all)
    }

    /// What a machine remembers that was told.
    type Heard = BTreeMap<(RelativePath, String), BTreeSet<u32>>;

    fn hear(heard: &mut Heard, updates: Vec<ProgressUpdate>) {
        for update in updates {
            let key = (update.path, format!("{:?}", update.version));
            match update.blocks {
                Some(blocks) => heard.entry(key).or_default().extend(blocks),
                None => drop(heard.remove(&key)),
            }
        }
    }

    #[test]
    fn whoever_heard_everything_knows_how_things_stand() {
        arbtest(|random| {
            let (mut heard, mut before) = (Heard::new(), Vec::new());
            for _ in 0..random.int_in_range(1..=6)? {
                let now = any(random)?;
                hear(&mut heard, progress(&before, &now));
                let expected: Heard = now
                    .iter()
                    .filter(|file| !file.blocks.is_empty())
                    .map(|file| {
                        let key = (file.wanted.path.clone(), format!("{:?}", file.wanted.version));
                        (key, file.blocks.iter().copied().collect())
                    })
                    .collect();
                assert_eq!(heard, expected);
                assert_eq!(progress(&now, &now), [], "nothing is said twice");
                before = now;
            }
            hear(&mut heard, progress(&before, &[]));
            assert!(heard.is_empty());
            Ok(())
        })
        .budget_ms(500);
    }

    #[test]
    fn only_what_is_new_is_said() {
        let before = [unfinished("a", 1, vec![0, 2])];
        let now = [unfinished("a", 1, vec![0, 1, 2, 5])];
        let updates = progress(&before, &now);
        assert_eq!(
            updates.iter().map(|update| update.blocks.clone()).collect::<Vec<_>>(),
            [Some(vec![1, 5])]
        );
    }
}
