//! A folder that is watched, and what was told of it.

use homesync_disk::{Notice, Noticed, Settle, Skips, Watcher};
use homesync_paths::RelativePath;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DEADLINE: Duration = Duration::from_secs(20);

pub struct Listener {
    directory: TempDir,
    told: Receiver<Noticed>,
    pub watcher: Option<Watcher>,
}

impl Listener {
    /// Watches a new directory in which this was done before.
    pub fn after(prepare: impl FnOnce(&Path)) -> Self {
        Self::with(prepare, Arc::new(|path: &RelativePath| path.name() == "left-out"))
    }

    pub fn with(prepare: impl FnOnce(&Path), skips: Skips) -> Self {
        let (directory, (tell, told)) = (tempfile::tempdir().expect("a directory"), channel());
        prepare(directory.path());
        let notice: Notice = Box::new(move |noticed| {
            let _ = tell.send(noticed);
        });
        let watcher = Watcher::start(directory.path(), skips, Settle::default(), notice).expect("a watcher");
        Self { directory, told, watcher: Some(watcher) }
    }

    pub fn new() -> Self {
        Self::after(|_| {})
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.root().join(below)
    }

    pub fn next(&self, deadline: Instant) -> Option<Noticed> {
        self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }

    /// Waits until all of these were told, and answers all that was.
    pub fn expect(&self, paths: &[&str]) -> BTreeSet<String> {
        let (mut all, deadline) = (BTreeSet::new(), Instant::now() + DEADLINE);
        while !paths.iter().all(|path| all.contains(*path)) {
            match self.next(deadline) {
                Some(Noticed::Paths(told)) => all.extend(told.iter().map(|path| path.as_str().to_string())),
                Some(other) => panic!("{other:?} instead of {paths:?}"),
                None => panic!("{paths:?} were not told, but {all:?}"),
            }
        }
        all
    }

    /// The next thing told that is not about paths.
    pub fn expect_other(&self) -> Noticed {
        let deadline = Instant::now() + DEADLINE;
        loop {
            match self.next(deadline) {
                Some(Noticed::Paths(_)) => {}
                Some(other) => return other,
                None => panic!("nothing but paths was told"),
            }
        }
    }
}
