//! `homesync machine`

use crate::arguments::JsonArgument;
use crate::context::Context;
use crate::error::{CommandError, CommandResult, failed};
use crate::exit_code::Exit;
use crate::output::{FAINT, STRONG};
use clap::{Args, Subcommand};
use homesync_host::configuration::Configuration;
use homesync_host::directories::Directories;
use homesync_host::identity::Identity;
use homesync_host::machine;
use homesync_host::run::{Limit, Program, RunError};
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
    let configuration = context.settings(&directories)?.configuration;
    let this = MachineReport::this(&directories, &configuration)?;
    match &arguments.command {
        Machine::List { json } => list(context, this, json.json)?,
        Machine::Id { device, json } => id(context, this, *device, json.json)?,
    }
    Ok(Exit::Done)
}

fn list(context: &Context, this: MachineReport, json: bool) -> CommandResult<()> {
    let machines: Vec<MachineReport> = this.device_id.is_some().then_some(this).into_iter().collect();
    if json {
        return context.output.print_json(&serde_json::json!({ "version": 1, "machines": machines }));
    }
    for machine in &machines {
        let name = machine.name.as_deref().unwrap_or(&machine.id);
        let device = machine.device_id.as_deref().unwrap_or_default();
        let here = if machine.this { "  this machine" } else { "" };
        context.output.print(format_args!(
            "{STRONG}{name}{STRONG:#}  {}  {device}{FAINT}{here}{FAINT:#}",
            machine.kind
        ))?;
    }
    if machines.is_empty() {
        context.output.note("No machine is set up here. Next: `homesync init`");
    }
    Ok(())
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
