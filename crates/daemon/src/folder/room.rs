//! Whether there is room for a content before any of it comes: a disk that is filled to its end hurts everything else on the machine.

use homesync_disk::{LocalFs, Vfs};
use homesync_engine::{Failure, Remedy};
use homesync_paths::Shown;
use homesync_protocol::Entry;

/// Bytes that stay free, on a disk that is not small.
const FLOOR: u64 = 256 << 20;
/// On a small one it is this part of it.
const SMALL: u64 = 100;

/// What stays free on a file system of this size.
pub(super) fn floor(total: u64) -> u64 {
    FLOOR.min(total / SMALL)
}

/// Refuses what does not fit. Only what has to come counts: zeros, and what is here already, take no more room.
pub(super) fn has_room(vfs: &LocalFs, wanted: &Entry, missing: &[u32]) -> Result<(), Failure> {
    // A file system that cannot tell is one that will.
    let (Some(blocks), Ok(space)) = (wanted.content.blocks(), vfs.space()) else { return Ok(()) };
    let need: u64 = missing.iter().map(|block| u64::from(blocks.extent(*block as usize).1)).sum();
    let floor = floor(space.total);
    if need == 0 || space.free >= need.saturating_add(floor) {
        return Ok(());
    }
    let path = Shown::new(wanted.path.as_str());
    let have = space.free.saturating_sub(floor);
    let text =
        format!("{path}: there is no space for it: {need} bytes have to come, and there is room for {have}");
    // Where there is room for nothing, nothing is tried; where it is only too large, the others go on.
    let remedy = if have == 0 { Remedy::PauseFolder } else { Remedy::RetryItem };
    Err(Failure { remedy, text })
}
