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

    /// By what two failures are taken for the same one. What the executor's tester says names no rules.
    fn rule(&self) -> Option<String> {
        let failure = self.play(false).failure?;
        Some(match self.tester() {
            Tester::Planner => plain_words(&failure),
            Tester::Executor => String::new(),
            Tester::Worlds => failure.split(':').next().unwrap_or(&failure).to_owned(),
        })
    }
}

/// The rule and the words of a sentence, without the paths and numbers in it and what is in brackets: those get smaller.
fn plain_words(failure: &str) -> String {
    let sentence = failure.split(['(', '{']).next().unwrap_or(failure);
    let words = sentence.split_whitespace().map(|word| word.trim_matches([':', ',', '.']));
    let is_rule = |word: &str| word.starts_with(['E', 'L', 'S']) && word[1..].parse::<u8>().is_ok();
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.filter(|word| is_word(word) || is_rule(word)).collect::<Vec<_>>().join(" ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_alike_whatever_they_are_about() {
        for (failure, words) in [
            ("L1: machine 1 still waits at d/b: Blocked", "L1 machine still waits at"),
            ("L1: d is Some(Local { entry: ... }) on machine 0 and None", "L1 is"),
            ("machine 2: d/e is not empty: d/e/a (at d/e remove)", "machine is not empty"),
            ("a is fetched, and could be moved", "is fetched and could be moved"),
        ] {
            assert_eq!(plain_words(failure), words, "{failure}");
        }
    }
}
