//! `homesync config`

mod check;
mod edit;
mod get;
mod set;
mod words;

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Read and change the settings of this machine
///
/// They are in config.toml. `homesync config get` lists them all, with what each means.
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Config,
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Print a setting, or all of them
    ///
    /// What the file does not say has its default. Lists are printed one value to a line.
    Get {
        /// The setting, such as log.level
        key: Option<String>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Change a setting; comments and order stay
    Set {
        /// The setting, such as log.level
        key: String,
        /// Its new value; a list as a,b or ["a", "b"]
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Open the settings in your editor ($VISUAL, $EDITOR)
    ///
    /// The file is replaced only when what you saved is right. Until then, and if it never is, the old settings hold.
    Edit,
    /// Tell whether a configuration is right, and where not
    Check {
        /// The file to check [default: this machine's]
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: Option<PathBuf>,
        #[command(flatten)]
        json: JsonArgument,
    },
}

impl Arguments {
    /// Whether it is one that changes the settings.
    pub fn changes_something(&self) -> bool {
        matches!(self.command, Config::Set { .. } | Config::Edit)
    }

    /// The name of the command, with what it does.
    pub fn name(&self) -> &'static str {
        match &self.command {
            Config::Get { .. } => "config get",
            Config::Set { .. } => "config set",
            Config::Edit => "config edit",
            Config::Check { .. } => "config check",
        }
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Config::Get { key, json } => get::run(context, key.as_deref(), json.json),
        Config::Set { key, value } => set::run(context, key, value),
        Config::Edit => edit::run(context),
        Config::Check { file, json } => check::run(context, file.as_deref(), json.json),
    }
}
