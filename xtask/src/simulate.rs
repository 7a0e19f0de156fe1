//! `simulate`: the folder engine in simulated worlds, compiled for speed.

use crate::outcome::Outcome;
use crate::process::{cargo, run as run_program};

/// Runs the chore: the arguments are those of the simulator's own program.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut program =
        cargo(["run", "--locked", "--release", "--quiet", "--package", "homesync-simulator", "--"]);
    run_program(program.args(arguments))
}
