//! The log file, which several processes may write at once.
//!
//! Each line is appended by one `write` to a file opened for appending, so lines of different processes never mix. Rotation is done by
//! whoever finds the file full and gets its lock; nobody waits for that lock. The others notice that the name now belongs to another file
//! and open it again. A line that was written in between lands in the older file, whole.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::settings::FileLog;
use crate::file::is_present;

const NAME: &str = "homesync.jsonl";
/// A smaller limit would rotate away what is being looked for.
const SMALLEST: u64 = 1024;

pub(super) struct RotatingFile {
    settings: FileLog,
    path: PathBuf,
    file: Option<File>,
    /// Whether the last line was written in part (the disk was full): the next one must not be glued to it.
    torn: bool,
}

impl RotatingFile {
    pub(super) fn new(settings: FileLog) -> Self {
        Self { path: settings.directory.join(NAME), settings, file: None, torn: false }
    }

    /// Appends a whole line, with its end. As long as there is no state directory to hold the log there is nothing to write down, and a
    /// log must not be what makes one.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let state = self.settings.directory.parent();
        if self.file.is_none() && state.is_some_and(|state| matches!(is_present(state), Ok(false))) {
            return Ok(());
        }
        let mut file = self.current()?;
        let length = file.metadata()?.len();
        let full =
            length > 0 && length.saturating_add(line.len() as u64) > self.settings.max_bytes.max(SMALLEST);
        if full && self.rotate(&file)? {
            file = self.current()?;
        }
        let result = self.write(&mut file, line);
        self.file = Some(file);
        result
    }

    /// Writes the line by one call. What is left of a torn line gets its end in the same call, so that the file always has whole lines again
    /// as soon as there is room.
    fn write(&mut self, file: &mut File, line: &[u8]) -> io::Result<()> {
        let after_torn = if self.torn { [b"\n", line].concat() } else { Vec::new() };
        let bytes = if self.torn { &after_torn } else { line };
        let written = write_once(file, bytes)?;
        let is_whole = written == bytes.len();
        let ended_the_torn = self.torn && written == 1;
        self.torn = !is_whole && !ended_the_torn && (self.torn || written > 0);
        if is_whole { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    /// The file that has the name now: the one that is open, when nobody moved or removed it.
    fn current(&mut self) -> io::Result<File> {
        if let Some(file) = self.file.take()
            && is_at(&file, &self.path)
        {
            return Ok(file);
        }
        self.torn = false;
        match open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match DirBuilder::new().mode(0o700).create(&self.settings.directory) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                    _ => open(&self.path),
                }
            }
            opened => opened,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a log of ours that is kept in one file only")]
    /// Puts the full file aside, unless another process is doing so or has done so. Returns whether the name belongs to another file now.
    fn rotate(&self, file: &File) -> io::Result<bool> {
        if file.try_lock().is_err() {
            return Ok(false);
        }
        if !is_at(file, &self.path) {
            return Ok(true);
        }
        // The lock on the file that has the name makes us the only one who renames: it is renamed last, and nobody else can lock it.
        let oldest = self.settings.keep.max(1) - 1;
        if oldest == 0 {
            fs::remove_file(&self.path)?;
            return Ok(true);
        }
        for number in (1..oldest).rev() {
            match fs::rename(self.numbered(number), self.numbered(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, self.numbered(1))?;
        Ok(true)
    }

    fn numbered(&self, number: u32) -> PathBuf {
        self.settings.directory.join(format!("{NAME}.{number}"))
    }
}

/// Opens for appending. Neither follows a link nor accepts anything but a plain file.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY
        | OFlags::APPEND
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::CLOEXEC
        | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a plain file")) }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

/// One call that writes, repeated only when a signal interrupted it before it wrote anything.
fn write_once(file: &mut File, line: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(line) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
