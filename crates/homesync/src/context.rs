//! What every command gets: the options for all of them, the way to print, and this machine's places and settings.

use crate::arguments::GlobalArguments;
use crate::called_as::CalledAs;
use crate::error::CommandResult;
use crate::output::Output;
use homesync_host::configuration::{self, Configuration, Loaded};
use homesync_host::directories::Directories;
use homesync_host::lock::{HolderNote, Lock, Patience};
use homesync_paths::Quoted;
use std::cell::{Cell, OnceCell};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

/// What every command gets.
pub struct Context {
    /// The options for every command.
    pub global: GlobalArguments,
    /// The way to print.
    pub output: Output,
    /// The command, for the log and for those who wait for us.
    pub command: &'static str,
    /// Unknown settings are worth one warning each in a run, not one for each time the file is read.
    warned: Cell<bool>,
    working_settings: OnceCell<Configuration>,
}

impl Context {
    /// From what was typed, the name this program was called by, and the command.
    pub fn new(global: GlobalArguments, called_as: CalledAs, command: &'static str) -> Self {
        let root = global.root.as_ref().map(|root| format!(" --root {}", Quoted::new(root)));
        let program = format!("{}{}", called_as.name(), root.unwrap_or_default());
        let output = Output::new(global.color, global.quiet, program);
        Self { global, output, command, warned: Cell::new(false), working_settings: OnceCell::new() }
    }

    /// Where things are kept.
    pub fn directories(&self) -> CommandResult<Directories> {
        let root = self.global.root.clone().or_else(root_from_environment);
        Ok(Directories::find(root.as_deref())?)
    }

    /// This machine's settings. What is odd about them is said once.
    pub fn settings(&self, directories: &Directories) -> CommandResult<Loaded> {
        let loaded = configuration::load(directories)?;
        if !self.warned.replace(true) {
            for warning in &loaded.warnings {
                self.output.warning(&warning.to_string());
            }
        }
        Ok(loaded)
    }

    /// The settings by which this run itself works: its log and its patience. Where they cannot be read they are defaults: that is the
    /// command's own matter to report, and must not keep a person from mending it.
    pub fn working_settings(&self) -> &Configuration {
        self.working_settings.get_or_init(|| {
            let loaded =
                self.directories().ok().and_then(|directories| configuration::load(&directories).ok());
            loaded.map(|loaded| loaded.configuration).unwrap_or_default()
        })
    }

    /// Makes this run the owner of the state directory, which exists. Waits as long as the settings say, and says for whom.
    pub fn lock(&self, directories: &Directories) -> CommandResult<Lock> {
        let timeout = self.working_settings().lock.timeout;
        let patience = if self.global.no_input { Duration::ZERO } else { timeout.duration() };
        let note = HolderNote::new(&format!("homesync {}", self.command));
        let lock = Lock::acquire(&directories.lock_file(), &note, Patience::of(patience), &mut |held| {
            self.output.note(&format!("Waiting: {held}"));
        })?;
        Ok(lock)
    }

    /// Whether every question is answered with yes already.
    pub fn is_answered(&self) -> bool {
        self.global.yes || self.global.force
    }

    /// Whether a person can be asked.
    pub fn can_ask(&self) -> bool {
        !self.global.no_input && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }
}

/// The root that the environment names. Set to nothing, it counts as not set.
pub fn root_from_environment() -> Option<PathBuf> {
    std::env::var_os("HOMESYNC_ROOT").filter(|root| !root.is_empty()).map(PathBuf::from)
}
