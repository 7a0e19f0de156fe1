//! Opening by one name, without following a link and without waiting.

use super::kind;
use crate::{Name, ObjectKind};
use homesync_protocol::Kind;
use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

pub(super) fn open_directory(directory: &OwnedFd, name: Name<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| fs::openat(directory, name.as_bytes(), flags, Mode::empty()))
}

/// A new file that nobody else may use yet.
pub(super) fn create_and_open(directory: &OwnedFd, name: Name<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| fs::openat(directory, name.as_bytes(), flags, Mode::RUSR | Mode::WUSR))
}

pub(super) fn kind_at(directory: &OwnedFd, name: Name<'_>) -> Result<ObjectKind, Errno> {
    let stat = retry_on_intr(|| fs::statat(directory, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW))?;
    Ok(kind(FileType::from_raw_mode(stat.st_mode)))
}

/// Opens a regular file and nothing else.
///
/// It is looked at before, because opening alone makes some devices act, and after, because another object may have taken the name
/// meanwhile. In that moment not waiting for the other end keeps a pipe from holding us.
pub(super) fn open_regular(directory: &OwnedFd, name: Name<'_>, mode: OFlags) -> Result<OwnedFd, Errno> {
    expect_file(kind_at(directory, name)?)?;
    let flags = mode | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = retry_on_intr(|| fs::openat(directory, name.as_bytes(), flags, Mode::empty()))?;
    let stat = retry_on_intr(|| fs::fstat(&file))?;
    expect_file(kind(FileType::from_raw_mode(stat.st_mode)))?;
    Ok(file)
}

fn expect_file(kind: ObjectKind) -> Result<(), Errno> {
    match kind {
        ObjectKind::Kept(Kind::File) => Ok(()),
        ObjectKind::Kept(Kind::Directory) => Err(Errno::ISDIR),
        ObjectKind::Kept(Kind::Link) => Err(Errno::LOOP),
        ObjectKind::Special => Err(Errno::NXIO),
    }
}
