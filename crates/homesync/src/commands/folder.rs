//! `homesync folder`

mod add;
mod change;
mod list;

pub use list::print as print_folder;

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::through_daemon;
use clap::{Args, Subcommand};
use homesync_daemon::control::{DecisionWord, Request};
use homesync_host::configuration::{FolderKindWord, FolderMode, FolderName, MachineName, Period};
use std::path::PathBuf;

/// The folders that are kept in step
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Folder,
}

/// What `folder add` is given.
#[derive(Args, Debug)]
pub struct Add {
    /// What to call it
    name: FolderName,
    /// Where it is; made if it is missing
    path: PathBuf,
    /// A machine that has it too; may be given several times
    #[arg(long, value_name = "MACHINE", value_delimiter = ',')]
    with: Vec<MachineName>,
    /// By what the others know it [default: its name]
    #[arg(long)]
    id: Option<FolderName>,
    /// Which way changes go: send-receive, send-only or receive-only
    #[arg(long)]
    kind: Option<FolderKindWord>,
    /// When it travels: continuous or manual
    #[arg(long)]
    mode: Option<FolderMode>,
}

/// What one of them is about.
#[derive(Args, Debug)]
struct Named {
    /// The folder
    name: FolderName,
}

#[derive(Debug, Subcommand)]
enum Folder {
    /// List the folders
    List {
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Keep a folder in step
    Add(Box<Add>),
    /// No longer keep a folder in step; its files stay
    Remove(Named),
    /// Change one setting of a folder
    Set {
        /// The folder
        name: FolderName,
        /// The setting, such as `kind` or `guard`
        key: String,
        /// Its new value
        value: String,
    },
    /// Let a folder stand still
    Pause(Named),
    /// Let a folder that stands still go on
    Resume(Named),
    /// Look at everything in folders now
    Scan {
        /// These only
        names: Vec<FolderName>,
    },
    /// Wait until folders are the same everywhere
    Wait {
        /// These only
        names: Vec<FolderName>,
        /// Give up after this time, such as `90s` or `5m`
        #[arg(long, value_name = "PERIOD")]
        timeout: Option<Period<0>>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Show or add patterns of what is left out
    Ignore {
        /// The folder
        name: FolderName,
        /// Patterns to add
        patterns: Vec<String>,
    },
    /// Yes, the removals that wait are meant
    Approve(Named),
    /// No, bring back what was removed here
    Refuse(Named),
    /// The folder's directory is right as it is now
    AcceptRoot(Named),
    /// Damaged files are right as they are
    KeepDamaged(Named),
    /// Take damaged files from the other machines
    DiscardDamaged(Named),
    /// In a folder that only sends: make all machines as this one
    Override(Named),
    /// In a folder that only receives: make this machine as the others
    Revert(Named),
}

impl Arguments {
    /// Whether it can change something.
    pub fn changes_something(&self) -> bool {
        !matches!(self.command, Folder::List { .. } | Folder::Wait { .. })
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let names = |names: &[FolderName]| names.iter().map(ToString::to_string).collect();
    match &arguments.command {
        Folder::List { json } => list::run(context, json.json),
        Folder::Add(add) => add::run(context, add),
        Folder::Remove(named) => change::remove(context, &named.name),
        Folder::Set { name, key, value } => change::set(context, name, key, value),
        Folder::Pause(named) => change::set(context, &named.name, "paused", "true"),
        Folder::Resume(named) => change::set(context, &named.name, "paused", "false"),
        Folder::Ignore { name, patterns } => change::ignore(context, name, patterns),
        Folder::Scan { names: folders } => {
            through_daemon::tell(context, &Request::Scan { folders: names(folders) })
        }
        Folder::Wait { names: folders, timeout, json } => {
            let timeout = timeout.map(Period::seconds);
            let request = Request::Wait { folders: names(folders), timeout, travel: false, look: false };
            super::sync::wait(context, &request, json.json)
        }
        Folder::Approve(named) => decide(context, named, DecisionWord::ApproveRemovals),
        Folder::Refuse(named) => decide(context, named, DecisionWord::RefuseRemovals),
        Folder::AcceptRoot(named) => decide(context, named, DecisionWord::AcceptRoot),
        Folder::KeepDamaged(named) => decide(context, named, DecisionWord::KeepDamaged),
        Folder::DiscardDamaged(named) => decide(context, named, DecisionWord::DiscardDamaged),
        Folder::Override(named) => decide(context, named, DecisionWord::Override),
        Folder::Revert(named) => decide(context, named, DecisionWord::Revert),
    }
}

fn decide(context: &Context, named: &Named, decision: DecisionWord) -> CommandResult {
    if context.global.dry_run {
        context.output.note(&format!("Would tell folder {} so; nothing is changed.", named.name));
        return Ok(Exit::Done);
    }
    through_daemon::tell(context, &Request::Decide { folder: named.name.to_string(), decision })
}
