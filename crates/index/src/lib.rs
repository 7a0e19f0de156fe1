//! What this machine knows about its folders, durably, and what it promised to others.
//!
//! An [`Index`] is one folder's: the engine reads its three trees, the driver commits what the engine decided, and what is committed may be
//! announced. [`DurableIndex`] keeps it in a [`Database`] on the disk, [`MemoryIndex`] is its twin in memory. `DURABILITY.md` says what
//! is promised, sentence by sentence, and each has a test.

mod codec;
mod database;
mod durable;
mod error;
mod index;
mod memory;
mod packed;

pub use database::{Database, Options};
pub use durable::{DurableIndex, FolderOptions};
pub use error::IndexError;
pub use index::{Additions, Committed, Index, Position};
pub use memory::MemoryIndex;
pub use redb::StorageBackend;
