//! Linux.

use rustix::fd::BorrowedFd;
use rustix::fs::{fsync, ioctl_ficlone, syncfs};
use rustix::io::{Errno, retry_on_intr};

/// `a` and `A` are one name where nobody has tried it out.
pub(in crate::local) const USUALLY_FOLDS_CASE: bool = false;

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
