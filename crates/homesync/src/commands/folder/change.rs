//! `homesync folder set`, `remove` and `ignore`

use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, usage};
use crate::exit_code::Exit;
use crate::through_daemon;
use homesync_daemon::patterns;
use homesync_host::configuration::{Editable, FolderName};
use homesync_host::file;
use homesync_paths::Shown;

pub fn set(context: &Context, name: &FolderName, key: &str, value: &str) -> CommandResult {
    through_daemon::change(context, |editable| {
        known(editable, name)?;
        editable
            .set_folder(name, key, value)
            .map_err(|error| CommandError::new(Kind::Usage, error.to_string()))?;
        for machine in &editable.configuration()?.folders[name].with {
            if !editable.configuration()?.machines.contains_key(machine) {
                return Err(usage(format!("there is no machine {machine}"))
                    .hint(format!("`homesync machine add {machine} --device ID`")));
            }
        }
        Ok(())
    })?;
    if !context.global.dry_run {
        let words = match (key, value) {
            ("paused", "true") => format!("Folder {name} stands still now."),
            ("paused", "false") => format!("Folder {name} is kept in step again."),
            _ => format!("Folder {name}: {key} is {} now.", Shown::new(value)),
        };
        context.output.note(&words);
    }
    Ok(Exit::Done)
}

pub fn remove(context: &Context, name: &FolderName) -> CommandResult {
    through_daemon::change(context, |editable| {
        known(editable, name)?;
        editable.remove_folder(name)?;
        Ok(())
    })?;
    if !context.global.dry_run {
        context
            .output
            .note(&format!("Folder {name} is no longer kept in step. Its files stay where they are."));
    }
    Ok(Exit::Done)
}

fn known(editable: &Editable, name: &FolderName) -> CommandResult<()> {
    match editable.configuration()?.folders.contains_key(name) {
        true => Ok(()),
        false => Err(usage(format!("there is no folder {name}"))
            .hint("`homesync folder list` shows those that there are")),
    }
}

/// Shows the patterns, or adds some in front: the first that matches counts.
pub fn ignore(context: &Context, name: &FolderName, patterns: &[String]) -> CommandResult {
    let directories = context.directories()?;
    let configuration = context.settings(&directories)?.configuration;
    let folder = configuration.folders.get(name).ok_or_else(|| {
        usage(format!("there is no folder {name}")).hint("`homesync folder list` shows those that there are")
    })?;
    let root = homesync_daemon::place(folder.path.as_str(), directories.home.as_deref()).map_err(usage)?;
    let place = patterns::place_of(&root);
    let text = String::from_utf8(patterns::read(&root)?)
        .map_err(|_| usage(format!("{} is no UTF-8 text", Shown::path(&place))))?;
    if patterns.is_empty() {
        context.output.print_bytes(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let is_new = |pattern: &&String| !text.lines().any(|line| line == pattern.as_str());
    let new: String = patterns.iter().filter(is_new).map(|pattern| format!("{pattern}\n")).collect();
    let text = new.clone() + &text;
    patterns::compile(&root, &text).map_err(|error| CommandError::from_error(Kind::Usage, &error))?;
    if context.global.dry_run {
        context.output.note(&format!("Would write {}.", Shown::path(&place)));
        return Ok(Exit::Done);
    }
    if !new.is_empty() {
        file::replace_unlocked(&place, text.as_bytes(), 0o644)?;
        if through_daemon::report(&directories)?.is_some() {
            let scan = homesync_daemon::control::Request::Scan { folders: vec![name.to_string()] };
            through_daemon::ask(context, &scan)?;
        }
    }
    context.output.note(&format!("What is left out of folder {name} stands in {}.", Shown::path(&place)));
    Ok(Exit::Done)
}
