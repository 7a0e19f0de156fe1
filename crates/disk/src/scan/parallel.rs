//! A scan on all processors.
//!
//! Threads take directories from a pile, the ones found last first, so that the pile stays small. Files that have to be read become *portions*
//! for whoever is free: some small files, or a piece of a large one. So it does not matter whether a tree, one directory or one file is
//! the work. Portions go before directories: at any time only a few directories are in work, and what is kept in memory is what their
//! listings need (a million new files in one directory: 430 MB in all, most of it the listing itself, which is one value).
//!
//! A directory's own directories come to the pile after its listing was handed on: so no listing overtakes the one above it.

mod pile;
mod portion;
mod worker;

use super::{Cancelled, Report, ScanControl, Scanner};
use crate::vfs::Vfs;
use homesync_engine::{Local, MetadataRules, Seen};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Content, Timestamp};
use pile::Pile;
use std::num::NonZeroUsize;
use std::sync::mpsc::sync_channel;
use std::thread;
use worker::Worker;

/// What is known about a path, asked from many threads.
pub type KnownEverywhere<'k> = &'k (dyn Fn(&RelativePath) -> Option<Local> + Sync);

/// Looks at one folder with many threads. It reports what a [`Scanner`] does, directories before what is in them, and otherwise in any order.
pub struct ParallelScanner<'v, V: Vfs> {
    vfs: &'v V,
    ignore: &'v IgnoreRules,
    known: KnownEverywhere<'v>,
    now: Timestamp,
    as_of: u64,
    control: &'v ScanControl,
    threads: NonZeroUsize,
    closed: fn(&RelativePath) -> bool,
    metadata: MetadataRules,
}

impl<'v, V: Vfs + Sync> ParallelScanner<'v, V>
where
    V::Directory: Send + Sync,
    V::File: Send + Sync,
{
    /// As for a [`Scanner`], with as many threads as there are processors.
    pub fn new(
        vfs: &'v V,
        ignore: &'v IgnoreRules,
        known: KnownEverywhere<'v>,
        now: Timestamp,
        as_of: u64,
        control: &'v ScanControl,
    ) -> Self {
        let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let metadata = MetadataRules::default();
        Self { vfs, ignore, known, now, as_of, control, threads, closed: super::none_of, metadata }
    }

    /// As for a [`Scanner`].
    #[must_use]
    pub fn not_entering(self, closed: fn(&RelativePath) -> bool) -> Self {
        Self { closed, ..self }
    }

    /// As for a [`Scanner`].
    #[must_use]
    pub fn with_metadata(self, metadata: MetadataRules) -> Self {
        Self { metadata, ..self }
    }

    /// With so many threads.
    #[must_use]
    pub fn with_threads(self, threads: NonZeroUsize) -> Self {
        Self { threads, ..self }
    }

    /// Looks at a path, and below it if it is a directory; at everything for `None`. Reports come on this thread; while one is dealt with,
    /// the others go on until a few wait.
    pub fn scan(&self, path: Option<&RelativePath>, report: &mut dyn FnMut(Report)) -> Result<(), Cancelled> {
        if let Some(path) = path {
            let seen = self.scanner().look(path);
            let is_directory = matches!(seen, Seen::Present { content: Content::Directory, .. });
            if self.control.is_stopped() {
                return Err(Cancelled);
            }
            report(Report::Look(path.clone(), seen));
            if !is_directory {
                return Ok(());
            }
        }
        let pile = Pile::new(path.cloned(), self.control);
        thread::scope(|scope| {
            let (send, reports) = sync_channel(self.threads.get());
            for _ in 0..self.threads.get() {
                let (pile, send) = (&pile, send.clone());
                scope.spawn(move || Worker::new(self.scanner(), pile, send).run());
            }
            drop(send);
            reports.into_iter().flatten().for_each(report);
        });
        if self.control.is_stopped() { Err(Cancelled) } else { Ok(()) }
    }

    fn scanner(&self) -> Scanner<'v, V> {
        let control = Some(self.control);
        let scanner = Scanner::new(self.vfs, self.ignore, self.known, self.now, self.as_of);
        Scanner { control, closed: self.closed, metadata: self.metadata, ..scanner }
    }
}
