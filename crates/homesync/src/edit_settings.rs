//! Changing the configuration: tried first, then done under the lock, and shown only with `--dry-run`.

use crate::context::Context;
use crate::error::CommandResult;
use homesync_host::configuration::Editable;
use homesync_host::file;
use homesync_paths::Shown;
use tracing::info;

/// Changes the settings. Answers them as they are then, and whether they were others before; nothing with `--dry-run`.
pub fn edit(
    context: &Context,
    mut change: impl FnMut(&mut Editable) -> CommandResult<()>,
) -> CommandResult<Option<Editable>> {
    let directories = context.directories()?;
    directories.check_owner()?;
    // Tried before anything is created: what makes no sense must not leave directories behind.
    let mut settings = Editable::open(&directories)?;
    change(&mut settings)?;
    if context.global.dry_run {
        let verb = if settings.is_changed() { "Would write" } else { "Nothing would change in" };
        context.output.note(&format!("{verb} {}.", Shown::path(settings.path())));
        return Ok(None);
    }
    file::create_private_directory(&directories.state)?;
    let _lock = context.lock(&directories)?;
    // Read again under the lock, so that what another run set meanwhile stays.
    let mut settings = Editable::open(&directories)?;
    change(&mut settings)?;
    if settings.is_changed() {
        settings.stage()?.commit()?;
        info!(command = context.command, "changed the settings");
    }
    Ok(Some(settings))
}
