//! `homesync folder list`, and how a folder is shown

use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, FAINT, GOOD, STRONG, size};
use crate::through_daemon;
use homesync_daemon::report::{FolderReport, FolderState, WithReport, items};
use homesync_paths::Shown;
use serde_json::json;

/// So many of the items that wait are shown.
const MOST_SHOWN: usize = 5;

pub fn run(context: &Context, json: bool) -> CommandResult {
    let directories = context.directories()?;
    if let Some(report) = through_daemon::report(&directories)? {
        if json {
            context.output.print_json(&json!({ "version": 1, "daemon": true, "folders": report.folders }))?;
            return Ok(Exit::Done);
        }
        for folder in &report.folders {
            print(context, folder)?;
        }
        if report.folders.is_empty() {
            none(context);
        }
        return Ok(Exit::Done);
    }
    // Without a daemon the settings say what there is.
    let folders = context.settings(&directories)?.configuration.folders;
    if json {
        let list: Vec<_> = folders
            .iter()
            .map(|(name, folder)| json!({ "name": name.as_str(), "path": folder.path.as_str(), "with": folder.with }))
            .collect();
        context.output.print_json(&json!({ "version": 1, "daemon": false, "folders": list }))?;
        return Ok(Exit::Done);
    }
    for (name, folder) in &folders {
        context
            .output
            .print(format_args!("{STRONG}{name}{STRONG:#}  {}", Shown::new(folder.path.as_str())))?;
    }
    match folders.is_empty() {
        true => none(context),
        false => context.output.note("No daemon runs: `homesync up`"),
    }
    Ok(Exit::Done)
}

fn none(context: &Context) {
    context.output.note("No folder is kept in step. Next: `homesync folder add NAME PATH --with MACHINE`");
}

/// A folder in a few lines: only what matters is said.
pub fn print(context: &Context, folder: &FolderReport) -> CommandResult<()> {
    let output = &context.output;
    output.print(format_args!(
        "{STRONG}{}{STRONG:#}  {}  {}  {FAINT}{}{FAINT:#}",
        folder.name,
        state(folder),
        amount(folder),
        Shown::new(&folder.path)
    ))?;
    if let Some(reason) = &folder.reason {
        output.print(format_args!("  {BAD}{}{BAD:#}", Shown::new(reason)))?;
    }
    if folder.resting {
        output.print(format_args!(
            "  {FAINT}it rests; `homesync sync` and `homesync handoff` let it travel{FAINT:#}"
        ))?;
    }
    if let Some(advice) = &folder.advice {
        output.print(format_args!("  {ATTENTION}{}{ATTENTION:#}", Shown::new(advice)))?;
    }
    for question in &folder.questions {
        output.print(format_args!("  {ATTENTION}{}{ATTENTION:#}", Shown::new(&question.question)))?;
        for answer in &question.answers {
            output.print(format_args!("    {}", output.hint(answer)))?;
        }
    }
    if folder.only_here > 0 {
        output.print(format_args!(
            "  {ATTENTION}kept to this machine: {}{ATTENTION:#}",
            items(folder.only_here)
        ))?;
    }
    for held in folder.held.iter().take(MOST_SHOWN) {
        output.print(format_args!("  waits: {}  {FAINT}{}{FAINT:#}", Shown::new(&held.path), held.reason))?;
    }
    let more = folder.held_items.saturating_sub(MOST_SHOWN as u64);
    if more > 0 {
        output.print(format_args!("  and {more} more"))?;
    }
    let lists = [
        (&folder.unread, "is not read"),
        (&folder.unsyncable, "cannot travel"),
        (&folder.partial, "partial"),
    ];
    for (list, does) in lists {
        for item in list.first.iter().take(MOST_SHOWN) {
            let (path, reason) = (Shown::new(&item.path), Shown::new(&item.reason));
            output.print(format_args!("  {BAD}{does}:{BAD:#} {path}  {FAINT}{reason}{FAINT:#}"))?;
        }
        let more = list.items.saturating_sub(MOST_SHOWN as u64);
        if more > 0 {
            output.print(format_args!("  and {more} more"))?;
        }
    }
    if folder.special.items > 0 {
        let first = folder.special.first.first().map_or("", |first| &first.path);
        output.print(format_args!(
            "  {FAINT}{} pipes, sockets and devices are not kept in step, {} among them{FAINT:#}",
            folder.special.items,
            Shown::new(first)
        ))?;
    }
    for with in &folder.with {
        output.print(format_args!("  {}", with_machine(with)))?;
    }
    Ok(())
}

fn state(folder: &FolderReport) -> String {
    let word = match folder.state {
        FolderState::WaitingForYou => "waiting for you".to_owned(),
        state => state.to_string(),
    };
    match folder.state {
        FolderState::Idle => format!("{GOOD}{word}{GOOD:#}"),
        FolderState::Scanning | FolderState::Syncing => format!("{STRONG}{word}{STRONG:#}"),
        FolderState::Paused | FolderState::WaitingForYou => format!("{ATTENTION}{word}{ATTENTION:#}"),
        FolderState::Error => format!("{BAD}{word}{BAD:#}"),
    }
}

fn amount(folder: &FolderReport) -> String {
    match (folder.needed_items, folder.needed_bytes) {
        (0, _) => items(folder.items),
        (needed, bytes) => format!("{}, {needed} to come ({})", items(folder.items), size(bytes)),
    }
}

fn with_machine(with: &WithReport) -> String {
    let machine = &with.machine;
    match with {
        WithReport { turned_away: Some(why), .. } => {
            format!("{machine}  {ATTENTION}turned away: {why}{ATTENTION:#}")
        }
        WithReport { in_step: true, connected: true, .. } => format!("{machine}  {GOOD}in step{GOOD:#}"),
        WithReport { in_step: true, .. } => format!("{machine}  in step when it was last connected"),
        WithReport { connected, needed_items, needed_bytes, .. } => {
            let how = if *connected { "" } else { ", not connected" };
            match needed_items {
                0 => format!("{machine}  {ATTENTION}nothing is known of it yet{how}{ATTENTION:#}"),
                many => format!(
                    "{machine}  {ATTENTION}{} to go ({}){how}{ATTENTION:#}",
                    items(*many),
                    size(*needed_bytes)
                ),
            }
        }
    }
}
