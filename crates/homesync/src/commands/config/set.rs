//! `homesync config set`

use crate::context::Context;
use crate::edit_settings;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::through_daemon;
use homesync_paths::Shown;

pub fn run(context: &Context, key: &str, value: &str) -> CommandResult {
    let Some(settings) = edit_settings::edit(context, |settings| Ok(settings.set(key, value)?))? else {
        return Ok(Exit::Done);
    };
    if let Some(older) = &settings.imported_from {
        context.output.note(&format!("The settings of {} were taken over.", Shown::path(older)));
    }
    through_daemon::reload(&context.directories()?)?;
    context.output.note(&format!("{key} is set in {}.", Shown::path(settings.path())));
    Ok(Exit::Done)
}
