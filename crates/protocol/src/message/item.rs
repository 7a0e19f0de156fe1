//! One item of a folder: between its form on the wire and [`Entry`].

use super::platform;
use super::rules::broken;
use crate::error::{ProtocolError, Refused, RefusedReason, invalid, shown};
use crate::wire::field;
use crate::{
    BlockHash, BlockList, BlocksHash, Content, Entry, Kind, SMALLEST_BLOCK, ShortId, Timestamp, Validity,
    Version, wire,
};
use homesync_paths::{
    RelativePath, RelativePathError, is_control_path_folded, is_store_path, is_temporary_folded,
};
use prost::bytes::Bytes;
use std::sync::Arc;

/// The numbers of the kinds; 2 and 3 are what older peers call links.
const FILE: i32 = 0;
const DIRECTORY: i32 = 1;
const OLD_LINKS: std::ops::RangeInclusive<i32> = 2..=3;
const LINK: i32 = 4;

/// A path as it came. The outer error closes the connection, because no peer that means well sends such a path; the inner one concerns this
/// item alone.
pub(super) fn clean_path(bytes: &Bytes) -> Result<Result<RelativePath, RelativePathError>, ProtocolError> {
    use RelativePathError as E;
    match RelativePath::from_wire(bytes) {
        Err(reason @ (E::Empty | E::Absolute | E::EmptyName | E::DotName)) => {
            Err(ProtocolError::Path { name: shown(bytes), reason })
        }
        other => Ok(other),
    }
}

pub(super) fn hash_of(bytes: &Bytes) -> Option<[u8; 32]> {
    bytes.as_ref().try_into().ok()
}

pub(super) fn version_to_wire(version: &Version) -> wire::Vector {
    let counter = |(id, value): &(ShortId, u64)| wire::Counter { id: id.0, value: *value };
    wire::Vector { counters: version.counters().iter().map(counter).collect() }
}

pub(super) fn version_from_wire(vector: Option<wire::Vector>) -> Result<Version, crate::VersionError> {
    let counters = vector.unwrap_or_default().counters;
    Version::from_counters(counters.into_iter().map(|counter| (ShortId(counter.id), counter.value)))
}

/// As it is sent: by its type it breaks none of the rules.
pub(super) fn to_wire(entry: &Entry) -> wire::FileInfo {
    let is_whole = entry.is_present();
    let blocks = entry.content.blocks().filter(|_| is_whole);
    wire::FileInfo {
        name: field(entry.path.as_str()),
        kind: match entry.content.kind() {
            Kind::File => FILE,
            Kind::Directory => DIRECTORY,
            Kind::Link => LINK,
        },
        size: blocks.map_or(0, |blocks| i64::try_from(blocks.size()).unwrap_or(i64::MAX)),
        permissions: entry.permissions.map_or(0, u32::from),
        modified_seconds: entry.modified.seconds,
        deleted: entry.content.is_deleted(),
        invalid: !entry.validity.is_valid(),
        no_permissions: entry.permissions.is_none(),
        version: Some(version_to_wire(&entry.version)),
        sequence: i64::try_from(entry.sequence).unwrap_or(i64::MAX),
        modified_nanoseconds: entry.modified.nanoseconds as i32,
        modified_by: entry.modified_by.0,
        block_size: blocks.map_or(0, |blocks| blocks.block_size() as i32),
        platform: entry.metadata.as_deref().map(platform::to_wire),
        blocks: blocks.map(blocks_to_wire).unwrap_or_default(),
        link_target: match &entry.content {
            Content::Link(target) if is_whole => field(target.as_bytes()),
            _ => Bytes::new(),
        },
        blocks_hash: blocks.map(|blocks| field(blocks.digest().0)).unwrap_or_default(),
        previous_blocks_hash: entry
            .previous
            .filter(|_| blocks.is_some())
            .map(|previous| field(previous.0))
            .unwrap_or_default(),
    }
}

fn blocks_to_wire(list: &BlockList) -> Vec<wire::Block> {
    let block = |(number, hash): (usize, &BlockHash)| {
        let (offset, size) = list.extent(number);
        let hash = field(hash.0);
        wire::Block { offset: i64::try_from(offset).unwrap_or(i64::MAX), size: size as i32, hash }
    };
    list.hashes().iter().enumerate().map(block).collect()
}

/// As it came: an entry, or why this one item is left aside. Rules that peers of some version do not keep are not asked for, and what they send
/// too much is left out.
pub(super) fn from_wire(file: wire::FileInfo) -> Result<Result<Entry, Refused>, ProtocolError> {
    let path = clean_path(&file.name)?;
    if let Some(rule) = broken(&file).filter(|rule| !rule.is_tolerated()) {
        return Err(invalid("an item", format!("{}: {rule}", shown(&file.name))));
    }
    let name = file.name.to_vec();
    let entry = path.map_err(RefusedReason::Name).and_then(|path| entry_at(path, file));
    Ok(entry.map_err(|reason| Refused { name, reason }))
}

fn entry_at(path: RelativePath, mut file: wire::FileInfo) -> Result<Entry, RefusedReason> {
    if is_reserved(&path) {
        return Err(RefusedReason::Reserved);
    }
    let kind = match file.kind {
        FILE => Kind::File,
        DIRECTORY => Kind::Directory,
        kind if kind == LINK || OLD_LINKS.contains(&kind) => Kind::Link,
        other => return Err(RefusedReason::Kind(other)),
    };
    let validity = if file.invalid { Validity::Invalid } else { Validity::Valid };
    let content = match kind {
        _ if file.deleted => Content::Deleted(kind),
        Kind::Directory => Content::Directory,
        // What cannot be had has no content that could be wrong.
        Kind::File if file.invalid => Content::File(BlockList::of(&[])),
        Kind::Link if file.invalid => Content::Link("".into()),
        Kind::File => Content::File(block_list(&file)?),
        Kind::Link => Content::Link(target(&file.link_target)?),
    };
    let permissions = (!file.no_permissions && kind != Kind::Link).then_some(file.permissions as u16 & 0o777);
    Ok(Entry {
        path,
        content,
        validity,
        version: version_from_wire(file.version.take())?,
        modified: Timestamp {
            seconds: file.modified_seconds,
            nanoseconds: file.modified_nanoseconds.clamp(0, 999_999_999) as u32,
        },
        modified_by: ShortId(file.modified_by),
        permissions,
        sequence: u64::try_from(file.sequence).unwrap_or(0),
        previous: hash_of(&file.previous_blocks_hash).map(BlocksHash),
        metadata: platform::from_wire(file.platform.take())?,
    })
}

/// What belongs to the program that keeps a folder, on any platform, is never taken from others.
fn is_reserved(path: &RelativePath) -> bool {
    is_control_path_folded(path) || is_store_path(path) || path.names().any(is_temporary_folded)
}

fn block_list(file: &wire::FileInfo) -> Result<BlockList, RefusedReason> {
    let size = u64::try_from(file.size).map_err(|_| RefusedReason::Size(file.size))?;
    let block_size = u32::try_from(file.block_size).unwrap_or(0).max(SMALLEST_BLOCK);
    let mut hashes = Vec::with_capacity(file.blocks.len());
    for block in &file.blocks {
        let hash = hash_of(&block.hash).ok_or(RefusedReason::Hash(block.hash.len()))?;
        hashes.push(BlockHash(hash));
    }
    let list = BlockList::new(size, block_size, hashes)?;
    for (number, block) in file.blocks.iter().enumerate() {
        let (offset, length) = list.extent(number);
        let is_there = u64::try_from(block.offset) == Ok(offset) && u32::try_from(block.size) == Ok(length);
        if !is_there {
            return Err(RefusedReason::Extent(number));
        }
    }
    Ok(list)
}

fn target(bytes: &Bytes) -> Result<Arc<str>, RefusedReason> {
    let text = str::from_utf8(bytes).ok().filter(|text| !text.is_empty() && !text.contains('\0'));
    text.map(Into::into).ok_or(RefusedReason::Target)
}
