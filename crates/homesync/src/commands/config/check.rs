//! `homesync config check`

use crate::context::Context;
use crate::error::{CommandResult, failed};
use crate::exit_code::Exit;
use homesync_host::configuration::{self, ConfigurationError, MAX_BYTES, Source, Warning};
use homesync_host::file;
use homesync_paths::Shown;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What was found in a configuration. Problems make it unusable, warnings do not.
struct Found {
    path: Option<PathBuf>,
    problems: Vec<ConfigurationError>,
    warnings: Vec<Warning>,
}

pub fn run(context: &Context, path: Option<&Path>, json: bool) -> CommandResult {
    let found = match path {
        Some(path) => look_at(path)?,
        None => look_at_ours(context)?,
    };
    if json {
        print_json(context, &found)?;
    } else {
        found.warnings.iter().for_each(|warning| context.output.warning(&warning.to_string()));
    }
    let mut problems = found.problems.into_iter();
    match (problems.next(), &found.path) {
        (Some(_), _) if json => return Ok(Exit::Usage),
        (Some(problem), _) => {
            problems.for_each(|further| context.output.warning(&further.to_string()));
            return Err(problem.into());
        }
        (None, _) if json => {}
        (None, Some(path)) => context.output.note(&format!("{} is right.", Shown::path(path))),
        (None, None) => context.output.note("There is no configuration file; everything has its default."),
    }
    Ok(Exit::Done)
}

fn look_at_ours(context: &Context) -> CommandResult<Found> {
    match configuration::load(&context.directories()?) {
        Ok(loaded) => {
            let path = match loaded.source {
                Source::File(path) | Source::Older(path) => Some(path),
                Source::Defaults => None,
            };
            Ok(Found { path, problems: Vec::new(), warnings: loaded.warnings })
        }
        Err(error @ ConfigurationError::File(_)) => Err(error.into()),
        Err(problem) => Ok(Found { path: None, problems: vec![problem], warnings: Vec::new() }),
    }
}

/// A file of ours, or of the older tool if it is named like one.
fn look_at(path: &Path) -> CommandResult<Found> {
    let bytes = file::read_bounded(path, MAX_BYTES)?
        .ok_or_else(|| failed(format!("there is no file {}", Shown::path(path))))?;
    let is_older = path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml");
    let (problems, warnings) = match is_older {
        true => configuration::import_older(path, &bytes).map(|read| (read.problems, read.warnings)),
        false => configuration::parse(path, &bytes).map(|(_, warnings)| (Vec::new(), warnings)),
    }
    .unwrap_or_else(|problem| (vec![problem], Vec::new()));
    Ok(Found { path: Some(path.to_owned()), problems, warnings })
}

fn print_json(context: &Context, found: &Found) -> CommandResult<()> {
    let warning = |warning: &Warning| json!({ "line": warning.line, "column": warning.column, "key": warning.key, "nearest": warning.nearest });
    let problem = |problem: &ConfigurationError| match problem {
        ConfigurationError::Invalid { line, column, message, .. }
        | ConfigurationError::Older { line, column, message, .. } => {
            json!({ "line": line, "column": column, "message": message })
        }
        other => json!({ "message": other.to_string() }),
    };
    context.output.print_json(&json!({
        "version": 1,
        "file": found.path.as_ref().map(|path| Shown::path(path).to_string()),
        "right": found.problems.is_empty(),
        "problems": found.problems.iter().map(problem).collect::<Vec<_>>(),
        "warnings": found.warnings.iter().map(warning).collect::<Vec<_>>(),
    }))
}
