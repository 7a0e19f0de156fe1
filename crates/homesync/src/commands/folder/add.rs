//! `homesync folder add`

use super::Add;
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, usage};
use crate::exit_code::Exit;
use crate::through_daemon;
use homesync_host::configuration::{Configuration, FolderPath, FolderSettings, ValueError};
use homesync_host::directories::check_owner_of_place;
use homesync_host::file::{self, FileError};
use homesync_paths::Shown;
use std::path::{Path, PathBuf};

pub fn run(context: &Context, add: &Add) -> CommandResult {
    let place = std::path::absolute(&add.path).map_err(FileError::from_io("find", &add.path))?;
    let path = place.to_str().ok_or_else(|| usage("the path is no UTF-8 text, which settings need"))?;
    let path: FolderPath =
        path.parse().map_err(|error: ValueError| CommandError::from_error(Kind::Usage, &error))?;
    check_owner_of_place(&place)?;
    let settings = FolderSettings {
        with: add.with.clone(),
        id: add.id.clone().filter(|id| id != &add.name),
        kind: add.kind.unwrap_or_default(),
        mode: add.mode.unwrap_or_default(),
        ..FolderSettings::new(path)
    };
    // Refused before the directory is made.
    let mut is_made = false;
    let is_changed = through_daemon::change(context, |editable| {
        check(&editable.configuration()?, add, &settings, context)?;
        if !context.global.dry_run && !is_made {
            make(&place)?;
            is_made = true;
        }
        editable.put_folder(&add.name, &settings)?;
        Ok(())
    })?;
    if context.global.dry_run {
        return Ok(Exit::Done);
    }
    let told = if is_changed { "is kept in step now" } else { "is kept in step already" };
    context.output.note(&format!("Folder {} {told}: {}", add.name, Shown::path(&place)));
    if settings.with.is_empty() {
        context.output.note(&format!("Share it: `homesync folder set {} with MACHINE`", add.name));
    } else if through_daemon::report(&context.directories()?)?.is_none() {
        context.output.note("No daemon runs yet: `homesync up`");
    }
    Ok(Exit::Done)
}

fn check(
    configuration: &Configuration,
    add: &Add,
    settings: &FolderSettings,
    context: &Context,
) -> CommandResult<()> {
    for machine in &settings.with {
        if !configuration.machines.contains_key(machine) {
            return Err(usage(format!("there is no machine {machine}"))
                .hint(format!("`homesync machine add {machine} --device ID`")));
        }
    }
    match configuration.folders.get(&add.name) {
        Some(there) if there != settings && !context.is_answered() => {
            return Err(usage(format!("there is a folder {} already, at {}", add.name, there.path))
                .hint(format!("change it: `homesync folder set {} KEY VALUE`", add.name)));
        }
        _ => {}
    }
    let home = context.directories()?.home;
    let real = |settings: &FolderSettings| real(settings.path.as_str(), home.as_deref());
    let place = real(settings);
    let others = configuration.folders.iter().filter(|(name, _)| **name != add.name);
    for (name, other) in others {
        let other_place = real(other);
        if place == other_place {
            return Err(usage(format!("folder {name} is at {} already", settings.path)));
        }
        if place.starts_with(&other_place) || other_place.starts_with(&place) {
            return Err(usage(format!("folder {name} is at {}: no folder can be in another", other.path)));
        }
    }
    Ok(())
}

/// Where a path leads, as far as it is there: two ways to one place are one place.
fn real(path: &str, home: Option<&Path>) -> PathBuf {
    let path = homesync_daemon::place(path, home).unwrap_or_else(|_| PathBuf::from(path));
    let above = || {
        let above = std::fs::canonicalize(path.parent()?).ok()?;
        Some(above.join(path.file_name()?))
    };
    std::fs::canonicalize(&path).ok().or_else(above).unwrap_or(path)
}

/// A directory that is missing is made, but not those above it: a path with a slip in it must not become a tree.
fn make(place: &Path) -> CommandResult<()> {
    if file::is_present(place)? {
        return match std::fs::metadata(place).map_err(FileError::from_io("look at", place))?.is_dir() {
            true => Ok(()),
            false => Err(usage(format!("{} is no directory", Shown::path(place)))),
        };
    }
    let created = std::fs::create_dir(place).map_err(FileError::from_io("create", place));
    created.map_err(|error| {
        let hint = "only the last directory of a path is made: make those above it, or see whether the path is right";
        CommandError::from(error).hint(hint)
    })
}
