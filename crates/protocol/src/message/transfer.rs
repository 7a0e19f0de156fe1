//! Asking for blocks, and answering.

use super::cluster::folder_id;
use crate::BlockHash;
use crate::error::{ProtocolError, invalid};
use crate::message::item::{clean_path, hash_of};
use crate::wire::{self, field};
use homesync_paths::RelativePath;
use prost::bytes::Bytes;

/// The most that one request asks for.
pub const LARGEST_REQUEST: u32 = 32 << 20;

/// Wants a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// By which the answer is known, on this connection.
    pub id: i32,
    /// In which folder.
    pub folder: String,
    /// Of which file. A name that folders do not hold is answered with a refusal.
    pub path: Result<RelativePath, Vec<u8>>,
    /// Where it begins. A negative one is answered with a refusal.
    pub offset: Option<u64>,
    /// How long it is.
    pub size: u32,
    /// What must be there. Only old peers leave it out.
    pub hash: Option<BlockHash>,
    /// The file that is being put together may be asked as well.
    pub from_temporary: bool,
    /// Which block of the file it is.
    pub block: u32,
}

/// Why there is nothing to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Something else.
    Generic,
    /// Such a file, or such content in it, is not there.
    NoSuchFile,
    /// The request makes no sense.
    Invalid,
}

/// The answer to a request.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The request's.
    pub id: i32,
    /// The bytes.
    pub result: Result<Bytes, Refusal>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Nobody wants to read blocks in a log, and nobody may.
        let what = self.result.as_ref().map(|bytes| format!("{} bytes", bytes.len()));
        formatter.debug_struct("Response").field("id", &self.id).field("result", &what).finish()
    }
}

impl Request {
    pub(super) fn to_wire(&self) -> wire::Request {
        let name = match &self.path {
            Ok(path) => path.as_str().as_bytes(),
            Err(name) => name,
        };
        wire::Request {
            id: self.id,
            folder: field(&self.folder),
            name: field(name),
            offset: self.offset.map_or(-1, |offset| i64::try_from(offset).unwrap_or(i64::MAX)),
            size: i32::try_from(self.size).unwrap_or(i32::MAX),
            hash: self.hash.map(|hash| field(hash.0)).unwrap_or_default(),
            from_temporary: self.from_temporary,
            block: i32::try_from(self.block).unwrap_or(i32::MAX),
        }
    }

    pub(super) fn from_wire(wire: wire::Request) -> Result<Self, ProtocolError> {
        let size = u32::try_from(wire.size).ok().filter(|size| *size <= LARGEST_REQUEST);
        let size = size.ok_or_else(|| invalid("a request", format!("it wants {} bytes", wire.size)))?;
        Ok(Self {
            id: wire.id,
            folder: folder_id(&wire.folder)?,
            path: clean_path(&wire.name)?.map_err(|_| wire.name.to_vec()),
            offset: u64::try_from(wire.offset).ok(),
            size,
            hash: hash_of(&wire.hash).map(BlockHash),
            from_temporary: wire.from_temporary,
            block: u32::try_from(wire.block).unwrap_or(0),
        })
    }
}

impl Response {
    pub(super) fn to_wire(&self) -> wire::Response {
        let code = match &self.result {
            Ok(_) => 0,
            Err(Refusal::Generic) => 1,
            Err(Refusal::NoSuchFile) => 2,
            Err(Refusal::Invalid) => 3,
        };
        wire::Response { id: self.id, data: self.result.clone().unwrap_or_default(), code }
    }

    pub(super) fn from_wire(wire: wire::Response) -> Self {
        let result = match wire.code {
            0 => Ok(wire.data),
            2 => Err(Refusal::NoSuchFile),
            3 => Err(Refusal::Invalid),
            _ => Err(Refusal::Generic),
        };
        Self { id: wire.id, result }
    }
}
