//! Opening directories by the names that lead to them, and finding the directories in one: no link followed, few handles open at a time.

use super::descriptors::{Descriptors, Number};
use rustix::fd::OwnedFd;
use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

/// Names of directories, as the file system spells them.
pub(super) type DirectoryNames = Vec<Box<[u8]>>;

/// Opens a directory in a directory.
pub(super) fn open_in(directory: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| fs::openat(directory, name, flags, Mode::empty()))
}

/// The last directory that was opened: those that stand together come one after the other.
pub(super) struct Opened<'r> {
    root: &'r OwnedFd,
    last: Option<(Number, OwnedFd)>,
}

impl<'r> Opened<'r> {
    pub(super) fn new(root: &'r OwnedFd) -> Self {
        Self { root, last: None }
    }

    /// Opens a watched directory, level by level.
    pub(super) fn directory(&mut self, descriptors: &Descriptors, number: Number) -> Result<&OwnedFd, Errno> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != number) {
            self.last = None;
            let mut opened = None;
            for name in descriptors.names(number).ok_or(Errno::NOENT)? {
                opened = Some(open_in(opened.as_ref().unwrap_or(self.root), &name)?);
            }
            self.last = opened.map(|opened| (number, opened));
        }
        Ok(self.last.as_ref().map_or(self.root, |(_, opened)| opened))
    }
}

/// The names of the directories in a directory.
pub(super) fn directories_in(directory: &OwnedFd) -> Result<DirectoryNames, Errno> {
    let mut found = Vec::new();
    for entry in retry_on_intr(|| Dir::read_from(directory))? {
        let entry = entry?;
        let name = entry.file_name();
        let is_directory = match entry.file_type() {
            FileType::Directory => !matches!(name.to_bytes(), b"." | b".."),
            FileType::Unknown => {
                let status = retry_on_intr(|| fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW));
                status.is_ok_and(|status| FileType::from_raw_mode(status.st_mode) == FileType::Directory)
                    && !matches!(name.to_bytes(), b"." | b"..")
            }
            _ => false,
        };
        if is_directory {
            found.push(name.to_bytes().into());
        }
    }
    Ok(found)
}
