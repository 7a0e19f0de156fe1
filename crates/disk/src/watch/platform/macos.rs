//! macOS: the system's own file events for a whole tree, through `notify`. There is no limit and no watch for each directory; what is below
//! a directory that is left out is dropped here. Compiled on Linux by `cargo xtask macos`, and never run there.

use super::super::{Change, Skips};
use super::{Heard, Listened, is_ours};
use homesync_paths::{DiskName, RelativePath};
use notify::event::{CreateKind, Event, EventKind, ModifyKind, RenameMode};
use notify::{Config, FsEventWatcher, RecursiveMode, Watcher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// What comes to the listening thread.
enum Message {
    Heard(notify::Result<Event>),
    Stop,
}

/// Where changes are heard.
pub(in crate::watch) struct Source {
    /// As the system tells it: without links.
    root: PathBuf,
    watcher: Option<FsEventWatcher>,
    sender: Sender<Message>,
    messages: Receiver<Message>,
}

/// Ends the listening, from any thread.
#[derive(Debug)]
pub(in crate::watch) struct Stopper(Sender<Message>);

impl Stopper {
    pub(in crate::watch) fn stop(&self) {
        // Nobody is there any more: it has ended.
        let _ = self.0.send(Message::Stop);
    }
}

/// Finds the root; nothing is watched yet.
pub(in crate::watch) fn open(root: &Path) -> io::Result<(Source, Stopper)> {
    let root = std::fs::canonicalize(root)?;
    let (sender, messages) = channel();
    let stopper = Stopper(sender.clone());
    Ok((Source { root, watcher: None, sender, messages }, stopper))
}

impl Source {
    /// Watches the root and all below it.
    pub(in crate::watch) fn watch_all(
        &mut self,
        _skips: &Skips,
        _hear: &mut dyn FnMut(Heard),
    ) -> io::Result<()> {
        let sender = self.sender.clone();
        let tell = move |event| {
            // Nobody listens any more: it has ended.
            let _ = sender.send(Message::Heard(event));
        };
        let mut watcher = FsEventWatcher::new(tell, Config::default()).map_err(io::Error::other)?;
        watcher.watch(&self.root, RecursiveMode::Recursive).map_err(io::Error::other)?;
        self.watcher = Some(watcher);
        Ok(())
    }

    /// Waits for changes, for an end, or until the time is over.
    pub(in crate::watch) fn listen(
        &mut self,
        wait: Option<Duration>,
        skips: &Skips,
        hear: &mut dyn FnMut(Heard),
    ) -> io::Result<Listened> {
        let ended = || io::Error::other("the system tells nothing any more");
        let message = match wait {
            None => self.messages.recv().map_err(|_| ended())?,
            Some(wait) => match self.messages.recv_timeout(wait) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return Ok(Listened::GoOn),
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            },
        };
        match message {
            Message::Stop => return Ok(Listened::Stopped),
            Message::Heard(Err(error)) => hear(Heard::Lost(error.to_string())),
            Message::Heard(Ok(event)) => self.handle(&event, skips, hear),
        }
        Ok(Listened::GoOn)
    }

    fn handle(&self, event: &Event, skips: &Skips, hear: &mut dyn FnMut(Heard)) {
        if event.need_rescan() {
            hear(Heard::Lost("more changed than the system could tell".to_string()));
            return;
        }
        let Some(change) = change_of(&event.kind) else { return };
        for path in &event.paths {
            if *path == self.root {
                if change == Change::Gone {
                    hear(Heard::Lost("the folder's own directory was moved or removed".to_string()));
                }
                continue;
            }
            let Some(path) = self.below(path) else { continue };
            let is_left_out =
                is_ours(&path) || path.ancestors().any(|above| is_ours(&above) || skips(&above));
            if !is_left_out {
                hear(Heard::Change(path, change));
            }
        }
    }

    /// The path as it travels; nothing for one that cannot, or is elsewhere.
    fn below(&self, path: &Path) -> Option<RelativePath> {
        let names = path.strip_prefix(&self.root).ok()?.iter();
        let wire = |name: &std::ffi::OsStr| DiskName::new(name.as_bytes()).to_wire().ok();
        RelativePath::parse(&names.map(wire).collect::<Option<Vec<_>>>()?.join("/")).ok()
    }
}

/// What it means. The system gathers what happened within a moment, so a removal may be told of what is there again: the look decides.
fn change_of(kind: &EventKind) -> Option<Change> {
    Some(match kind {
        EventKind::Access(_) => return None,
        EventKind::Create(CreateKind::Folder) => Change::Directory,
        // It does not say on which side of the rename this is, nor whether it is a directory that came with all that is in it.
        EventKind::Modify(ModifyKind::Name(RenameMode::Any | RenameMode::To)) => Change::Directory,
        EventKind::Modify(ModifyKind::Name(_)) | EventKind::Remove(_) => Change::Gone,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Other => Change::Written,
    })
}
