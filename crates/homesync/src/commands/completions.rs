//! `homesync completions`

use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use clap::{Args, ValueEnum};
use clap_complete::Shell;

/// Print the completions for a shell
///
/// Put them where your shell looks: for bash in ~/.local/share/bash-completion/completions/homesync, for zsh in a file _homesync in a
/// directory of $fpath, for fish in ~/.config/fish/completions/homesync.fish.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// The shell that will read them
    shell: KnownShell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let shell = match arguments.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    // Through a buffer of ours, because the generator panics when its reader goes away.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command(), "homesync", &mut script);
    context.output.print_bytes(&script)?;
    Ok(Exit::Done)
}
