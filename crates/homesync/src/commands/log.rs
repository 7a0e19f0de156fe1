//! `homesync log`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{FAINT, local_time};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::{Answer, LogLine, Request};
use homesync_paths::Shown;

/// Show what was done to your folders, newest first
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// This folder only
    folder: Option<String>,
    /// Only what was removed
    #[arg(long)]
    deletions: bool,
    /// At most so many lines
    #[arg(long, value_name = "MANY", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let request = Request::Log {
        folder: arguments.folder.clone(),
        deletions: arguments.deletions,
        limit: arguments.limit,
    };
    let lines = match through_daemon::ask(context, &request)? {
        Answer::Log(lines) => lines,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if arguments.json.json {
        context.output.print_json(&serde_json::json!({ "version": 1, "log": lines }))?;
        return Ok(Exit::Done);
    }
    for line in &lines {
        context.output.print(told(line))?;
    }
    if lines.is_empty() {
        context.output.note("Nothing was done yet.");
    }
    Ok(Exit::Done)
}

fn told(line: &LogLine) -> String {
    let LogLine { folder, at, deed, path, by, .. } = line;
    let deed = deed.replace('-', " ");
    let (time, path) = (local_time(*at), Shown::new(path));
    format!("{FAINT}{time}{FAINT:#}  {deed:<10}  {folder}/{path}  {FAINT}by {by}{FAINT:#}")
}
