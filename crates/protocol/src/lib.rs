//! The Block Exchange Protocol as validated types, without any input or output.
//!
//! Machines are named by [`DeviceId`]. What they tell each other about a folder is a list of [`Entry`]s: each an item's [`Content`] with the
//! [`Version`] that says which changes it has seen; [`winner`] is the rule by which all machines choose the same one. Framing and messages
//! join when machines talk to each other.

mod blocks;
mod device_id;
mod entry;
mod short;
mod version;

pub use blocks::{
    BlockHash, BlockList, BlockListError, BlocksHash, LARGEST_BLOCK, SMALLEST_BLOCK, block_size_for,
};
pub use device_id::{DeviceId, DeviceIdError};
pub use entry::{Content, Entry, Kind, Timestamp, Validity, winner};
pub use short::ShortId;
pub use version::{MOST_COUNTERS, Relation, Version, VersionError};
