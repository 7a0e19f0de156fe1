//! The three testers, and what a run of many must have reached to be worth anything.

use crate::{executor_tester, planner_tester, world};
use std::collections::BTreeMap;

/// How often situations came up.
pub type Reached = BTreeMap<&'static str, u64>;

/// Who tries what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tester {
    /// The planner alone, against a model of a disk.
    Planner,
    /// The executor, against a simulated disk.
    Executor,
    /// Whole machines.
    Worlds,
}

impl Tester {
    /// All of them, the fastest first.
    pub const ALL: [Self; 3] = [Self::Planner, Self::Executor, Self::Worlds];

    /// How it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planner => "planner",
            Self::Executor => "executor",
            Self::Worlds => "worlds",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tester| tester.name() == name)
    }

    /// How many of its runs take about as long as one world, so that a defect which a narrow tester can find is found there.
    pub fn runs_for_a_world(self) -> u64 {
        match self {
            Self::Planner => 100,
            Self::Executor => 10,
            Self::Worlds => 1,
        }
    }

    /// The named situations, and how often each must come up in so many runs: otherwise they test less than they seem to.
    pub fn minimums(self, runs: u64) -> Reached {
        let (each, minimums) = match self {
            Self::Planner => (100_000, planner_tester::MINIMUMS),
            Self::Executor => (20_000, executor_tester::MINIMUMS),
            Self::Worlds => (10_000, world::MINIMUMS),
        };
        minimums.iter().map(|(what, least)| (*what, at_least(*least, runs, each))).collect()
    }
}

/// What `least` in `each` runs means for another number of them. A few may be missing by chance, so a short run may miss what is rare.
fn at_least(least: u64, runs: u64, each: u64) -> u64 {
    let wanted = u128::from(least) * u128::from(runs) / u128::from(each);
    u64::try_from(wanted).unwrap_or(u64::MAX).saturating_sub(least.checked_ilog2().unwrap_or(0).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minimums_grow_with_the_runs_and_forgive_a_short_one() {
        assert_eq!(at_least(1_000, 200_000, 100_000), 2_000 - 9);
        assert_eq!(at_least(2, 200_000, 100_000), 3);
        assert_eq!(at_least(5_000, 1, 10_000), 0);
        assert_eq!(at_least(0, 1, 1), 0);
    }

    #[test]
    fn testers_are_found_by_their_names() {
        for tester in Tester::ALL {
            assert_eq!(Tester::named(tester.name()), Some(tester));
        }
        assert_eq!(Tester::named("nobody"), None);
    }
}
