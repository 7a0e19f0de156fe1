//! Tries out what a file system can do, in a directory of ours.

use super::open::{create_and_open, open_directory};
use crate::{Abilities, Name};
use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, Mode, RenameFlags};
use rustix::io::{Errno, retry_on_intr};
use std::io;

/// Always the same name: one that a killed program left is used again.
const PROBE: &[u8] = b"probe";

/// What was found out; nothing if there is no `.homesync` yet, or nothing can be written there.
pub(super) fn abilities(root: &OwnedFd) -> io::Result<Option<Abilities>> {
    let ours = match open_directory(root, Name::new(b".homesync")?) {
        Ok(ours) => ours,
        // Not there yet, or something that is not ours: whoever puts things in there will say so.
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };
    match retry_on_intr(|| fs::mkdirat(&ours, PROBE, Mode::RWXU)) {
        Ok(()) | Err(Errno::EXIST) => {}
        // Full or read-only: then nothing will be exchanged there either, and this is not the place to complain.
        Err(_) => return Ok(None),
    }
    let result = open_directory(&ours, Name::new(PROBE)?).and_then(|probe| try_out(&probe));
    // An empty directory that stays is used the next time.
    let _ = fs::unlinkat(&ours, PROBE, AtFlags::REMOVEDIR);
    Ok(result.ok())
}

fn try_out(probe: &OwnedFd) -> Result<Abilities, Errno> {
    const NAMES: [&[u8]; 2] = [b"a", b"b"];
    let remove = || {
        for name in NAMES {
            // Absent before, and unimportant after.
            let _ = fs::unlinkat(probe, name, AtFlags::empty());
        }
    };
    remove();
    let result = (|| {
        for name in NAMES {
            create_and_open(probe, Name::new(name).map_err(|_| Errno::INVAL)?)?;
        }
        let exchanged = fs::renameat_with(probe, NAMES[0], probe, NAMES[1], RenameFlags::EXCHANGE);
        let folded = fs::statat(probe, b"A".as_slice(), AtFlags::SYMLINK_NOFOLLOW);
        Ok(Abilities { exchange: exchanged.is_ok(), folds_case: folded.is_ok() })
    })();
    remove();
    result
}
