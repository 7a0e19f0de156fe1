//! `simulate`: the planner, the executor and whole simulated worlds, compiled like what packages ship: a fifth faster than a release build.

use crate::outcome::{Context, Outcome, failed, usage};
use crate::process::cargo;

/// Exit code of the simulator for a call that it does not understand.
const USAGE: i32 = 2;

/// Asks for bugs to be planted, which only a build of its own has.
const CANARIES: &str = "--canaries";

/// Runs the chore: the arguments are those of the simulator's own program.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let mut call = vec!["run", "--locked", "--profile", "dist", "--quiet", "--package", "homesync-simulator"];
    if arguments.iter().any(|argument| argument == CANARIES) {
        call.extend(["--features", "canaries"]);
    }
    call.push("--");
    println!("$ cargo {} {}", call.join(" "), arguments.join(" "));
    let status = cargo(&call).args(arguments).status().context("cannot start cargo")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(USAGE) => Err(usage("does not understand these arguments; why is said above.")),
        _ => Err(failed(format!("the simulator failed ({status})."))),
    }
}
