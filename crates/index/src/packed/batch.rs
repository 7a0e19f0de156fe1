//! Writing: changes are gathered and then put into their blocks in order, each block written once.

use super::block::{Filling, Pairs, encode, open};
use super::scan::{block_of, scan};
use super::{Fault, GROUP_LENGTH, Group, Row};
use redb::{ReadableTable, Table};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ops::Bound;

/// A block smaller than this joins the one before it, if both fit in one.
const SMALL: usize = 1_000;

/// Blocks that are written anew in one transaction of [`repack`].
const RUN: usize = 512;

/// Changes of one transaction, which reads see before they are written.
pub(crate) struct Batch<'a> {
    table: Table<'a, &'static [u8], &'static [u8]>,
    pending: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    finder: Finder,
}

/// Looks keys up, and keeps the last block: neighbours are often asked for one after the other.
#[derive(Default)]
pub(crate) struct Finder {
    last: Option<Loaded>,
}

impl Finder {
    /// The value of a key.
    pub(crate) fn get(
        &mut self,
        table: &impl ReadableTable<&'static [u8], &'static [u8]>,
        group: Group,
        key: &[u8],
    ) -> Result<Option<&[u8]>, Fault> {
        if !self.last.as_ref().is_some_and(|last| last.holds(&group.key(key))) {
            self.last = Some(Loaded::read(table, group, key)?);
        }
        Ok(self.last.as_ref().and_then(|last| last.pairs.get(key)))
    }
}

/// A block in memory.
struct Loaded {
    full: Vec<u8>,
    fence: Option<Vec<u8>>,
    pairs: Pairs,
}

impl Loaded {
    fn read(
        table: &impl ReadableTable<&'static [u8], &'static [u8]>,
        group: Group,
        key: &[u8],
    ) -> Result<Self, Fault> {
        let (full, stored) = block_of(table, group, key)?;
        let opened = open(full.value(), stored.value())?;
        if opened.fence.is_some_and(|fence| key >= fence) {
            return Err(Fault::Damaged("a block is missing".to_owned()));
        }
        let fence = opened.fence.map(<[u8]>::to_vec);
        Ok(Self { full: full.value().to_vec(), fence, pairs: opened.pairs()? })
    }

    fn holds(&self, full: &[u8]) -> bool {
        let fence = self.fence.as_deref();
        full.get(..GROUP_LENGTH) == self.full.get(..GROUP_LENGTH)
            && full >= self.full.as_slice()
            && fence.is_none_or(|fence| &full[GROUP_LENGTH..] < fence)
    }
}

impl<'a> Batch<'a> {
    pub(crate) fn new(table: Table<'a, &'static [u8], &'static [u8]>) -> Self {
        Self { table, pending: BTreeMap::new(), finder: Finder::default() }
    }

    /// The blocks themselves.
    pub(crate) fn table(&mut self) -> &mut Table<'a, &'static [u8], &'static [u8]> {
        &mut self.table
    }

    /// The value of a key, as it will be.
    pub(crate) fn get(&mut self, group: Group, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let full = group.key(key);
        if let Some(pending) = self.pending.get(&full) {
            return Ok(pending.clone());
        }
        Ok(self.finder.get(&self.table, group, key)?.map(<[u8]>::to_vec))
    }

    pub(crate) fn put(&mut self, group: Group, key: &[u8], value: Vec<u8>) {
        self.pending.insert(group.key(key), Some(value));
    }

    pub(crate) fn delete(&mut self, group: Group, key: &[u8]) {
        self.pending.insert(group.key(key), None);
    }

    /// Gives a new group its first block, without which it cannot be read.
    pub(crate) fn create(&mut self, group: Group) -> Result<(), Fault> {
        for (separator, stored) in encode(&group.0, b"", &Pairs::default(), None, Filling::Full) {
            self.table.insert(group.key(&separator).as_slice(), stored.as_slice())?;
        }
        Ok(())
    }

    /// Forgets all pairs of a group.
    pub(crate) fn clear(&mut self, group: Group) -> Result<(), Fault> {
        self.finder = Finder::default();
        self.pending.retain(|key, _| !key.starts_with(&group.0));
        let after = Group((u64_of(group) + 1).to_be_bytes()[1..].try_into().unwrap_or(group.0));
        self.table.retain_in::<&[u8], _>(group.0.as_slice()..after.0.as_slice(), |_, _| false)?;
        self.create(group)
    }

    /// The pairs of a group that are stored, not those that are still pending.
    pub(crate) fn scan(
        &self,
        group: Group,
        from: &[u8],
        visit: &mut dyn FnMut(Row<'_>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        scan(&self.table, group, from, visit)
    }

    /// Puts what is pending into its blocks.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.finder = Finder::default();
        let pending = std::mem::take(&mut self.pending);
        let mut rest = pending.into_iter().peekable();
        while let Some((full, _)) = rest.peek() {
            let (group, key) = split(full)?;
            let block = Loaded::read(&self.table, group, key)?;
            let mut changes = Vec::new();
            while let Some(change) = rest.next_if(|(full, _)| block.holds(full)) {
                changes.push(change);
            }
            self.write(group, block, &changes)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        group: Group,
        block: Loaded,
        changes: &[(Vec<u8>, Option<Vec<u8>>)],
    ) -> Result<(), Fault> {
        let is_new = |(full, value): &(Vec<u8>, Option<Vec<u8>>)| {
            block.pairs.get(&full[GROUP_LENGTH..]) != value.as_deref()
        };
        if !changes.iter().any(is_new) {
            return Ok(());
        }
        let (pairs, is_behind) = merged(&block.pairs, changes);
        let filling = if is_behind && block.fence.is_none() { Filling::Full } else { Filling::Even };
        let separator = &block.full[GROUP_LENGTH..];
        let blocks = encode(&group.0, separator, &pairs, block.fence.as_deref(), filling);
        if let [(_, stored)] = blocks.as_slice()
            && stored.len() < SMALL
            && !separator.is_empty()
            && self.join(group, &block, &pairs)?
        {
            return Ok(());
        }
        for (separator, stored) in blocks {
            self.table.insert(group.key(&separator).as_slice(), stored.as_slice())?;
        }
        Ok(())
    }

    /// Puts a small block's pairs into the block before it, if they fit or there are none.
    fn join(&mut self, group: Group, block: &Loaded, pairs: &Pairs) -> Result<bool, Fault> {
        let range = (Bound::Unbounded, Bound::Excluded(block.full.as_slice()));
        let before = match self.table.range::<&[u8]>(range)?.next_back() {
            Some(pair) => pair?.0.value().to_vec(),
            None => return Ok(false),
        };
        let (_, key) = split(&before)?;
        let mut joined = Loaded::read(&self.table, group, key)?;
        pairs.iter().for_each(|(key, value)| joined.pairs.push(key, value));
        let blocks = encode(&group.0, key, &joined.pairs, block.fence.as_deref(), Filling::Full);
        if blocks.len() > 1 && pairs.len() > 0 {
            return Ok(false);
        }
        self.table.remove(block.full.as_slice())?;
        for (separator, stored) in blocks {
            self.table.insert(group.key(&separator).as_slice(), stored.as_slice())?;
        }
        Ok(true)
    }
}

/// Both in order; whether everything changed is behind everything old.
fn merged(old: &Pairs, changes: &[(Vec<u8>, Option<Vec<u8>>)]) -> (Pairs, bool) {
    let new: usize = changes.iter().map(|(key, value)| key.len() + value.as_ref().map_or(0, Vec::len)).sum();
    let mut pairs = Pairs::with_room(old.size() + new, old.len() + changes.len());
    let mut place = 0;
    let is_behind = changes
        .first()
        .is_none_or(|(full, _)| old.len() == 0 || full[GROUP_LENGTH..] > *old.key(old.len() - 1));
    for (full, value) in changes {
        let key = &full[GROUP_LENGTH..];
        while place < old.len() && old.key(place) < key {
            pairs.push(old.key(place), old.value(place));
            place += 1;
        }
        if place < old.len() && old.key(place) == key {
            place += 1;
        }
        if let Some(value) = value {
            pairs.push(key, value);
        }
    }
    for place in place..old.len() {
        pairs.push(old.key(place), old.value(place));
    }
    (pairs, is_behind)
}

fn split(full: &[u8]) -> Result<(Group, &[u8]), Fault> {
    match full.split_first_chunk::<GROUP_LENGTH>() {
        Some((group, key)) => Ok((Group(*group), key)),
        None => Err(Fault::Damaged("a key without a group".to_owned())),
    }
}

fn u64_of(group: Group) -> u64 {
    group.0.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Fills a run of blocks from `from` on to the brim; answers where the next run begins.
pub(crate) fn repack(
    table: &mut Table<'_, &'static [u8], &'static [u8]>,
    from: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let mut runs: BTreeMap<Group, Vec<Loaded>> = BTreeMap::new();
    let mut next = None;
    for (count, pair) in table.range::<&[u8]>(from..)?.enumerate() {
        let (full, stored) = pair?;
        if count == RUN {
            next = Some(full.value().to_vec());
            break;
        }
        let opened = open(full.value(), stored.value())?;
        let fence = opened.fence.map(<[u8]>::to_vec);
        let loaded = Loaded { full: full.value().to_vec(), fence, pairs: opened.pairs()? };
        match runs.entry(split(full.value())?.0) {
            Slot::Occupied(mut run) => run.get_mut().push(loaded),
            Slot::Vacant(run) => drop(run.insert(vec![loaded])),
        }
    }
    for (group, run) in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let mut pairs = Pairs::default();
        run.iter().flat_map(|block| block.pairs.iter()).for_each(|(key, value)| pairs.push(key, value));
        let separator = &first.full[GROUP_LENGTH..];
        let blocks = encode(&group.0, separator, &pairs, last.fence.as_deref(), Filling::Full);
        if blocks.len() == run.len() {
            continue;
        }
        for block in &run {
            table.remove(block.full.as_slice())?;
        }
        for (separator, stored) in blocks {
            table.insert(group.key(&separator).as_slice(), stored.as_slice())?;
        }
    }
    Ok(next)
}
