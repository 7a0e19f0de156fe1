//! Why a program could not be run to a good end.

use std::io;
use std::path::PathBuf;

use super::Limit;
use homesync_paths::Shown;

/// What went wrong. `program` is the program with its arguments as text for people: secrets cut out, control characters escaped, cut when
/// very long.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// There is no such program.
    #[error("the program {program} is not installed")]
    Missing {
        /// Its name only.
        program: String,
    },
    /// It exists but the system will not run it.
    #[error("cannot run {program}: it is not an executable program")]
    NotExecutable {
        /// The program and its arguments.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The directory that it should run in is not there.
    #[error("cannot run {program} in {}", Shown::path(directory))]
    Directory {
        /// The program and its arguments.
        program: String,
        /// Where it should have run.
        directory: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It could not be started for another reason: no memory, too many processes, a zero byte in an argument.
    #[error("cannot start {program}")]
    Start {
        /// The program and its arguments.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ran, and said that it failed or was killed.
    #[error("{program} {end}{}", after_colon(stderr))]
    Failed {
        /// The program and its arguments.
        program: String,
        /// How it ended, for example `ended with status 128` or `was killed by signal 9`.
        end: String,
        /// The exit status, `None` when a signal killed it.
        code: Option<i32>,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// It reached its limit and was stopped, with everything that it had started.
    #[error("{program} {limit} and was stopped{}", after_colon(stderr))]
    TimedOut {
        /// The program and its arguments.
        program: String,
        /// The limit that it reached.
        limit: Limit,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// We were told to stop it.
    #[error("{program} was stopped on request")]
    Cancelled {
        /// The program and its arguments.
        program: String,
    },
    /// The system would not let us follow it. It was killed.
    #[error("lost track of {program}")]
    Lost {
        /// The program and its arguments.
        program: String,
        /// What the system said.
        source: io::Error,
    },
}

impl RunError {
    /// The program (and mostly its arguments) that this is about.
    pub fn program(&self) -> &str {
        match self {
            Self::Missing { program }
            | Self::NotExecutable { program, .. }
            | Self::Directory { program, .. }
            | Self::Start { program, .. }
            | Self::Failed { program, .. }
            | Self::TimedOut { program, .. }
            | Self::Cancelled { program }
            | Self::Lost { program, .. } => program,
        }
    }
}

/// The program's own words as the end of a message, nothing when it had none.
fn after_colon(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}
