//! The executor: does what the plan says, so that nothing is lost at any moment.
//!
//! A batch goes through these steps, and a kill or a power cut between any two of them leaves every person's byte where they left it, or in
//! the recovery area:
//!
//! 1. *prepare*: what is put in place stands complete, with its permissions, time, owner and attributes, under a name of ours; and each target is what the plan expects;
//! 2. *durable*: the new content is made durable, once for many;
//! 3. *intents*: for every object that will be displaced it is written down durably which, and where it goes; and for every directory that
//!    has to be made writable meanwhile, which;
//! 4. *act*: new and old exchange their names in one step, and what came out is looked at. If it is not what was expected, a person
//!    was quicker: the two are exchanged back, and the plan is made again;
//! 5. *durable*: the changed directories are made durable. Only then does anybody hear that it is done.

mod across;
mod act;
mod adjust;
mod displace;
mod external;
mod foresight;
mod lent;
mod metadata;
mod prepare;
mod remove;
mod settle;
mod stranded;
mod version;

pub(crate) use adjust::write_all;
pub use external::External;

use crate::durable::FLUSH_ALL;
use crate::failure::failure;
use crate::tree::Tree;
use crate::versions::Versioning;
use crate::vfs::Vfs;
use foresight::Foresight;
use homesync_engine::{Bug, Done, Intent, Journal, MetadataRules, Operation, Outcome, Undone, planted};
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;
use lent::Lent;
use prepare::Prepared;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Does operations on one folder.
pub struct Executor<'v, V: Vfs> {
    tree: Tree<'v, V>,
    deletable: &'v dyn Fn(&RelativePath) -> bool,
    now: Timestamp,
    versioning: Option<Versioning>,
    external: Option<External<'v>>,
    metadata: MetadataRules,
    touched: metadata::Touched<V>,
    /// Directories whose names changed, by an arbitrary key, to be made durable at the end.
    changed: RefCell<BTreeMap<String, Arc<V::Directory>>>,
    /// The numbers of the directories that are lent.
    lent_now: RefCell<BTreeSet<u64>>,
    /// Directories that were there already and are to get other permissions when everything in them is done.
    to_be_closed: RefCell<BTreeSet<RelativePath>>,
}

/// Why an operation stopped: the file system's refusal, or an orderly end that changed nothing.
#[derive(Debug)]
pub(crate) enum Stop {
    Refused(io::Error),
    Undone(Undone),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Refused(error)
    }
}

impl<'v, V: Vfs> Executor<'v, V> {
    /// For one batch, at this time. `deletable` says which things that are left out of the folder may go with a directory that is removed.
    pub fn new(vfs: &'v V, deletable: &'v dyn Fn(&RelativePath) -> bool, now: Timestamp) -> Self {
        let changed = RefCell::new(BTreeMap::new());
        let (to_be_closed, lent_now) = (RefCell::default(), RefCell::default());
        let (versioning, external) = (None, None);
        let (metadata, touched) = (MetadataRules::default(), metadata::Touched::default());
        let tree = Tree::new(vfs);
        Self {
            tree,
            deletable,
            now,
            versioning,
            external,
            metadata,
            touched,
            changed,
            lent_now,
            to_be_closed,
        }
    }

    /// Owner and attributes are set as these say.
    #[must_use]
    pub fn with_metadata(self, metadata: MetadataRules) -> Self {
        Self { metadata, ..self }
    }

    /// Files that are replaced or removed become versions. Then the version is the copy from which they can be had back, and none stays in the
    /// recovery area but where the version could not be made.
    #[must_use]
    pub fn with_versions(self, versioning: Option<Versioning>) -> Self {
        Self { versioning, ..self }
    }

    /// A person's program takes away files before they are replaced or removed. What it does not take away stays as it is.
    #[must_use]
    pub fn with_program(self, external: Option<External<'v>>) -> Self {
        Self { external, ..self }
    }

    /// Does the operations in their order. Every one gets an outcome; one that fails holds up none of the others, except those of its unit.
    ///
    /// An outcome that failed without an intent that it settles leaves it open: what was displaced could be neither kept nor put back then.
    /// [`settle`](Self::settle) does it as soon as the system allows. An operation that failed may also be done, and only not known to
    /// be durable. After any other refusal everything is as it was.
    pub fn execute<J: Journal>(&self, operations: Vec<Operation>, journal: &mut J) -> Vec<Outcome> {
        let mut jobs: Vec<Job<V>> = self.number(operations, journal);
        self.foresee_all(&mut jobs);
        let ready = self.prepare_all(&mut jobs);
        let durable = self.make_content_durable(&mut jobs);
        if !(ready && durable) {
            self.foresee_all(&mut jobs);
        }
        let lent = self.write_down(&mut jobs, journal);
        let last = self.done_last(&jobs);
        let (last, first): (Vec<_>, Vec<_>) =
            jobs.into_iter().enumerate().partition(|(number, _)| last.contains(number));
        let (mut outcomes, is_settled) = self.act_with(&lent, first, &last);
        if is_settled {
            outcomes.extend(self.close_directories(last, &outcomes));
            if let Some(mut first) = outcomes.first_entry() {
                first.get_mut().intents.extend(lent.iter().map(|one| one.intent().number));
            }
        } else {
            // What is still to be settled needs them as they were.
            let later = |(number, job): (usize, Job<V>)| (number, job.undone(Undone::Changed));
            outcomes.extend(last.into_iter().map(later));
            self.leave_open(&mut outcomes);
        }
        outcomes.into_values().collect()
    }

    /// Does them while these directories are lent. They are numbered, because they keep their order. Answers as well whether nothing is open after it.
    fn act_with(
        &self,
        lent: &[Lent<V>],
        jobs: Vec<(usize, Job<V>)>,
        last: &[(usize, Job<V>)],
    ) -> (BTreeMap<usize, Outcome>, bool) {
        self.lend(lent.iter().map(Lent::intent));
        let act = |(number, job)| (number, self.act_on(job));
        let mut outcomes: BTreeMap<usize, Outcome> = jobs.into_iter().map(act).collect();
        self.give_attributes_first(last);
        let durable = self.give_back(lent).and_then(|()| self.make_names_durable());
        fail(outcomes.values_mut(), durable.as_ref().err());
        let is_settled = durable.is_ok() && outcomes.values().all(is_settled);
        (outcomes, is_settled)
    }

    /// Writes down durably what is about to be done. Answers the directories that are to be lent for it. If it cannot be written, nothing is done.
    fn write_down<J: Journal>(&self, jobs: &mut [Job<V>], journal: &mut J) -> Vec<Lent<V>> {
        let written = self.to_be_lent(jobs, journal).and_then(|lent| {
            let displacing = jobs.iter().filter_map(Job::intent);
            let intents: Vec<Intent> =
                displacing.chain(lent.iter().map(|one| one.intent().clone())).collect();
            if !intents.is_empty() && !planted(Bug::NoIntents) {
                journal.begin(&intents)?;
            }
            Ok(lent)
        });
        written.unwrap_or_else(|error| {
            let error = io::Error::other(error.to_string());
            jobs.iter_mut().for_each(|job| self.refuse(job, &error));
            Vec::new()
        })
    }

    /// Gives each operation a number of its own, for its intent and its slot.
    fn number<J: Journal>(&self, operations: Vec<Operation>, journal: &mut J) -> Vec<Job<V>> {
        let reserved = journal.reserve(operations.len() as u64);
        let mut jobs = Vec::with_capacity(operations.len());
        for (number, operation) in operations.into_iter().enumerate() {
            let state = match &reserved {
                Ok(_) => Ok(None),
                Err(error) => {
                    Err(Undone::Failed(failure(&operation.path, &io::Error::other(error.to_string()))))
                }
            };
            let number = reserved.as_ref().map_or(0, |first| first + number as u64);
            jobs.push(Job { number, operation, state });
        }
        jobs
    }

    /// Stops what cannot be done, with it its unit, and then what counts on either.
    fn foresee_all(&self, jobs: &mut [Job<V>]) {
        loop {
            let mut stopped = self.stop_torn_units(jobs);
            let mut foresight = Foresight::default();
            for job in jobs.iter_mut().filter(|job| job.state.is_ok()) {
                if let Err(stop) = self.foresee(&job.operation, &mut foresight) {
                    self.stop(job, stop);
                    stopped = true;
                }
            }
            if !stopped {
                return;
            }
        }
    }

    /// Whether all of them are ready.
    fn prepare_all(&self, jobs: &mut [Job<V>]) -> bool {
        let mut ready = true;
        for job in jobs.iter_mut().filter(|job| job.state.is_ok()) {
            job.state = match self.prepare(&job.operation, job.number) {
                Ok(prepared) => Ok(Some(prepared)),
                Err(stop) => Err(undone(&job.operation.path, stop)),
            };
            ready &= job.state.is_ok();
        }
        ready
    }

    /// A unit of which a part cannot be done is not begun. Answers whether there is one that was not stopped before.
    fn stop_torn_units(&self, jobs: &mut [Job<V>]) -> bool {
        let torn: BTreeMap<RelativePath, Undone> = jobs
            .iter()
            .filter_map(|job| Some((job.operation.unit.clone()?, job.state.as_ref().err()?.clone())))
            .collect();
        let mut stopped = false;
        for job in jobs.iter_mut().filter(|job| job.state.is_ok()) {
            if let Some(undone) = job.operation.unit.as_ref().and_then(|unit| torn.get(unit)) {
                self.stop(job, Stop::Undone(undone.clone()));
                stopped = true;
            }
        }
        stopped
    }

    fn refuse(&self, job: &mut Job<V>, error: &io::Error) {
        let stop = Stop::Undone(Undone::Failed(failure(&job.operation.path, error)));
        self.stop(job, stop);
    }

    /// The operation will not be done. What was made ready for it in the recovery area goes again.
    fn stop(&self, job: &mut Job<V>, stop: Stop) {
        if job.state.is_ok() {
            let state = Err(undone(&job.operation.path, stop));
            if let Ok(Some(Prepared { staged: Some(staged), .. })) = std::mem::replace(&mut job.state, state)
            {
                self.discard(&staged);
            }
        }
    }

    /// Makes the new content durable before any name leads to it. Answers whether all of it is.
    ///
    /// A staged file that could not be made durable goes: the system may have dropped what was written to it, and says so only once.
    fn make_content_durable(&self, jobs: &mut [Job<V>]) -> bool {
        let is_staged = |job: &Job<V>| matches!(&job.state, Ok(Some(prepared)) if prepared.staged.is_some());
        if planted(Bug::ContentNotDurable) {
            return true;
        }
        let flushed = match jobs.iter().filter(|job| is_staged(job)).count() {
            many if many >= FLUSH_ALL => Some(self.tree.vfs.synchronize_everything()),
            _ => None,
        };
        let mut durable = true;
        for job in jobs.iter_mut() {
            let Ok(Some(Prepared { staged: Some(staged), .. })) = &job.state else { continue };
            let result = match &flushed {
                Some(Ok(())) => Ok(()),
                Some(Err(error)) => Err(copy_of(error)),
                None => self.synchronize(staged),
            };
            if let Err(error) = result {
                self.drop_content(staged);
                self.refuse(job, &error);
                durable = false;
            }
        }
        durable
    }

    /// Makes the changed names durable before anybody hears of them.
    fn make_names_durable(&self) -> io::Result<()> {
        let made_in = self.tree.take_made_in();
        let are_many = made_in.len() >= FLUSH_ALL;
        for directory in made_in {
            self.names_change(&directory)?;
        }
        let changed = std::mem::take(&mut *self.changed.borrow_mut());
        if planted(Bug::NamesNotDurable) || self.touched.make_durable(self.tree.vfs)? {
            return Ok(());
        }
        if are_many || changed.len() >= FLUSH_ALL {
            return self.tree.vfs.synchronize_everything();
        }
        changed.values().try_for_each(|directory| self.tree.vfs.synchronize_directory(directory))
    }

    /// Remembers a directory whose names change. When there are so many that everything is flushed, none of them has to stay open for that.
    pub(crate) fn names_change(&self, directory: &Arc<V::Directory>) -> io::Result<()> {
        if self.changed.borrow().len() >= FLUSH_ALL {
            return Ok(());
        }
        let status = self.tree.vfs.directory_status(directory)?;
        let key = format!("{} {}", status.device, status.inode);
        self.changed.borrow_mut().entry(key).or_insert_with(|| directory.clone());
        Ok(())
    }

    fn act_on(&self, job: Job<V>) -> Outcome {
        let intent = job.intent();
        let Job { operation, state, .. } = job;
        let result = match state {
            Ok(Some(prepared)) => {
                self.act(&operation, prepared).map_err(|stop| undone(&operation.path, stop))
            }
            Ok(None) => Ok(Done::default()),
            Err(undone) => Err(undone),
        };
        // Where the system refused in the middle, the intent says what is to be brought in order. If it refuses that as well, it stays open.
        let is_settled =
            |intent: &Intent| !matches!(&result, Err(Undone::Failed(_))) || self.settle_one(intent).is_ok();
        let intents = intent.filter(is_settled).map(|intent| intent.number).into_iter().collect();
        Outcome { operation, result, intents }
    }
}

/// One operation on its way.
struct Job<V: Vfs> {
    number: u64,
    operation: Operation,
    state: Result<Option<Prepared<V>>, Undone>,
}

impl<V: Vfs> Job<V> {
    /// It was not done, for its own reason or else for this one.
    fn undone(self, reason: Undone) -> Outcome {
        let result = Err(self.state.err().unwrap_or(reason));
        Outcome { operation: self.operation, result, intents: Vec::new() }
    }

    /// It is prepared, and nothing has stopped it.
    fn is_ready(&self) -> bool {
        matches!(self.state, Ok(Some(_)))
    }

    fn intent(&self) -> Option<Intent> {
        self.state.as_ref().ok()?.as_ref()?.intent(self.number, &self.operation)
    }
}

/// It is done, or everything is as it was.
fn is_settled(outcome: &Outcome) -> bool {
    !matches!(outcome.result, Err(Undone::Failed(_)))
}

/// They are done, but may not be durable.
fn fail<'o>(outcomes: impl Iterator<Item = &'o mut Outcome>, error: Option<&io::Error>) {
    let Some(error) = error else { return };
    for outcome in outcomes.filter(|outcome| outcome.result.is_ok()) {
        outcome.result = Err(Undone::Failed(failure(&outcome.operation.path, error)));
        outcome.intents.clear();
    }
}

fn undone(path: &RelativePath, stop: Stop) -> Undone {
    match stop {
        Stop::Undone(undone) => undone,
        Stop::Refused(error) => Undone::Failed(failure(path, &error)),
    }
}

/// An error cannot be cloned, and several operations may fail for one.
fn copy_of(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error)
}
