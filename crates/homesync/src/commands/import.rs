//! `homesync import`

use crate::ask::{Answer, confirm};
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, failed};
use crate::exit_code::Exit;
use clap::{Args, Subcommand};
use homesync_host::configuration::{self, Editable, Imported, Value};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_paths::Shown;
use std::path::{Path, PathBuf};
use tracing::info;

/// Take over what another tool was told
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Import,
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Take over the settings of the older home-sync tool
    ///
    /// Reads its config.yml and writes the same settings to config.toml. The old file stays as it is. A value that cannot be taken over
    /// holds back only itself, and the command then ends with 5.
    Config {
        /// The older tool's config.yml [default: the one in its usual place]
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let Import::Config { file } = &arguments.command;
    let directories = context.directories()?;
    directories.check_owner()?;
    let (path, bytes) = match file {
        Some(path) => {
            let bytes = file::read_bounded(path, configuration::MAX_BYTES)?;
            (path.clone(), bytes.ok_or_else(|| failed(format!("there is no file {}", Shown::path(path))))?)
        }
        None => find(&directories)?,
    };
    let imported = configuration::import_older(&path, &bytes)?;
    for warning in &imported.warnings {
        context.output.warning(&warning.to_string());
    }
    for problem in &imported.problems {
        context.output.warning(&format!("not taken over: {problem}"));
    }
    let _lock = match context.global.dry_run {
        true => None,
        false => {
            file::create_private_directory(&directories.state)?;
            Some(context.lock(&directories)?)
        }
    };
    take_over(context, &directories, &path, &imported)?;
    Ok(if imported.problems.is_empty() { Exit::Done } else { Exit::Partly })
}

fn find(directories: &Directories) -> CommandResult<(PathBuf, Vec<u8>)> {
    configuration::find_older(directories)?.ok_or_else(|| {
        let places = directories.older_configuration_files();
        let looked: Vec<String> = places.iter().map(|path| Shown::path(path).to_string()).collect();
        failed("there is no configuration of the older home-sync tool")
            .hint(format!("looked for {}; name another: `homesync import config FILE`", looked.join(" and ")))
    })
}

fn take_over(
    context: &Context,
    directories: &Directories,
    path: &Path,
    imported: &Imported,
) -> CommandResult<()> {
    let mut settings = match file::is_present(&directories.configuration_file())? {
        true => Editable::open(directories)?,
        false => Editable::empty(directories),
    };
    let replaced = set_all(&mut settings, imported)?;
    if !settings.is_changed() {
        context.output.note("Nothing to take over: the settings are the same.");
        return Ok(());
    }
    if context.global.dry_run {
        context.output.note(&format!("Would write {}:", Shown::path(settings.path())));
        return context.output.print_value(settings.text().trim_end());
    }
    if !replaced.is_empty() {
        agree(context, &replaced)?;
    }
    settings.stage()?.commit()?;
    info!(from = %Shown::path(path), "took settings over");
    let count = imported.said.len();
    let what = if count == 1 { "1 setting".to_owned() } else { format!("{count} settings") };
    context.output.note(&format!("Took {what} over into {}.", Shown::path(settings.path())));
    Ok(())
}

/// Sets what the older file says, and says which settings of our own that replaces. What it leaves to a default is set only where we say
/// nothing either.
fn set_all(settings: &mut Editable, imported: &Imported) -> CommandResult<Vec<String>> {
    let text_of = |settings: &Editable, key: &str| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        settings.get(key).map(|value| text(value).trim().to_owned())
    };
    let mut replaced = Vec::new();
    for (key, value) in &imported.said {
        let before = text_of(settings, key);
        settings.set(key, value)?;
        let after = text_of(settings, key).unwrap_or_default();
        if let Some(before) = before.filter(|before| *before != after) {
            replaced.push(format!("{key}: {} instead of {}", Shown::new(&after), Shown::new(&before)));
        }
    }
    for (key, value) in &imported.defaults {
        if settings.get(key).is_none() {
            settings.set(key, value)?;
        }
    }
    Ok(replaced)
}

/// Settings of our own file that would be lost need a yes.
fn agree(context: &Context, replaced: &[String]) -> CommandResult<()> {
    let question = format!("Your own settings would be replaced ({}). Replace them?", replaced.join("; "));
    match confirm(context, &question)? {
        Answer::Yes => Ok(()),
        Answer::No | Answer::Nobody => {
            let mut error = CommandError::new(Kind::Decision, "your own settings differ, and were kept")
                .hint("`homesync import config --yes` replaces them; with --dry-run it shows the result");
            error.causes.extend_from_slice(replaced);
            Err(error)
        }
    }
}
