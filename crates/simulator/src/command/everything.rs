//! All testers one after the other, and what is said about them.

use super::arguments::Arguments;
use super::campaign::{Campaign, Found, Summary, workers};
use homesync_simulator::scenario::{self, Scenario};
use homesync_simulator::tester::Tester;
use std::time::{Duration, Instant};

/// How many failures of a tester are made small and written down.
const MOST_FILES: usize = 3;
/// How many of them are told.
const MOST_TOLD: usize = 20;
/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

/// Runs every tester that was asked for, also after one has failed; `true` when nothing is violated and enough was reached.
pub fn run(arguments: &Arguments) -> bool {
    let mut is_good = true;
    for (tester, runs) in arguments.testers() {
        let campaign = Campaign { tester, seed: arguments.seed, runs };
        println!("{}: {runs} from seed {} on", tester.name(), arguments.seed);
        let summary = campaign.run(workers(), &mut progress(campaign));
        tell_failures(tester, &summary.found);
        println!("  {}", rate(&summary));
        is_good &= are_reached(tester, &summary.found) && summary.found.failures.is_empty();
    }
    is_good
}

/// Says now and then how far it has come, and what fails as soon as that is known: a long run need not be waited for.
fn progress(campaign: Campaign) -> impl FnMut(&Found) {
    let (mut told, mut failed) = (Instant::now(), 0);
    move |found| {
        let name = campaign.tester.name();
        for (seed, failure) in &found.failures[failed..] {
            eprintln!("{name}: seed {seed}: {}", failure.lines().next().unwrap_or_default());
        }
        failed = found.failures.len();
        if told.elapsed() > PROGRESS {
            told = Instant::now();
            eprintln!("{name}: {} of {}, {failed} failed", found.done, campaign.runs);
        }
    }
}

fn rate(summary: &Summary) -> String {
    let (found, rate) = (&summary.found, summary.rate());
    let cores = if summary.workers == 1 { "core" } else { "cores" };
    format!(
        "{} done, {} failed, {rate:.0} a second and core ({} {cores})",
        found.done,
        found.failures.len(),
        summary.workers
    )
}

fn tell_failures(tester: Tester, found: &Found) {
    for (number, (seed, failure)) in found.failures.iter().enumerate().take(MOST_TOLD) {
        println!("  seed {seed}: {failure}");
        if number < MOST_FILES {
            keep(tester, *seed);
        }
    }
    if found.failures.len() > MOST_TOLD {
        println!("  and {} more", found.failures.len() - MOST_TOLD);
    }
}

/// Each named situation must have come up often enough.
fn are_reached(tester: Tester, found: &Found) -> bool {
    let mut is_good = true;
    for (what, wanted) in tester.minimums(found.done) {
        let many = found.reached.get(what).copied().unwrap_or(0);
        let is_enough = many >= wanted;
        is_good &= is_enough;
        let complaint = if is_enough { "" } else { "  TOO SELDOM" };
        println!("  {many:>9}  {what} (at least {wanted}){complaint}");
    }
    is_good
}

/// Makes a failing run small and writes it to a file.
fn keep(tester: Tester, seed: u64) {
    let small = Scenario::from_seed(tester, seed).simplified();
    let report = small.play(true);
    let file = format!("scenario-{}-{seed}.txt", tester.name());
    match std::fs::write(&file, scenario::write(&small, &report)) {
        Ok(()) => println!("    made small in {file}; `cargo xtask simulate --scenario {file}` plays it"),
        Err(error) => println!("    {file} could not be written: {error}"),
    }
}
