//! The executor against the simulated file system: a batch, a person who acts between any two calls, a crash at any call, errors at any call.
//!
//! A tape makes a scenario; it is played with the real staging and the real executor; then it is looked at whether anything is lost, torn, or
//! told wrong. The exhaustive mode plays some scenarios written by hand with a crash at every call, and in the recovery again at every call.

mod check;
mod draw;
mod ledger;
mod play;
mod scenario;
mod scripts;
mod thing;

pub use scripts::{Exhausted, exhaust};

use crate::choices::Tape;
use crate::scenario::Report;
use std::cell::RefCell;
use std::rc::Rc;

/// Bytes of a tape: longer ones hold nothing more.
pub const LENGTH: usize = 400;

/// Named situations, and how often each must be reached in 20,000 runs: otherwise the runs test less than they seem to.
pub const MINIMUMS: &[(&str, u64)] = &[
    ("an edit ended in the recovery area", 8),
    ("an edit is in place after recovery", 8),
    ("an intent stayed open", 8),
    ("conflict name taken", 8),
    ("crash in recovery", 8),
    ("displaced in two steps", 8),
    ("exchange returned unexpected object", 8),
    ("kill", 8),
    ("missing", 8),
    ("moved to another spelling", 8),
    ("no conflict name free", 8),
    ("power cut", 8),
    ("put back", 8),
    ("recovery resumed staged file", 8),
];

/// Draws a scenario from the tape and plays it. If that is asked for, tells what it is about, with every call of it.
pub fn run(tape: &Tape, tells: bool) -> Report {
    let mut reader = tape.reader();
    let scenario = draw::draw(&mut reader);
    let (played, calls) = play::play(&scenario, Rc::new(RefCell::new(reader)), tells);
    let log = if tells { told(&scenario, calls) } else { Vec::new() };
    Report { failure: played.failure, reached: played.reached, log, trace: played.trace }
}

fn told(scenario: &scenario::Scenario, calls: Vec<String>) -> Vec<String> {
    let text = scenario.text();
    let lines = text.lines().map(str::to_owned).chain(["calls:".to_string()]);
    lines.chain(calls.into_iter().map(|call| format!("  {call}"))).collect()
}
