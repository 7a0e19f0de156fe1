//! `docs`: writes the generated Markdown anew. The test that finds it stale is also what writes it, so the two
//! can never disagree about what belongs into the file.

use crate::outcome::{Outcome, no_arguments};
use crate::process::{cargo, run as run_program};

/// Asks the stale-check to write instead of compare.
const UPDATE: &str = "HOMESYNC_UPDATE_DOCS";

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    no_arguments(arguments)?;
    let mut test = cargo(["test", "--locked", "--package", "homesync", "--test", "reference"]);
    run_program(test.env(UPDATE, "1"))
}
