//! One file per command: its arguments, whose comments are its help, and the function that runs it.

pub mod completions;
pub mod config;
pub mod conflicts;
pub mod daemon;
pub mod doctor;
pub mod explain;
pub mod folder;
pub mod handoff;
pub mod import;
pub mod init;
pub mod log;
pub mod machine;
pub mod man;
pub mod prompt;
pub mod recover;
pub mod status;
pub mod sync;
pub mod undo;
pub mod up;
pub mod verify;

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
        Some(Command::Sync(arguments)) => sync::run(context, arguments),
        Some(Command::Handoff(arguments)) => handoff::run(context, arguments),
        Some(Command::Folder(arguments)) => folder::run(context, arguments),
        Some(Command::Conflicts(arguments)) => conflicts::run(context, arguments),
        Some(Command::Undo(arguments)) => undo::run(context, arguments),
        Some(Command::Verify(arguments)) => verify::run(context, arguments),
        Some(Command::Explain(arguments)) => explain::run(context, arguments),
        Some(Command::Log(arguments)) => log::run(context, arguments),
        Some(Command::Recover(arguments)) => recover::run(context, arguments),
        Some(Command::Daemon(arguments)) => daemon::run(context, arguments),
        Some(Command::Machine(arguments)) => machine::run(context, arguments),
        Some(Command::Config(arguments)) => config::run(context, arguments),
        Some(Command::Import(arguments)) => import::run(context, arguments),
        Some(Command::Doctor(arguments)) => doctor::run(context, arguments),
        Some(Command::Prompt(arguments)) => prompt::run(context, arguments),
        Some(Command::Completions(arguments)) => completions::run(context, arguments),
        Some(Command::Man(arguments)) => man::run(context, arguments),
    }
}
