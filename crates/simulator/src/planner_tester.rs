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
mod people;
mod settle;

use crate::choices::Tape;
use std::collections::BTreeMap;

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was not as it must be.
    pub failure: Option<String>,
    /// How often situations came up that a tester must reach to be worth anything.
    pub reached: BTreeMap<&'static str, u64>,
    /// What happened, line by line. Only a failed case tells.
    pub trace: Vec<String>,
}

/// Runs the case that a tape describes. A failed case is run once more, to tell what happened.
pub fn run(tape: &Tape) -> Report {
    let report = case::Case::draw(tape, false).run();
    if report.failure.is_some() { case::Case::draw(tape, true).run() } else { report }
}

/// What happens in a case, for people.
pub fn scenario(tape: &Tape) -> String {
    let report = case::Case::draw(tape, true).run();
    let mut lines = report.trace;
    lines.extend(report.failure.map(|failure| format!("FAILURE: {failure}")));
    lines.join("\n")
}
