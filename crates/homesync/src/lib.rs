//! The command line of homesync: what can be typed, what is printed, and how it ends.
//!
//! Start at [`run`]. Each command is one file in `commands`; it asks the crates below for facts and changes, and tells the result
//! through `output`, the only place that prints. Errors of every crate become a `CommandError` in `error`, which decides the words and
//! the exit code.

mod arguments;
mod ask;
mod called_as;
mod commands;
mod context;
mod conversions;
mod edit_settings;
mod error;
mod exit_code;
mod fast_prompt;
mod logging;
mod output;
mod short_help;
mod through_daemon;

use arguments::{Arguments, Command};
use called_as::CalledAs;
use clap::{CommandFactory, FromArgMatches};
use context::Context;
use error::{CommandError, Kind};
use exit_code::Exit;
use output::Output;
use std::ffi::OsString;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

/// Runs one command line, program name first, and says how it ended.
pub fn run(arguments: Vec<OsString>) -> ExitCode {
    // A shell calls this before every line that its user types: it is answered before anything else is set up.
    if let Some(exit) = fast_prompt::answer(&arguments) {
        return exit.into();
    }
    let called_as = CalledAs::from_arguments(&arguments);
    if let Some(exit) = short_help::answer(&arguments) {
        return exit.into();
    }
    let exit = catch_unwind(AssertUnwindSafe(|| parse_and_run(&arguments, called_as)));
    let exit = exit.unwrap_or_else(|_| {
        let error = CommandError::new(Kind::Fault, "homesync has a fault and stopped")
            .hint("please report the message above; what was already done is whole");
        Output::plain().error(&error);
        Exit::Failed
    });
    homesync_host::interrupt::carry_out();
    called_as.exit_code(exit).into()
}

/// The whole command line as data, for generated documents.
pub fn command() -> clap::Command {
    Arguments::command()
}

fn parse_and_run(arguments: &[OsString], called_as: CalledAs) -> Exit {
    let command = called_as.adapt(command()).color(color_of(arguments));
    let parsed = command.try_get_matches_from(arguments);
    let arguments = match parsed.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let command = arguments.command.as_ref();
    let context = Context::new(arguments.global, called_as, command.map_or("status", Command::name));
    let done = logging::around(&context, command, || commands::run(&context, command));
    match done {
        Ok(exit) => exit,
        Err(error) => {
            context.output.error(&error);
            error.exit()
        }
    }
}

/// The parser's own messages come before the arguments are known, and follow `--color` all the same.
fn color_of(arguments: &[OsString]) -> clap::ColorChoice {
    let mut words = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(word) = words.next() {
        let chosen = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        match chosen {
            Some("always") => return clap::ColorChoice::Always,
            Some("never") => return clap::ColorChoice::Never,
            _ => {}
        }
    }
    clap::ColorChoice::Auto
}

/// Help and version are answers, everything else is a mistake in what was typed.
fn usage(error: &clap::Error) -> Exit {
    match error.print() {
        // A reader that has gone away is no failure; a full disk behind an answer is one.
        Err(failure) if !error.use_stderr() && failure.kind() != io::ErrorKind::BrokenPipe => Exit::Failed,
        _ if error.use_stderr() => Exit::Usage,
        _ => Exit::Done,
    }
}
