//! `test`: everything, from a machine that has nothing but Rust and a C compiler.

use crate::check;
use crate::outcome::{Outcome, no_arguments};
use crate::process::{cargo, run as run_program};
use crate::setup;
use crate::simulate;
use crate::steps::Steps;

/// Runs the chore. The unit tests of `check` are left out as a step, because "all tests" contains them.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    no_arguments(arguments)?;
    let mut steps = Steps::new();
    steps.step("set up", || setup::run(&[]))?;
    check::static_steps(&mut steps)?;
    steps.step("all tests", || run_program(&mut cargo(["test", "--locked", "--workspace"])))?;
    steps.step("simulated runs", || simulate::run(&[]))?;
    steps.step("planted bugs", || simulate::run(&["--canaries".to_string()]))?;
    check::documentation_step(&mut steps)
}
