//! A sorted map in few bytes: many small pairs share one page of the database.
//!
//! The database stores half-full pages and eight bytes beside each pair, so one pair per entry would cost three times what an entry holds.
//! Here a pair of the database is a whole *block*: neighbours in order, each written as what differs from the one before, about 4,000
//! bytes in all, which fills one page. A block's key is a *separator*, the shortest text that lies between the block before
//! and its own first key.
//!
//! Nothing is believed unseen. Each block has a checksum over its key and its bytes, and each names its *fence*, the separator of the next
//! block: so a key that is not found is proved to be absent, wherever a damaged page higher up may have led.

mod batch;
mod block;
mod scan;

pub(crate) use batch::{Batch, Finder, repack};
pub(crate) use block::checksum;
pub(crate) use scan::{Row, find, scan};

use crate::codec::Damaged;
use redb::TableDefinition;

/// The one table of all blocks.
pub(crate) const BLOCKS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("blocks");

/// Bytes in front of each key: folder, tree, machine.
pub(crate) const GROUP_LENGTH: usize = 7;

/// Which sorted map: one tree of one folder, for others' entries of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Group(pub [u8; GROUP_LENGTH]);

/// The trees of a folder, as they stand in keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Path → this machine's item.
    Local = 1,
    /// Path → another machine's entry; one group for each machine.
    Others = 2,
    /// Path → what was agreed.
    Agreed = 3,
    /// Sequence number → path.
    Sequences = 4,
    /// Eight bytes of a content's digest, sequence number → nothing.
    Contents = 5,
    /// Eight bytes of a block's hash, sequence number → nothing. Only for files of several blocks: one block's hash gives the digest.
    Blocks = 6,
    /// Eight bytes of the folded path's hash, sequence number → nothing.
    Spellings = 7,
    /// Number → open intent.
    Intents = 8,
    /// Number → what was done.
    Journal = 9,
    /// Machine → index id and highest sequence number.
    Positions = 10,
    /// As in `Contents`, for what was stored last. Contents come in no order, so each would change a page of its own; gathered here they
    /// share pages, and move on by the ten thousand.
    Recent = 11,
}

/// The trees that each folder has once. Each has a block from the start, so that a missing one is noticed.
pub(crate) const TREES: [Tree; 10] = [
    Tree::Local,
    Tree::Agreed,
    Tree::Sequences,
    Tree::Contents,
    Tree::Blocks,
    Tree::Spellings,
    Tree::Intents,
    Tree::Journal,
    Tree::Positions,
    Tree::Recent,
];

impl Group {
    /// A tree that a folder has once.
    pub(crate) fn of(folder: u32, tree: Tree) -> Self {
        Self::of_machine(folder, tree, 0)
    }

    /// A tree that a folder has for each machine.
    pub(crate) fn of_machine(folder: u32, tree: Tree, device: u16) -> Self {
        let mut bytes = [0; GROUP_LENGTH];
        bytes[..4].copy_from_slice(&folder.to_be_bytes());
        bytes[4] = tree as u8;
        bytes[5..].copy_from_slice(&device.to_be_bytes());
        Self(bytes)
    }

    /// The key in the database.
    pub(crate) fn key(self, key: &[u8]) -> Vec<u8> {
        [&self.0, key].concat()
    }
}

/// Why a read or a write failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What is stored cannot be what was written.
    Damaged(String),
    /// The database or the disk under it.
    Storage(redb::StorageError),
}

impl From<redb::StorageError> for Fault {
    fn from(error: redb::StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Damaged> for Fault {
    fn from(error: Damaged) -> Self {
        Self::Damaged(error.0)
    }
}

impl From<redb::TransactionError> for Fault {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => Self::Storage(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::CommitError> for Fault {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => Self::Storage(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::TableError> for Fault {
    fn from(error: redb::TableError) -> Self {
        match error {
            redb::TableError::Storage(error) => Self::Storage(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::DatabaseError> for Fault {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::Storage(error) => Self::Storage(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}

impl From<redb::CompactionError> for Fault {
    fn from(error: redb::CompactionError) -> Self {
        match error {
            redb::CompactionError::Storage(error) => Self::Storage(error),
            other => Self::Damaged(other.to_string()),
        }
    }
}
