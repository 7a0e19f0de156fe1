//! Where homesync keeps its things: the XDG directories of the user, or three directories below one root.

use crate::file::{self, FileError};
use homesync_paths::Shown;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The places of one installation. On macOS these are the XDG directories too: one layout for every machine of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// Below which everything lies, when the user asked for that.
    pub root: Option<PathBuf>,
    /// The user's home, when it is known. With a root it may be absent.
    pub home: Option<PathBuf>,
    /// Holds `config.toml`.
    pub configuration: PathBuf,
    /// Holds the identity and the home repository.
    pub data: PathBuf,
    /// Holds what we can make again: logs, locks, indexes, the prompt's text.
    pub state: PathBuf,
}

/// Why there is no place to keep things.
#[derive(Debug, thiserror::Error)]
pub enum DirectoriesError {
    /// The environment names no home directory, so there is nowhere to begin.
    #[error("HOME is {0}, so there is no place for configuration and state")]
    NoHome(&'static str),
    /// The home directory that the environment names is not there: it was moved, or its disk is not mounted.
    #[error("the home directory {} does not exist", Shown::path(.path))]
    HomeMissing {
        /// What HOME says.
        path: PathBuf,
    },
    /// The root was given as an empty text.
    #[error("the root directory is an empty name")]
    EmptyRoot,
    /// The working directory is gone, so a relative root has no meaning.
    #[error(transparent)]
    File(#[from] FileError),
    /// The place belongs to somebody else.
    #[error("{} belongs to user {owner}, but this is user {user}", Shown::path(.path))]
    NotOurs {
        /// The directory that exists and is another user's.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who we are.
        user: u32,
    },
}

impl Directories {
    /// Finds the directories from the root that the user gave, if any, and from the environment. Nothing is created.
    pub fn find(root: Option<&Path>) -> Result<Self, DirectoriesError> {
        Self::find_in(root, |name| std::env::var_os(name))
    }

    /// As [`Directories::find`], with the environment as an argument.
    pub fn find_in(
        root: Option<&Path>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, DirectoriesError> {
        let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        if let Some(root) = root {
            if root.as_os_str().is_empty() {
                return Err(DirectoriesError::EmptyRoot);
            }
            // Absolute from here on: the daemon and editors may change their working directory.
            let root = std::path::absolute(root).map_err(FileError::from_io("find", root))?;
            return Ok(Self {
                configuration: root.join("config"),
                data: root.join("data"),
                state: root.join("state"),
                root: Some(root),
                home,
            });
        }
        // The XDG rule: a relative value counts as not set. It is given to HOME as well, because a relative home would scatter files
        // over every directory a command is called from.
        let home = match (home, variable("HOME")) {
            (Some(home), _) => home,
            (None, Some(text)) if text.is_empty() => return Err(DirectoriesError::NoHome("empty")),
            (None, Some(_)) => return Err(DirectoriesError::NoHome("not an absolute path")),
            (None, None) => return Err(DirectoriesError::NoHome("not set")),
        };
        let base = |name: &str, fallback: &str| {
            let chosen = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            chosen.unwrap_or_else(|| home.join(fallback)).join("homesync")
        };
        Ok(Self {
            configuration: base("XDG_CONFIG_HOME", ".config"),
            data: base("XDG_DATA_HOME", ".local/share"),
            state: base("XDG_STATE_HOME", ".local/state"),
            root: None,
            home: Some(home),
        })
    }

    /// This machine's configuration.
    pub fn configuration_file(&self) -> PathBuf {
        self.configuration.join("config.toml")
    }

    /// Where a configuration of the older home-sync tool may be. Below a root only the root is looked at, so that an installation of
    /// its own stays on its own.
    pub fn older_configuration_files(&self) -> Vec<PathBuf> {
        let mut files = vec![self.configuration.join("config.yml")];
        if self.root.is_none() {
            files.extend(self.configuration.parent().map(|base| base.join("home-sync/config.yml")));
        }
        files
    }

    /// The identity's certificate and keys.
    pub fn identity(&self) -> PathBuf {
        self.data.join("identity")
    }

    /// The lock that makes one process the owner of the state.
    pub fn lock_file(&self) -> PathBuf {
        self.state.join("lock")
    }

    /// The lock that makes one process the daemon. Commands change settings while it is held: theirs is the other one.
    pub fn daemon_lock_file(&self) -> PathBuf {
        self.state.join("daemon.lock")
    }

    /// The index of all folders.
    pub fn index_file(&self) -> PathBuf {
        self.state.join("index.redb")
    }

    /// Log files.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// The short text that a shell's prompt shows.
    pub fn prompt_file(&self) -> PathBuf {
        self.state.join("prompt")
    }

    /// Refuses to go on when writing would leave files of one user in the tree of another: in a directory of ours that is not ours, or
    /// as root anywhere below a place that is not root's. Called before anything is created.
    pub fn check_owner(&self) -> Result<(), DirectoriesError> {
        let user = rustix::process::geteuid().as_raw();
        if let (None, Some(home)) = (&self.root, &self.home) {
            if !file::is_present(home)? {
                return Err(DirectoriesError::HomeMissing { path: home.clone() });
            }
            // Also when an earlier slip has left directories of root's in it.
            if user == 0 {
                check_owner_of(home, user)?;
            }
        }
        for directory in [&self.configuration, &self.data, &self.state] {
            check_owner_of(directory, user)?;
        }
        Ok(())
    }
}

/// Refuses as [`Directories::check_owner`] does, for a place that the user named.
pub fn check_owner_of_place(place: &Path) -> Result<(), DirectoriesError> {
    let place = std::path::absolute(place).map_err(FileError::from_io("find", place))?;
    check_owner_of(&place, rustix::process::geteuid().as_raw())
}

/// The nearest existing place decides. For an ordinary user its owner matters only when it is our own directory: above that, the
/// system's permissions say whether we may create it.
fn check_owner_of(directory: &Path, user: u32) -> Result<(), DirectoriesError> {
    for (distance, place) in directory.ancestors().enumerate() {
        let metadata = match std::fs::metadata(place) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FileError::from_io("look at", place)(error).into()),
        };
        let owner = metadata.uid();
        let matters = user == 0 || distance == 0;
        if matters && owner != user {
            return Err(DirectoriesError::NotOurs { path: place.to_owned(), owner, user });
        }
        return Ok(());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(root: Option<&str>, environment: &[(&str, &str)]) -> Result<Directories, DirectoriesError> {
        Directories::find_in(root.map(Path::new), |name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn without_a_root_the_xdg_directories_are_used() {
        let found = find(None, &[("HOME", "/home/p")]).expect("a home is enough");
        assert_eq!(found.configuration_file(), Path::new("/home/p/.config/homesync/config.toml"));
        assert_eq!(found.identity(), Path::new("/home/p/.local/share/homesync/identity"));
        assert_eq!(found.lock_file(), Path::new("/home/p/.local/state/homesync/lock"));
        assert_eq!(
            found.older_configuration_files(),
            [
                Path::new("/home/p/.config/homesync/config.yml"),
                Path::new("/home/p/.config/home-sync/config.yml")
            ]
        );
    }

    #[test]
    fn absolute_xdg_variables_win_and_relative_ones_count_as_unset() {
        let found = find(
            None,
            &[
                ("HOME", "/home/p"),
                ("XDG_CONFIG_HOME", "/etc/p"),
                ("XDG_DATA_HOME", "data"),
                ("XDG_STATE_HOME", ""),
            ],
        )
        .expect("a home is enough");
        assert_eq!(found.configuration, Path::new("/etc/p/homesync"));
        assert_eq!(found.data, Path::new("/home/p/.local/share/homesync"));
        assert_eq!(found.state, Path::new("/home/p/.local/state/homesync"));
    }

    #[test]
    fn a_root_holds_everything_and_needs_no_home() {
        let found = find(Some("/tmp/x"), &[]).expect("a root is enough");
        assert_eq!(found.configuration_file(), Path::new("/tmp/x/config/config.toml"));
        assert_eq!(found.data, Path::new("/tmp/x/data"));
        assert_eq!(found.logs(), Path::new("/tmp/x/state/logs"));
        assert_eq!(found.prompt_file(), Path::new("/tmp/x/state/prompt"));
        assert_eq!(found.older_configuration_files(), [Path::new("/tmp/x/config/config.yml")]);
        assert!(find(Some("relative"), &[]).expect("a root is enough").state.is_absolute());
        assert!(matches!(find(Some(""), &[]), Err(DirectoriesError::EmptyRoot)));
    }

    #[test]
    fn k5_a_missing_empty_or_relative_home_is_an_error_and_never_a_guess() {
        for (environment, said) in [
            (&[][..], "HOME is not set"),
            (&[("HOME", "")], "HOME is empty"),
            (&[("HOME", "home/p")], "HOME is not an absolute path"),
        ] {
            let error = find(None, environment).expect_err("no home");
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }

    #[test]
    fn k5_root_stays_out_of_places_that_are_not_roots() {
        let place = tempfile::tempdir().expect("a temporary directory");
        let owner = std::fs::metadata(place.path()).expect("it exists").uid();
        let deep = place.path().join("a/b");
        assert!(check_owner_of(&deep, owner).is_ok());
        if owner != 0 {
            assert!(matches!(check_owner_of(&deep, 0), Err(DirectoriesError::NotOurs { .. })));
        }
        // For anybody but root, a parent of another user is the system's business, our own directory is not.
        assert!(check_owner_of(&deep, owner + 1).is_ok());
        let error = check_owner_of(place.path(), owner + 1).expect_err("another user's directory");
        assert!(error.to_string().contains(&format!("belongs to user {owner}")), "{error}");
    }
}
