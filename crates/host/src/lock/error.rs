//! Why a lock could not be taken, in words for the person who waits.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::Holder;
use homesync_paths::Shown;

/// Somebody else has the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The lock file.
    pub path: PathBuf,
    /// Who holds it, when it said so.
    pub holder: Option<Holder>,
    /// How long we have waited so far.
    pub waited: Duration,
}

impl fmt::Display for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.holder {
            Some(holder) => write!(formatter, "another run holds the lock: {holder}"),
            None => write!(formatter, "another run holds the lock {}", Shown::path(&self.path)),
        }
    }
}

/// Why the lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another run has it and did not let go in time.
    #[error("{0}")]
    Held(Held),
    /// The lock file cannot be opened or created.
    #[error("cannot open the lock file {}", Shown::path(path))]
    Open {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is something at the lock's place that is not a plain file: a directory, a link, a pipe.
    #[error("the lock file {} is not a plain file: move it away", Shown::path(path))]
    NotAFile {
        /// The lock file.
        path: PathBuf,
    },
    /// The lock file is another user's.
    #[error(
        "the lock file {} belongs to user {owner}, not to us: run as that user, or choose another state directory",
        Shown::path(path)
    )]
    AnotherUsers {
        /// The lock file.
        path: PathBuf,
        /// The numeric id of its owner.
        owner: u32,
    },
    /// The file system does not lock.
    #[error("the file system cannot lock {}", Shown::path(path))]
    Unlockable {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
