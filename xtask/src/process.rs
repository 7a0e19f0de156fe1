//! Starting other programs: shown before they run, failing with one sentence, never through a shell.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::outcome::{Context, Outcome, failed};
use crate::places;

/// A command in the workspace's root, without input: a chore never waits for a person.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(places::workspace()).stdin(Stdio::null());
    command
}

/// Cargo with the given arguments, without the variables that `cargo run` set for *this* program: some build
/// scripts watch them and would run again with each change between cargo and cargo-in-cargo.
pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    let mut command = command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.args(arguments);
    command
}

/// A command that changes the machine: as it is for root, through `sudo -n` (which never asks) for others.
pub(crate) fn as_root(program: &str) -> Outcome<Command> {
    if is_root() {
        return Ok(command(program));
    }
    if find("sudo").is_none() {
        return Err(failed(format!(
            "`{program}` needs root here, and there is no sudo: run this chore as root."
        )));
    }
    let mut sudo = command("sudo");
    sudo.args(["-n", "--", program]);
    Ok(sudo)
}

/// Whether this process is root, by the owner of its own entry below /proc (and not root where there is none).
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|entry| entry.uid() == 0)
}

/// Shows the command, runs it with this terminal, and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    println!("$ {line}");
    let status = command.status().context(format!("cannot start `{line}`"))?;
    if status.success() {
        return Ok(());
    }
    Err(failed(format!("`{line}` failed ({status}).")))
}

/// Runs the command silently and returns its standard output; on failure its last words are in the sentence.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let line = describe(command);
    let output = command.output().context(format!("cannot start `{line}`"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("`{line}` failed ({}): {}", output.status, said.trim())))
}

/// Where a program is. Looks into the system directories too, which the PATH of ordinary users lacks.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|candidate| is_program(candidate))
}

fn is_program(candidate: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(candidate).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The command as a person would type it, short enough to read: the program without its directory, and `…` for
/// configuration options (`-o NAME=VALUE`), of which apt gets many.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned()];
    let mut arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    while let Some(argument) = arguments.next() {
        if argument != "-o" {
            words.push(argument);
            continue;
        }
        arguments.next();
        if words.last().is_some_and(|last| last != "…") {
            words.push("…".to_owned());
        }
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_named_with_its_last_words() {
        let failure =
            capture(command("sh").args(["-c", "echo too bad >&2; exit 7"])).expect_err("it ends with 7");
        let text = format!("{failure:?}");
        assert!(text.contains("too bad") && text.contains('7'), "{text}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let failure = capture(&mut command("no-such-program-here")).expect_err("it does not exist");
        assert!(format!("{failure:?}").contains("no-such-program-here"));
    }

    #[test]
    fn configuration_options_are_not_spelled_out() {
        let mut apt = command("/usr/bin/apt-get");
        assert_eq!(describe(apt.args(["-o", "A=b", "-o", "C=d", "update"])), "apt-get … update");
    }

    #[test]
    fn programs_are_found_and_directories_are_not_programs() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-here").is_none());
        assert!(!is_program(Path::new("/")));
    }
}
