//! `homesync explain`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{FAINT, GOOD, STRONG, local_time};
use crate::through_daemon::{self, locate};
use clap::Args;
use homesync_daemon::control::{Answer, Request};
use homesync_paths::Shown;

/// Say why a path is as it is: what each machine has, and what stands in the way
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// The path, as a path here or as FOLDER/PATH
    path: String,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let (folder, path) = locate(context, &arguments.path)?;
    let explained = match through_daemon::ask(context, &Request::Explain { folder, path })? {
        Answer::Explained(explained) => explained,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if arguments.json.json {
        context.output.print_json(&serde_json::json!({ "version": 1, "explained": explained }))?;
        return Ok(Exit::Done);
    }
    context.output.print(format_args!(
        "{STRONG}{}/{}{STRONG:#}",
        explained.folder,
        Shown::new(&explained.path)
    ))?;
    for says in &explained.says {
        context.output.print(format_args!("  {}", Shown::new(says)))?;
    }
    for machine in &explained.machines {
        let counts = if machine.counts { format!("  {GOOD}counts{GOOD:#}") } else { String::new() };
        let when = machine.modified.map(|at| format!("  {FAINT}written {}{FAINT:#}", local_time(at)));
        let by = machine.by.as_ref().map(|by| format!("  {FAINT}changed by {by}{FAINT:#}"));
        context.output.print(format_args!(
            "  {}: {}{counts}{}{}",
            machine.machine,
            Shown::new(&machine.has),
            when.unwrap_or_default(),
            by.unwrap_or_default()
        ))?;
    }
    Ok(Exit::Done)
}
