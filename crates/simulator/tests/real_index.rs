//! Worlds in which every machine has the real index, on a disk that stops and fails between the database's own calls.

use homesync_simulator::world::{Tapes, run, run_with_real_index};
use std::collections::BTreeMap;

/// Worlds of each test run.
const RUNS: u64 = 24;

#[test]
fn nothing_is_violated_with_the_real_index_and_it_is_cut_in_the_middle() {
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..RUNS {
        let report = run_with_real_index(&Tapes::from_seed(seed), false);
        assert_eq!(report.failure, None, "seed {seed}");
        for (what, many) in report.reached {
            *reached.entry(what).or_default() += many;
        }
    }
    let wanted = [
        ("real index", RUNS),
        ("real index cut in the middle", 5),
        ("real index refused", 3),
        ("item created", 50),
    ];
    for (what, least) in wanted {
        let many = reached.get(what).copied().unwrap_or(0);
        assert!(many >= least, "{what}: {many} of at least {least}");
    }
}

#[test]
fn the_same_tapes_give_the_same_world_with_the_real_index() {
    for seed in [2, 7, 18] {
        let tapes = Tapes::from_seed(seed);
        let (one, other) = (run_with_real_index(&tapes, true), run_with_real_index(&tapes, true));
        assert_eq!((one.trace, one.log), (other.trace, other.log), "seed {seed}");
    }
}

#[test]
fn about_each_twentieth_world_has_the_real_index() {
    let reports = (0..200).map(|seed| run(&Tapes::from_seed(seed), false));
    let many = reports.filter(|report| report.reached.contains_key("real index")).count();
    assert!((3..25).contains(&many), "{many} of 200");
}

#[test]
fn the_benign_world_is_quiet_with_the_real_index() {
    let report =
        run_with_real_index(&Tapes { people: Default::default(), schedule: Default::default() }, false);
    assert_eq!(report.failure, None);
}
