//! The executor and the simulated disk, run by run.

mod executor {
    mod bench;
    mod crashes;
    mod keeping;
    mod races;
}

use homesync_simulator::choices::{Tape, shrink};
use homesync_simulator::executor_tester::{exhaust, run, scenario};
use std::collections::BTreeMap;

/// Longer tapes hold nothing more.
const LENGTH: usize = 400;

/// Situations that have to come up.
const REACHED: [&str; 14] = [
    "an edit ended in the recovery area",
    "an edit is in place after recovery",
    "an intent stayed open",
    "conflict name taken",
    "crash in recovery",
    "displaced in two steps",
    "exchange returned unexpected object",
    "kill",
    "missing",
    "moved to another spelling",
    "no conflict name free",
    "power cut",
    "put back",
    "recovery resumed staged file",
];

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn nothing_is_lost_torn_or_told_wrong() {
    let (from, many) = (number("SEED", 0), number("RUNS", 20_000));
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in from..from + many {
        let tape = Tape::from_seed(seed, LENGTH);
        let report = run(&tape);
        if report.failure.is_some() {
            let small = shrink(&tape, &mut |tape| run(tape).failure.is_some());
            let failure = run(&small).failure.unwrap_or_default();
            panic!("seed {seed}:\n{}\n{failure}\ntape: {:?}", scenario(&small), small.bytes);
        }
        for (what, times) in report.reached {
            *reached.entry(what).or_insert(0) += times;
        }
    }
    // What never comes up is not tested.
    for what in REACHED {
        assert!(many < 20_000 || reached.get(what).is_some_and(|times| *times > 5), "{what}: {reached:#?}");
    }
    println!("{reached:#?}");
}

#[test]
fn a11_a_crash_at_any_call_and_again_in_the_recovery_leaves_everything_whole() {
    let exhausted = exhaust(number("STEP", 5));
    assert_eq!(exhausted.failure, None);
    assert!(exhausted.runs > 2_000, "{exhausted:?}");
    println!("{} runs", exhausted.runs);
}
