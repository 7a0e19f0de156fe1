//! The hunt for planted bugs: testers that find nothing wrong are worth as much as the bugs that they would have found.

use crate::scenario::Scenario;
use crate::tester::Tester;
use homesync_engine::{Bug, plant};

/// A round takes each tester for the work of so many worlds, so that what a fast one can find is found fast.
const ROUND: u64 = 40;
/// A bug that lives through so many rounds is not found: 16,000 worlds, and the other testers' runs that belong to them.
const ROUNDS: u64 = 400;

/// The run that found a bug.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Who.
    pub tester: Tester,
    /// Which of its runs.
    pub seed: u64,
    /// After how many runs without a finding, of all testers together.
    pub earlier: u64,
    /// What was wrong there.
    pub failure: String,
}

/// Plants a bug in this thread and lets the testers work until one of them finds it. A run that fails without the bug as well is no finding.
pub fn hunt(bug: Bug, first_seed: u64) -> Option<Finding> {
    let mut earlier = 0;
    for round in 0..ROUNDS {
        for tester in Tester::ALL {
            let many = ROUND * tester.runs_for_a_world();
            for seed in (first_seed + round * many..).take(many as usize) {
                let scenario = Scenario::from_seed(tester, seed);
                if let Some(failure) = failure_with(Some(bug), &scenario)
                    && failure_with(None, &scenario).is_none()
                {
                    return Some(Finding { tester, seed, earlier, failure });
                }
                earlier += 1;
            }
        }
    }
    None
}

fn failure_with(bug: Option<Bug>, scenario: &Scenario) -> Option<String> {
    plant(bug);
    let failure = scenario.play(false).failure;
    plant(None);
    failure
}
