//! Where the bytes are that an operation replaced or removed.

use homesync_paths::RelativePath;
use std::fmt;

/// Where they are, and so whether they can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kept {
    /// In the recovery area, at this name below it.
    Recovery(String),
    /// They are a version, at this path of the folder.
    Version(RelativePath),
    /// Wherever a person's program of this name has taken them: nobody else knows.
    Program(String),
}

impl fmt::Display for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovery(slot) => formatter.write_str(slot),
            Self::Version(path) => formatter.write_str(path.as_str()),
            Self::Program(name) => write!(formatter, "taken by {name}"),
        }
    }
}
