//! The smallest run that still fails in the same way.

use super::Scenario;
use crate::choices::{Tape, shrink};
use crate::tester::Tester;
use crate::world::Tapes;

impl Scenario {
    /// The smallest one found that still violates the same rule; of a world first fewer deeds, then fewer accidents, and both once more.
    #[must_use]
    pub fn simplified(&self) -> Self {
        let Some(wanted) = self.rule() else { return self.clone() };
        let fails = |scenario: Self| scenario.rule().as_ref() == Some(&wanted);
        match self {
            Self::Planner(tape) => {
                Self::Planner(shrink(tape, &mut |tape| fails(Self::Planner(tape.clone()))))
            }
            Self::Executor(tape) => {
                Self::Executor(shrink(tape, &mut |tape| fails(Self::Executor(tape.clone()))))
            }
            Self::Worlds(tapes) => Self::Worlds(simplified_world(tapes, &|tapes| fails(Self::Worlds(tapes)))),
        }
    }

    /// By what two failures are taken for the same one: the rule that is named first. What the executor's tester says names no rules.
    fn rule(&self) -> Option<String> {
        let failure = self.play(false).failure?;
        match self.tester() {
            Tester::Executor => Some(String::new()),
            Tester::Planner | Tester::Worlds => failure.split(':').next().map(str::to_owned),
        }
    }
}

fn simplified_world(tapes: &Tapes, fails: &dyn Fn(Tapes) -> bool) -> Tapes {
    let mut best = tapes.clone();
    for _ in 0..2 {
        let schedule = best.schedule.clone();
        let with_people = |people: &Tape| Tapes { people: people.clone(), schedule: schedule.clone() };
        best.people = shrink(&best.people, &mut |people| fails(with_people(people)));
        let people = best.people.clone();
        let with_schedule = |schedule: &Tape| Tapes { people: people.clone(), schedule: schedule.clone() };
        best.schedule = shrink(&best.schedule, &mut |schedule| fails(with_schedule(schedule)));
    }
    best
}
