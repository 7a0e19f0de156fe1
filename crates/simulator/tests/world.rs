//! A few worlds in every test run; `cargo xtask simulate` runs as many as one likes, faster.

use homesync_simulator::world::{Tapes, run};

/// Worlds of each test run.
const RUNS: u64 = 60;

#[test]
fn nothing_is_violated_in_the_first_worlds() {
    for seed in 0..RUNS {
        let report = run(&Tapes::from_seed(seed), false);
        assert_eq!(
            report.failure, None,
            "seed {seed}: `cargo xtask simulate --seed {seed} --runs 1` shows more"
        );
    }
}

#[test]
fn the_same_tapes_give_the_same_world() {
    for seed in [3, 14, 15] {
        let tapes = Tapes::from_seed(seed);
        let (one, other) = (run(&tapes, true), run(&tapes, true));
        assert_eq!(one.trace, other.trace);
        assert_eq!(one.log, other.log);
    }
}

#[test]
fn the_benign_world_is_quiet() {
    let report = run(&Tapes { people: Default::default(), schedule: Default::default() }, false);
    assert_eq!(report.failure, None);
}
