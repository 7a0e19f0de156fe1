//! A home of its own for each test, and a way to run the program in it.

pub use crate::ran::Ran;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A user who owns nothing and may do little.
pub const NOBODY: u32 = 65_534;

/// A temporary home. Nothing outside of it is read or written.
pub struct Environment {
    place: tempfile::TempDir,
}

impl Environment {
    /// An empty home.
    pub fn new() -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        // Tests that run as another user must be able to get in.
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        Self { place }
    }

    /// An empty home in which `init` has been run.
    pub fn ready() -> Self {
        let environment = Self::new();
        environment.run(["init", "--name", "attic"]).ends_with(0);
        environment
    }

    /// The home.
    pub fn home(&self) -> &Path {
        self.place.path()
    }

    /// A path below the home.
    pub fn path(&self, below: &str) -> PathBuf {
        self.home().join(below)
    }

    /// The configuration's file.
    pub fn configuration(&self) -> PathBuf {
        self.path(".config/homesync/config.toml")
    }

    /// Writes a file below the home, with its directories.
    pub fn write(&self, below: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(below);
        fs::create_dir_all(path.parent().expect("below the home")).expect("created");
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Writes the configuration.
    pub fn configure(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.write(".config/homesync/config.toml", bytes)
    }

    /// Another program in this home, with nothing else in its environment that matters to us.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let known = name.to_string_lossy();
            if known.starts_with("XDG_")
                || known.starts_with("HOMESYNC_")
                || ["VISUAL", "EDITOR"].contains(&&*known)
            {
                command.env_remove(&name);
            }
        }
        command.env("HOME", self.home()).env("USER", "pia").env("NO_COLOR", "1").current_dir(self.home());
        command.stdin(Stdio::null());
        command
    }

    /// The program in this home.
    pub fn homesync(&self) -> Command {
        self.program(executable())
    }

    /// Runs the program to its end.
    pub fn run<const N: usize>(&self, arguments: [&str; N]) -> Ran {
        finish(self.homesync().args(arguments))
    }

    /// Every regular file below a directory, in order.
    pub fn files(&self, below: &str) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.path(below), &mut found);
        let relative = |path: PathBuf| {
            path.strip_prefix(self.home()).expect("below the home").to_string_lossy().into_owned()
        };
        let mut files: Vec<String> = found.into_iter().map(relative).collect();
        files.sort();
        files
    }
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        match entry.file_type().expect("a type").is_dir() {
            true => collect(&entry.path(), found),
            false => found.push(entry.path()),
        }
    }
}

/// The program under test.
pub fn executable() -> &'static str {
    env!("CARGO_BIN_EXE_homesync")
}

/// Runs a command to its end.
#[track_caller]
pub fn finish(command: &mut Command) -> Ran {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{:?} cannot be run ({error}); `cargo xtask setup` installs what tests need",
            command.get_program()
        )
    });
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Waits until something is so, and fails when it is not so within half a minute.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Tests that need another user or a file system of their own need to be root.
#[track_caller]
pub fn must_be_root() {
    assert!(
        rustix::process::geteuid().is_root(),
        "this test changes users and mounts file systems: run it as root, in a container"
    );
}
