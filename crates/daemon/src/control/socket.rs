//! Where the socket is. Its address has room for a hundred bytes, and paths may be longer: then it is reached through its open directory.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// The longest path that every system takes.
const LONGEST: usize = 100;
const NAME: &str = "control.socket";

/// The socket of an installation.
pub fn place_of(state: &Path) -> PathBuf {
    state.join(NAME)
}

/// The path to use in calls, and what must stay open meanwhile.
fn reach(state: &Path) -> io::Result<(PathBuf, Option<OwnedFd>)> {
    let place = place_of(state);
    if place.as_os_str().len() <= LONGEST {
        return Ok((place, None));
    }
    let directory = openat(CWD, state, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let short = PathBuf::from(format!("{}/{}/{NAME}", crate::platform::OPEN_FILES, directory.as_raw_fd()));
    Ok((short, Some(directory)))
}

/// Opens it for a command.
pub(super) fn connect(state: &Path) -> io::Result<UnixStream> {
    let (path, _open) = reach(state)?;
    UnixStream::connect(path)
}

/// Opens it for the daemon, which holds the daemon's lock: what is there is a socket of one that is gone. Nobody but the owner can open it, not even
/// in the moment in which it is made.
pub(super) fn listen(state: &Path) -> io::Result<UnixListener> {
    let (path, _open) = reach(state)?;
    remove(state)?;
    let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let listener = UnixListener::bind(path);
    rustix::process::umask(before);
    listener
}

/// Takes it away.
pub(super) fn remove(state: &Path) -> io::Result<()> {
    // What is ours and holds nothing of anybody's.
    match unlinkat(CWD, place_of(state), AtFlags::empty()) {
        Err(Errno::NOENT) | Ok(()) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_socket_is_the_owners_alone_however_long_its_path_is() {
        let directory = tempfile::tempdir().unwrap();
        for state in [directory.path().to_owned(), directory.path().join("x".repeat(120))] {
            std::fs::create_dir_all(&state).unwrap();
            let listener = listen(&state).unwrap();
            let mode = std::fs::metadata(place_of(&state)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0);
            let mut ours = connect(&state).unwrap();
            ours.write_all(b"x").unwrap();
            let (mut theirs, _) = listener.accept().unwrap();
            let mut byte = [0];
            theirs.read_exact(&mut byte).unwrap();
            // One that is left behind is no obstacle.
            drop(listener);
            assert!(connect(&state).is_err());
            drop(listen(&state).unwrap());
            remove(&state).unwrap();
            remove(&state).unwrap();
        }
    }
}
