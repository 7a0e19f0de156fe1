//! All planted bugs, and which run finds each.

use super::campaign::workers;
use homesync_engine::Bug;
use homesync_simulator::canaries::{Finding, hunt};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;

/// What is told of a failure.
const MOST_WORDS: usize = 110;

/// Hunts for every bug; `true` when each was found.
pub fn run(seed: u64) -> bool {
    println!("planted bugs: {} from seed {seed} on", Bug::ALL.len());
    let (next, mut lost) = (&AtomicUsize::new(0), 0);
    thread::scope(|scope| {
        let (sender, receiver) = channel();
        for _ in 0..workers() {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(bug) = Bug::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if sender.send((*bug, hunt(*bug, seed))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (bug, finding) in receiver {
            lost += usize::from(finding.is_none());
            tell(bug, finding);
        }
    });
    println!("{} found, {lost} lived", Bug::ALL.len() - lost);
    lost == 0
}

fn tell(bug: Bug, finding: Option<Finding>) {
    println!("{bug:?}: {}", bug.sentence());
    let Some(Finding { tester, seed, earlier, failure }) = finding else {
        println!("  LIVED through all runs");
        return;
    };
    let words: String = failure.lines().next().unwrap_or_default().chars().take(MOST_WORDS).collect();
    println!("  found by {} with seed {seed}, after {earlier} runs: {words}", tester.name());
}
