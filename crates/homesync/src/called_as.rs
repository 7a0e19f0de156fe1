//! The name this program is called by. Under the name of a tool that it replaces it keeps that tool's habits.

use crate::exit_code::Exit;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The habits in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledAs {
    /// Our own.
    Homesync,
    /// Those of the older home-sync tool: it ends with 0 or 1 and nothing else. Its options have the same names here.
    OlderHomeSync,
}

impl CalledAs {
    /// Looks at the first argument, which is how the caller named us.
    pub fn from_arguments(arguments: &[OsString]) -> Self {
        let name = arguments.first().and_then(|first| Path::new(first).file_name());
        if name == Some(OsStr::new("home-sync")) { Self::OlderHomeSync } else { Self::Homesync }
    }

    /// That name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Homesync => "homesync",
            Self::OlderHomeSync => "home-sync",
        }
    }

    /// The command line under that name.
    pub fn adapt(self, command: clap::Command) -> clap::Command {
        command.name(self.name()).bin_name(self.name())
    }

    /// The exit code under that name.
    pub fn exit_code(self, exit: Exit) -> Exit {
        match (self, exit) {
            (Self::Homesync, exit) => exit,
            (Self::OlderHomeSync, Exit::Done) => Exit::Done,
            (Self::OlderHomeSync, _) => Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_the_habits() {
        let called = |name: &str| CalledAs::from_arguments(&[OsString::from(name)]);
        assert_eq!(called("/usr/local/bin/home-sync"), CalledAs::OlderHomeSync);
        assert_eq!(called("home-sync"), CalledAs::OlderHomeSync);
        assert_eq!(called("/usr/bin/homesync"), CalledAs::Homesync);
        assert_eq!(CalledAs::from_arguments(&[]), CalledAs::Homesync);
        for exit in [Exit::Failed, Exit::Usage, Exit::Decision, Exit::Locked, Exit::Partly] {
            assert_eq!(CalledAs::OlderHomeSync.exit_code(exit), Exit::Failed);
            assert_eq!(CalledAs::Homesync.exit_code(exit), exit);
        }
        assert_eq!(CalledAs::OlderHomeSync.exit_code(Exit::Done), Exit::Done);
    }
}
