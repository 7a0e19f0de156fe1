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
        None => everything::run(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
