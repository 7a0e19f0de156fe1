//! `homesync machine`

mod change;

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult, failed};
use crate::exit_code::Exit;
use crate::output::{ATTENTION, FAINT, GOOD, STRONG, local_time};
use crate::through_daemon;
use clap::{Args, Subcommand};
use homesync_daemon::report::MachineReport as LinkReport;
use homesync_host::configuration::{Configuration, MachineName};
use homesync_host::directories::Directories;
use homesync_host::identity::Identity;
use homesync_host::machine;
use homesync_host::run::{Limit, Program, RunError};
use homesync_paths::Shown;
use homesync_protocol::DeviceId;
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// The machines that belong together
#[derive(Args, Debug)]
#[group(skip)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Machine,
}

#[derive(Debug, Subcommand)]
enum Machine {
    /// List the machines that this one knows
    List {
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Print what this machine is called: user@host-kind
    Id {
        /// Print the device id instead, which other machines know it by
        #[arg(long)]
        device: bool,
        #[command(flatten)]
        json: JsonArgument,
    },
    /// Name another machine, so that both can be connected
    Add(change::Add),
    /// Let in a machine that wants to be connected
    Approve(change::Approve),
    /// Give a machine another name
    Rename {
        /// Its name until now
        name: MachineName,
        /// Its new name
        new: MachineName,
    },
    /// Never talk to a machine again; its files and this one's stay
    Remove {
        /// Its name
        name: MachineName,
    },
}

impl Arguments {
    /// Whether it can change something.
    pub fn changes_something(&self) -> bool {
        !matches!(self.command, Machine::List { .. } | Machine::Id { .. })
    }
}

/// A machine, as scripts see it.
#[derive(Debug, Serialize)]
pub struct MachineReport {
    /// Its name.
    pub name: Option<String>,
    /// `user@host-kind`.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// The id that other machines know it by; none before `init`.
    pub device_id: Option<String>,
    /// Whether it is the machine that prints this.
    pub this: bool,
    /// How it stands with the connection to another machine, while a daemon runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkReport>,
}

impl MachineReport {
    /// This machine.
    pub fn this(directories: &Directories, configuration: &Configuration) -> CommandResult<Self> {
        let kind = configuration.machine.kind.clone().unwrap_or_else(|| machine::detect_kind(Path::new("/")));
        let identity = Identity::load(&directories.identity())?;
        Ok(Self {
            name: configuration.machine.name.as_ref().map(ToString::to_string),
            id: format!("{}@{}-{kind}", user_name()?, machine::host_name()),
            kind: kind.to_string(),
            device_id: identity
                .map(|identity| DeviceId::of_certificate(identity.certificate.der()).to_string()),
            this: true,
            link: None,
        })
    }
}

/// The name of the user who runs this. It is found out, never made up: it becomes part of names that stay.
pub fn user_name() -> CommandResult<String> {
    let ask_system = || {
        let limit = Limit::total(Duration::from_secs(5));
        Ok::<_, RunError>(Program::new("id").argument("-un").limit(limit).run()?.check()?.stdout_text())
    };
    let unknown = || failed("your user name cannot be found out").hint("say it in the variable USER");
    match machine::user_name(|name| std::env::var_os(name), ask_system) {
        Ok(Some(name)) => Ok(name),
        Ok(None) => Err(unknown()),
        Err(error @ RunError::Cancelled { .. }) => Err(error.into()),
        Err(error) => Err(CommandError { causes: vec![error.to_string()], ..unknown() }),
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let directories = context.directories()?;
    match &arguments.command {
        Machine::List { json } => list(context, &directories, json.json)?,
        Machine::Id { device, json } => {
            let configuration = context.settings(&directories)?.configuration;
            id(context, MachineReport::this(&directories, &configuration)?, *device, json.json)?;
        }
        Machine::Add(add) => change::add(context, add)?,
        Machine::Approve(approve) => change::approve(context, approve)?,
        Machine::Rename { name, new } => change::rename(context, name, new)?,
        Machine::Remove { name } => change::remove(context, name)?,
    }
    Ok(Exit::Done)
}

fn list(context: &Context, directories: &Directories, json: bool) -> CommandResult<()> {
    let configuration = context.settings(directories)?.configuration;
    let this = MachineReport::this(directories, &configuration)?;
    let report = through_daemon::report(directories)?;
    let mut machines: Vec<MachineReport> = this.device_id.is_some().then_some(this).into_iter().collect();
    for (name, settings) in &configuration.machines {
        let mut links = report.iter().flat_map(|report| &report.machines);
        let link = links.find(|link| link.name == name.as_str()).cloned();
        machines.push(MachineReport {
            name: Some(name.to_string()),
            id: name.to_string(),
            kind: "machine".to_owned(),
            device_id: Some(settings.device.to_string()),
            this: false,
            link,
        });
    }
    let unknown = report.map(|report| report.unknown).unwrap_or_default();
    if json {
        let all = serde_json::json!({ "version": 1, "machines": machines, "unknown": unknown });
        return context.output.print_json(&all);
    }
    for machine in &machines {
        context.output.print(shown(machine))?;
    }
    for stranger in &unknown {
        let name = if stranger.name.is_empty() { "a machine" } else { &stranger.name };
        context.output.print(format_args!(
            "{ATTENTION}{} wants to be connected{ATTENTION:#}  {}  from {}",
            Shown::new(name),
            stranger.device_id,
            Shown::new(&stranger.address)
        ))?;
        let next = format!("Let it in: `homesync machine approve {} --name NAME`", stranger.device_id);
        context.output.note(&next);
    }
    if machines.is_empty() {
        context.output.note("No machine is set up here. Next: `homesync init`");
    }
    Ok(())
}

fn shown(machine: &MachineReport) -> String {
    let name = machine.name.as_deref().unwrap_or(&machine.id);
    let device = machine.device_id.as_deref().unwrap_or_default();
    if machine.this {
        return format!("{STRONG}{name}{STRONG:#}  {}  {device}{FAINT}  this machine{FAINT:#}", machine.kind);
    }
    let link = match &machine.link {
        None => String::new(),
        Some(link) if link.connected => {
            let address = link.address.as_deref().unwrap_or_default();
            format!("  {GOOD}connected{GOOD:#}  {}", Shown::new(address))
        }
        Some(link) => match (&link.unreachable, link.last_seen) {
            (_, Some(seen)) => format!("  not connected since {}", local_time(seen as i64)),
            (Some(reason), None) => {
                format!("  {ATTENTION}not connected{ATTENTION:#}: {}", Shown::new(reason))
            }
            (None, None) => format!("  {ATTENTION}not connected{ATTENTION:#}"),
        },
    };
    format!("{STRONG}{name}{STRONG:#}  {device}{link}")
}

fn id(context: &Context, this: MachineReport, device: bool, json: bool) -> CommandResult<()> {
    if json {
        return context.output.print_json(&serde_json::json!({ "version": 1, "machine": this }));
    }
    if !device {
        return context.output.print(this.id);
    }
    match this.device_id {
        Some(device_id) => context.output.print(device_id),
        None => Err(failed("this machine has no device id yet").hint("`homesync init`")),
    }
}
