//! What is written down about a run: its beginning, its end, and what happens between.

use crate::arguments::Command;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use homesync_host::configuration::LogLevel;
use homesync_host::directories::Directories;
use homesync_host::log::{self, FileLog, LogSettings};
use std::time::Instant;
use tracing::level_filters::LevelFilter;
use tracing::{error, info};

/// Runs a command with its log around it.
pub fn around(
    context: &Context,
    command: Option<&Command>,
    run: impl FnOnce() -> CommandResult<Exit>,
) -> CommandResult<Exit> {
    // Nobody's log but our own is written to. It goes only into a state directory that is there, so `init` is heard from the moment it has
    // made one.
    let has_log = !context.global.dry_run && command.is_some_and(Command::changes_something);
    let directories = context.directories().ok().filter(|found| has_log && found.check_owner().is_ok());
    let _guard = log::start(settings(context, directories.as_ref())).ok();
    let name = context.command;
    let began = Instant::now();
    info!(command = name, version = env!("CARGO_PKG_VERSION"), "began");
    let ended = run();
    let milliseconds = began.elapsed().as_millis() as u64;
    match &ended {
        Ok(exit) => info!(command = name, exit = exit.code(), milliseconds, "ended"),
        Err(failure) => {
            error!(command = name, exit = failure.exit().code(), milliseconds, error = %failure, "ended")
        }
    }
    ended
}

fn settings(context: &Context, directories: Option<&Directories>) -> LogSettings {
    let terminal = match context.global.verbose {
        // Without -v a failed command is told by its error message, not by the log.
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let on_terminal =
        LogSettings { terminal, color: context.output.colors_errors(), ..LogSettings::default() };
    // A run that has no log need not read how it is configured.
    let Some(directories) = directories else { return on_terminal };
    let configured = &context.working_settings().log;
    let level = match configured.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    LogSettings {
        file: configured.file.then(|| FileLog { level, ..FileLog::new(directories.logs()) }),
        system: configured.system,
        system_level: level,
        ..on_terminal
    }
}
