//! `homesync config set`

use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use homesync_host::configuration::Editable;
use homesync_host::file;
use homesync_paths::Shown;
use tracing::info;

pub fn run(context: &Context, key: &str, value: &str) -> CommandResult {
    let directories = context.directories()?;
    directories.check_owner()?;
    // Tried before anything is created: a wrong name or value must not leave directories behind.
    let mut settings = Editable::open(&directories)?;
    settings.set(key, value)?;
    if context.global.dry_run {
        let verb = if settings.is_changed() { "Would write" } else { "Nothing would change in" };
        context.output.note(&format!("{verb} {}.", Shown::path(settings.path())));
        return Ok(Exit::Done);
    }
    file::create_private_directory(&directories.state)?;
    let _lock = context.lock(&directories)?;
    // Read again under the lock, so that what another run set meanwhile stays.
    let mut settings = Editable::open(&directories)?;
    settings.set(key, value)?;
    if settings.is_changed() {
        settings.stage()?.commit()?;
        info!(key, "changed a setting");
    }
    if let Some(older) = &settings.imported_from {
        context.output.note(&format!("The settings of {} were taken over.", Shown::path(older)));
    }
    context.output.note(&format!("{key} is set in {}.", Shown::path(settings.path())));
    Ok(Exit::Done)
}
