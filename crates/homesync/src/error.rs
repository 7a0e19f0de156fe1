//! What a person is told when something could not be done: the thing, the causes, and the next step.

use crate::exit_code::Exit;
use std::error::Error;
use std::fmt;

/// What sort of failure it is. The kind decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The world is not as it should be: a file cannot be read, a disk is full.
    Failed,
    /// What was typed or configured has no meaning.
    Usage,
    /// A person has to decide first.
    Decision,
    /// Another run holds the lock.
    Locked,
    /// The reader of our output has gone away, which is its right.
    BrokenPipe,
    /// A fault of our own.
    Fault,
}

/// A failure at the edge of the program: everything there is to say about it, as data.
#[derive(Debug)]
pub struct CommandError {
    /// What sort it is.
    pub kind: Kind,
    /// What could not be done to which thing.
    pub message: String,
    /// Why, from the nearest cause to the deepest.
    pub causes: Vec<String>,
    /// What to do next.
    pub hints: Vec<String>,
}

/// The result of a command.
pub type CommandResult<T = Exit> = Result<T, CommandError>;

impl CommandError {
    /// A failure without a cause of its own.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// A failure that a typed error of another crate describes, with everything that caused it.
    pub fn from_error(kind: Kind, error: &dyn Error) -> Self {
        let mut said = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(inner) = cause {
            // A wrapper that only repeats what is inside says nothing new.
            if said.last() != Some(&inner.to_string()) {
                said.push(inner.to_string());
            }
            cause = inner.source();
        }
        Self { kind, message: said.remove(0), causes: said, hints: Vec::new() }
    }

    /// Adds the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        match self.kind {
            Kind::Failed | Kind::Fault => Exit::Failed,
            Kind::Usage => Exit::Usage,
            Kind::Decision => Exit::Decision,
            Kind::Locked => Exit::Locked,
            Kind::BrokenPipe => Exit::Done,
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        for cause in &self.causes {
            write!(formatter, ": {cause}")?;
        }
        Ok(())
    }
}

/// Usage errors, in the shortest words to type.
pub fn usage(message: impl Into<String>) -> CommandError {
    CommandError::new(Kind::Usage, message)
}

/// Failures of the world around us.
pub fn failed(message: impl Into<String>) -> CommandError {
    CommandError::new(Kind::Failed, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_host::file::FileError;
    use std::io;

    #[test]
    fn the_whole_chain_of_causes_is_kept() {
        let error = FileError::from_io("read", "/x")(io::Error::other("the disk is on fire"));
        let error = CommandError::from_error(Kind::Failed, &error).hint("run");
        assert_eq!(error.message, "cannot read /x");
        assert_eq!(error.causes, ["the disk is on fire"]);
        assert_eq!(error.hints, ["run"]);
        assert_eq!(error.to_string(), "cannot read /x: the disk is on fire");
    }

    #[test]
    fn the_kind_decides_the_exit_code() {
        for (kind, exit) in [
            (Kind::Failed, Exit::Failed),
            (Kind::Fault, Exit::Failed),
            (Kind::Usage, Exit::Usage),
            (Kind::Decision, Exit::Decision),
            (Kind::Locked, Exit::Locked),
            (Kind::BrokenPipe, Exit::Done),
        ] {
            assert_eq!(CommandError::new(kind, "").exit(), exit);
        }
    }
}
