//! Files of a directory that are to be read, in portions that are worth a thread's while.

use super::super::read::{Hashed, Reading};
use super::super::{Deferred, unknown};
use crate::vfs::Vfs;
use homesync_engine::{Listing, Seen};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, Timestamp};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that one thread reads without another's help.
pub(super) const LARGE: u64 = 32 << 20;
/// Bytes of a piece of a large file, and of a portion of small ones, about.
const PIECE: u64 = 8 << 20;
/// Files of a portion, at most.
const FILES: usize = 64;

/// What one thread does without asking again.
pub(super) enum Portion<V: Vfs> {
    /// These files, each by itself.
    Files(Arc<Unfinished>, Vec<Deferred<V>>),
    /// These blocks of a large file.
    Piece(Arc<LargeFile<V>>, Range<u64>),
}

/// A directory of which files are still to be read.
pub(super) struct Unfinished {
    inside: Mutex<(Option<Listing>, usize)>,
}

/// A file that many threads read.
pub(super) struct LargeFile<V: Vfs> {
    pub(super) path: RelativePath,
    pub(super) listing: Arc<Unfinished>,
    pub(super) reading: Reading<V>,
    inside: Mutex<Gathered>,
}

struct Gathered {
    hashes: Vec<BlockHash>,
    blank: bool,
    is_whole: bool,
    error: Option<io::Error>,
    /// Pieces that are not read yet.
    left: usize,
}

/// A panic of another thread ends the scan anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Unfinished {
    pub(super) fn new(listing: Listing, files: usize) -> Arc<Self> {
        Arc::new(Self { inside: Mutex::new((Some(listing), files)) })
    }

    /// What was found about some files. With the last ones the listing is complete, and answered.
    pub(super) fn found(&self, files: Vec<(RelativePath, Seen)>) -> Option<Listing> {
        let mut inside = lock(&self.inside);
        inside.1 -= files.len();
        if let (Some(listing), _) = &mut *inside
            && let Ok(seen) = &mut listing.seen
        {
            seen.extend(files);
        }
        if inside.1 == 0 { inside.0.take() } else { None }
    }
}

/// Files in portions of about the same size.
pub(super) fn portions_of<V: Vfs>(listing: &Arc<Unfinished>, deferred: Vec<Deferred<V>>) -> Vec<Portion<V>> {
    let (mut portions, mut files, mut bytes) = (Vec::new(), Vec::new(), 0);
    for file in deferred {
        bytes += file.size;
        files.push(file);
        if bytes >= PIECE || files.len() >= FILES {
            portions.push(Portion::Files(listing.clone(), std::mem::take(&mut files)));
            bytes = 0;
        }
    }
    if !files.is_empty() {
        portions.push(Portion::Files(listing.clone(), files));
    }
    portions
}

impl<V: Vfs> LargeFile<V> {
    /// The file in pieces.
    pub(super) fn pieces(
        path: RelativePath,
        listing: Arc<Unfinished>,
        reading: Reading<V>,
    ) -> Vec<Portion<V>> {
        let blocks = reading.blocks();
        let step = (PIECE / u64::from(reading.block_size())).max(1);
        let inside = Gathered {
            hashes: vec![BlockHash([0; 32]); blocks as usize],
            blank: true,
            is_whole: true,
            error: None,
            left: blocks.div_ceil(step) as usize,
        };
        let file = Arc::new(Self { path, listing, reading, inside: Mutex::new(inside) });
        let pieces = (0..blocks).step_by(step as usize);
        pieces.map(|first| Portion::Piece(file.clone(), first..blocks.min(first + step))).collect()
    }

    /// A piece was read. With the last one it is answered what the file is.
    pub(super) fn read(
        &self,
        vfs: &V,
        blocks: Range<u64>,
        hashed: io::Result<Hashed>,
        now: Timestamp,
    ) -> Option<Seen> {
        let mut inside = lock(&self.inside);
        inside.left -= 1;
        match hashed {
            Ok(hashed) => {
                inside.blank &= hashed.blank;
                inside.is_whole &= hashed.is_whole;
                let at = blocks.start as usize;
                inside.hashes[at..at + hashed.hashes.len()].copy_from_slice(&hashed.hashes);
            }
            Err(error) => inside.error = Some(error),
        }
        if inside.left > 0 {
            return None;
        }
        let seen = match inside.error.take() {
            Some(error) => Err(error),
            None => {
                let hashes = std::mem::take(&mut inside.hashes);
                let all = Hashed { hashes, blank: inside.blank, is_whole: inside.is_whole };
                self.reading.finish(vfs, all, now)
            }
        };
        Some(seen.unwrap_or_else(unknown))
    }
}
