//! From the typed errors of other crates to what a person is told. Kind and hint of each are decided here, in one place.

use crate::error::{CommandError, Kind};
use homesync_host::configuration::ConfigurationError;
use homesync_host::directories::DirectoriesError;
use homesync_host::file::FileError;
use homesync_host::identity::IdentityError;
use homesync_host::lock::LockError;
use homesync_host::run::RunError;
use homesync_paths::{Quoted, Shown};
use std::io;
use std::path::Path;

impl From<DirectoriesError> for CommandError {
    fn from(error: DirectoriesError) -> Self {
        let told = Self::from_error(Kind::Failed, &error);
        match &error {
            DirectoriesError::NoHome(_) => told.hint("set HOME, or name a place with --root DIR"),
            DirectoriesError::HomeMissing { .. } => {
                told.hint("create it, set HOME to where it is now, or name another place with --root DIR")
            }
            DirectoriesError::EmptyRoot => Self { kind: Kind::Usage, ..told }.hint("--root wants a directory"),
            DirectoriesError::NotOurs { path, owner, user: 0 } => told.hint(format!(
                "nothing was changed; run it as that user (`sudo -u '#{owner}' homesync …`) so that no file in {} becomes root's",
                Shown::path(path)
            )),
            DirectoriesError::NotOurs { .. } => told.hint("use a place of your own, with --root DIR"),
            DirectoriesError::File(_) => told,
        }
    }
}

impl From<FileError> for CommandError {
    fn from(error: FileError) -> Self {
        let told = Self::from_error(Kind::Failed, &error);
        match next_step(&error.source, &error.path) {
            Some(hint) => told.hint(hint),
            None => told,
        }
    }
}

/// What usually helps against an answer of the system.
fn next_step(error: &io::Error, path: &Path) -> Option<String> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("make room on that disk, then run it again".to_owned())
        }
        io::ErrorKind::ReadOnlyFilesystem => Some(
            "that disk can only be read: mount it for writing, or use another place with --root DIR"
                .to_owned(),
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            Some(format!("see what stands there: `ls -ld {}`", Quoted::new(path)))
        }
        _ => None,
    }
}

impl From<ConfigurationError> for CommandError {
    fn from(error: ConfigurationError) -> Self {
        let told = Self::from_error(Kind::Usage, &error);
        match error {
            ConfigurationError::File(error) => error.into(),
            ConfigurationError::Invalid { .. } => {
                told.hint("mend that place, by hand or with `homesync config edit`; `homesync config check` tells when it is right")
            }
            ConfigurationError::Older { .. } => told.hint(
                "mend that line; or take over the settings that are right with `homesync import config`, after which this file is not read any more",
            ),
            ConfigurationError::UnknownKey { nearest: Some(nearest), .. } => {
                told.hint(format!("the nearest is `{nearest}`; `homesync config get` lists them all"))
            }
            ConfigurationError::UnknownKey { nearest: None, .. } => told.hint("`homesync config get` lists them all"),
            ConfigurationError::Value { key, .. } => told.hint(format!("`homesync config get {key}` shows what it is now")),
        }
    }
}

impl From<IdentityError> for CommandError {
    fn from(error: IdentityError) -> Self {
        let told = Self::from_error(Kind::Failed, &error);
        match error {
            IdentityError::File(error) => error.into(),
            IdentityError::Generate(_) => told,
            IdentityError::Incomplete { .. } | IdentityError::Certificate { .. } | IdentityError::SecretsKey { .. } => told.hint(
                "put the files back from a backup; or, to become a new machine to all others, move the directory away and run `homesync init`",
            ),
        }
    }
}

impl From<LockError> for CommandError {
    fn from(error: LockError) -> Self {
        let hint = match &error {
            LockError::Held(_) => {
                let hint =
                    "wait for it to end, or end that process; `lock.timeout` says how long a command waits";
                return Self::from_error(Kind::Locked, &error).hint(hint);
            }
            LockError::Open { path, source } | LockError::Unlockable { path, source } => {
                next_step(source, path)
            }
            LockError::NotAFile { path } => {
                Some(format!("see what stands there: `ls -ld {}`", Quoted::new(path)))
            }
            LockError::AnotherUsers { .. } => None,
        };
        let told = Self::from_error(Kind::Failed, &error);
        hint.into_iter().fold(told, Self::hint)
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        Self::from_error(Kind::Failed, &error)
    }
}

/// An answer of standard output: a reader that went away is a kind of its own.
pub fn of_output(error: io::Error) -> CommandError {
    match error.kind() {
        io::ErrorKind::BrokenPipe => {
            CommandError::new(Kind::BrokenPipe, "the reader of the output has gone away")
        }
        _ => CommandError::from_error(Kind::Failed, &FileError::from_io("write", "standard output")(error)),
    }
}
