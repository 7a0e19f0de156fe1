//! The program `homesync`. Everything is in the library beside it, so that tests and generated documents see the same command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    homesync::run(std::env::args_os().collect())
}
