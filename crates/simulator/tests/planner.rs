//! The planner's properties, over many small cases.

use homesync_simulator::choices::{Tape, shrink};
use homesync_simulator::planner_tester::{run, scenario};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Bytes of a tape: more than the longest case reads.
const LENGTH: usize = 120;
/// Cases, unless they take too long.
const CASES: u64 = 200_000;
const LONGEST: Duration = Duration::from_secs(40);

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Situations, and in how many of 100,000 cases they must come up at least: a tester that does not reach them says nothing about them.
const REACHED: &[(&str, u64)] = &[
    ("adjust", 1_000),
    ("adopt", 5_000),
    ("case rename", 20),
    ("conflict copy", 2_000),
    ("created", 20_000),
    ("held: blocked", 2_000),
    ("held: git at work", 2),
    ("held: guard", 400),
    ("held: left out below", 50),
    ("held: only sends", 5_000),
    ("held: spelled otherwise", 400),
    ("held: suspect", 400),
    ("held: unread", 2),
    ("left behind", 2),
    ("move", 500),
    ("override", 200),
    ("parent kept alive", 2_000),
    ("remove", 5_000),
    ("replaced", 5_000),
    ("revert", 200),
    ("revert of what nobody has", 100),
    ("revive", 1_000),
    ("rot", 500),
    ("stopped before the index", 500),
    ("type flip", 5_000),
    ("unit", 5_000),
];

#[test]
fn plans_converge_lose_nothing_and_find_what_they_expect() {
    let from = number("SEED", 1);
    let (cases, most) = (number("CASES", CASES), number("FAILURES", 1));
    let started = Instant::now();
    let mut reached: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut done, mut failures) = (0, 0);
    for seed in from..from + cases {
        if started.elapsed() > LONGEST || failures >= most {
            break;
        }
        let tape = Tape::from_seed(seed, LENGTH);
        let report = run(&tape);
        done += 1;
        for (what, many) in report.reached {
            *reached.entry(what).or_insert(0) += many;
        }
        if let Some(failure) = report.failure {
            failures += 1;
            tell(seed, &tape, &failure);
        }
    }
    println!("{done} cases, {:.0} each second\n{reached:#?}", done as f64 / started.elapsed().as_secs_f64());
    assert_eq!(failures, 0);
    for (what, least) in REACHED {
        // A short run may miss what is rare.
        let least = (least * done / 100_000).saturating_sub(least.ilog2().into());
        let many = reached.get(what).copied().unwrap_or(0);
        assert!(many >= least, "{what}: reached {many} times in {done} cases, {least} are the least");
    }
}

/// Prints the smallest case with the same kind of failure.
#[expect(clippy::print_stdout, reason = "a failing case is told where it is found")]
fn tell(seed: u64, tape: &Tape, failure: &str) {
    let is_alike = |other: &str| other.chars().take(4).eq(failure.chars().take(4));
    let small = shrink(tape, &mut |tape| run(tape).failure.is_some_and(|other| is_alike(&other)));
    println!("seed {seed}: {failure}\n{}\n{small:?}\n", scenario(&small));
}
