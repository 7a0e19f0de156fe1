//! The settings of this machine: `config.toml`, typed, with a default for everything.
//!
//! - `settings`: the one table of all settings, from which help, reference and suggestions come;
//! - `values`: types that cannot hold a wrong value;
//! - `read`: from a file to a [`Configuration`], with places for errors and warnings;
//! - `machines`, `folders`, `networks`: the tables of other machines, of folders and of networks, one for each name;
//! - `edit`, `entries`: changing one setting, or one of those tables, and keeping everything else as the user wrote it;
//! - `older`: the YAML file of the older home-sync tool.

mod edit;
mod entries;
mod folders;
mod machines;
mod nearest;
mod networks;
mod older;
mod position;
mod read;
mod settings;
mod values;

pub use edit::Editable;
pub use entries::{FOLDER_KEYS, MACHINE_KEYS, NETWORK_KEYS};
pub use folders::{
    CarryWord, FolderKindWord, FolderMode, FolderName, FolderPath, FolderSettings, GuardWord, VersioningWord,
};
pub use machines::{CompressionWord, DeviceText, MachineAddress, MachineSettings};
pub use networks::NetworkSettings;
pub use older::{Imported, import as import_older};
pub use read::{Loaded, MAX_BYTES, Source, Warning, find_older, load, parse};
pub use settings::{SETTINGS, Setting, ValueKind, nearest_setting};
/// A value as it stands in the file.
pub use toml_edit::Value;
pub use values::{
    Days, ListenAddress, LogLevel, MachineKind, MachineName, Period, Port, RepositoryPath, SystemLog,
    ValueError,
};

use crate::file::FileError;
use homesync_paths::Shown;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All settings of this machine. What the file does not say has its default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Configuration {
    /// Who this machine is to people.
    pub machine: Machine,
    /// The home repository.
    pub repository: Repository,
    /// Exchange with other machines.
    pub sync: Sync,
    /// Archives a person can open without us.
    pub backup: Backup,
    /// Connections.
    pub network: Network,
    /// What is written down about our own work.
    pub log: Log,
    /// Waiting for another run.
    pub lock: LockSettings,
    /// The other machines, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub machines: BTreeMap<MachineName, MachineSettings>,
    /// The networks that have names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub networks: BTreeMap<FolderName, NetworkSettings>,
    /// The folders, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub folders: BTreeMap<FolderName, FolderSettings>,
}

/// Who this machine is to people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Machine {
    /// Its name, once `init` chose one.
    pub name: Option<MachineName>,
    /// Its kind, once `init` found it out.
    pub kind: Option<MachineKind>,
}

/// The home repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// Where it is; the data directory's `home` when not set.
    pub path: Option<RepositoryPath>,
}

/// Exchange with other machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sync {
    /// How often to ask for what others pushed.
    pub interval: Period<60>,
    /// Whether captured changes are pushed without being told to.
    pub auto_push: bool,
}

impl Default for Sync {
    fn default() -> Self {
        Self { interval: Period::from_seconds(300), auto_push: true }
    }
}

/// Archives a person can open without us.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backup {
    /// For how many days one backup a day is kept.
    pub retention_days: Days,
}

/// Connections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Where other machines can reach this one.
    pub listen: Vec<ListenAddress>,
    /// Whether machines on the same network find each other.
    pub discovery: bool,
    /// The port on which they do.
    pub discovery_port: Port,
    /// KiB a second that are sent at most; zero for as many as there are.
    pub send_limit: u64,
    /// KiB a second that are received at most.
    pub receive_limit: u64,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            listen: ["tcp://0.0.0.0:22000", "quic://0.0.0.0:22000"].map(ListenAddress::known).to_vec(),
            discovery: true,
            discovery_port: Port::known(21_027),
            send_limit: 0,
            receive_limit: 0,
        }
    }
}

/// What is written down about our own work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    /// The least important message that is written down.
    pub level: LogLevel,
    /// Whether JSON lines are written to the state directory.
    pub file: bool,
    /// The system's log to write to as well.
    pub system: SystemLog,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::default(), file: true, system: SystemLog::default() }
    }
}

/// Waiting for another run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LockSettings {
    /// How long a command waits for another run to end.
    pub timeout: Period<0>,
}

impl Default for LockSettings {
    fn default() -> Self {
        Self { timeout: Period::from_seconds(300) }
    }
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// It could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Something in it is not right, at this place.
    #[error("{}:{line}:{column}: {message}", Shown::path(.path))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong, in one sentence.
        message: String,
    },
    /// Something in the older tool's configuration is not right, at this place.
    #[error("{}:{line}:{column}: {message}", Shown::path(.path))]
    Older {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong, in one sentence.
        message: String,
    },
    /// No setting has this name.
    #[error("there is no setting `{}`", Shown::new(.key))]
    UnknownKey {
        /// What was asked for.
        key: String,
        /// The setting that is spelled most like it.
        nearest: Option<&'static str>,
    },
    /// The value is not one that this setting can have.
    #[error("`{key}` cannot be {}: {reason}", Shown::new(.value))]
    Value {
        /// The setting.
        key: &'static str,
        /// What was given.
        value: String,
        /// Why it does not fit.
        reason: String,
    },
}
