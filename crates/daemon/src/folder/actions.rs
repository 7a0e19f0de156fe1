//! What the engine wants, done: stored, told, looked at, fetched and operated.

use super::engine_loop::{Broken, EngineLoop};
use super::operate::{self, Deed as DiskDeed};
use super::{Input, Shared, Wanted, room};
use crate::clock::timestamp;
use crate::differences::Differences;
use homesync_disk::{Sources, Staging, Vfs, changed_since, failure, make_durable, stamps};
use homesync_engine::{Action, Candidates, Changes, Deed, Event, Failure, Remedy, Unreadable, View};
use homesync_index::{Additions, Index};
use homesync_paths::RelativePath;
use homesync_protocol::{Entry, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};
use tracing::{info, trace, warn};

/// After so many texts were kept it is looked whether they still fit.
const BASES_UNTIL_TIDY: usize = 10_000;
/// Clocks of file systems may run behind by this much.
const BEHIND: i64 = 2;
/// The clock was set if it and the time that only goes forward differ by more.
const CLOCK_SET: Duration = Duration::from_secs(1);

/// A moment at which everything on the disk was durable.
pub(super) struct Settled {
    moment: Timestamp,
    wall: SystemTime,
    since: Instant,
}

impl Settled {
    /// Makes it so.
    pub(super) fn now(shared: &Shared) -> Option<Self> {
        let (moment, wall, since) = (timestamp(), SystemTime::now(), Instant::now());
        shared.root.believed()?.vfs.synchronize_everything().ok()?;
        Some(Self { moment: Timestamp::at(moment.seconds - BEHIND), wall, since })
    }

    /// The moment, unless somebody set the clock since: then times say nothing.
    fn moment(&self) -> Option<Timestamp> {
        let went = self.wall.elapsed().ok()?;
        (went.abs_diff(self.since.elapsed()) < CLOCK_SET).then_some(self.moment)
    }
}

impl EngineLoop {
    /// Lets the engine know of something, and does everything that follows from it.
    pub(super) fn handle(&mut self, event: Event) -> Result<(), Broken> {
        // After something could not be stored, what was seen with it says nothing without it.
        if self.is_doubtful && matches!(event, Event::Looked { .. } | Event::Listed(_)) {
            return Ok(());
        }
        let now = self.clock.now();
        let actions = self.shared.index.read(|index| self.engine.handle(event, index, now))?;
        self.perform(actions)?;
        // Nothing is begun before the folder's directory has been found: it would fail, and a person would read that it is not there.
        while !self.is_doubtful && self.shared.root.opened().is_some() {
            let now = self.clock.now();
            let actions = self.shared.index.read(|index| self.engine.poll(index, now))?;
            if actions.is_empty() {
                break;
            }
            self.perform(actions)?;
        }
        self.shared.epoch.store(self.engine.epoch(), Ordering::SeqCst);
        Ok(())
    }

    fn perform(&mut self, actions: Vec<Action>) -> Result<(), Broken> {
        self.shared.epoch.store(self.engine.epoch(), Ordering::SeqCst);
        for action in actions {
            match action {
                Action::Store(changes) => {
                    if let Err(error) = self.make_durable(&changes) {
                        warn!(folder = %self.shared.id, %error, "what is on the disk cannot be made durable");
                        self.is_doubtful = true;
                        self.look_again();
                        return Ok(());
                    }
                    self.store(&changes)?;
                }
                Action::Announce => self.is_news = true,
                Action::Scan(paths) => self.look_at(paths)?,
                Action::Read(paths) => self.shared.looks.reads(paths),
                Action::Confirm(paths) => self.confirm(paths),
                Action::Prepare(wanted) => {
                    trace!(folder = %self.shared.id, path = wanted.path.as_str(), "prepared");
                    prepare(&self.shared, wanted);
                }
                Action::Request { device, wanted, block, from_temporary } => {
                    trace!(folder = %self.shared.id, path = wanted.path.as_str(), block, from_temporary, "asked for");
                    let asked = Wanted { entry: wanted.clone(), block, from_temporary };
                    if !self.shared.peers.request(&self.shared, device, asked) {
                        self.shared.answered(device, wanted, block, None::<Vec<u8>>);
                    }
                }
                Action::Operate(operations) => {
                    self.flush()?;
                    trace!(folder = %self.shared.id, many = operations.len(), "operated");
                    self.is_operating = true;
                    self.shared.deeds.put(DiskDeed::Operate(operations));
                }
            }
        }
        Ok(())
    }

    /// Makes what people did durable before the index says that it is so. What our operations did is durable already.
    fn make_durable(&self, changes: &Changes) -> std::io::Result<()> {
        let done: BTreeSet<&RelativePath> = changes.journal.iter().map(|record| &record.path).collect();
        let seen = changes.local.iter().map(|local| &local.entry.path).filter(|path| !done.contains(path));
        let mut paths: Vec<&RelativePath> =
            seen.chain(changes.restamped.iter().map(|(path, ..)| path)).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let away = || std::io::Error::other("the folder's directory is not there");
        let vfs = self.shared.root.believed().ok_or_else(away)?.vfs;
        if let Some(moment) = self.settled.as_ref().and_then(Settled::moment) {
            paths = changed_since(&*vfs, &paths, moment);
        }
        match paths.is_empty() {
            true => Ok(()),
            false => make_durable(&*vfs, &paths),
        }
    }

    fn store(&mut self, changes: &Changes) -> Result<(), Broken> {
        let additions = Additions { positions: self.heard.take().into_iter().collect(), scanned: false };
        for local in &changes.local {
            let (path, entry) = (local.entry.path.as_str(), &local.entry);
            let (content, validity, version) = (&entry.content, entry.validity, &entry.version);
            trace!(folder = %self.shared.id, path, ?content, ?validity, ?version, "stored");
        }
        self.shared.index.write(|index| index.commit_soon(changes, &additions))?;
        self.soon.get_or_insert_with(Instant::now);
        self.keep_bases(changes);
        for record in &changes.journal {
            let path = record.path.as_str();
            match record.deed {
                Deed::KeptAside => info!(folder = %self.shared.id, path, "kept both sides of a conflict"),
                deed => tracing::debug!(folder = %self.shared.id, path, ?deed, "changed"),
            }
        }
        if !changes.forget.is_empty() {
            self.recount = true;
        }
        if !self.recount {
            self.note_differences(changes)?;
        }
        Ok(())
    }

    fn keep_bases(&mut self, changes: &Changes) {
        let agreed = changes.agreed.iter().filter_map(|(path, agreed)| {
            let agreed = agreed.as_ref().filter(|agreed| !agreed.deleted)?;
            Some((path.clone(), agreed.digest?))
        });
        let agreed: Vec<_> = agreed.collect();
        if agreed.is_empty() {
            return;
        }
        self.bases += agreed.len();
        operate::keep_bases(&self.shared, agreed);
        if self.bases > BASES_UNTIL_TIDY {
            self.bases = 0;
            operate::tidy_up(&self.shared);
        }
    }

    fn note_differences(&self, changes: &Changes) -> Result<(), Broken> {
        let mut paths: Vec<&RelativePath> = changes.local.iter().map(|local| &local.entry.path).collect();
        paths.extend(changes.others.iter().map(|(_, entry)| &entry.path));
        paths.extend(changes.restamped.iter().map(|(path, ..)| path));
        paths.sort_unstable();
        paths.dedup();
        let mut differences = self.shared.differences();
        self.shared.index.read(|index| {
            for path in paths {
                differences.look(path.as_str(), &Candidates::read(index, path)?);
            }
            Ok(())
        })?;
        Ok(())
    }

    /// Counts all differences anew.
    pub(super) fn count_differences(&mut self) -> Result<(), Unreadable> {
        let (with, metadata) = (self.shared.plan().with, self.shared.plan().metadata);
        self.shared.index.read(|index| {
            let mut known = BTreeSet::new();
            for device in &with {
                known.extend(index.others_position(*device)?.map(|_| *device));
            }
            let mut counted = Differences::new(&with, &known).with_metadata(metadata);
            index.walk(&mut |path, candidates| counted.look(path.as_str(), candidates))?;
            counted.is_counted();
            *self.shared.differences() = counted;
            Ok(())
        })
    }

    /// Makes durable what is stored, and lets others hear of it.
    pub(super) fn flush(&mut self) -> Result<(), Broken> {
        if self.soon.take().is_some() {
            self.shared.index.write(Index::flush)?;
        }
        if std::mem::take(&mut self.is_news) {
            self.shared.bell.ring();
        }
        for waiting in self.waiting.drain(..) {
            // Who has gone away need not hear it.
            let _ = waiting.send(());
        }
        Ok(())
    }

    fn confirm(&self, paths: Vec<RelativePath>) {
        let found = match self.shared.root.believed() {
            Some(opened) => stamps(&*opened.vfs, &paths),
            None => vec![None; paths.len()],
        };
        let confirmed = Event::Confirmed(paths.into_iter().zip(found).collect());
        self.shared.tell(Input::Engine(confirmed));
    }
}

/// Opens the temporary file for a content, and fills it with what is here.
fn prepare(shared: &Arc<Shared>, wanted: Box<Entry>) {
    let of_job = shared.clone();
    shared.move_blocks(move || {
        of_job.tell(Input::Engine(match try_prepare(&of_job, &wanted) {
            Ok(missing) => Event::Prepared { wanted, missing },
            Err(failure) => Event::Unstaged { wanted, failure },
        }));
    });
}

fn try_prepare(shared: &Shared, wanted: &Entry) -> Result<Vec<u32>, Failure> {
    /// So many files with the same content are tried.
    const MOST_TWINS: usize = 4;
    /// So many places of one block are.
    const MOST_PLACES: usize = 3;
    // Nothing is written where the folder should be and is not.
    let Some(opened) = shared.root.believed() else {
        shared.looks.root();
        let text = "the folder's directory is not there".to_string();
        return Err(Failure { remedy: Remedy::RetryItem, text });
    };
    // What is empty needs no source, and very many files may be.
    let is_empty = wanted.content.blocks().is_none_or(|blocks| blocks.size() == 0);
    let twins = match wanted.content.digest().filter(|_| !is_empty) {
        Some(digest) => shared.index.read(|index| index.files_with(digest, MOST_TWINS)).unwrap_or_default(),
        None => Vec::new(),
    };
    let files: Vec<RelativePath> = twins.into_iter().chain([wanted.path.clone()]).collect();
    let places = |hash| {
        let found = shared.index.read(|index| index.block_places(hash, MOST_PLACES)).unwrap_or_default();
        found
            .into_iter()
            .filter_map(|(path, block)| Some((path.clone(), offset(shared, &path, block)?)))
            .collect()
    };
    let sources = Sources { files: &files, places: &places };
    let missing = Staging::new(&*opened.vfs).prepare_from(wanted, &sources);
    let missing = missing.map_err(|error| failure(&wanted.path, &error))?;
    room::has_room(&opened.vfs, wanted, &missing)?;
    Ok(missing)
}

/// Where a block of a file begins.
fn offset(shared: &Shared, path: &RelativePath, block: u32) -> Option<u64> {
    let own = shared.index.read(|index| index.local(path)).ok()??;
    own.entry.content.blocks().map(|blocks| blocks.extent(block as usize).0)
}
