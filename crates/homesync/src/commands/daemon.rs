//! `homesync daemon`

use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, failed};
use crate::exit_code::Exit;
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::Request;
use homesync_daemon::{Daemon, DaemonError};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_host::lock::{HolderNote, Lock, LockError, Patience};

/// Keep folders in step, in the foreground
///
/// Runs until Ctrl-C or a request to end (TERM). HUP makes it read its settings again. It says little here; its log is in the state
/// directory, and `-v` shows it.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// Ask the running daemon to end instead
    #[arg(long)]
    stop: bool,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    if arguments.stop {
        return through_daemon::tell(context, &Request::Stop);
    }
    if context.global.dry_run {
        context.output.note("Would keep folders in step until Ctrl-C.");
        return Ok(Exit::Done);
    }
    let (daemon, _lock) = start(context)?;
    context.output.note(&format!("homesync runs. {}", listening(&daemon)));
    daemon.run()?;
    Ok(Exit::Done)
}

/// Where it listens, in a sentence.
pub fn listening(daemon: &Daemon) -> String {
    match daemon.listening().as_slice() {
        [] => "Ctrl-C ends it.".to_string(),
        places => format!("It listens at {}; Ctrl-C ends it.", places.join(" and ")),
    }
}

/// Starts it, if no other runs.
pub fn start(context: &Context) -> CommandResult<(Daemon, Lock)> {
    let directories = context.directories()?;
    directories.check_owner()?;
    // Every wrong setting is said once, before anything begins.
    context.settings(&directories)?;
    let lock = lock(&directories)?;
    Ok((Daemon::start(&directories)?, lock))
}

fn lock(directories: &Directories) -> CommandResult<Lock> {
    file::create_private_directory(&directories.state)?;
    let note = HolderNote::new("homesync daemon");
    Lock::acquire(&directories.daemon_lock_file(), &note, Patience::NONE, &mut |_| {}).map_err(|error| {
        match error {
            LockError::Held(_) => {
                CommandError::new(Kind::Locked, "another homesync daemon runs here already")
                    .hint("see how it does: `homesync status`")
            }
            other => other.into(),
        }
    })
}

impl From<DaemonError> for CommandError {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Settings(error) => error.into(),
            DaemonError::Identity(error) => error.into(),
            DaemonError::NotSetUp => failed("this machine is not set up yet").hint("`homesync init`"),
            other => Self::from_error(Kind::Failed, &other),
        }
    }
}
