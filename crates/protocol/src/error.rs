//! Why a connection is closed, and why a single item is not taken over.

use crate::{BlockListError, VersionError};
use homesync_paths::{RelativePathError, Shown};
use std::fmt;

/// What the other side sent cannot be, so nothing that it sends can be relied on: the connection is closed with this as the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Neither our protocol nor an older one of it.
    #[error("it begins with {0:#010x}, which is no greeting of this protocol")]
    Magic(u32),
    /// Version 0.13 and before.
    #[error("it speaks a version of this protocol that is too old")]
    TooOld,
    /// A length beyond what a message of its kind may have.
    #[error("{what} of {length} bytes is longer than the {most} bytes allowed")]
    TooLong {
        /// Which part.
        what: &'static str,
        /// What it says.
        length: u64,
        /// What is allowed.
        most: u64,
    },
    /// A compression that nobody knows.
    #[error("compression {0} is unknown")]
    Compression(i32),
    /// What was compressed does not unfold to the length that it says.
    #[error("the compressed message is damaged")]
    Decompression,
    /// The bytes are no message.
    #[error("{0} cannot be read: it is damaged")]
    Undecodable(&'static str),
    /// A part of a message that must hold something else.
    #[error("{what}: {found}")]
    Invalid {
        /// Which part.
        what: &'static str,
        /// What is wrong with it.
        found: String,
    },
    /// The path of an item leaves its folder, or is no path.
    #[error("{name}: {reason}")]
    Path {
        /// The path, made safe to print.
        name: String,
        /// What is wrong.
        reason: RelativePathError,
    },
}

/// Why one item of a message is left aside; the others are taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What it is called, as it came.
    pub name: Vec<u8>,
    /// Why.
    pub reason: RefusedReason,
}

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReason {
    /// Its name is not one that folders hold.
    #[error("{0}")]
    Name(RelativePathError),
    /// A name with a meaning of its own, which never travels.
    #[error("the name belongs to the program itself and never travels")]
    Reserved,
    /// Neither a file nor a directory nor a link.
    #[error("what it is (type {0}) is unknown here")]
    Kind(i32),
    /// Negative, or beyond what a file can have.
    #[error("a file of {0} bytes")]
    Size(i64),
    /// The list of blocks does not fit.
    #[error("{0}")]
    Blocks(#[from] BlockListError),
    /// A block is not where, or as long as, it must be.
    #[error("block {0} is not where it should be")]
    Extent(usize),
    /// A hash of another length.
    #[error("a hash of {0} bytes")]
    Hash(usize),
    /// The counters do not fit.
    #[error("{0}")]
    Version(#[from] VersionError),
    /// Owner and attributes of absurd length.
    #[error("owner and attributes of {0} bytes")]
    Metadata(usize),
    /// A link without a target, or with one that is no text.
    #[error("the link's target is empty or no text")]
    Target,
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", shown(&self.name), self.reason)
    }
}

/// A name as it came, made safe to print.
pub(crate) fn shown(name: &[u8]) -> String {
    Shown::new(&*String::from_utf8_lossy(name)).to_string()
}

pub(crate) fn invalid(what: &'static str, found: impl Into<String>) -> ProtocolError {
    ProtocolError::Invalid { what, found: found.into() }
}
