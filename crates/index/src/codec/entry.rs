//! An item with its stamp, in as few bytes as it can be told in. The path is not here: it is the key.
//!
//! What neighbours have in common comes first (flags, permissions, machines), because a block stores only what differs from the
//! value before. Whatever can be derived is a bit instead: the stamp's size is the file's, its permissions are the entry's.

use super::metadata::{put_both, take_both};
use super::{Cursor, Damaged, Dictionary, kind_number, kind_of, put_number, put_text, put_time};
use homesync_engine::{Found, Local, Stamp};
use homesync_paths::RelativePath;
use homesync_protocol::{
    BlockHash, BlockList, BlocksHash, Content, Entry, MOST_COUNTERS, ShortId, Validity, Version,
    block_size_for,
};
use std::sync::Arc;

const DELETED: u8 = 1 << 2;
const VALIDITY: u32 = 3;
const STAMPED: u8 = 1 << 6;
const PREVIOUS: u8 = 1 << 7;

const PERMISSIONS: u8 = 1;
const SAME_PERMISSIONS: u8 = 1 << 1;
const SAME_MODIFIED: u8 = 1 << 2;
const SAME_SIZE: u8 = 1 << 3;
const USUAL_BLOCKS: u8 = 1 << 4;
const SAME_KIND: u8 = 1 << 5;
const CHANGED_IS_MODIFIED: u8 = 1 << 6;
const METADATA: u8 = 1 << 7;

/// Counters of a version that are read without asking for memory.
const FEW: usize = 8;

/// The bytes of an item.
pub(crate) fn encode_entry(
    entry: &Entry,
    stamp: Option<&Stamp>,
    found: Option<&Found>,
    dictionary: &mut Dictionary,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    let (first, mut second) = flags(entry, stamp);
    second |= if found.is_some() { METADATA } else { 0 };
    out.extend_from_slice(&[first, second]);
    if let Some(permissions) = entry.permissions {
        put_number(&mut out, u64::from(permissions));
    }
    dictionary.put(&mut out, entry.modified_by);
    let counters = entry.version.counters();
    put_number(&mut out, counters.len() as u64);
    for (machine, _) in counters {
        dictionary.put(&mut out, *machine);
    }
    put_sequence(&mut out, entry.sequence);
    for (_, counter) in counters {
        put_number(&mut out, *counter);
    }
    put_time(&mut out, entry.modified);
    if let Some(previous) = entry.previous {
        out.extend_from_slice(&previous.0);
    }
    put_content(&mut out, &entry.content, second & USUAL_BLOCKS != 0);
    if let Some(stamp) = stamp {
        put_stamp(&mut out, stamp, second);
    }
    put_both(&mut out, entry.metadata.as_deref(), found);
    out
}

fn flags(entry: &Entry, stamp: Option<&Stamp>) -> (u8, u8) {
    let set = |condition: bool, bit: u8| if condition { bit } else { 0 };
    let first = kind_number(entry.content.kind())
        | set(entry.content.is_deleted(), DELETED)
        | validity_number(entry.validity) << VALIDITY
        | set(stamp.is_some(), STAMPED)
        | set(entry.previous.is_some(), PREVIOUS);
    let usual = |blocks: &BlockList| blocks.block_size() == block_size_for(blocks.size(), None);
    let mut second = set(entry.permissions.is_some(), PERMISSIONS)
        | set(entry.content.blocks().is_some_and(usual), USUAL_BLOCKS)
        | set(entry.metadata.is_some(), METADATA);
    if let Some(stamp) = stamp {
        second |= set(Some(stamp.permissions) == entry.permissions, SAME_PERMISSIONS)
            | set(stamp.modified == entry.modified, SAME_MODIFIED)
            | set(stamp.size == size_of_content(&entry.content), SAME_SIZE)
            | set(stamp.kind == entry.content.kind(), SAME_KIND)
            | set(stamp.changed == stamp.modified, CHANGED_IS_MODIFIED);
    }
    (first, second)
}

fn size_of_content(content: &Content) -> u64 {
    content.blocks().map_or(0, BlockList::size)
}

/// The length, then the highest byte first: neighbours of one batch share what comes first.
fn put_sequence(out: &mut Vec<u8>, sequence: u64) {
    let bytes = sequence.to_be_bytes();
    let zeros = sequence.leading_zeros() as usize / 8;
    out.push((bytes.len() - zeros) as u8);
    out.extend_from_slice(&bytes[zeros..]);
}

fn take_sequence(cursor: &mut Cursor<'_>) -> Result<u64, Damaged> {
    let length = usize::from(cursor.byte()?);
    if length > 8 {
        return Err(Damaged::because("a sequence number of more than eight bytes"));
    }
    Ok(cursor.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn put_content(out: &mut Vec<u8>, content: &Content, usual_blocks: bool) {
    match content {
        Content::File(blocks) => {
            put_number(out, blocks.size());
            if !usual_blocks {
                put_number(out, u64::from(blocks.block_size()));
            }
            for hash in blocks.hashes() {
                out.extend_from_slice(&hash.0);
            }
        }
        Content::Link(target) => put_text(out, target),
        Content::Directory | Content::Deleted(_) => {}
    }
}

fn put_stamp(out: &mut Vec<u8>, stamp: &Stamp, same: u8) {
    if same & SAME_KIND == 0 {
        out.push(kind_number(stamp.kind));
    }
    if same & SAME_PERMISSIONS == 0 {
        put_number(out, u64::from(stamp.permissions));
    }
    if same & SAME_SIZE == 0 {
        put_number(out, stamp.size);
    }
    if same & SAME_MODIFIED == 0 {
        put_time(out, stamp.modified);
    }
    if same & CHANGED_IS_MODIFIED == 0 {
        put_time(out, stamp.changed);
    }
    put_number(out, stamp.inode);
}

/// The item of these bytes; the path is the key's.
pub(crate) fn decode_entry(
    path: RelativePath,
    bytes: &[u8],
    dictionary: &Dictionary,
) -> Result<Local, Damaged> {
    let mut cursor = Cursor(bytes);
    let (first, second) = (cursor.byte()?, cursor.byte()?);
    let permissions = if second & PERMISSIONS == 0 { None } else { Some(short(cursor.number()?)?) };
    let modified_by = dictionary.take(&mut cursor)?;
    let (version, sequence) = take_version(&mut cursor, dictionary)?;
    let modified = cursor.time()?;
    let previous = if first & PREVIOUS == 0 { None } else { Some(BlocksHash(cursor.array()?)) };
    let content = take_content(&mut cursor, first, second)?;
    let stamp = match first & STAMPED {
        0 => None,
        _ => Some(take_stamp(&mut cursor, second, &content, permissions, modified)?),
    };
    let (metadata, found) = if second & METADATA == 0 { (None, None) } else { take_both(&mut cursor)? };
    cursor.end()?;
    let validity = validity_of(first >> VALIDITY & 7)?;
    let entry = Entry {
        path,
        content,
        validity,
        version,
        modified,
        modified_by,
        permissions,
        sequence,
        previous,
        metadata,
    };
    Ok(Local { entry, stamp, found })
}

/// Machines, the sequence number, counters: see [`encode_entry`] for that order.
fn take_version(cursor: &mut Cursor<'_>, dictionary: &Dictionary) -> Result<(Version, u64), Damaged> {
    let machines = cursor.length()?;
    // Few machines change one item: their counters need no memory of their own until the version takes them.
    let mut few = [(ShortId(0), 0); FEW];
    let mut many = Vec::new();
    let counters = match few.get_mut(..machines) {
        Some(few) => few,
        None if machines > MOST_COUNTERS => return Err(Damaged::because("an absurd number of machines")),
        None => {
            many.resize(machines, (ShortId(0), 0));
            many.as_mut_slice()
        }
    };
    for counter in counters.iter_mut() {
        counter.0 = dictionary.take(cursor)?;
    }
    let sequence = take_sequence(cursor)?;
    for counter in counters.iter_mut() {
        counter.1 = cursor.number()?;
    }
    let version = Version::from_counters(counters.iter().copied());
    Ok((version.map_err(|error| Damaged(error.to_string()))?, sequence))
}

/// There is an object on the disk: known without reading the rest.
pub(crate) fn has_stamp(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & STAMPED != 0)
}

/// The sequence number, read without what follows it.
pub(crate) fn sequence_of(bytes: &[u8], dictionary: &Dictionary) -> Result<u64, Damaged> {
    let mut cursor = Cursor(bytes);
    let (_, second) = (cursor.byte()?, cursor.byte()?);
    if second & PERMISSIONS != 0 {
        cursor.number()?;
    }
    dictionary.take(&mut cursor)?;
    for _ in 0..cursor.length()? {
        dictionary.take(&mut cursor)?;
    }
    take_sequence(&mut cursor)
}

fn take_content(cursor: &mut Cursor<'_>, first: u8, second: u8) -> Result<Content, Damaged> {
    let kind = kind_of(first & 3)?;
    if first & DELETED != 0 {
        return Ok(Content::Deleted(kind));
    }
    match kind {
        homesync_protocol::Kind::Directory => Ok(Content::Directory),
        homesync_protocol::Kind::Link => Ok(Content::Link(cursor.text()?.into())),
        homesync_protocol::Kind::File => {
            let size = cursor.number()?;
            let block_size = match second & USUAL_BLOCKS {
                0 => u32::try_from(cursor.number()?).map_err(|_| Damaged::because("an absurd block size"))?,
                _ => block_size_for(size, None),
            };
            let count = size.div_ceil(u64::from(block_size.max(1))).max(1);
            let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(32));
            let bytes = cursor.take(length.ok_or_else(|| Damaged::because("an absurd number of blocks"))?)?;
            let (hashes, _) = bytes.as_chunks::<32>();
            let hashes: Arc<[BlockHash]> = hashes.iter().map(|hash| BlockHash(*hash)).collect();
            let blocks = BlockList::new(size, block_size, hashes);
            Ok(Content::File(blocks.map_err(|error| Damaged(error.to_string()))?))
        }
    }
}

fn take_stamp(
    cursor: &mut Cursor<'_>,
    same: u8,
    content: &Content,
    permissions: Option<u16>,
    modified: homesync_protocol::Timestamp,
) -> Result<Stamp, Damaged> {
    let kind = if same & SAME_KIND == 0 { kind_of(cursor.byte()?)? } else { content.kind() };
    let permissions = match (same & SAME_PERMISSIONS, permissions) {
        (0, _) => short(cursor.number()?)?,
        (_, permissions) => permissions.unwrap_or_default(),
    };
    let size = if same & SAME_SIZE == 0 { cursor.number()? } else { size_of_content(content) };
    let modified = if same & SAME_MODIFIED == 0 { cursor.time()? } else { modified };
    let changed = if same & CHANGED_IS_MODIFIED == 0 { cursor.time()? } else { modified };
    Ok(Stamp { kind, size, modified, changed, inode: cursor.number()?, permissions })
}

fn short(number: u64) -> Result<u16, Damaged> {
    u16::try_from(number).map_err(|_| Damaged::because("absurd permissions"))
}

fn validity_number(validity: Validity) -> u8 {
    match validity {
        Validity::Valid => 0,
        Validity::Invalid => 1,
        Validity::Ignored => 2,
        Validity::Unsupported => 3,
        Validity::Suspect => 4,
        Validity::OnlyHere => 5,
    }
}

fn validity_of(number: u8) -> Result<Validity, Damaged> {
    match number {
        0 => Ok(Validity::Valid),
        1 => Ok(Validity::Invalid),
        2 => Ok(Validity::Ignored),
        3 => Ok(Validity::Unsupported),
        4 => Ok(Validity::Suspect),
        5 => Ok(Validity::OnlyHere),
        _ => Err(Damaged::because("an unknown validity")),
    }
}
