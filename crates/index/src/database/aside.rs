//! Files beside the database: nothing that was an index is ever removed by us.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The database's name with an ending.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// Gives what is at a path another name; answers it, or nothing if nothing was there.
pub(super) fn move_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if let Err(error) = path.symlink_metadata() {
        return if error.kind() == io::ErrorKind::NotFound { Ok(None) } else { Err(error) };
    }
    for number in 1.. {
        let kept = beside(path, &format!("broken-{number}"));
        match kept.symlink_metadata() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                std::fs::rename(path, &kept)?;
                sync_directory(path)?;
                return Ok(Some(kept));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// A durable copy. One that is there already is kept: it was made before an earlier attempt that did not end.
pub(super) fn copy(path: &Path, copy: &Path) -> io::Result<()> {
    if copy.symlink_metadata().is_ok() {
        return Ok(());
    }
    let unfinished = beside(copy, "new");
    std::fs::copy(path, &unfinished)?;
    File::open(&unfinished)?.sync_all()?;
    std::fs::rename(&unfinished, copy)?;
    sync_directory(path)
}

/// Makes the names in a file's directory durable.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
