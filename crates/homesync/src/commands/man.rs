//! `homesync man`

use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind};
use crate::exit_code::Exit;
use clap::{Args, Command};
use clap_mangen::Man;
use homesync_host::directories::check_owner_of_place;
use homesync_host::file;
use homesync_paths::Shown;
use std::path::PathBuf;

/// Write the manual pages
///
/// One page for homesync and one for each command. Without a directory they go to man/man1 in $XDG_DATA_HOME, where `man` finds them when
/// ~/.local/bin is in your PATH; with --root they go to data/man/man1 below it.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// The directory to write them to
    #[arg(value_hint = clap::ValueHint::DirPath)]
    directory: Option<PathBuf>,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let directory = match &arguments.directory {
        Some(directory) => {
            check_owner_of_place(directory)?;
            directory.clone()
        }
        None => {
            let directories = context.directories()?;
            directories.check_owner()?;
            let data =
                directories.root.as_ref().map_or(directories.data.parent(), |_| Some(&directories.data));
            data.unwrap_or(&directories.data).join("man/man1")
        }
    };
    let mut command = crate::command();
    command.build();
    let pages = pages(&command, "homesync")?;
    if context.global.dry_run {
        context.output.note(&format!("Would write {} pages to {}.", pages.len(), Shown::path(&directory)));
        return Ok(Exit::Done);
    }
    std::fs::create_dir_all(&directory).map_err(file::FileError::from_io("create", &directory))?;
    for (name, page) in &pages {
        file::replace_unlocked(&directory.join(name), page, 0o644)?;
    }
    context.output.note(&format!("Wrote {} pages to {}.", pages.len(), Shown::path(&directory)));
    Ok(Exit::Done)
}

/// The pages of a command and of all below it, by file name.
fn pages(command: &Command, name: &str) -> CommandResult<Vec<(String, Vec<u8>)>> {
    let mut page = Vec::new();
    // What the short help leaves out for want of room belongs into a manual.
    let titled = command.clone().display_name(name.to_owned());
    let titled = titled.mut_args(|argument| argument.hide_short_help(false));
    Man::new(titled).render(&mut page).map_err(|error| CommandError::from_error(Kind::Fault, &error))?;
    let mut pages = vec![(format!("{name}.1"), page)];
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages.extend(self::pages(below, &format!("{name}-{}", below.get_name()))?);
    }
    Ok(pages)
}
