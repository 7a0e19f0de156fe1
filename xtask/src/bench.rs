//! `bench WHAT`: measurements that the project promises numbers for.

mod cpu;
mod folders;
mod startup;

use crate::outcome::{Outcome, usage};

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    match arguments {
        [only] if only == "startup" => startup::run(),
        [first, rest @ ..] if first == "folders" => folders::run(rest),
        [] => Err(usage("needs the name of a measurement: `startup` or `folders`.")),
        [first, ..] => Err(usage(format!("has no measurement `{first}`."))),
    }
}
