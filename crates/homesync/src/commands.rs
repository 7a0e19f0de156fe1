//! One file per command: its arguments, whose comments are its help, and the function that runs it.

pub mod completions;
pub mod config;
pub mod doctor;
pub mod import;
pub mod init;
pub mod machine;
pub mod man;
pub mod prompt;
pub mod status;
pub mod up;

use crate::arguments::Command;
use crate::context::Context;
use crate::error::CommandResult;

/// Runs a command; without one, `status`.
pub fn run(context: &Context, command: Option<&Command>) -> CommandResult {
    match command {
        None => status::run(context, &status::Arguments::default()),
        Some(Command::Up(arguments)) => up::run(context, arguments),
        Some(Command::Init(arguments)) => init::run(context, arguments),
        Some(Command::Status(arguments)) => status::run(context, arguments),
        Some(Command::Machine(arguments)) => machine::run(context, arguments),
        Some(Command::Config(arguments)) => config::run(context, arguments),
        Some(Command::Import(arguments)) => import::run(context, arguments),
        Some(Command::Doctor(arguments)) => doctor::run(context, arguments),
        Some(Command::Prompt(arguments)) => prompt::run(context, arguments),
        Some(Command::Completions(arguments)) => completions::run(context, arguments),
        Some(Command::Man(arguments)) => man::run(context, arguments),
    }
}
