//! How a command ends. Scripts rely on these numbers.

use std::process::ExitCode;

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything that was asked for is done.
    Done,
    /// It could not be done.
    Failed,
    /// What was typed, or written in a configuration, has no meaning.
    Usage,
    /// A person has to decide something first.
    Decision,
    /// Another run holds the lock.
    Locked,
    /// Some of it is done, and the rest is named.
    Partly,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Decision => 3,
            Self::Locked => 4,
            Self::Partly => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_numbers_are_a_promise() {
        let all = [Exit::Done, Exit::Failed, Exit::Usage, Exit::Decision, Exit::Locked, Exit::Partly];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5]);
    }
}
