//! When to tell of a change: at once if one file was saved, gathered if there are many, and seldom if somebody writes all the time.
//!
//! It knows no clock: the time since some beginning comes with each call. Four rules, each for one path alone but the third:
//!
//! 1. A path is *quiet* for a moment before it is told. Whoever closes a file that was written, or gives it its name, has finished, so that moment
//!    is short; something that is gone may come back at once (many editors save like that), so it is longer.
//! 2. What never gets quiet is told after a while all the same, each time after twice as long.
//! 3. When there are more than a few, they are told in batches.
//! 4. What comes again and again is told less and less often: often quiet for a moment is not finished.

use homesync_paths::RelativePath;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long what may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle {
    /// A file that was closed after writing, or got its name, was not touched for so long.
    pub saved: Duration,
    /// Anything else was not touched for so long.
    pub written: Duration,
    /// Something has been gone for so long.
    pub gone: Duration,
    /// Between two batches, when there is more than a few.
    pub batch: Duration,
    /// So many are told without waiting for a batch.
    pub few: usize,
    /// What is written to all the time is told after so long, the next time after twice as long.
    pub busy: Duration,
    /// But not seldomer than this.
    pub busiest: Duration,
}

impl Default for Settle {
    fn default() -> Self {
        Self {
            saved: Duration::from_millis(30),
            written: Duration::from_millis(100),
            gone: Duration::from_millis(300),
            batch: Duration::from_millis(500),
            few: 8,
            busy: Duration::from_secs(5),
            busiest: Duration::from_secs(60),
        }
    }
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was made, written to, or its properties changed: there may be more to come.
    Written,
    /// It was closed after writing, or got its name: complete, as far as one can know.
    Saved,
    /// A directory is there, and what is in it is to be looked at too.
    Directory,
    /// It is not there any more.
    Gone,
}

/// So many times in a row a path is told without being made to wait.
const FREE: u32 = 5;
/// Of more than so many at once it is not remembered that they were told: it would be a lot to remember, and they come in batches anyway.
const MANY: usize = 1_000;

/// Gathers changes until it is time to tell them.
#[derive(Debug)]
pub struct Settler {
    settle: Settle,
    waiting: BTreeMap<RelativePath, Waiting>,
    /// What was told lately, so that what comes again and again is known.
    told: BTreeMap<RelativePath, Told>,
    /// When the next batch may be told, and how many were in the last ones that followed each other.
    batch: (Duration, usize),
    lost: Option<String>,
    lost_told: Option<Told>,
    /// Nothing has to be told before, except what is lost.
    wake: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    first: Duration,
    last: Duration,
    change: Change,
    is_directory: bool,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Duration,
    /// How many times in a row.
    times: u32,
}

/// What is to be told now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ripe {
    /// These paths.
    Paths(BTreeSet<RelativePath>),
    /// Everything, for this reason.
    Everything(String),
}

impl Settler {
    /// With nothing in it.
    pub fn new(settle: Settle) -> Self {
        Self {
            settle,
            waiting: BTreeMap::new(),
            told: BTreeMap::new(),
            batch: (Duration::ZERO, 0),
            lost: None,
            lost_told: None,
            wake: None,
        }
    }

    /// Something happened to a path.
    pub fn note(&mut self, now: Duration, path: RelativePath, change: Change) {
        if self.told.get(&path).is_some_and(|told| self.is_stale(now, *told)) {
            self.told.remove(&path);
        }
        let is_directory = change == Change::Directory;
        let waiting = self.waiting.get(&path).copied();
        let waiting = Waiting {
            first: waiting.map_or(now, |waiting| waiting.first),
            last: now,
            change,
            is_directory: is_directory || waiting.is_some_and(|waiting| waiting.is_directory),
        };
        let due = self.due(&path, &waiting);
        self.wake = Some(self.wake.map_or(due, |wake| wake.min(due)));
        self.waiting.insert(path, waiting);
    }

    /// Nobody knows what happened.
    pub fn lost(&mut self, now: Duration, reason: String) {
        self.lost.get_or_insert(reason);
        // A flood may last: a look at everything for each wave of it would never come to an end.
        self.lost_told = self.lost_told.filter(|told| !self.is_stale(now, *told));
    }

    /// When to ask [`take`](Self::take) again, if nothing is noted before.
    pub fn wake(&self) -> Option<Duration> {
        let lost = self.lost.is_some().then(|| self.lost_due());
        lost.into_iter().chain(self.wake).min()
    }

    /// What it is time for.
    pub fn take(&mut self, now: Duration) -> Option<Ripe> {
        if now >= self.lost_due()
            && let Some(reason) = self.lost.take()
        {
            let times = self.lost_told.map_or(FREE + 1, |told| told.times + 1);
            self.lost_told = Some(Told { at: now, times });
            // These are looked at with everything; the others are not quiet yet, so one look is not enough for them.
            let (ripe, wake) = self.sort_out(now);
            for path in ripe {
                self.waiting.remove(&path);
            }
            self.wake = wake;
            return Some(Ripe::Everything(reason));
        }
        if self.waiting.is_empty() || self.wake.is_none_or(|wake| now < wake) {
            return None;
        }
        let (next, lately) = self.batch;
        if now < next && lately + self.waiting.len() > self.settle.few {
            self.wake = Some(next);
            return None;
        }
        let (ripe, wake) = self.sort_out(now);
        self.wake = wake;
        if ripe.is_empty() {
            return None;
        }
        self.batch = (now + self.settle.batch, if now < next { lately + ripe.len() } else { ripe.len() });
        Some(Ripe::Paths(self.tell(now, ripe)))
    }

    /// Which paths are ripe, and when the first of the others is.
    fn sort_out(&self, now: Duration) -> (Vec<RelativePath>, Option<Duration>) {
        let (mut ripe, mut wake) = (Vec::new(), None::<Duration>);
        for (path, waiting) in &self.waiting {
            let due = self.due(path, waiting);
            if due <= now {
                ripe.push(path.clone());
            } else {
                wake = Some(wake.map_or(due, |wake| wake.min(due)));
            }
        }
        (ripe, wake)
    }

    fn tell(&mut self, now: Duration, ripe: Vec<RelativePath>) -> BTreeSet<RelativePath> {
        let mut told = std::mem::take(&mut self.told);
        told.retain(|_, told| !self.is_stale(now, *told));
        self.told = told;
        let are_many = ripe.len() > MANY;
        let mut paths = BTreeSet::new();
        let mut whole: Option<RelativePath> = None;
        for path in ripe {
            let Some(waiting) = self.waiting.remove(&path) else { continue };
            let before = self.told.get(&path).map_or(0, |told| told.times);
            let was_quiet = now >= waiting.last + self.quiet(waiting.change);
            let times = if was_quiet { before + 1 } else { before.max(FREE + 1) + 1 };
            if times > 1 || !are_many {
                self.told.insert(path.clone(), Told { at: now, times });
            }
            // A directory stands for everything below it.
            if whole.as_ref().is_some_and(|whole| path.is_at_or_below(whole)) {
                continue;
            }
            if waiting.is_directory && waiting.change != Change::Gone {
                whole = Some(path.clone());
            }
            paths.insert(path);
        }
        paths
    }

    /// When a path is to be told.
    fn due(&self, path: &RelativePath, waiting: &Waiting) -> Duration {
        let quiet = waiting.last + self.quiet(waiting.change);
        let Some(told) = self.told.get(path).filter(|told| told.times > FREE) else {
            return quiet.min(waiting.first + self.settle.busy);
        };
        let most = match waiting.change {
            Change::Written => self.settle.busiest,
            // Somebody who saves again and again waits for it to arrive elsewhere.
            Change::Saved | Change::Directory | Change::Gone => self.settle.busy,
        };
        let until = told.at + self.delay(told.times).min(most);
        quiet.max(until).min(until.max(waiting.first + self.settle.busy))
    }

    fn quiet(&self, change: Change) -> Duration {
        match change {
            Change::Saved | Change::Directory => self.settle.saved,
            Change::Written => self.settle.written,
            Change::Gone => self.settle.gone,
        }
    }

    /// How long something waits that was told so many times in a row.
    fn delay(&self, times: u32) -> Duration {
        let Some(doublings) = times.checked_sub(FREE + 1) else { return Duration::ZERO };
        self.settle.busy.saturating_mul(1 << doublings.min(16)).min(self.settle.busiest)
    }

    /// It was told so long ago that it begins anew.
    fn is_stale(&self, now: Duration, told: Told) -> bool {
        now >= told.at + self.settle.busy.max(self.delay(told.times) * 2)
    }

    fn lost_due(&self) -> Duration {
        self.lost_told.map_or(Duration::ZERO, |told| told.at + self.delay(told.times))
    }
}

#[cfg(test)]
mod tests;
