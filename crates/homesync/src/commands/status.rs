//! `homesync status`

use super::folder;
use super::machine::MachineReport;
use super::prompt::{self, Sign};
use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult};
use crate::exit_code::Exit;
use crate::output::{ATTENTION, BAD, Fields, GOOD, STRONG};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::report::Report as DaemonReport;
use homesync_host::configuration::{Configuration, Source};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_paths::Shown;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Show how things stand on this machine
///
/// Ends with 1 when something is wrong, so that scripts can ask.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub struct Arguments {
    /// One line
    #[arg(long, conflicts_with = "json")]
    short: bool,
    #[command(flatten)]
    json: JsonArgument,
}

/// How things stand, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Set up, nothing wrong.
    Ready,
    /// `init` has not been run.
    NotSetUp,
    /// Something is wrong.
    Problem,
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(formatter, "{GOOD}ready{GOOD:#}"),
            Self::NotSetUp => write!(formatter, "{ATTENTION}not set up{ATTENTION:#}"),
            Self::Problem => write!(formatter, "{BAD}problem{BAD:#}"),
        }
    }
}

/// Something that is wrong, with what to do about it.
#[derive(Debug, Serialize)]
struct Problem {
    message: String,
    next: Vec<String>,
}

/// How things stand. The fields are what `--json` promises.
#[derive(Debug, Serialize)]
struct Report {
    version: u32,
    state: State,
    machine: Option<MachineReport>,
    settings: String,
    settings_source: &'static str,
    data: String,
    /// What the daemon says; nothing if none runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    daemon: Option<DaemonReport>,
    problems: Vec<Problem>,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let directories = context.directories()?;
    let report = observe(context, &directories);
    let sign = match report.state {
        State::Ready => Sign::InStep,
        State::NotSetUp => Sign::Nothing,
        State::Problem => Sign::Problem,
    };
    // A daemon looks after it by itself.
    if !context.global.dry_run && report.daemon.is_none() {
        prompt::show(&directories, sign, None);
    }
    if arguments.json.json {
        context.output.print_json(&report)?;
    } else if arguments.short {
        context.output.print(headline(&report))?;
    } else {
        print(context, &report)?;
    }
    Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Looks at everything, whatever is wrong with some of it.
fn observe(context: &Context, directories: &Directories) -> Report {
    let mut problems = Vec::new();
    let mut note = |error: CommandError| {
        let next = error.hints.iter().map(|hint| context.output.hint(hint)).collect();
        problems.push(Problem { message: error.to_string(), next });
    };
    let (configuration, settings, source) = match context.settings(directories) {
        Ok(loaded) => match loaded.source {
            Source::File(path) => (loaded.configuration, path, "file"),
            Source::Older(path) => (loaded.configuration, path, "older-home-sync"),
            Source::Defaults => (loaded.configuration, directories.configuration_file(), "defaults"),
        },
        Err(error) => {
            note(error);
            (Configuration::default(), in_the_way(directories), "unreadable")
        }
    };
    let machine = MachineReport::this(directories, &configuration).map_err(&mut note).ok();
    let set_up = machine.as_ref().is_some_and(|machine| machine.device_id.is_some());
    let daemon = through_daemon::report(directories).unwrap_or_else(|error| {
        note(error);
        None
    });
    for problem in daemon.iter().flat_map(|daemon| &daemon.problems) {
        problems.push(Problem { message: problem.clone(), next: Vec::new() });
    }
    let state = match (problems.is_empty(), set_up) {
        (false, _) => State::Problem,
        (true, true) => State::Ready,
        (true, false) => State::NotSetUp,
    };
    Report {
        version: 1,
        state,
        machine,
        settings: Shown::path(&settings).to_string(),
        settings_source: source,
        data: Shown::path(&directories.data).to_string(),
        daemon,
        problems,
    }
}

/// The file that cannot be used: ours, or the older tool's where there is none of ours.
fn in_the_way(directories: &Directories) -> PathBuf {
    let ours = directories.configuration_file();
    let is_there = |path: &PathBuf| !matches!(file::is_present(path), Ok(false));
    if is_there(&ours) {
        return ours;
    }
    directories.older_configuration_files().into_iter().find(is_there).unwrap_or(ours)
}

fn headline(report: &Report) -> String {
    let name = report.machine.as_ref().map(|machine| machine.name.as_ref().unwrap_or(&machine.id));
    let name = name.map_or("this machine", String::as_str);
    let kind = report.machine.as_ref().map_or("", |machine| &machine.kind);
    format!("{STRONG}{name}{STRONG:#}  {kind}  {}", report.state)
}

fn print(context: &Context, report: &Report) -> CommandResult<()> {
    context.output.print(headline(report))?;
    let mut fields = Fields::default();
    if let Some(machine) = &report.machine {
        fields.add("id", &machine.id);
        if let Some(device_id) = &machine.device_id {
            fields.add("device id", device_id);
        }
    }
    let remark = match report.settings_source {
        "defaults" => " (not written yet: defaults)",
        "older-home-sync" => " (of the older home-sync)",
        "unreadable" => " (cannot be used)",
        _ => "",
    };
    fields.add("settings", format_args!("{}{remark}", report.settings));
    fields.add("data", &report.data);
    if let Some(daemon) = &report.daemon {
        let listening = daemon.listening.join(" ");
        fields.add("daemon", format_args!("runs, process {}", daemon.process));
        fields.add("listens at", if listening.is_empty() { "nothing yet".to_owned() } else { listening });
    }
    context.output.print(fields)?;
    for folder in report.daemon.iter().flat_map(|daemon| &daemon.folders) {
        folder::print_folder(context, folder)?;
    }
    for offer in report.daemon.iter().flat_map(|daemon| &daemon.offered) {
        let (label, machine) = (Shown::new(&offer.label), &offer.machine);
        context
            .output
            .print(format_args!("{ATTENTION}{machine} shares folder {label} with you{ATTENTION:#}"))?;
        let next =
            format!("Take part: `homesync folder add {} PATH --with {machine}`", Shown::new(&offer.id));
        context.output.note(&next);
    }
    for stranger in report.daemon.iter().flat_map(|daemon| &daemon.unknown) {
        let name = if stranger.name.is_empty() { "A machine" } else { &stranger.name };
        let (name, address) = (Shown::new(name), Shown::new(&stranger.address));
        context
            .output
            .print(format_args!("{ATTENTION}{name} wants to be connected{ATTENTION:#}  from {address}"))?;
        context
            .output
            .note(&format!("Let it in: `homesync machine approve {} --name NAME`", stranger.device_id));
    }
    for problem in &report.problems {
        context.output.print(format_args!("{BAD}problem:{BAD:#} {}", problem.message))?;
        for next in &problem.next {
            context.output.print(format_args!("  {GOOD}next:{GOOD:#} {next}"))?;
        }
    }
    if report.state == State::NotSetUp {
        context.output.note("Next: `homesync init`");
    } else if report.daemon.is_none() && report.problems.is_empty() {
        context.output.note("No daemon runs: `homesync up`");
    }
    Ok(())
}
