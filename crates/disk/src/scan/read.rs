//! Reading a file in pieces, in any order, and concluding nothing if it changed meanwhile.

use super::{ScanControl, metadata};
use crate::hash::hash_of;
use crate::tree::Place;
use crate::vfs::{Status, Vfs};
use homesync_engine::{MetadataRules, Seen, Stamp};
use homesync_protocol::{BlockHash, BlockList, Content, Kind, Timestamp, block_size_for};
use std::io;
use std::ops::Range;

/// Seconds in which a file system whose times have no fractions may not tell two writes apart.
const COARSE: i64 = 2;
/// Seconds that a scan takes, at most.
const LONG_SCAN: i64 = 3_600;
/// Nanoseconds in which any other may not.
const FINE: i64 = 20_000_000;
/// So much is read between two questions whether to go on: a slow disk gives it within a second.
const PIECE: usize = 1 << 20;

/// A file that is open, and how it looked before anything was read.
pub(super) struct Reading<V: Vfs> {
    place: Place<V>,
    file: V::File,
    before: Status,
    block_size: u32,
    rules: MetadataRules,
}

/// What some blocks of it hold.
pub(super) struct Hashed {
    pub(super) hashes: Vec<BlockHash>,
    /// All are zeros.
    pub(super) blank: bool,
    /// It is as long as it was.
    pub(super) is_whole: bool,
}

impl<V: Vfs> Reading<V> {
    pub(super) fn begin(
        vfs: &V,
        place: &Place<V>,
        known_block_size: Option<u32>,
        rules: MetadataRules,
    ) -> io::Result<Self> {
        let file = vfs.open_file(&place.directory, place.name()?)?;
        let before = vfs.file_status(&file)?;
        let place = Place { directory: place.directory.clone(), name: place.name.clone() };
        Ok(Self { place, file, before, block_size: block_size_for(before.size, known_block_size), rules })
    }

    /// How many there are. An empty file has one, of size zero.
    pub(super) fn blocks(&self) -> u64 {
        self.before.size.div_ceil(self.block_size.into()).max(1)
    }

    pub(super) fn block_size(&self) -> u32 {
        self.block_size
    }

    pub(super) fn size(&self) -> u64 {
        self.before.size
    }

    /// Reads these blocks. The buffer is there to be used again.
    pub(super) fn hash(
        &self,
        vfs: &V,
        blocks: Range<u64>,
        buffer: &mut Vec<u8>,
        control: Option<&ScanControl>,
    ) -> io::Result<Hashed> {
        let mut hashed = Hashed { hashes: Vec::new(), blank: true, is_whole: true };
        for block in blocks {
            let offset = block * u64::from(self.block_size);
            let size = self.before.size.saturating_sub(offset).min(self.block_size.into()) as usize;
            // One byte more than nothing: some files say that they are empty and are not.
            buffer.resize(size.max(1), 0);
            let read = self.fill(vfs, offset, buffer, control)?;
            hashed.is_whole &= read == size;
            if !hashed.is_whole {
                break;
            }
            let bytes = &buffer[..size];
            hashed.blank = hashed.blank && bytes.iter().all(|byte| *byte == 0);
            hashed.hashes.push(hash_of(bytes));
        }
        Ok(hashed)
    }

    /// Reads until the buffer is full or the file ends, however few bytes the system gives at a time.
    fn fill(
        &self,
        vfs: &V,
        offset: u64,
        buffer: &mut [u8],
        control: Option<&ScanControl>,
    ) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            if control.is_some_and(ScanControl::is_stopped) {
                return Err(io::Error::other("the scan was cancelled"));
            }
            let end = buffer.len().min(filled + PIECE);
            match vfs.read_at(&self.file, offset + filled as u64, &mut buffer[filled..end])? {
                0 => break,
                read => filled += read,
            }
        }
        if let Some(control) = control {
            control.count_bytes(filled);
        }
        Ok(filled)
    }

    /// What is concluded from all blocks together. Is it still the same object under that name, with the same times?
    pub(super) fn finish(&self, vfs: &V, all: Hashed, now: Timestamp) -> io::Result<Seen> {
        // Before the last look, which tells if they changed meanwhile.
        let metadata = metadata::of_file(vfs, &self.file, &self.before, &self.rules)?;
        let after = vfs.file_status(&self.file)?;
        let named = match vfs.status(&self.place.directory, self.place.name()?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            named => Some(named?),
        };
        let is_same = after == self.before
            && named.is_some_and(|named| named.inode == self.before.inode)
            && all.is_whole;
        let (Some(stamp), true) = (self.before.stamp(), is_same) else {
            return Ok(Seen::Unknown("it changed while it was read".to_string()));
        };
        let blocks = BlockList::new(self.before.size, self.block_size, all.hashes)
            .map_err(|error| io::Error::other(error.to_string()))?;
        let content = Content::File(blocks);
        let racy = is_racy(stamp, now, self.rules.looks_at_attributes(Kind::File));
        Ok(Seen::Present { stamp, content, blank: all.blank, racy, metadata })
    }
}

/// A write right after this one could leave the same times. It would set both to now, so what was written long ago and only moved now is known,
/// unless somebody writes and puts the old time back within that moment. Setting an attribute leaves only the one that programs cannot set.
fn is_racy(stamp: Stamp, now: Timestamp, has_attributes: bool) -> bool {
    // The scan began at `now`, and may have come here much later. A time further in the future is one that a person set, or a clock that was
    // wrong: a write now would leave another.
    let is_recent = |time: Timestamp| {
        let age = (now.seconds - time.seconds).saturating_mul(1_000_000_000) + i64::from(now.nanoseconds)
            - i64::from(time.nanoseconds);
        let limit = if time.nanoseconds == 0 { COARSE * 1_000_000_000 } else { FINE };
        (-LONG_SCAN * 1_000_000_000..limit).contains(&age)
    };
    (has_attributes || is_recent(stamp.modified)) && is_recent(stamp.changed)
}
