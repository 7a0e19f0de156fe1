//! The Block Exchange Protocol as validated types, without any input or output.
//!
//! Machines are named by [`DeviceId`]. What they tell each other about a folder is a list of [`Entry`]s: each an item's [`Content`] with the
//! [`Version`] that says which changes it has seen; [`winner`] is the rule by which all machines choose the same one. [`Hello`] is the greeting,
//! [`Message`] everything after it; a [`Decoder`] makes messages of bytes, [`encode`] bytes of messages, and an [`Announcement`] is what
//! machines on one network shout to be found.

mod blocks;
mod device_id;
mod discovery;
mod entry;
mod error;
mod frame;
mod hello;
mod message;
mod metadata;
mod short;
mod version;
mod wire;

pub use blocks::{
    BlockHash, BlockList, BlockListError, BlocksHash, LARGEST_BLOCK, SMALLEST_BLOCK, block_size_for,
};
pub use device_id::{DeviceId, DeviceIdError};
pub use discovery::{Announcement, LONGEST_PACKET};
pub use entry::{Content, Entry, Kind, Timestamp, Validity, winner};
pub use error::{ProtocolError, Refused, RefusedReason};
pub use frame::{Compression, Decoder, encode};
pub use hello::{Hello, MAGIC};
pub use message::Message;
pub use message::cluster::{ClusterConfig, SharedDevice, SharedFolder};
pub use message::index::{IndexMessage, MOST_BLOCKS, MOST_ITEMS, batches};
pub use message::progress::{Progress, ProgressUpdate};
pub use message::transfer::{LARGEST_REQUEST, Refusal, Request, Response};
pub use metadata::{Attribute, MOST_METADATA, Metadata, Owner, System, WindowsOwner};
pub use short::ShortId;
pub use version::{MOST_COUNTERS, Relation, Version, VersionError};
