//! From a sequence number, a content, a block or a spelling to items.
//!
//! None of these orders holds an entry: a hash leads to a sequence number, that to a path, that to the entry, which is then compared
//! with what was asked. So eight bytes of a hash are enough, and one in two to the power of 64 wrong hits costs a look and nothing else.

use super::DurableIndex;
use crate::codec::{Cursor, decode_entry, path_of, put_number};
use crate::database::{Blocks, Names};
use crate::packed::{Fault, Finder, Group, Tree, find, scan};
use homesync_engine::{Local, Unreadable};
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{BlockHash, BlockList, BlocksHash, Entry, SMALLEST_BLOCK};

/// Bytes of a hash in a key.
const SHORT: usize = 8;

/// Most items that are compared for one question. A content with more copies than this (empty files) is looked for among
/// as many of them as changed longest ago.
const MOST_LOOKED_AT: usize = 1_000;

/// What finds an entry by its content: none for an item that is not present.
pub(crate) fn references(entry: &Entry) -> Vec<(Tree, Vec<u8>)> {
    let Some(blocks) = entry.content.blocks().filter(|_| entry.is_present()) else { return Vec::new() };
    let mut keys = vec![(Tree::Contents, reference(&blocks.digest().0, entry.sequence))];
    if blocks.hashes().len() > 1 {
        keys.extend(blocks.hashes().iter().map(|hash| (Tree::Blocks, reference(&hash.0, entry.sequence))));
    }
    keys
}

/// What finds an entry by another spelling of its path.
pub(super) fn spelling(entry: &Entry) -> Vec<u8> {
    reference(&folded(&entry.path), entry.sequence)
}

fn folded(path: &RelativePath) -> [u8; 32] {
    *blake3::hash(fold(path.as_str()).as_bytes()).as_bytes()
}

fn reference(hash: &[u8; 32], sequence: u64) -> Vec<u8> {
    let mut key = hash[..SHORT].to_vec();
    put_number(&mut key, sequence);
    key
}

/// What to look up in, for the time of one read.
pub(super) struct Reading<'a> {
    pub blocks: &'a Blocks,
    pub names: &'a Names,
    pub folder: u32,
}

impl Reading<'_> {
    pub(super) fn group(&self, tree: Tree) -> Group {
        Group::of(self.folder, tree)
    }

    /// This machine's item.
    pub(super) fn local(&self, path: &RelativePath) -> Result<Option<Local>, Fault> {
        let value = find(self.blocks, self.group(Tree::Local), path.as_str().as_bytes())?;
        value.map(|value| self.decode(path.clone(), &value)).transpose()
    }

    pub(super) fn decode(&self, path: RelativePath, value: &[u8]) -> Result<Local, Fault> {
        Ok(decode_entry(path, value, &self.names.machines)?)
    }

    /// The items that keys with this hash lead to.
    fn referred(&self, tree: Tree, hash: &[u8; 32]) -> Result<Vec<Local>, Fault> {
        let mut sequences = Vec::new();
        let recent = (tree == Tree::Contents).then_some(Tree::Recent);
        for tree in std::iter::once(tree).chain(recent) {
            scan(self.blocks, self.group(tree), &hash[..SHORT], &mut |row| {
                let Some(rest) = row.key.strip_prefix(&hash[..SHORT]) else { return Ok(false) };
                sequences.push(Cursor(rest).number()?);
                Ok(sequences.len() < MOST_LOOKED_AT)
            })?;
        }
        sequences.into_iter().map(|sequence| self.numbered(sequence)).collect()
    }

    /// The item with a sequence number: it must be there, because both are written in one transaction.
    fn numbered(&self, sequence: u64) -> Result<Local, Fault> {
        let gone = || Fault::Damaged(format!("number {sequence} leads nowhere"));
        let path = find(self.blocks, self.group(Tree::Sequences), &sequence.to_be_bytes())?;
        let local = self.local(&path_of(&path.ok_or_else(gone)?)?)?.ok_or_else(gone)?;
        if local.entry.sequence == sequence { Ok(local) } else { Err(gone()) }
    }
}

impl DurableIndex {
    /// Runs one short read.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Reading<'_>) -> Result<T, Fault>,
    ) -> Result<T, Unreadable> {
        let folder = self.record.number;
        Ok(self.shared.read(|blocks, names| work(&Reading { blocks, names, folder }))?)
    }
}

/// This machine's entries in the order of sequence numbers.
pub(super) fn announce_since(
    index: &DurableIndex,
    sequence: u64,
    limit: usize,
) -> Result<Vec<Entry>, Unreadable> {
    let Some(first) = sequence.checked_add(1).filter(|_| limit > 0) else { return Ok(Vec::new()) };
    index.read(|reading| {
        let mut paths = Vec::new();
        scan(reading.blocks, reading.group(Tree::Sequences), &first.to_be_bytes(), &mut |row| {
            let number = super::number_of(row.key)?;
            // What may still be lost is nobody else's business.
            if number <= index.durable {
                paths.push((number, path_of(row.value)?));
            }
            Ok(number < index.durable && paths.len() < limit)
        })?;
        // What was stored together is often in one block.
        let mut finder = Finder::default();
        let group = reading.group(Tree::Local);
        let entries = paths.into_iter().map(|(number, path)| {
            let value = finder.get(reading.blocks, group, path.as_str().as_bytes())?;
            match value.map(|value| reading.decode(path.clone(), value)).transpose()? {
                Some(local) if local.entry.sequence == number => Ok(local.entry),
                _ => Err(Fault::Damaged(format!("number {number} leads nowhere"))),
            }
        });
        entries.collect()
    })
}

/// Present files with a content, in the order of names.
pub(super) fn files_with(
    index: &DurableIndex,
    digest: BlocksHash,
    limit: usize,
) -> Result<Vec<RelativePath>, Unreadable> {
    let found = index.read(|reading| reading.referred(Tree::Contents, &digest.0))?;
    let is_same = |local: &Local| {
        local.entry.is_present()
            && local.entry.content.blocks().is_some_and(|blocks| blocks.digest() == digest)
    };
    let mut paths: Vec<_> = found.into_iter().filter(is_same).map(|local| local.entry.path).collect();
    paths.sort_unstable();
    paths.truncate(limit);
    Ok(paths)
}

/// Where a block is: in files of one block by the digest that its hash gives, in others by its own reference.
pub(super) fn block_places(
    index: &DurableIndex,
    hash: BlockHash,
    limit: usize,
) -> Result<Vec<(RelativePath, u32)>, Unreadable> {
    let alone = BlockList::new(1, SMALLEST_BLOCK, vec![hash]).map(|blocks| blocks.digest());
    let found = index.read(|reading| {
        let mut found = reading.referred(Tree::Blocks, &hash.0)?;
        if let Ok(digest) = alone {
            found.extend(reading.referred(Tree::Contents, &digest.0)?);
        }
        Ok(found)
    })?;
    let mut places = Vec::new();
    for local in found.iter().filter(|local| local.entry.is_present()) {
        let hashes = local.entry.content.blocks().map(BlockList::hashes).unwrap_or_default();
        let here = hashes.iter().zip(0..).filter(|(other, _)| **other == hash);
        places.extend(here.map(|(_, block)| (local.entry.path.clone(), block)));
    }
    places.sort_unstable();
    places.truncate(limit);
    Ok(places)
}

/// Other spellings that are present.
pub(super) fn spellings(index: &DurableIndex, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
    let wanted = fold(path.as_str());
    let found = index.read(|reading| reading.referred(Tree::Spellings, &folded(path)))?;
    let is_other = |local: &Local| {
        local.stamp.is_some() && local.entry.path != *path && fold(local.entry.path.as_str()) == wanted
    };
    let mut paths: Vec<_> = found.into_iter().filter(is_other).map(|local| local.entry.path).collect();
    paths.sort_unstable();
    Ok(paths)
}
