//! A few of the planner's cases in every test run; `cargo xtask simulate --only planner` runs as many as one likes, faster.

use homesync_simulator::choices::Tape;
use homesync_simulator::planner_tester::{LENGTH, run};

/// Cases of each test run.
const CASES: u64 = 5_000;

#[test]
fn plans_converge_lose_nothing_and_find_what_they_expect() {
    for seed in 0..CASES {
        let report = run(&Tape::from_seed(seed, LENGTH), false);
        assert_eq!(
            report.failure, None,
            "seed {seed}: `cargo xtask simulate --only planner --seed {seed} --runs 1` shows more"
        );
    }
}

#[test]
fn the_benign_case_is_quiet() {
    let report = run(&Tape::default(), true);
    assert_eq!(report.failure, None);
    assert!(!report.log.is_empty());
}
