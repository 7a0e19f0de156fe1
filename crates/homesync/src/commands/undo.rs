//! `homesync undo`

use crate::arguments::JsonArgument;
use crate::ask::{self, Answer as Said};
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind};
use crate::exit_code::Exit;
use crate::output::{BAD, FAINT, local_time};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::control::{Answer, Request, UndoAct, UndoPlan, UndoStep};
use homesync_paths::Shown;

/// Take back the last thing that was done to a folder
///
/// What others' changes removed or replaced here comes back, and what they brought goes to the recovery area. The others then get it back
/// from here. It is shown first, and asked for.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// In this folder; without it, in the one to which something was done last
    folder: Option<String>,
    #[command(flatten)]
    json: JsonArgument,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let plan = planned(context, &Request::PlanUndo { folder: arguments.folder.clone() })?;
    if context.global.dry_run || !arguments.json.json {
        show(context, &plan, arguments.json.json)?;
    }
    if context.global.dry_run {
        return Ok(Exit::Done);
    }
    match ask::confirm(context, &format!("Take this back in folder {}?", plan.folder))? {
        Said::Yes => {}
        Said::No => return Ok(Exit::Done),
        Said::Nobody => {
            return Err(CommandError::new(Kind::Decision, "taking something back needs your yes")
                .hint("`homesync undo --yes`"));
        }
    }
    let done = planned(context, &Request::Undo { plan })?;
    if arguments.json.json {
        context.output.print_json(&serde_json::json!({ "version": 1, "undone": done }))?;
    }
    let failed: Vec<&UndoStep> = done.steps.iter().filter(|step| step.error.is_some()).collect();
    for step in failed.iter().filter(|_| !arguments.json.json) {
        let error = step.error.as_deref().unwrap_or_default();
        context
            .output
            .print(format_args!("{BAD}not taken back{BAD:#}  {}: {error}", Shown::new(&step.path)))?;
    }
    if failed.is_empty() {
        context.output.note("It is taken back.");
    }
    Ok(match failed.len() {
        0 => Exit::Done,
        many if many == done.steps.len() => Exit::Failed,
        _ => Exit::Partly,
    })
}

fn planned(context: &Context, request: &Request) -> CommandResult<UndoPlan> {
    match through_daemon::ask(context, request)? {
        Answer::UndoPlan(plan) => Ok(plan),
        other => Err(through_daemon::unexpected(&other)),
    }
}

fn show(context: &Context, plan: &UndoPlan, json: bool) -> CommandResult<()> {
    if json {
        return context.output.print_json(&serde_json::json!({ "version": 1, "plan": plan }));
    }
    context.output.print(format_args!("{FAINT}{}{FAINT:#}  folder {}", local_time(plan.at), plan.folder))?;
    for step in &plan.steps {
        let path = Shown::new(&step.path);
        context.output.print(match &step.act {
            UndoAct::BringBack { .. } => format!("  bring back  {path}"),
            UndoAct::BringVersion { version } => {
                format!("  bring back  {path}  {FAINT}from {}{FAINT:#}", Shown::new(version))
            }
            UndoAct::TakeAway => format!("  take away   {path}"),
            UndoAct::Leave(why) => format!("  leave       {path}  {FAINT}{why}{FAINT:#}"),
        })?;
    }
    Ok(())
}
