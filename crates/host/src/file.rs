//! Small files of our own, read with bounds and replaced whole.
//!
//! A file is replaced in two steps, so that several can be prepared before the first one changes: [`Staged::write`] puts the new bytes,
//! durable and with their final mode, beside the target; [`Staged::commit`] gives them the target's name and makes the name durable.
//! After a crash at any point the target holds either the old bytes or the new ones.

use homesync_paths::Shown;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What could not be done to which path, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", Shown::path(.path))]
pub struct FileError {
    /// A verb: `read`, `write`, `create`.
    pub action: &'static str,
    /// The path it was about.
    pub path: PathBuf,
    /// The system's word.
    pub source: io::Error,
}

impl FileError {
    /// Adds what was tried, so that no error travels without it: `File::open(path).map_err(FileError::from_io("open", path))`.
    pub fn from_io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self { action, path, source }
    }
}

/// Whether there is something at a path. That it cannot be known is an error, never a no.
pub fn is_present(path: &Path) -> Result<bool, FileError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FileError::from_io("look at", path)(error)),
    }
}

/// Follows a path. Nothing at it is `None`; a link to nothing is an error. What appears between the two looks is looked at again: another
/// process has just made it.
fn unless_absent<T>(path: &Path, mut follow: impl FnMut() -> io::Result<T>) -> io::Result<Option<T>> {
    loop {
        match follow() {
            Ok(found) => return Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::symlink_metadata(path) {
                Ok(metadata) if metadata.is_symlink() && is_absent(&fs::metadata(path)) => {
                    let text = "it is a link to something that is not there";
                    return Err(io::Error::new(io::ErrorKind::NotFound, text));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
}

fn is_absent<T>(result: &io::Result<T>) -> bool {
    matches!(result, Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Reads a regular file of at most `limit` bytes. Nothing at that path is `None`; a directory, a pipe, a larger file, or a link to nothing is
/// an error.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    let failed = |source| FileError { action: "read", path: path.to_owned(), source };
    // Without waiting, or a pipe of that name would stop us for ever.
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    let opened = unless_absent(path, || OpenOptions::new().read(true).custom_flags(flags).open(path));
    let Some(file) = opened.map_err(failed)? else { return Ok(None) };
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file")));
    }
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    // With room for everything from the start: what grows leaves copies of itself behind, and some of what we read is secret.
    let mut bytes = Vec::with_capacity(metadata.len().min(limit) as usize + 1);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let text = format!("it is larger than {limit} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, text)));
    }
    Ok(Some(bytes))
}

/// Creates a directory that only its owner can enter, with its parents, each durable in the one that holds it. One that exists is left as
/// it is. Returns those that were created, the innermost first.
pub fn create_private_directory(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut missing = Vec::new();
    for place in path.ancestors() {
        match fs::metadata(place) {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push(place.to_owned()),
            Err(error) => return Err(FileError::from_io("look at", place)(error)),
        }
    }
    for place in missing.iter().rev() {
        match fs::DirBuilder::new().mode(0o700).create(place) {
            Ok(()) => synchronize_directory(parent_of(place))?,
            // Another run was faster, which is as good.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && place.is_dir() => {}
            Err(error) => return Err(FileError::from_io("create", place)(error)),
        }
    }
    Ok(missing)
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether this user may write there, by the system's own judgement.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let answer = rustix::fs::access(path, rustix::fs::Access::WRITE_OK);
    answer.map_err(|error| FileError::from_io("write", path)(error.into()))
}

/// How many bytes an ordinary user can still write on the file system that holds `path`.
pub fn free_bytes(path: &Path) -> Result<u64, FileError> {
    let system =
        rustix::fs::statvfs(path).map_err(|error| FileError::from_io("measure", path)(error.into()))?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Makes the names in a directory durable.
pub fn synchronize_directory(path: &Path) -> Result<(), FileError> {
    let directory = File::open(path).map_err(FileError::from_io("open", path))?;
    directory.sync_all().map_err(FileError::from_io("make durable", path))
}

/// Creates a new file with these bytes and exactly this mode, and makes its bytes durable. Its name is made durable by the caller.
pub fn create_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |source| FileError { action: "write", path: path.to_owned(), source };
    // Private while it is being written, whatever its final mode is.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// Ends the name of a file that is being written.
const SUFFIX: &str = "homesync-new";

/// New bytes for a file, durable beside it and not yet under its name. Dropped without [`Staged::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// Prepares to replace `path`, or what it links to, by `bytes`. An existing file keeps its mode; a new one gets `mode`. A file of another
    /// user, or as root a place of another user, is refused: what we leave behind would be ours and no longer theirs.
    ///
    /// The caller holds the lock of the installation: the temporary name is fixed, so that a run that was killed leaves at most one
    /// stray file, which the next run reuses.
    pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<Self, FileError> {
        Self::write_as(path, bytes, mode, SUFFIX)
    }

    /// Takes away what a run that was killed left beside `path`. The caller holds the lock of the installation.
    pub fn clear(path: &Path) -> Result<(), FileError> {
        discard(&beside(path, SUFFIX)?);
        Ok(())
    }

    fn write_as(path: &Path, bytes: &[u8], mode: u32, suffix: &str) -> Result<Self, FileError> {
        // People link their configuration into a repository of dotfiles: the link stays, its target is replaced.
        let found = unless_absent(path, || {
            let target = fs::canonicalize(path)?;
            let metadata = fs::metadata(&target)?;
            Ok((target, metadata))
        });
        let (target, mode) = match found.map_err(FileError::from_io("replace", path))? {
            Some((target, metadata)) => {
                if !metadata.is_file() {
                    let error = io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file");
                    return Err(FileError::from_io("replace", path)(error));
                }
                check_owner(&target, &metadata)?;
                (target, metadata.permissions().mode() & 0o7777)
            }
            None => (path.to_owned(), mode),
        };
        let directory = parent_of(&target);
        let metadata = fs::metadata(directory).map_err(FileError::from_io("look at", directory))?;
        if rustix::process::geteuid().is_root() {
            check_owner(directory, &metadata)?;
        }
        let temporary = beside(&target, suffix)?;
        discard(&temporary);
        let staged = Self { temporary, target };
        create_new(&staged.temporary, bytes, mode)?;
        Ok(staged)
    }

    /// Gives the new bytes their name. After this returns they survive a power cut.
    pub fn commit(self) -> Result<(), FileError> {
        fs::rename(&self.temporary, &self.target).map_err(FileError::from_io("replace", &self.target))?;
        synchronize_directory(parent_of(&self.target))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        discard(&self.temporary);
    }
}

/// Replaces a file whole: [`Staged::write`] and [`Staged::commit`] in one.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    Staged::write(path, bytes, mode)?.commit()
}

/// Replaces a file whole where no lock keeps other runs away: the temporary name is this process's own.
pub fn replace_unlocked(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let suffix = format!("{SUFFIX}-{}", std::process::id());
    Staged::write_as(path, bytes, mode, &suffix)?.commit()
}

fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), FileError> {
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() == user {
        return Ok(());
    }
    let text = format!("it belongs to user {}, but this is user {user}", metadata.uid());
    Err(FileError::from_io("replace", path)(io::Error::new(io::ErrorKind::PermissionDenied, text)))
}

fn beside(target: &Path, suffix: &str) -> Result<PathBuf, FileError> {
    let Some(name) = target.file_name() else {
        let error = io::Error::new(io::ErrorKind::InvalidInput, "it has no file name");
        return Err(FileError::from_io("replace", target)(error));
    };
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(".");
    temporary.push(suffix);
    Ok(target.with_file_name(temporary))
}

/// Takes away a temporary file of ours. That it is gone, or cannot be taken away, changes nothing for anybody.
#[expect(clippy::disallowed_methods, reason = "a temporary file of ours, never a user's")]
fn discard(temporary: &Path) {
    let _ = fs::remove_file(temporary);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary directory")
    }

    #[test]
    fn reading_knows_absent_from_unreadable() {
        let place = place();
        let path = place.path().join("file");
        assert!(matches!(read_bounded(&path, 10), Ok(None)));
        fs::write(&path, b"0123456789").expect("written");
        assert_eq!(read_bounded(&path, 10).expect("readable").as_deref(), Some(&b"0123456789"[..]));
        let error = read_bounded(&path, 9).expect_err("too large");
        assert_eq!(error.source.to_string(), "it is larger than 9 bytes");
        let error = read_bounded(place.path(), 9).expect_err("a directory");
        assert_eq!(error.source.kind(), io::ErrorKind::IsADirectory);
        let error = read_bounded(&path.join("below"), 9).expect_err("below a file");
        assert_eq!(error.action, "read");
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_does_not_stop_us() {
        let place = place();
        let path = place.path().join("pipe");
        crate::testing::make_pipe(&path);
        assert!(read_bounded(&path, 9).expect_err("a pipe").source.to_string().contains("regular file"));
        assert!(Staged::write(&path, b"", 0o600).is_err());
    }

    #[test]
    fn replacing_keeps_the_mode_and_follows_the_users_link() {
        let place = place();
        let real = place.path().join("real");
        let link = place.path().join("link");
        fs::write(&real, b"old").expect("written");
        fs::set_permissions(&real, Permissions::from_mode(0o640)).expect("a mode");
        std::os::unix::fs::symlink(&real, &link).expect("a link");
        replace(&link, b"new", 0o600).expect("replaced");
        assert_eq!(fs::read(&real).expect("readable"), b"new");
        assert_eq!(fs::metadata(&real).expect("it exists").permissions().mode() & 0o7777, 0o640);
        assert!(fs::symlink_metadata(&link).expect("it exists").is_symlink());
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 2, "no temporary file is left");
    }

    #[test]
    fn what_was_staged_and_not_committed_leaves_no_trace() {
        let place = place();
        let path = place.path().join("file");
        let staged = Staged::write(&path, b"new", 0o600).expect("staged");
        assert!(!is_present(&path).expect("known"));
        drop(staged);
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 0);
        assert!(Staged::write(Path::new("/"), b"", 0o600).is_err());
        std::os::unix::fs::symlink("nowhere", &path).expect("a link");
        assert!(Staged::write(&path, b"new", 0o600).is_err(), "a link of the user is not replaced");
    }

    #[test]
    fn a_temporary_file_of_a_killed_run_is_in_nobodys_way() {
        let place = place();
        let path = place.path().join("file");
        std::mem::forget(Staged::write(&path, b"half", 0o600).expect("staged"));
        replace(&path, b"whole", 0o600).expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"whole");
        std::mem::forget(Staged::write(&path, b"half", 0o600).expect("staged"));
        Staged::clear(&path).expect("cleared");
        assert_eq!(fs::read_dir(place.path()).expect("readable").count(), 1);
    }

    #[test]
    fn room_and_permission_are_asked_of_the_system() {
        let place = place();
        assert!(free_bytes(place.path()).expect("a file system") > 0);
        assert!(check_writable(place.path()).is_ok());
        assert!(free_bytes(&place.path().join("missing")).is_err());
        assert!(check_writable(&place.path().join("missing")).is_err());
    }

    #[test]
    fn what_cannot_be_looked_at_is_not_absent() {
        let place = place();
        assert!(!is_present(&place.path().join("missing")).expect("known"));
        assert!(is_present(place.path()).expect("known"));
        let file = place.path().join("file");
        fs::write(&file, "").expect("written");
        assert!(is_present(&file.join("below")).is_err());
        let link = place.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("a link");
        assert!(is_present(&link).expect("known"));
        let error = read_bounded(&link, 9).expect_err("a link to nothing");
        assert_eq!(error.source.to_string(), "it is a link to something that is not there");
    }

    #[test]
    fn what_appears_while_we_look_is_no_link_to_nothing() {
        let place = place();
        let path = place.path().join("file");
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for _ in 0..20_000 {
                    fs::write(&path, b"x").expect("written");
                    discard(&path);
                }
            });
            while !writer.is_finished() {
                read_bounded(&path, 9).expect("a file or nothing");
                drop(Staged::write_as(&path, b"y", 0o600, "test").expect("a file or nothing"));
            }
        });
    }

    #[test]
    fn k5_root_leaves_the_files_of_others_theirs() {
        let place = place();
        let (theirs, file) = (place.path().join("theirs"), place.path().join("theirs/file"));
        fs::create_dir(&theirs).expect("created");
        fs::write(&file, "theirs").expect("written");
        let give = |path: &Path| {
            let given = std::os::unix::fs::chown(path, Some(4711), Some(4711));
            given.expect("only root can give files away: run the tests as root, in a container");
        };
        give(&file);
        let error = replace(&file, b"ours", 0o600).expect_err("another user's file");
        assert!(error.source.to_string().contains("belongs to user 4711"), "{error:?}");
        give(&theirs);
        assert!(replace_unlocked(&theirs.join("new"), b"ours", 0o600).is_err(), "another user's directory");
        assert_eq!(fs::read(&file).expect("readable"), b"theirs");
        assert_eq!(fs::read_dir(&theirs).expect("readable").count(), 1);
    }

    #[test]
    fn private_directories_are_private() {
        let place = place();
        let path = place.path().join("a/b");
        let created = create_private_directory(&path).expect("created");
        assert_eq!(created, [path.clone(), place.path().join("a")]);
        assert!(create_private_directory(&path).expect("twice changes nothing").is_empty());
        fs::write(path.join("file"), "").expect("written");
        assert!(create_private_directory(&path.join("file/below")).is_err());
        assert_eq!(fs::metadata(&path).expect("it exists").permissions().mode() & 0o777, 0o700);
    }
}
