//! `homesync conflicts`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, FAINT, GOOD, STRONG};
use crate::through_daemon::{self, locate};
use clap::{Args, Subcommand};
use homesync_daemon::control::{Answer, ConflictReport, Keep, Request};
use homesync_paths::Shown;

/// Files that two machines changed at the same time
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Conflicts,
}

#[derive(Debug, Subcommand)]
enum Conflicts {
    /// List them
    List {
        /// Of this folder only
        folder: Option<String>,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Show how the two sides differ, and what would come of merging them
    Show {
        /// The file or its copy, as a path here or as FOLDER/PATH
        path: String,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Bring the two sides together; what is no longer seen is kept in the recovery area
    Resolve(Resolve),
}

#[derive(Args, Debug)]
struct Resolve {
    /// The file or its copy, as a path here or as FOLDER/PATH
    path: String,
    #[command(flatten)]
    how: How,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct How {
    /// Merge them line by line; refused where both changed the same lines
    #[arg(long)]
    merge: bool,
    /// Keep what was written on this machine
    #[arg(long)]
    keep_mine: bool,
    /// Keep what was written elsewhere
    #[arg(long)]
    keep_theirs: bool,
    /// Keep both, beside each other
    #[arg(long)]
    keep_both: bool,
}

impl Arguments {
    /// Whether it can change something.
    pub fn changes_something(&self) -> bool {
        matches!(self.command, Conflicts::Resolve(_))
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    match &arguments.command {
        Conflicts::List { folder, json } => list(context, folder.clone(), json.json),
        Conflicts::Show { path, json } => show(context, path, json.json),
        Conflicts::Resolve(resolve) => run_resolve(context, resolve),
    }
}

fn list(context: &Context, folder: Option<String>, json: bool) -> CommandResult {
    let conflicts = match through_daemon::ask(context, &Request::Conflicts { folder })? {
        Answer::Conflicts(conflicts) => conflicts,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if json {
        context.output.print_json(&serde_json::json!({ "version": 1, "conflicts": conflicts }))?;
        return Ok(Exit::Done);
    }
    for ConflictReport { folder, path, copy, mine } in &conflicts {
        let mine = match mine {
            Some(mine) if mine == copy => format!("  {FAINT}the copy is this machine's{FAINT:#}"),
            Some(_) => format!("  {FAINT}the file is this machine's{FAINT:#}"),
            None => String::new(),
        };
        context.output.print(format_args!(
            "{STRONG}{folder}/{}{STRONG:#}  and  {}{mine}",
            Shown::new(path),
            Shown::new(copy)
        ))?;
    }
    match conflicts.is_empty() {
        true => context.output.note("There are no conflicts."),
        false => context.output.note(
            "See one: `homesync conflicts show FOLDER/PATH`; settle it: `homesync conflicts resolve FOLDER/PATH --merge`",
        ),
    }
    Ok(Exit::Done)
}

fn show(context: &Context, path: &str, json: bool) -> CommandResult {
    let (folder, path) = locate(context, path)?;
    let shown = match through_daemon::ask(context, &Request::ShowConflict { folder, path })? {
        Answer::Conflict(shown) => shown,
        other => return Err(through_daemon::unexpected(&other)),
    };
    if json {
        context.output.print_json(&serde_json::json!({ "version": 1, "conflict": shown }))?;
        return Ok(Exit::Done);
    }
    context.output.print(format_args!("--- {}\n+++ {}", Shown::new(&shown.path), Shown::new(&shown.copy)))?;
    for line in shown.difference.lines() {
        context.output.print(Shown::new(line))?;
    }
    context.output.note(&match (shown.conflicts, shown.has_base) {
        (0, _) => format!("{GOOD}They can be merged{GOOD:#}: `homesync conflicts resolve … --merge`"),
        (many, true) => format!("{ATTENTION}Both changed the same lines in {many} places.{ATTENTION:#}"),
        (_, false) => {
            format!(
                "{ATTENTION}What both were made from is not known, so they cannot be merged.{ATTENTION:#}"
            )
        }
    });
    Ok(Exit::Done)
}

fn run_resolve(context: &Context, resolve: &Resolve) -> CommandResult {
    let (folder, path) = locate(context, &resolve.path)?;
    let keep = match &resolve.how {
        How { merge: true, .. } => Keep::Merged,
        How { keep_mine: true, .. } => Keep::Mine,
        How { keep_theirs: true, .. } => Keep::Theirs,
        _ => Keep::Both,
    };
    if context.global.dry_run {
        context.output.note(&format!("Would settle the conflict about {}.", Shown::new(&path)));
        return Ok(Exit::Done);
    }
    let said = format!("The conflict about {folder}/{} is settled.", Shown::new(&path));
    let exit = through_daemon::tell(context, &Request::ResolveConflict { folder, path, keep })?;
    context.output.note(&said);
    Ok(exit)
}
