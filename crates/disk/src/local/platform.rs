//! What differs between Linux and macOS for the real file system, under the same names on both.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub use linux::*;
#[cfg(target_os = "macos")]
pub use macos::*;

use crate::{ObjectKind, Status};
use homesync_protocol::Timestamp;
use rustix::fs::Stat;

/// The numbers of a status, whose types differ between systems and processors. The kind is left to the caller.
#[allow(clippy::unnecessary_cast, reason = "necessary on another system or processor")]
pub(in crate::local) fn numbers(stat: &Stat) -> Status {
    Status {
        kind: ObjectKind::Special,
        size: stat.st_size as u64,
        allocated: (stat.st_blocks as u64).saturating_mul(512),
        modified: Timestamp { seconds: stat.st_mtime as i64, nanoseconds: stat.st_mtime_nsec as u32 },
        changed: Timestamp { seconds: stat.st_ctime as i64, nanoseconds: stat.st_ctime_nsec as u32 },
        inode: stat.st_ino as u64,
        device: stat.st_dev as u64,
        links: stat.st_nlink as u64,
        permissions: (stat.st_mode & 0o7777) as u16,
        owner: stat.st_uid,
        group: stat.st_gid,
    }
}
