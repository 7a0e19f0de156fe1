//! The lock file itself: opened with suspicion, signed by the holder, read by those who wait.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Holder, HolderNote, LockError};

/// More than the longest note we write.
const LONGEST_NOTE: usize = 4096;

/// Without NONBLOCK a named pipe at the lock's place could block the open. A link is not followed, because it would put the lock (and the
/// note) wherever it points.
const CAREFULLY: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// Opens or creates the lock file.
pub(super) fn open(path: &Path) -> Result<File, LockError> {
    let opened = rustix::fs::open(path, OFlags::RDWR | OFlags::CREATE | CAREFULLY, Mode::RUSR | Mode::WUSR);
    let file = plain_file(path, opened)?;
    let owner = file.metadata().map_err(|source| LockError::Open { path: path.to_owned(), source })?.uid();
    if owner != rustix::process::geteuid().as_raw() {
        return Err(LockError::AnotherUsers { path: path.to_owned(), owner });
    }
    Ok(file)
}

/// Opens the lock file only to read it, when there is one.
pub(super) fn open_to_look(path: &Path) -> Result<Option<File>, LockError> {
    match rustix::fs::open(path, OFlags::RDONLY | CAREFULLY, Mode::empty()) {
        Err(Errno::NOENT) => Ok(None),
        opened => plain_file(path, opened).map(Some),
    }
}

fn plain_file(path: &Path, opened: Result<OwnedFd, Errno>) -> Result<File, LockError> {
    let cannot_open = |source| LockError::Open { path: path.to_owned(), source };
    let file = match opened {
        Ok(descriptor) => File::from(descriptor),
        Err(Errno::LOOP | Errno::ISDIR) => return Err(LockError::NotAFile { path: path.to_owned() }),
        Err(error) => return Err(cannot_open(io::Error::from(error))),
    };
    match file.metadata().map_err(cannot_open)?.is_file() {
        true => Ok(file),
        false => Err(LockError::NotAFile { path: path.to_owned() }),
    }
}

/// Whether `file` is what `path` names now.
pub(super) fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// Signs the lock. A full disk is no reason to stop: the note only makes another run's message better.
pub(super) fn write_note(file: &File, note: &HolderNote) {
    let _ = file.set_len(0).and_then(|()| file.write_all_at(note.text().as_bytes(), 0));
}

/// Who holds the lock, as far as the note can be believed: it must be whole, and name a process that lives. The rest of a killed holder's
/// note is overwritten by the next holder as its first act.
pub(super) fn read_holder(file: &File) -> Option<Holder> {
    let mut buffer = [0; LONGEST_NOTE];
    let length = file.read_at(&mut buffer, 0).ok()?;
    Holder::parse(std::str::from_utf8(&buffer[..length]).ok()?).filter(Holder::is_alive)
}
