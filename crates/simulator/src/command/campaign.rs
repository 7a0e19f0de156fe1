//! Many runs of one tester from consecutive seeds, on all cores.

use homesync_simulator::scenario::Scenario;
use homesync_simulator::tester::{Reached, Tester};
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Every so many runs one is done twice, and must be the same.
const TWICE: u64 = 50;
/// A worker asks for the work of so many worlds at a time: often enough to end with the others, seldom enough not to wait for them.
const CHUNK: u64 = 5;

/// Which runs.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// Of whom.
    pub tester: Tester,
    /// The first seed.
    pub seed: u64,
    /// How many.
    pub runs: u64,
}

/// What came of some runs: the same, however many workers did them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// How many runs were done.
    pub done: u64,
    /// What was reached how often.
    pub reached: Reached,
    /// What was violated, in the order of seeds.
    pub failures: Vec<(u64, String)>,
}

/// What came of all runs, and how fast.
pub struct Summary {
    /// What came of them.
    pub found: Found,
    /// How many threads worked.
    pub workers: usize,
    /// How long they took.
    pub time: Duration,
}

impl Summary {
    /// Runs in a second, for each core that took part.
    pub fn rate(&self) -> f64 {
        self.found.done as f64 / self.time.as_secs_f64() / self.workers as f64
    }
}

/// One for each core.
pub fn workers() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

impl Campaign {
    /// Does all runs; `hear` is told what was found so far, now and then.
    pub fn run(self, workers: usize, hear: &mut dyn FnMut(&Found)) -> Summary {
        let (started, next) = (Instant::now(), &AtomicU64::new(0));
        let mut found = Found::default();
        thread::scope(|scope| {
            let (sender, receiver) = channel();
            for _ in 0..workers {
                let sender = sender.clone();
                scope.spawn(move || self.work(next, &sender));
            }
            // The workers hold the only senders now: when the last one ends, nothing more comes.
            drop(sender);
            for chunk in receiver {
                found.add(chunk);
                hear(&found);
            }
        });
        found.failures.sort();
        Summary { found, workers, time: started.elapsed() }
    }

    /// Takes chunk after chunk, until none is left.
    fn work(self, next: &AtomicU64, sender: &Sender<Found>) {
        let chunk = CHUNK * self.tester.runs_for_a_world();
        loop {
            let from = next.fetch_add(chunk, Ordering::Relaxed);
            if from >= self.runs {
                return;
            }
            let mut found = Found::default();
            for number in from..self.runs.min(from + chunk) {
                found.run(self.tester, self.seed + number, number % TWICE == 0);
            }
            if sender.send(found).is_err() {
                return;
            }
        }
    }
}

impl Found {
    fn run(&mut self, tester: Tester, seed: u64, is_twice: bool) {
        let scenario = Scenario::from_seed(tester, seed);
        let report = scenario.play(false);
        if is_twice && scenario.play(false).trace != report.trace {
            self.failures.push((seed, "two runs of the same tapes differ".to_string()));
        }
        self.failures.extend(report.failure.map(|failure| (seed, failure)));
        self.done += 1;
        self.reach(report.reached);
    }

    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failures.extend(other.failures);
        self.reach(other.reached);
    }

    fn reach(&mut self, reached: Reached) {
        for (what, many) in reached {
            *self.reached.entry(what).or_default() += many;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_workers_changes_nothing_but_the_time() {
        for (tester, runs) in [(Tester::Planner, 1_201), (Tester::Executor, 121), (Tester::Worlds, 7)] {
            let campaign = Campaign { tester, seed: 40, runs };
            let mut heard = 0;
            let one = campaign.run(1, &mut |found| heard = found.done).found;
            assert_eq!((one.done, heard), (runs, runs));
            assert_eq!(campaign.run(3, &mut |_| {}).found, one);
        }
    }
}
