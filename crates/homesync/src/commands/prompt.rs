//! `homesync prompt`, and the text that it prints.

use crate::context::Context;
use crate::error::CommandResult;
use crate::fast_prompt;
use clap::Args;
use homesync_host::directories::Directories;
use homesync_host::file::{self, Staged};
use homesync_host::lock::Lock;

/// Print the short text for a shell's prompt
///
/// Reads one small file and nothing else, so that a prompt costs next to nothing. Prints nothing when there is nothing to say.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {}

pub fn run(context: &Context, _arguments: &Arguments) -> CommandResult {
    Ok(fast_prompt::print(context.global.root.clone()))
}

/// What the prompt shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// This machine is not set up.
    Nothing,
    /// With nothing to exchange yet, everything is in step.
    InStep,
    /// Something is wrong.
    Problem,
}

/// Lets the prompt show how things stand. It is only a copy of what `status` says: where it cannot be written, nothing is lost.
pub fn show(directories: &Directories, sign: Sign, lock: Option<&Lock>) {
    let text: &[u8] = match sign {
        Sign::Nothing => b"",
        Sign::InStep => "✓\n".as_bytes(),
        Sign::Problem => "✗\n".as_bytes(),
    };
    let path = directories.prompt_file();
    let is_shown = file::read_bounded(&path, 1024).is_ok_and(|shown| shown.unwrap_or_default() == text);
    if directories.check_owner().is_err() {
        return;
    }
    let _ = match lock {
        Some(_) if is_shown => Staged::clear(&path),
        Some(_) => file::replace(&path, text, 0o600),
        None if is_shown => Ok(()),
        None => file::replace_unlocked(&path, text, 0o600),
    };
}
