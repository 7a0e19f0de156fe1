//! A run of any tester: what it is drawn from, how it is played, made small, and kept as a file.

mod panics;
mod simplify;
mod text;

pub use crate::world::Report;
pub use panics::silence_panics;
pub use text::{read, write};

use crate::choices::Tape;
use crate::tester::Tester;
use crate::world::{self, Tapes};
use crate::{executor_tester, planner_tester};

/// What a run is drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A case of the planner's tester.
    Planner(Tape),
    /// A run of the executor's tester.
    Executor(Tape),
    /// A world.
    Worlds(Tapes),
}

impl Scenario {
    /// The run of a tester with this seed.
    pub fn from_seed(tester: Tester, seed: u64) -> Self {
        match tester {
            Tester::Planner => Self::Planner(Tape::from_seed(seed, planner_tester::LENGTH)),
            Tester::Executor => Self::Executor(Tape::from_seed(seed, executor_tester::LENGTH)),
            Tester::Worlds => Self::Worlds(Tapes::from_seed(seed)),
        }
    }

    /// Who plays it.
    pub fn tester(&self) -> Tester {
        match self {
            Self::Planner(_) => Tester::Planner,
            Self::Executor(_) => Tester::Executor,
            Self::Worlds(_) => Tester::Worlds,
        }
    }

    /// Plays it, and tells what happens if that is asked for. A panic is a failure like any other.
    pub fn play(&self, tells: bool) -> Report {
        let play = || match self {
            Self::Planner(tape) => planner_tester::run(tape, tells),
            Self::Executor(tape) => executor_tester::run(tape, tells),
            Self::Worlds(tapes) => world::run(tapes, tells),
        };
        panics::caught(play)
            .unwrap_or_else(|panic| Report { failure: Some(format!("panic: {panic}")), ..Report::default() })
    }
}
