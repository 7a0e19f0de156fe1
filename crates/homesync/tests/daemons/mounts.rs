//! Small file systems of a test: in memory, mounted below its own directory, gone with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A file system that can be shown at another place and taken away from there, like a disk that is plugged in and out.
pub struct Disk {
    /// Where it always is.
    at: PathBuf,
    /// Where it is shown.
    shown: PathBuf,
}

impl Disk {
    /// A new one with such options (`size=8m`, `nr_inodes=100`), shown at a place. Both places are made.
    pub fn new(at: &Path, shown: &Path, options: &str) -> Self {
        Self::of("tmpfs", at, shown, &format!("mode=755,{options}"))
    }

    /// One that can hold no extended attributes.
    pub fn bare(at: &Path, shown: &Path) -> Self {
        Self::of("ramfs", at, shown, "mode=755")
    }

    fn of(kind: &str, at: &Path, shown: &Path, options: &str) -> Self {
        for place in [at, shown] {
            fs::create_dir_all(place).unwrap();
        }
        run("mount", &["-t", kind, "-o", options, kind, text(at)]);
        let disk = Self { at: at.to_owned(), shown: shown.to_owned() };
        disk.plug();
        disk
    }

    /// Shows it.
    pub fn plug(&self) {
        run("mount", &["--bind", text(&self.at), text(&self.shown)]);
    }

    /// Takes it away, also from those who have something on it open.
    pub fn pull(&self) {
        run("umount", &["--lazy", text(&self.shown)]);
    }

    /// Other options, as long as it is mounted: more room, or none to write.
    pub fn change(&self, options: &str) {
        run("mount", &["-o", &format!("remount,{options}"), text(&self.at)]);
    }

    /// Where it always is.
    pub fn at(&self) -> &Path {
        &self.at
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        for place in [&self.shown, &self.at] {
            let _ = Command::new("umount").args(["--lazy", text(place)]).stderr(Stdio::null()).status();
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.expect("it runs: `cargo xtask setup` installs mount, and file systems need root");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}
