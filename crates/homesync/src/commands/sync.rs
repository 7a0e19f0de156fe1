//! `homesync sync`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, GOOD};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::{Answer, Request, Waited};
use homesync_host::configuration::Period;
use homesync_paths::Shown;

/// Bring everything in step now
///
/// Looks at all folders, lets those travel that rest otherwise, and with --wait ends when nothing is needed anywhere: with 0; with 3 if you
/// have to decide something first; with 5 if something else is open, and says what.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// These folders only
    folders: Vec<String>,
    /// Wait until everything is everywhere
    #[arg(long)]
    wait: bool,
    /// Give up after this time, such as `90s` or `5m`
    #[arg(long, value_name = "PERIOD", requires = "wait")]
    timeout: Option<Period<0>>,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let folders = arguments.folders.clone();
    let timeout = arguments.timeout.map(Period::seconds);
    if !arguments.wait {
        return through_daemon::tell(context, &Request::Scan { folders });
    }
    wait(context, &Request::Wait { folders, timeout, travel: true, look: true }, arguments.json.json)
}

/// Waits, and says how it ended.
pub fn wait(context: &Context, request: &Request, json: bool) -> CommandResult {
    let waited = match through_daemon::ask_patiently(context, request)? {
        Answer::Waited(waited) => waited,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if json {
        context.output.print_report(&waited)?;
    } else if waited.in_step {
        context.output.note(&format!("{GOOD}in step{GOOD:#} everywhere"));
    } else {
        for open in &waited.open {
            context.output.print(format_args!("{ATTENTION}open:{ATTENTION:#} {}", Shown::new(open)))?;
        }
    }
    Ok(match &waited {
        Waited { in_step: true, .. } => Exit::Done,
        Waited { needs_decision: true, .. } => Exit::Decision,
        _ => Exit::Partly,
    })
}
