//! What can go wrong with an index, and what a person can do about it.

use homesync_engine::Unreadable;
use std::path::PathBuf;

/// The index cannot do what was asked. After any of these but `Locked`, `Newer` and `Busy` the index is stopped: every further call answers
/// the same until it is opened again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// Another process has it.
    #[error(
        "the index {path} is in use by another process: ask the running homesync, or stop it first (`homesync stop`)"
    )]
    Locked {
        /// The database.
        path: String,
    },
    /// The folder is open already in this process.
    #[error("the folder {folder:?} of the index is open already")]
    Busy {
        /// Which.
        folder: String,
    },
    /// What is stored cannot be what was written. It is kept as it is; a new index takes nothing from it.
    #[error(
        "the index is damaged ({reason}); it is kept{}: homesync can begin a new one, which removes nothing anywhere",
        kept.as_ref().map(|kept| format!(" as {}", kept.display())).unwrap_or_default()
    )]
    Broken {
        /// Where the damaged database is; nothing for one that has no name.
        kept: Option<PathBuf>,
        /// What was noticed.
        reason: String,
    },
    /// A newer version of homesync has written it.
    #[error(
        "the index has format {found} and this version of homesync knows formats up to {known}: install the newer version again"
    )]
    Newer {
        /// The format found.
        found: u32,
        /// The newest one known.
        known: u32,
    },
    /// The disk of the index is full. Nothing of the last commit is stored.
    #[error(
        "the disk of the index is full: free some space, then start homesync again; nothing was half stored"
    )]
    Full,
    /// The disk of the index answered with another error.
    #[error("the index cannot be read or written: {0}")]
    Disk(String),
}

impl From<IndexError> for Unreadable {
    fn from(error: IndexError) -> Self {
        Self(error.to_string())
    }
}

impl IndexError {
    /// An error of the file system, with the file.
    pub(crate) fn disk(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Disk(format!("{action} {}: {error}", path.display())),
        }
    }
}
