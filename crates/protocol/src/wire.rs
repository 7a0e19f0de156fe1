//! The messages as they stand on the wire, field by field. Nobody outside of this crate sees them: what leaves it went through [`crate::message`].

use crate::DeviceId;
use crate::error::{ProtocolError, invalid};
use prost::bytes::Bytes;

/// As a field.
pub fn field(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

/// A name for people: what is no text in it is shown as such.
pub fn text(field: &Bytes) -> String {
    String::from_utf8_lossy(field).into_owned()
}

/// Which machine is meant.
pub fn device_id(field: &Bytes) -> Result<DeviceId, ProtocolError> {
    let id: Result<[u8; 32], _> = field.as_ref().try_into();
    id.map(DeviceId::from_bytes).map_err(|_| invalid("a machine's id", format!("{} bytes", field.len())))
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Hello {
    #[prost(bytes = "bytes", tag = "1")]
    pub device_name: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub client_name: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    pub client_version: Bytes,
    #[prost(int32, tag = "4")]
    pub connections: i32,
    #[prost(int64, tag = "5")]
    pub timestamp: i64,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Header {
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(int32, tag = "2")]
    pub compression: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ClusterConfig {
    #[prost(message, repeated, tag = "1")]
    pub folders: Vec<Folder>,
    #[prost(bool, tag = "2")]
    pub secondary: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Folder {
    #[prost(bytes = "bytes", tag = "1")]
    pub id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub label: Bytes,
    #[prost(int32, tag = "3")]
    pub kind: i32,
    #[prost(bool, tag = "6")]
    pub no_progress: bool,
    #[prost(int32, tag = "7")]
    pub stopped: i32,
    #[prost(message, repeated, tag = "16")]
    pub devices: Vec<Device>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Device {
    #[prost(bytes = "bytes", tag = "1")]
    pub id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub name: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub addresses: Vec<Bytes>,
    #[prost(int32, tag = "4")]
    pub compression: i32,
    #[prost(bytes = "bytes", tag = "5")]
    pub certificate_name: Bytes,
    #[prost(int64, tag = "6")]
    pub max_sequence: i64,
    #[prost(bool, tag = "7")]
    pub introducer: bool,
    #[prost(uint64, tag = "8")]
    pub index_id: u64,
    #[prost(bool, tag = "9")]
    pub skip_introduction_removals: bool,
    #[prost(bytes = "bytes", tag = "10")]
    pub password_token: Bytes,
}

/// Both `Index` and `IndexUpdate`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Index {
    #[prost(bytes = "bytes", tag = "1")]
    pub folder: Bytes,
    #[prost(message, repeated, tag = "2")]
    pub files: Vec<FileInfo>,
    #[prost(int64, tag = "3")]
    pub last_sequence: i64,
    #[prost(int64, tag = "4")]
    pub previous_sequence: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct FileInfo {
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    #[prost(int32, tag = "2")]
    pub kind: i32,
    #[prost(int64, tag = "3")]
    pub size: i64,
    #[prost(uint32, tag = "4")]
    pub permissions: u32,
    #[prost(int64, tag = "5")]
    pub modified_seconds: i64,
    #[prost(bool, tag = "6")]
    pub deleted: bool,
    #[prost(bool, tag = "7")]
    pub invalid: bool,
    #[prost(bool, tag = "8")]
    pub no_permissions: bool,
    #[prost(message, optional, tag = "9")]
    pub version: Option<Vector>,
    #[prost(int64, tag = "10")]
    pub sequence: i64,
    #[prost(int32, tag = "11")]
    pub modified_nanoseconds: i32,
    #[prost(uint64, tag = "12")]
    pub modified_by: u64,
    #[prost(int32, tag = "13")]
    pub block_size: i32,
    #[prost(message, optional, tag = "14")]
    pub platform: Option<Platform>,
    #[prost(message, repeated, tag = "16")]
    pub blocks: Vec<Block>,
    #[prost(bytes = "bytes", tag = "17")]
    pub link_target: Bytes,
    #[prost(bytes = "bytes", tag = "18")]
    pub blocks_hash: Bytes,
    #[prost(bytes = "bytes", tag = "20")]
    pub previous_blocks_hash: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Platform {
    #[prost(message, optional, tag = "1")]
    pub unix: Option<Unix>,
    #[prost(message, optional, tag = "2")]
    pub windows: Option<Windows>,
    #[prost(message, optional, tag = "3")]
    pub linux: Option<Attributes>,
    #[prost(message, optional, tag = "4")]
    pub darwin: Option<Attributes>,
    #[prost(message, optional, tag = "5")]
    pub freebsd: Option<Attributes>,
    #[prost(message, optional, tag = "6")]
    pub netbsd: Option<Attributes>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Unix {
    #[prost(bytes = "bytes", tag = "1")]
    pub owner: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub group: Bytes,
    #[prost(int32, tag = "3")]
    pub uid: i32,
    #[prost(int32, tag = "4")]
    pub gid: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Windows {
    #[prost(bytes = "bytes", tag = "1")]
    pub owner: Bytes,
    #[prost(bool, tag = "2")]
    pub is_group: bool,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Attributes {
    #[prost(message, repeated, tag = "1")]
    pub all: Vec<Attribute>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Attribute {
    #[prost(bytes = "bytes", tag = "1")]
    pub name: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    pub value: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Block {
    #[prost(int64, tag = "1")]
    pub offset: i64,
    #[prost(int32, tag = "2")]
    pub size: i32,
    #[prost(bytes = "bytes", tag = "3")]
    pub hash: Bytes,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Vector {
    #[prost(message, repeated, tag = "1")]
    pub counters: Vec<Counter>,
}

#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Counter {
    #[prost(uint64, tag = "1")]
    pub id: u64,
    #[prost(uint64, tag = "2")]
    pub value: u64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Request {
    #[prost(int32, tag = "1")]
    pub id: i32,
    #[prost(bytes = "bytes", tag = "2")]
    pub folder: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    pub name: Bytes,
    #[prost(int64, tag = "4")]
    pub offset: i64,
    #[prost(int32, tag = "5")]
    pub size: i32,
    #[prost(bytes = "bytes", tag = "6")]
    pub hash: Bytes,
    #[prost(bool, tag = "7")]
    pub from_temporary: bool,
    #[prost(int32, tag = "9")]
    pub block: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Response {
    #[prost(int32, tag = "1")]
    pub id: i32,
    #[prost(bytes = "bytes", tag = "2")]
    pub data: Bytes,
    #[prost(int32, tag = "3")]
    pub code: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Progress {
    #[prost(bytes = "bytes", tag = "1")]
    pub folder: Bytes,
    #[prost(message, repeated, tag = "2")]
    pub updates: Vec<ProgressUpdate>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct ProgressUpdate {
    #[prost(int32, tag = "1")]
    pub kind: i32,
    #[prost(bytes = "bytes", tag = "2")]
    pub name: Bytes,
    #[prost(message, optional, tag = "3")]
    pub version: Option<Vector>,
    #[prost(int32, repeated, packed = "false", tag = "4")]
    pub blocks: Vec<i32>,
    #[prost(int32, tag = "5")]
    pub block_size: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
pub struct Close {
    #[prost(bytes = "bytes", tag = "1")]
    pub reason: Bytes,
}

/// A packet of the local discovery, after its magic number.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Announce {
    #[prost(bytes = "bytes", tag = "1")]
    pub id: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    pub addresses: Vec<Bytes>,
    #[prost(int64, tag = "3")]
    pub instance: i64,
}
