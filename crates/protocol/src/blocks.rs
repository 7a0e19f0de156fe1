//! The blocks of a file: how large they are, and their hashes.

use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// The smallest block.
pub const SMALLEST_BLOCK: u32 = 128 << 10;
/// The largest block.
pub const LARGEST_BLOCK: u32 = 16 << 20;
/// A file is cut so that it has fewer blocks than this, until blocks are at their largest.
const WANTED_BLOCKS: u64 = 2_000;

/// The SHA-256 of one block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash(pub [u8; 32]);

/// The SHA-256 over the hashes of all blocks: the content of a file in 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlocksHash(pub [u8; 32]);

impl BlockHash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

/// The content of a file. All blocks but the last have the same size; an empty file has one block of size zero.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BlockList {
    size: u64,
    block_size: u32,
    hashes: Arc<[BlockHash]>,
    digest: BlocksHash,
}

/// Why a list of blocks from outside was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockListError {
    /// No power of two from [`SMALLEST_BLOCK`] to [`LARGEST_BLOCK`].
    #[error("blocks of {0} bytes are not allowed")]
    BlockSize(u32),
    /// Another number of blocks than the size asks for.
    #[error("a file of {size} bytes has {wanted} blocks of {block_size} bytes, not {found}")]
    Count {
        /// The size of the file.
        size: u64,
        /// The size of its blocks.
        block_size: u32,
        /// How many there must be.
        wanted: u64,
        /// How many came.
        found: u64,
    },
}

impl BlockList {
    /// From parts that came from outside.
    pub fn new(
        size: u64,
        block_size: u32,
        hashes: impl Into<Arc<[BlockHash]>>,
    ) -> Result<Self, BlockListError> {
        if !block_size.is_power_of_two() || !(SMALLEST_BLOCK..=LARGEST_BLOCK).contains(&block_size) {
            return Err(BlockListError::BlockSize(block_size));
        }
        let hashes = hashes.into();
        let (wanted, found) = (count(size, block_size), hashes.len() as u64);
        if wanted != found {
            return Err(BlockListError::Count { size, block_size, wanted, found });
        }
        let mut all = Sha256::new();
        for hash in hashes.iter() {
            all.update(hash.0);
        }
        Ok(Self { size, block_size, hashes, digest: BlocksHash(all.finalize().into()) })
    }

    /// The blocks of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        let size = bytes.len() as u64;
        let block_size = block_size_for(size, None);
        let mut hashes: Vec<BlockHash> = bytes.chunks(block_size as usize).map(BlockHash::of).collect();
        if hashes.is_empty() {
            hashes.push(BlockHash::of(&[]));
        }
        let mut all = Sha256::new();
        for hash in &hashes {
            all.update(hash.0);
        }
        Self { size, block_size, hashes: hashes.into(), digest: BlocksHash(all.finalize().into()) }
    }

    /// The size of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The size of all blocks but the last.
    pub fn block_size(&self) -> u32 {
        self.block_size
    }

    /// The hash of each block, in file order.
    pub fn hashes(&self) -> &[BlockHash] {
        &self.hashes
    }

    /// The content in 32 bytes; two files with equal digests have equal bytes and equal blocks.
    pub fn digest(&self) -> BlocksHash {
        self.digest
    }

    /// Where a block begins, and how long it is.
    pub fn extent(&self, block: usize) -> (u64, u32) {
        let offset = block as u64 * u64::from(self.block_size);
        (offset, self.size.saturating_sub(offset).min(u64::from(self.block_size)) as u32)
    }
}

impl fmt::Debug for BlockHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BlocksHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BlockList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} bytes {:?}", self.size, self.digest)
    }
}

/// How many blocks a file has: an empty one has one.
fn count(size: u64, block_size: u32) -> u64 {
    size.div_ceil(u64::from(block_size)).max(1)
}

/// The block size for a file of this size. A known file keeps the size it had while that is at most a factor of two off, so that
/// a file growing past a limit is not sent whole again.
pub fn block_size_for(size: u64, before: Option<u32>) -> u32 {
    let mut block_size = SMALLEST_BLOCK;
    while block_size < LARGEST_BLOCK && size >= u64::from(block_size) * WANTED_BLOCKS {
        block_size *= 2;
    }
    match before {
        Some(old) if old.max(block_size) / old.min(block_size).max(1) <= 2 => old,
        _ => block_size,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_sizes_follow_the_table() {
        for (size, wanted) in [
            (0, 128 << 10),
            (262_143_999, 128 << 10),
            (262_144_000, 256 << 10),
            (4_194_303_999, 2 << 20),
            (16_777_215_999, 8 << 20),
            (16_777_216_000, 16 << 20),
            (1 << 50, 16 << 20),
        ] {
            assert_eq!(block_size_for(size, None), wanted, "{size}");
        }
    }

    #[test]
    fn a_known_file_keeps_its_block_size_within_a_factor_of_two() {
        assert_eq!(block_size_for(300_000_000, Some(128 << 10)), 128 << 10);
        assert_eq!(block_size_for(600_000_000, Some(128 << 10)), 512 << 10);
        assert_eq!(block_size_for(1, Some(256 << 10)), 256 << 10);
    }

    #[test]
    fn digests_are_those_of_the_other_programs() {
        let text =
            |list: BlockList| list.digest().0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        assert_eq!(
            text(BlockList::of(b"")),
            "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
        );
        assert_eq!(
            text(BlockList::of(b"hello\n")),
            "ecb65bb98f9d905b70458986c39fcbad7715e5f2fcc3b1f07767d7c83e2438cc"
        );
    }

    #[test]
    fn lists_that_do_not_fit_their_size_are_refused() {
        let hash = BlockHash::of(b"x");
        assert!(BlockList::new(1, SMALLEST_BLOCK, vec![hash]).is_ok());
        assert!(matches!(BlockList::new(1, SMALLEST_BLOCK, vec![]), Err(BlockListError::Count { .. })));
        assert!(matches!(
            BlockList::new(1, SMALLEST_BLOCK, vec![hash; 2]),
            Err(BlockListError::Count { .. })
        ));
        assert!(matches!(
            BlockList::new(u64::MAX, LARGEST_BLOCK, vec![hash]),
            Err(BlockListError::Count { .. })
        ));
        for size in [0, 1, 127 << 10, SMALLEST_BLOCK + 1, LARGEST_BLOCK * 2] {
            assert_eq!(BlockList::new(1, size, vec![hash]), Err(BlockListError::BlockSize(size)));
        }
    }

    #[test]
    fn extents_cover_the_file() {
        let size = u64::from(SMALLEST_BLOCK) * 2 + 5;
        let list = BlockList::of(&vec![0; size as usize]);
        let extents: Vec<_> = (0..list.hashes().len()).map(|block| list.extent(block)).collect();
        assert_eq!(extents, [(0, SMALLEST_BLOCK), (131_072, SMALLEST_BLOCK), (262_144, 5)]);
    }
}
