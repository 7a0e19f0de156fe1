//! The executor and the simulated disk, run by run: a few runs in every test run; `cargo xtask simulate --only executor` runs as many as one
//! likes, faster.

mod executor {
    mod bench;
    mod crashes;
    mod external;
    mod keeping;
    mod metadata;
    mod mounted;
    mod races;
    mod versions;
}

use homesync_simulator::choices::Tape;
use homesync_simulator::executor_tester::{LENGTH, exhaust, run};

/// Runs of each test run.
const RUNS: u64 = 2_000;
/// Of the calls of a recovery, each so-manyth is tried.
const STEP: u64 = 5;

#[test]
fn nothing_is_lost_torn_or_told_wrong() {
    for seed in 0..RUNS {
        let report = run(&Tape::from_seed(seed, LENGTH), false);
        assert_eq!(
            report.failure, None,
            "seed {seed}: `cargo xtask simulate --only executor --seed {seed} --runs 1` shows more"
        );
    }
}

#[test]
fn a11_a_crash_at_any_call_and_again_in_the_recovery_leaves_everything_whole() {
    let exhausted = exhaust(STEP);
    assert_eq!(exhausted.failure, None);
    assert!(exhausted.runs > 2_000, "{exhausted:?}");
    println!("{} runs", exhausted.runs);
}
