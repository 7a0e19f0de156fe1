//! macOS.

use homesync_protocol::System;
use rustix::fd::BorrowedFd;
use rustix::fs::{Gid, OFlags, Uid, fchown, fcntl_fullfsync, fsync, sync};
use rustix::io::{Errno, retry_on_intr};

/// Whose attributes are read and set here.
pub const SYSTEM: System = System::Darwin;

/// There is no attribute of this name.
pub(in crate::local) const NO_SUCH_ATTRIBUTE: Errno = Errno::NOATTR;

/// `a` and `A` are one name where nobody has tried it out.
pub(in crate::local) const USUALLY_FOLDS_CASE: bool = true;

/// Opens a link itself.
pub(in crate::local) const OPENS_LINK: OFlags = OFlags::SYMLINK;

/// Gives an open link to somebody.
pub(in crate::local) fn change_link_owner(
    link: BorrowedFd<'_>,
    user: Option<Uid>,
    group: Option<Gid>,
) -> Result<(), Errno> {
    retry_on_intr(|| fchown(link, user, group))
}

/// Content and metadata reach the device and stay there. `fsync` alone leaves them in the device's own cache there.
pub(in crate::local) fn synchronize(file: BorrowedFd<'_>) -> Result<(), Errno> {
    match retry_on_intr(|| fcntl_fullfsync(file)) {
        // File systems that do not know it, network ones above all.
        Err(Errno::NOTSUP | Errno::NOTTY | Errno::INVAL) => retry_on_intr(|| fsync(file)),
        result => result,
    }
}

/// The same for everything. `sync` only begins to write; that the full synchronization of the root comes behind it in the device is
/// what Apple's file systems do and nobody promises.
pub(in crate::local) fn synchronize_file_system(root: BorrowedFd<'_>) -> Result<(), Errno> {
    sync();
    synchronize(root)
}

/// There a clone is only made together with a new name, and takes extended attributes along that are not the new file's: not used.
pub(in crate::local) fn clone_content(_from: BorrowedFd<'_>, _to: BorrowedFd<'_>) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}
