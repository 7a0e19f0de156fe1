//! The planner's tester: a few machines with related trees, people who change them, and plans that are carried out exactly as written.
//!
//! There is no network, no clock and no executor here: a plan is done to a model of a disk that refuses whatever is not as the plan expects.
//! That makes a case cost some ten microseconds, so that all small combinations come up. A tape decides everything: first who takes part and
//! what they have in common, then what people do, what is heard in which order, and where machines stop. An exhausted tape means that nobody
//! does anything more: from then on all machines must come to the same trees and rest.

mod case;
mod checks;
mod contents;
mod disk;
mod execution;
mod machine;
mod owners;
mod people;
mod settle;
mod side_by_side;

use crate::choices::Tape;
use crate::scenario::Report;

/// Bytes of a tape: more than the longest case reads.
pub const LENGTH: usize = 120;

/// Named situations, and how often each must be reached in 100,000 cases: otherwise the cases test less than they seem to.
pub const MINIMUMS: &[(&str, u64)] = &[
    ("adjust", 1_000),
    ("adopt", 5_000),
    ("attribute set", 300),
    ("case rename", 20),
    ("conflict copy", 2_000),
    ("created", 20_000),
    ("dress", 500),
    ("given away", 300),
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

/// Runs the case that a tape describes, and tells what happens in it if that is asked for.
pub fn run(tape: &Tape, tells: bool) -> Report {
    case::Case::draw(tape, tells).run()
}
