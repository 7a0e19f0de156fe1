//! What can be typed. The comments here are the help that people read.

use crate::commands::{
    completions, config, conflicts, daemon, doctor, explain, folder, handoff, import, init, log, machine,
    man, prompt, recover, status, sync, undo, up, verify,
};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Makes all of a person's machines feel like one machine
///
/// For people with two to ten computers. This version keeps their folders in step, peer to peer, and can say whether everything is on the
/// other machine; state and images are on their way. Without a command it prints the status of this machine.
///
/// Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 needs your decision, 4 another run holds the lock, 5 partly done.
#[derive(Debug, Parser)]
#[command(name = "homesync", version, disable_help_subcommand = true, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub global: GlobalArguments,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that every command understands.
#[derive(Args, Clone, Debug, Default)]
pub struct GlobalArguments {
    /// Keep configuration, data and state below this directory
    ///
    /// Without it they are in the XDG directories. Useful for trying things out, and for several installations on one computer. The
    /// environment variable HOMESYNC_ROOT does the same.
    #[arg(long, global = true, display_order = 101, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub root: Option<PathBuf>,

    /// Say more; twice or three times for even more
    #[arg(short, long, global = true, display_order = 102, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Say only what failed
    #[arg(short, long, hide_short_help = true, global = true, display_order = 103)]
    pub quiet: bool,

    /// When to use colours
    #[arg(
        long,
        global = true,
        display_order = 104,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_short_help = true
    )]
    pub color: ColorChoice,

    /// Never ask, never wait for another run
    ///
    /// What needs a person ends with exit code 3 instead, and a lock that is held with 4 at once.
    #[arg(long, global = true, display_order = 105)]
    pub no_input: bool,

    /// Answer every question with yes
    #[arg(short, long, global = true, display_order = 106)]
    pub yes: bool,

    /// Show what would change, and change nothing
    #[arg(short = 'n', long, global = true, display_order = 107)]
    pub dry_run: bool,

    /// Answer yes also where something of yours is replaced
    #[arg(long, global = true, display_order = 108, hide_short_help = true)]
    pub force: bool,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Asks a reading command for data instead of text.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct JsonArgument {
    /// Print JSON with a version field, for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Up(up::Arguments),
    Init(init::Arguments),
    Status(status::Arguments),
    Sync(sync::Arguments),
    Handoff(handoff::Arguments),
    Conflicts(conflicts::Arguments),
    Machine(machine::Arguments),
    Folder(folder::Arguments),
    Log(log::Arguments),
    Recover(recover::Arguments),
    Undo(undo::Arguments),
    Verify(verify::Arguments),
    Explain(explain::Arguments),
    Daemon(daemon::Arguments),
    Config(config::Arguments),
    Import(import::Arguments),
    Doctor(doctor::Arguments),
    Prompt(prompt::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

impl Command {
    /// Whether it can change something, and so is worth a line in the log. Others would fill it: a status line asks every second.
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Up(_)
            | Self::Init(_)
            | Self::Import(_)
            | Self::Man(_)
            | Self::Daemon(_)
            | Self::Undo(_) => true,
            Self::Conflicts(arguments) => arguments.changes_something(),
            Self::Config(arguments) => arguments.changes_something(),
            Self::Machine(arguments) => arguments.changes_something(),
            Self::Folder(arguments) => arguments.changes_something(),
            Self::Recover(arguments) => arguments.changes_something(),
            Self::Status(_) | Self::Doctor(_) | Self::Prompt(_) | Self::Completions(_) => false,
            Self::Sync(_) | Self::Handoff(_) | Self::Log(_) | Self::Verify(_) | Self::Explain(_) => false,
        }
    }

    /// Its name, for the log and for the lock's note.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Init(_) => "init",
            Self::Status(_) => "status",
            Self::Sync(_) => "sync",
            Self::Handoff(_) => "handoff",
            Self::Folder(_) => "folder",
            Self::Conflicts(_) => "conflicts",
            Self::Undo(_) => "undo",
            Self::Verify(_) => "verify",
            Self::Explain(_) => "explain",
            Self::Log(_) => "log",
            Self::Recover(_) => "recover",
            Self::Daemon(_) => "daemon",
            Self::Machine(_) => "machine",
            Self::Config(arguments) => arguments.name(),
            Self::Import(_) => "import config",
            Self::Doctor(_) => "doctor",
            Self::Prompt(_) => "prompt",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
