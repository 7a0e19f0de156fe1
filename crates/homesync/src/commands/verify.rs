//! `homesync verify`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, GOOD, STRONG, size};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::{Answer, Request, Verified};
use homesync_paths::Shown;

/// Read all files again, and tell whether they are what they should be
///
/// Finds bytes that a disk has changed by itself. A damaged file is fetched again from another machine that has it. Ends with 1 if
/// something is damaged or cannot be read.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// Of these folders only
    folders: Vec<String>,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let verified =
        match through_daemon::ask(context, &Request::Verify { folders: arguments.folders.clone() })? {
            Answer::Verified(verified) => verified,
            other => return Err(through_daemon::unexpected(&other)),
        };
    if arguments.json.json {
        context.output.print_json(&serde_json::json!({ "version": 1, "folders": verified }))?;
    } else {
        for folder in &verified {
            print(context, folder)?;
        }
    }
    let is_sound =
        |folder: &Verified| folder.index && folder.damaged.is_empty() && folder.unreadable.is_empty();
    Ok(if verified.iter().all(is_sound) { Exit::Done } else { Exit::Failed })
}

fn print(context: &Context, folder: &Verified) -> CommandResult<()> {
    let verdict = match folder.damaged.is_empty() && folder.unreadable.is_empty() {
        true => format!("{GOOD}as they should be{GOOD:#}"),
        false => format!("{BAD}not all as they should be{BAD:#}"),
    };
    context.output.print(format_args!(
        "{STRONG}{}{STRONG:#}  {} files, {}  {verdict}",
        folder.folder,
        folder.files,
        size(folder.bytes)
    ))?;
    if !folder.index {
        context.output.print(format_args!("  {BAD}the index is damaged{BAD:#}"))?;
    }
    for path in &folder.damaged {
        context.output.print(format_args!("  {BAD}damaged{BAD:#}  {}", Shown::new(path)))?;
    }
    for held in &folder.unreadable {
        context.output.print(format_args!(
            "  {BAD}cannot be read{BAD:#}  {}: {}",
            Shown::new(&held.path),
            Shown::new(&held.reason)
        ))?;
    }
    for path in &folder.changed {
        context
            .output
            .print(format_args!("  {ATTENTION}changed just now{ATTENTION:#}  {}", Shown::new(path)))?;
    }
    Ok(())
}
