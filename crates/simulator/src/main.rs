//! `cargo xtask simulate`: runs the three testers from seeds, or one run from a file.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of this program is its purpose")]

mod command;

use command::arguments::{Arguments, USAGE};
use command::{everything, replay};
use homesync_simulator::scenario::silence_panics;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    silence_panics();
    let is_good = match &arguments.scenario {
        Some(file) => replay::play(file),
        None if arguments.canaries => canaries(&arguments),
        None => everything::run(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(feature = "canaries")]
fn canaries(arguments: &Arguments) -> bool {
    command::canaries::run(arguments.seed)
}

#[cfg(not(feature = "canaries"))]
fn canaries(_: &Arguments) -> bool {
    eprintln!("This build has no bugs to plant. `cargo xtask simulate --canaries` makes one that has.");
    false
}
