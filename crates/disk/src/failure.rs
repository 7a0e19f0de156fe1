//! What a refusal of the system means for what happens next.

use homesync_engine::{Failure, Remedy};
use homesync_paths::{RelativePath, Shown};
use rustix::io::Errno;
use std::io;

/// Says which path, in the system's words, and what to do about it.
pub fn failure(path: &RelativePath, error: &io::Error) -> Failure {
    let path = Shown::new(path.as_str());
    let text = match Errno::from_io_error(error) {
        // What the system says of it helps nobody.
        Some(Errno::XDEV) => format!(
            "{path}: something is mounted above it, so what stands there cannot be kept for recovery in one step, and stays: make what is \
mounted a folder of its own"
        ),
        _ => format!("{path}: {error}"),
    };
    Failure { remedy: remedy(error), text }
}

/// Whether the item, or the whole folder, waits. A full disk and a full table of objects are the same to a person.
fn remedy(error: &io::Error) -> Remedy {
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC | Errno::ROFS) => Remedy::PauseFolder,
        Some(Errno::FBIG | Errno::NAMETOOLONG | Errno::ILSEQ | Errno::DQUOT) => Remedy::GiveUpItem,
        _ => Remedy::RetryItem,
    }
}
