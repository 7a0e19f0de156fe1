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
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was not as it must be.
    pub failure: Option<String>,
    /// Situations that came up, and how often.
    pub reached: BTreeMap<&'static str, u64>,
    /// Equal for equal runs.
    pub trace: u64,
}

/// Draws a scenario from the tape and plays it.
pub fn run(tape: &Tape) -> Report {
    let mut reader = tape.reader();
    let scenario = draw::draw(&mut reader);
    let played = play::play(&scenario, Rc::new(RefCell::new(reader)), false).0;
    Report { failure: played.failure, reached: played.reached, trace: played.trace }
}

/// What the tape's run is about, for people, with every call of it.
pub fn scenario(tape: &Tape) -> String {
    let mut reader = tape.reader();
    let scenario = draw::draw(&mut reader);
    let (_, log) = play::play(&scenario, Rc::new(RefCell::new(reader)), true);
    format!("{}\ncalls:\n  {}", scenario.text(), log.join("\n  "))
}
