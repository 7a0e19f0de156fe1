//! `homesync recover`

use crate::arguments::JsonArgument;
use crate::ask::{self, Answer as Said};
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind};
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, FAINT, STRONG, local_time, size};
use crate::through_daemon;
use clap::{Args, Subcommand};
use homesync_daemon::control::{Answer, RecoveryAct, Request, Restored};
use homesync_host::configuration::Days;
use homesync_paths::Shown;

/// Get back what was replaced or removed
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Recover,
}

#[derive(Debug, Subcommand)]
enum Recover {
    /// List what can be brought back, the newest first
    List {
        /// Of this folder only
        folder: Option<String>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Bring something back; what stands in its place goes to the recovery area in turn
    Restore {
        /// The folder
        folder: String,
        /// What was displaced together, as `recover list` names it
        act: String,
        /// These paths only
        paths: Vec<String>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Let go of what was displaced long ago
    Prune {
        /// Of this folder only
        folder: Option<String>,
        /// Longer ago than so many days
        #[arg(long, value_name = "DAYS", default_value = "30", value_parser = days)]
        older_than: Days,
    },
}

fn days(text: &str) -> Result<Days, String> {
    let number = text.parse::<i64>().map_err(|_| "expected a number of days".to_owned())?;
    Days::try_from(number).map_err(|error| error.to_string())
}

impl Arguments {
    /// Whether it can change something.
    pub fn changes_something(&self) -> bool {
        !matches!(self.command, Recover::List { .. })
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Recover::List { folder, json } => list(context, folder.clone(), json.json),
        Recover::Restore { folder, act, paths, json } => restore(context, folder, act, paths, json.json),
        Recover::Prune { folder, older_than } => prune(context, folder.clone(), *older_than),
    }
}

fn acts(context: &Context, folder: Option<String>) -> CommandResult<Vec<RecoveryAct>> {
    match through_daemon::ask(context, &Request::RecoverList { folder })? {
        Answer::Recovery(acts) => Ok(acts),
        other => Err(through_daemon::unexpected(&other)),
    }
}

fn list(context: &Context, folder: Option<String>, json: bool) -> CommandResult {
    let acts = acts(context, folder)?;
    if json {
        context.output.print_json(&serde_json::json!({ "version": 1, "acts": acts }))?;
        return Ok(Exit::Done);
    }
    for act in &acts {
        let time = act.at.map_or_else(String::new, local_time);
        context.output.print(format_args!(
            "{STRONG}{}{STRONG:#}  {}  {time}  {}",
            Shown::new(&act.folder),
            Shown::new(&act.act),
            size(act.bytes)
        ))?;
        for item in &act.items {
            let late =
                if item.late { format!("  {ATTENTION}written to later{ATTENTION:#}") } else { String::new() };
            let version = item
                .version
                .as_deref()
                .map_or_else(String::new, |version| format!("  {FAINT}{}{FAINT:#}", Shown::new(version)));
            context.output.print(format_args!(
                "  {}  {FAINT}{}{FAINT:#}{version}{late}",
                Shown::new(&item.path),
                size(item.bytes)
            ))?;
        }
    }
    match acts.is_empty() {
        true => context.output.note("Nothing was displaced."),
        false => {
            context.output.note("To bring something back: `homesync recover restore FOLDER ACT [PATH...]`")
        }
    }
    Ok(Exit::Done)
}

fn restore(context: &Context, folder: &str, act: &str, paths: &[String], json: bool) -> CommandResult {
    if context.global.dry_run {
        let found = acts(context, Some(folder.to_owned()))?.into_iter().find(|found| found.act == act);
        for item in found.iter().flat_map(|found| &found.items) {
            context.output.note(&format!("Would bring back {}.", Shown::new(&item.path)));
        }
        return Ok(Exit::Done);
    }
    let request =
        Request::RecoverRestore { folder: folder.to_owned(), act: act.to_owned(), paths: paths.to_vec() };
    let restored = match through_daemon::ask(context, &request)? {
        Answer::Restored(restored) => restored,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if json {
        context.output.print_json(&serde_json::json!({ "version": 1, "restored": restored }))?;
    }
    for Restored { path, displaced, error } in restored.iter().filter(|_| !json) {
        let path = Shown::new(path);
        match (error, displaced) {
            (Some(error), _) => {
                context.output.print(format_args!("{BAD}not brought back{BAD:#}  {path}: {error}"))?
            }
            (None, Some(displaced)) => context.output.print(format_args!(
                "brought back  {path}  {FAINT}what stood there is now {}{FAINT:#}",
                Shown::new(displaced)
            ))?,
            (None, None) => context.output.print(format_args!("brought back  {path}"))?,
        }
    }
    Ok(match restored.iter().filter(|one| one.error.is_some()).count() {
        0 => Exit::Done,
        many if many == restored.len() => Exit::Failed,
        _ => Exit::Partly,
    })
}

fn prune(context: &Context, folder: Option<String>, older_than: Days) -> CommandResult {
    let seconds = u64::from(older_than.count()) * 86_400;
    if context.global.dry_run {
        context
            .output
            .note(&format!("Would let go of what was displaced more than {} days ago.", older_than.count()));
        return Ok(Exit::Done);
    }
    let question =
        format!("Let go of what was displaced more than {} days ago, for ever?", older_than.count());
    match ask::confirm(context, &question)? {
        Said::Yes => {}
        Said::No => return Ok(Exit::Done),
        Said::Nobody => {
            return Err(CommandError::new(Kind::Decision, "letting go of bytes for ever needs your yes")
                .hint("`homesync recover prune --yes`"));
        }
    }
    match through_daemon::ask(context, &Request::RecoverPrune { folder, older_than: seconds })? {
        Answer::Pruned { gone, late } => {
            context.output.note(&format!("Let go of {gone}."));
            for late in late {
                context
                    .output
                    .note(&format!("{} stays: something in it was written to later.", Shown::new(&late)));
            }
            Ok(Exit::Done)
        }
        other => Err(through_daemon::unexpected(&other)),
    }
}
