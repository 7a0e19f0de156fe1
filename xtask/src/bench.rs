//! `bench WHAT`: measurements that the project promises numbers for.

mod cpu;
mod startup;

use crate::outcome::{Outcome, usage};

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [only] if only == "startup" => startup::run(),
        [] => Err(usage("needs the name of a measurement.")),
        [first, ..] => Err(usage(format!("has no measurement `{first}`."))),
    }
}
