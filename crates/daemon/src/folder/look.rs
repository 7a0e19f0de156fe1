//! The thread that looks at a folder's disk: what it is asked to look at, what it says, and in which order.

mod repository;

use super::{Input, Shared};
use crate::clock::timestamp;
use crate::inbox::Inbox;
use homesync_disk::{LocalFs, ParallelScanner, Report, ScanControl, Scanner};
use homesync_engine::{Event, Listing, Seen, View, git};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::Content;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So many reports wait for the engine before the look waits.
const MOST_REPORTS: usize = 64;
/// A disk that takes longer for an answer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is to be looked at.
#[derive(Default)]
pub(crate) struct Looks {
    wanted: Mutex<Wanted>,
    news: Condvar,
    /// Of the look at everything that is under way, or was last.
    control: Mutex<Arc<ScanControl>>,
}

#[derive(Default)]
struct Wanted {
    everything: bool,
    /// At least the root is.
    root: bool,
    paths: BTreeSet<RelativePath>,
    /// Whatever their times say.
    reads: BTreeSet<RelativePath>,
    is_running: bool,
    is_ended: bool,
}

/// The next thing to do.
enum Job {
    Everything,
    Paths(BTreeSet<RelativePath>),
    Reads(BTreeSet<RelativePath>),
}

impl Looks {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything is to be looked at.
    pub(crate) fn everything(&self) {
        self.wanted().everything = true;
        self.news.notify_all();
    }

    /// These are, and what is below them.
    pub(crate) fn paths(&self, paths: impl IntoIterator<Item = RelativePath>) {
        self.wanted().paths.extend(paths);
        self.news.notify_all();
    }

    /// The root itself is.
    pub(crate) fn root(&self) {
        self.wanted().root = true;
        self.news.notify_all();
    }

    /// These are to be read.
    pub(crate) fn reads(&self, paths: impl IntoIterator<Item = RelativePath>) {
        self.wanted().reads.extend(paths);
        self.news.notify_all();
    }

    /// How far the look at everything is.
    pub(crate) fn control(&self) -> Arc<ScanControl> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Nothing more is.
    pub(crate) fn end(&self) {
        // In this order: a look that begins meanwhile is one that can be stopped.
        self.wanted().is_ended = true;
        self.control().stop();
        self.news.notify_all();
    }

    /// For how long the disk has not answered, if that is longer than any disk takes that is well.
    pub(crate) fn hangs_for(&self) -> Option<Duration> {
        // In this order: what begins meanwhile has only just begun.
        let quiet = self.control().quiet_for();
        Some(quiet).filter(|quiet| *quiet > PATIENCE && self.wanted().is_running)
    }

    fn is_ended(&self) -> bool {
        self.wanted().is_ended
    }

    /// A look at everything is to come.
    pub(crate) fn is_everything_wanted(&self) -> bool {
        self.wanted().everything
    }

    /// A look is under way or to come.
    pub(crate) fn is_busy(&self) -> bool {
        let wanted = self.wanted();
        wanted.is_running || wanted.next_job().is_some()
    }

    fn next(&self) -> Option<Job> {
        let mut wanted = self.wanted();
        loop {
            if wanted.is_ended {
                return None;
            }
            if let Some(job) = wanted.next_job() {
                wanted.is_running = true;
                *self.control.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
                return Some(wanted.take(job));
            }
            wanted = self.news.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Wanted {
    fn next_job(&self) -> Option<Job> {
        if self.everything {
            Some(Job::Everything)
        } else if !self.reads.is_empty() {
            Some(Job::Reads(BTreeSet::new()))
        } else {
            (self.root || !self.paths.is_empty()).then(|| Job::Paths(BTreeSet::new()))
        }
    }

    /// The job with what it is to look at.
    fn take(&mut self, job: Job) -> Job {
        match job {
            Job::Everything => {
                (self.everything, self.root) = (false, false);
                self.paths.clear();
                Job::Everything
            }
            Job::Paths(_) => {
                self.root = false;
                Job::Paths(std::mem::take(&mut self.paths))
            }
            Job::Reads(_) => Job::Reads(std::mem::take(&mut self.reads)),
        }
    }
}

/// Looks until the end.
pub(crate) fn run(shared: &Arc<Shared>, looks: &Looks, inbox: &Inbox<Input>) {
    while let Some(job) = looks.next() {
        let is_everything = matches!(job, Job::Everything);
        let (look, opened) = shared.root.look();
        let believed = shared.root.opened().map(|opened| opened.identity);
        inbox.put(Input::Root(look));
        // In a directory that is not known to be the root there is nothing to be seen.
        if let Some(opened) = opened.filter(|opened| Some(opened.identity) == believed) {
            if is_everything {
                inbox.put(Input::EverythingBegins);
            }
            let as_of = shared.epoch.load(Ordering::SeqCst);
            let ignore = shared.ignore();
            Reporter { shared, looks, inbox, as_of, ignore, vfs: &opened.vfs }.look(&job);
            if is_everything && !looks.is_ended() {
                inbox.put(Input::EverythingLookedAt);
            }
        }
        looks.wanted().is_running = false;
        inbox.put(Input::LookEnded);
    }
}

struct Reporter<'r> {
    shared: &'r Arc<Shared>,
    looks: &'r Looks,
    inbox: &'r Inbox<Input>,
    as_of: u64,
    ignore: Arc<IgnoreRules>,
    vfs: &'r LocalFs,
}

impl Reporter<'_> {
    fn look(&self, job: &Job) {
        let reads = match job {
            Job::Reads(paths) => Some(paths),
            _ => None,
        };
        let is_read = |path: &RelativePath| {
            reads.is_some_and(|reads| path.at_or_above().any(|above| reads.contains(&above)))
        };
        let known = |path: &RelativePath| match is_read(path) {
            true => None,
            false => self.shared.index.read(|index| index.local(path)).ok().flatten(),
        };
        let (control, metadata) = (self.looks.control(), self.shared.plan().metadata);
        let scanner = Scanner::new(self.vfs, &self.ignore, &known, timestamp(), self.as_of)
            .not_entering(is_repository)
            .with_metadata(metadata)
            .with_control(&control);
        let (mut repositories, mut asked) = (BTreeSet::new(), Vec::new());
        let mut report = |report: Report| {
            note_repositories(&report, &mut repositories);
            self.report(report);
        };
        match job {
            Job::Everything => {
                let (ignore, now) = (&self.ignore, timestamp());
                let scanner = ParallelScanner::new(self.vfs, ignore, &known, now, self.as_of, &control);
                // Cut short, it was asked to end.
                let _ = scanner.with_metadata(metadata).not_entering(is_repository).scan(None, &mut report);
            }
            Job::Paths(paths) | Job::Reads(paths) => {
                let is_inside = |path: &&RelativePath| git::unit_of(path).is_some();
                let (inside, outside): (Vec<&RelativePath>, Vec<&RelativePath>) =
                    paths.iter().partition(is_inside);
                let mut last: Option<&RelativePath> = None;
                for path in outside {
                    // What is below another is looked at with it.
                    if last.is_some_and(|last| path.is_at_or_below(last)) || self.looks.is_ended() {
                        continue;
                    }
                    scanner.scan(Some(path), &mut report);
                    last = Some(path);
                }
                repositories.extend(inside.iter().copied().filter_map(git::unit_of));
                asked = inside;
            }
        }
        for repository in repositories {
            if !self.looks.is_ended() {
                repository::look(&scanner, &repository, self.as_of, &mut |event| self.tell(event));
            }
        }
        // Of what has gone together with its directory no listing speaks.
        for path in asked {
            let seen = scanner.look(path);
            if seen == Seen::Absent {
                self.tell(Event::Looked { as_of: self.as_of, seen: vec![(path.clone(), seen)] });
            }
        }
    }

    fn report(&self, report: Report) {
        let event = match report {
            Report::Look(path, seen) => Event::Looked { as_of: self.as_of, seen: vec![(path, seen)] },
            Report::Listing(listing) => Event::Listed(listing),
        };
        self.tell(event);
    }

    fn tell(&self, event: Event) {
        self.inbox.put_when_room(Input::Engine(event), MOST_REPORTS);
        // It was not the disk that it waited for.
        self.looks.control().gets_on();
    }
}

/// It is looked at as a whole.
fn is_repository(path: &RelativePath) -> bool {
    path.name() == git::DIRECTORY
}

fn note_repositories(report: &Report, repositories: &mut BTreeSet<RelativePath>) {
    if let Report::Listing(Listing { seen: Ok(seen), .. }) = report {
        let is_directory = |seen: &Seen| matches!(seen, Seen::Present { content: Content::Directory, .. });
        let found = seen.iter().filter(|(path, seen)| is_repository(path) && is_directory(seen));
        repositories.extend(found.map(|(path, _)| path.clone()));
    }
}
