//! Starting a program: the only place that knows `std::process::Command`.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use super::program::Input;
use super::{Program, RunError, lookup};

/// The pauses, in milliseconds, after which a busy file is tried again.
const BUSY_PAUSES: [u64; 6] = [2, 5, 10, 20, 50, 100];

/// The only construction of a command in this crate.
#[expect(clippy::disallowed_methods, reason = "this is the one wrapper")]
fn command(program: &Program) -> Result<Command, RunError> {
    if let Some(directory) = &program.directory
        && let Err(source) = look_at(directory)
    {
        return Err(RunError::Directory { program: program.text(), directory: directory.clone(), source });
    }
    let mut command = Command::new(lookup::find(program)?);
    command.arg0(&program.name).args(program.all_arguments());
    if let Some(directory) = &program.directory {
        command.current_dir(directory);
    }
    for (name, value) in &program.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(command)
}

/// Starts a program whose streams we hold, in a process group of its own.
pub(super) fn supervised(program: &Program) -> Result<Child, RunError> {
    let mut command = command(program)?;
    fix_locale(&mut command, program);
    let stdin = if matches!(program.input, Input::Nothing) { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    spawn(command, program)
}

/// Starts a program that has our terminal.
pub(super) fn interactive(program: &Program) -> Result<Child, RunError> {
    spawn(command(program)?, program)
}

/// A script that we have just written may look as if it were still being written: a child that another thread started at that moment has
/// inherited the open file, until it runs its own program. So that is waited for.
fn spawn(mut command: Command, program: &Program) -> Result<Child, RunError> {
    let mut pauses = BUSY_PAUSES.into_iter();
    loop {
        match (command.spawn(), pauses.next()) {
            (Err(error), Some(pause)) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                thread::park_timeout(Duration::from_millis(pause));
            }
            (started, _) => {
                return started.map_err(|source| RunError::Start { program: program.text(), source });
            }
        }
    }
}

/// Output that is read by us must not depend on the person's language. A caller that sets these itself has its reasons.
fn fix_locale(command: &mut Command, program: &Program) {
    let is_chosen = |name: &str| program.variables.iter().any(|(chosen, _)| chosen == name);
    if !is_chosen("LC_ALL") {
        command.env("LC_ALL", "C");
    }
    if !is_chosen("LANGUAGE") {
        command.env_remove("LANGUAGE");
    }
}

/// Why nothing can run in this directory. The system's own answer would not say whether the program or the directory is missing.
fn look_at(directory: &Path) -> io::Result<()> {
    if directory.metadata()?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}
