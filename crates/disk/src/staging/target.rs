//! A staged file, as far as its blocks are right.

use super::read_block;
use crate::executor::write_all;
use crate::hash::hash_of;
use crate::vfs::Vfs;
use homesync_engine::{Bug, planted};
use homesync_protocol::{BlockHash, BlockList};
use std::io;
use std::sync::{Mutex, PoisonError};

/// A staged file and what is to be in it.
pub(super) struct Target<'t, V: Vfs> {
    vfs: &'t V,
    file: &'t V::File,
    blocks: &'t BlockList,
    /// The hashes of zeros: as many as a block has, and as the last block has.
    zeros: [BlockHash; 2],
}

impl<'t, V: Vfs> Target<'t, V> {
    pub(super) fn new(vfs: &'t V, file: &'t V::File, blocks: &'t BlockList) -> Self {
        let last = blocks.extent(blocks.hashes().len() - 1).1;
        let whole = if blocks.hashes().len() > 1 { blocks.block_size() } else { last };
        let zeros = [hash_of_zeros(whole), hash_of_zeros(last)];
        Self { vfs, file, blocks, zeros }
    }

    /// The block is one of zeros.
    fn is_zeros(&self, number: usize) -> bool {
        let is_last = number + 1 == self.blocks.hashes().len();
        self.blocks.hashes()[number] == self.zeros[usize::from(is_last)]
    }

    /// Which blocks are not there yet. A new file is all zeros, and need not be read to know that. In any other what is to be zeros is made so.
    pub(super) fn missing(&self, is_empty: bool) -> io::Result<Vec<u32>> {
        let mut missing = Vec::new();
        for number in 0..self.blocks.hashes().len() {
            let is_right = if is_empty { self.is_zeros(number) } else { self.is_or_becomes_right(number)? };
            if !is_right {
                missing.push(number as u32);
            }
        }
        Ok(missing)
    }

    fn is_or_becomes_right(&self, number: usize) -> io::Result<bool> {
        if planted(Bug::LeftoversBelieved) {
            return Ok(true);
        }
        let mut bytes = read_block(self.vfs, self.file, self.blocks, number)?;
        // Where nothing was written there are zeros, and of those the hash is known.
        if bytes.iter().all(|byte| *byte == 0) && bytes.len() == self.blocks.extent(number).1 as usize {
            return Ok(self.is_zeros(number));
        }
        if hash_of(&bytes) == self.blocks.hashes()[number] {
            return Ok(true);
        }
        if !self.is_zeros(number) {
            return Ok(false);
        }
        bytes.fill(0);
        bytes.resize(self.blocks.extent(number).1 as usize, 0);
        write_all(self.vfs, self.file, self.blocks.extent(number).0, &bytes)?;
        Ok(true)
    }

    /// Writes bytes that may be the right ones, if they are. Answers whether they were.
    pub(super) fn take(&self, number: u32, bytes: Option<Vec<u8>>) -> io::Result<bool> {
        let number = number as usize;
        match bytes {
            Some(bytes) if hash_of(&bytes) == self.blocks.hashes()[number] => {
                write_all(self.vfs, self.file, self.blocks.extent(number).0, &bytes)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

/// The hash of so many zeros. Those of whole blocks, of which there are few sizes, are not computed twice.
fn hash_of_zeros(size: u32) -> BlockHash {
    static KNOWN: Mutex<Vec<(u32, BlockHash)>> = Mutex::new(Vec::new());
    let lock = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, hash)) = lock().iter().find(|(known, _)| *known == size) {
        return *hash;
    }
    let hash = hash_of(&vec![0; size as usize]);
    if size.is_power_of_two() {
        lock().push((size, hash));
    }
    hash
}
