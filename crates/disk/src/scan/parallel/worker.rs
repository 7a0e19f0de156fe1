//! One thread of a scan.

use super::super::read::Reading;
use super::super::{Deferred, Left, Report, Scanner, unknown};
use super::pile::{Pile, Task};
use super::portion::{LARGE, LargeFile, Portion, Unfinished, portions_of};
use crate::vfs::Vfs;
use homesync_engine::{Listing, Seen};
use homesync_paths::RelativePath;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

/// Files so few and small are read at once by whoever found them.
const FEW_FILES: usize = 32;
const FEW_BYTES: u64 = 1 << 20;

/// So many listings, or items in them, are handed on together: each time somebody has to wake up.
const LISTINGS: usize = 32;
const ITEMS: usize = 2_000;

/// What one thread has.
pub(super) struct Worker<'p, 'v, V: Vfs> {
    scanner: Scanner<'v, V>,
    pile: &'p Pile<'p, V>,
    send: SyncSender<Vec<Report>>,
    /// Complete, and not handed on yet.
    reports: Vec<Report>,
    items: usize,
    /// Directories that this thread found and nobody else wants. What is above them may still be among the reports.
    directories: Vec<Option<RelativePath>>,
    buffer: Vec<u8>,
}

impl<'p, 'v, V: Vfs> Worker<'p, 'v, V> {
    pub(super) fn new(scanner: Scanner<'v, V>, pile: &'p Pile<'p, V>, send: SyncSender<Vec<Report>>) -> Self {
        let (reports, directories, buffer) = (Vec::new(), Vec::new(), Vec::new());
        Self { scanner, pile, send, reports, items: 0, directories, buffer }
    }

    pub(super) fn run(mut self) {
        while let Some(task) = self.next() {
            match task {
                Task::Directory(directory) => self.list(directory),
                Task::Portion(Portion::Files(listing, files)) => self.read_files(&listing, files),
                Task::Portion(Portion::Piece(file, blocks)) => self.read_piece(&file, blocks),
            }
        }
    }

    fn next(&mut self) -> Option<Task<V>> {
        let has_portions = self.pile.has_portions();
        if self.pile.is_wanted() && (has_portions || self.directories.len() > 1) {
            self.flush();
            // The first ones found: there is most below them.
            let half = if has_portions { self.directories.len() } else { self.directories.len() / 2 };
            self.pile.give(self.directories.drain(..half));
        }
        if !has_portions
            && !self.is_stopped()
            && let Some(directory) = self.directories.pop()
        {
            return Some(Task::Directory(directory));
        }
        // What comes next may take long, and others wait for what is complete.
        self.flush();
        if !self.directories.is_empty() {
            self.pile.give(self.directories.drain(..));
        }
        self.pile.take()
    }

    fn flush(&mut self) {
        self.items = 0;
        // Nobody takes it any more: whoever asked has panicked, and this thread ends like the others.
        if !self.reports.is_empty() && self.send.send(std::mem::take(&mut self.reports)).is_err() {
            self.stop();
        }
    }

    fn list(&mut self, directory: Option<RelativePath>) {
        let (mut left, mut deferred) = (Left::default(), Vec::new());
        let seen = self.scanner.glance_at_all(directory.as_ref(), &mut left, &mut deferred);
        let seen = seen.map_err(|error| error.to_string());
        let listing = left.listing(self.scanner.as_of, directory, seen);
        if deferred.is_empty() {
            self.hand_on(listing);
            return;
        }
        let bytes: u64 = deferred.iter().map(|file| file.size).sum();
        let unfinished = Unfinished::new(listing, deferred.len());
        if deferred.len() <= FEW_FILES && bytes <= FEW_BYTES {
            self.read_files(&unfinished, deferred);
        } else {
            self.pile.add(portions_of(&unfinished, deferred).into_iter(), false);
        }
    }

    fn read_files(&mut self, listing: &Arc<Unfinished>, files: Vec<Deferred<V>>) {
        let mut found = Vec::with_capacity(files.len());
        for file in files {
            if self.is_stopped() {
                return;
            }
            if let Some(seen) = self.read_file(listing, &file) {
                found.push((file.path, seen));
            }
        }
        self.found(listing, found);
    }

    /// Reads a file; nothing if it is so large that others help, and what it is comes later.
    fn read_file(&mut self, listing: &Arc<Unfinished>, file: &Deferred<V>) -> Option<Seen> {
        let vfs = self.scanner.tree.vfs;
        let reading = match Reading::begin(vfs, &file.place, file.known_block_size, self.scanner.metadata) {
            Ok(reading) => reading,
            Err(error) => return Some(unknown(error)),
        };
        if reading.size() > LARGE {
            let pieces = LargeFile::pieces(file.path.clone(), listing.clone(), reading);
            self.pile.add(pieces.into_iter(), true);
            return None;
        }
        let hashed = reading.hash(vfs, 0..reading.blocks(), &mut self.buffer, self.scanner.control);
        let seen = hashed.and_then(|hashed| reading.finish(vfs, hashed, self.scanner.now));
        Some(seen.unwrap_or_else(unknown))
    }

    fn read_piece(&mut self, file: &LargeFile<V>, blocks: std::ops::Range<u64>) {
        let (vfs, control) = (self.scanner.tree.vfs, self.scanner.control);
        let hashed = file.reading.hash(vfs, blocks.clone(), &mut self.buffer, control);
        if let Some(seen) = file.read(vfs, blocks, hashed, self.scanner.now) {
            self.found(&file.listing, vec![(file.path.clone(), seen)]);
        }
    }

    fn found(&mut self, listing: &Unfinished, files: Vec<(RelativePath, Seen)>) {
        self.scanner.control.inspect(|control| control.count_files(files.len()));
        if !files.is_empty()
            && let Some(listing) = listing.found(files)
        {
            self.hand_on(listing);
        }
    }

    fn hand_on(&mut self, listing: Listing) {
        // What was stopped in the middle is no listing, and must not look like a directory that could not be read.
        if self.is_stopped() {
            return;
        }
        let before = self.directories.len();
        self.directories.extend(self.scanner.directories_in(&listing));
        let below = self.directories.len() - before;
        self.items += listing.seen.as_ref().map_or(0, BTreeMap::len);
        self.reports.push(self.scanner.gone(&listing).unwrap_or(Report::Listing(listing)));
        if self.reports.len() >= LISTINGS || self.items >= ITEMS {
            self.flush();
        }
        self.pile.close(below);
    }

    fn is_stopped(&self) -> bool {
        self.scanner.go_on().is_err()
    }

    fn stop(&self) {
        if let Some(control) = self.scanner.control {
            control.stop();
        }
    }
}

/// The others would wait for ever for what this thread had in work.
impl<V: Vfs> Drop for Worker<'_, '_, V> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.stop();
        }
    }
}
