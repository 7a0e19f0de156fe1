//! `homesync handoff`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, GOOD, STRONG, local_time, size};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::{Answer, Request};
use homesync_daemon::report::{HandoffFolder, HandoffReport, items};
use homesync_host::configuration::Period;
use homesync_paths::Shown;

/// Make sure that another machine has everything, and prove it
///
/// Looks at all folders that both share, waits until everything is over there, and prints the proof. Ends with 3, and says what is open,
/// if it is not.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// The machine that is to have everything
    machine: String,
    /// Give up after this time, such as `90s` or `5m`
    #[arg(long, value_name = "PERIOD")]
    timeout: Option<Period<0>>,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let timeout = arguments.timeout.map(Period::seconds);
    let request = Request::Handoff { machine: arguments.machine.clone(), timeout };
    let report = match through_daemon::ask_patiently(context, &request)? {
        Answer::Handoff(report) => report,
        other => return Err(through_daemon::unexpected(&other)),
    };
    match arguments.json.json {
        true => context.output.print_report(&report)?,
        false => print(context, &report)?,
    }
    Ok(if report.safe_to_travel { Exit::Done } else { Exit::Decision })
}

fn print(context: &Context, report: &HandoffReport) -> CommandResult<()> {
    for folder in &report.folders {
        context.output.print(line(folder))?;
        for open in &folder.open {
            context.output.print(format_args!("    {}  {}", Shown::new(&open.path), open.reason))?;
        }
    }
    for open in &report.open {
        context.output.print(format_args!("  {BAD}open:{BAD:#} {}", Shown::new(open)))?;
    }
    context.output.print(match report.safe_to_travel {
        true => format!("{GOOD}safe to travel{GOOD:#}: {} has everything", report.machine),
        false => format!("{ATTENTION}not yet{ATTENTION:#}: {} does not have everything", report.machine),
    })
}

fn line(folder: &HandoffFolder) -> String {
    let HandoffFolder { folder: name, bytes, sequence, confirmed_at, .. } = folder;
    let state = match folder.complete {
        true => {
            let at = local_time(*confirmed_at as i64);
            format!("{GOOD}complete{GOOD:#}, both confirmed up to {sequence} at {at}")
        }
        false if folder.needed_items > 0 => format!(
            "{ATTENTION}{} ({}) still to go{ATTENTION:#}",
            items(folder.needed_items),
            size(folder.needed_bytes)
        ),
        false => format!("{ATTENTION}open{ATTENTION:#}"),
    };
    format!("{STRONG}{name}{STRONG:#}  {}, {}  {state}", items(folder.items), size(*bytes))
}
