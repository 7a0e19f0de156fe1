//! Linux.

use homesync_protocol::System;
use rustix::fd::BorrowedFd;
use rustix::fs::{AtFlags, Gid, OFlags, Uid, chownat, fsync, ioctl_ficlone, syncfs};
use rustix::io::{Errno, retry_on_intr};

/// Whose attributes are read and set here.
pub const SYSTEM: System = System::Linux;

/// There is no attribute of this name.
pub(in crate::local) const NO_SUCH_ATTRIBUTE: Errno = Errno::NODATA;

/// `a` and `A` are one name where nobody has tried it out.
pub(in crate::local) const USUALLY_FOLDS_CASE: bool = false;

/// Opens a link itself, which nothing can be read of.
pub(in crate::local) const OPENS_LINK: OFlags = OFlags::PATH;

/// Gives an open link to somebody.
pub(in crate::local) fn change_link_owner(
    link: BorrowedFd<'_>,
    user: Option<Uid>,
    group: Option<Gid>,
) -> Result<(), Errno> {
    retry_on_intr(|| chownat(link, "", user, group, AtFlags::EMPTY_PATH))
}

/// Content and metadata reach the device and stay there.
pub(in crate::local) fn synchronize(file: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fsync(file))
}

/// The same for everything on the file system. Since Linux 5.8 it also reports what was lost before.
pub(in crate::local) fn synchronize_file_system(root: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| syncfs(root))
}

/// Both files share what the one holds until either is written to.
pub(in crate::local) fn clone_content(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| ioctl_ficlone(to, from))
}
