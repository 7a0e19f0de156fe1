//! `homesync init`

mod ports;

use super::prompt;
use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, usage};
use crate::exit_code::Exit;
use clap::Args;
use homesync_host::configuration::{Editable, MachineKind, MachineName, ValueError};
use homesync_host::directories::Directories;
use homesync_host::file;
use homesync_host::identity::{Identity, StagedIdentity};
use homesync_host::machine;
use homesync_paths::Shown;
use homesync_protocol::DeviceId;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tracing::info;

/// Give this machine a name and an identity
///
/// Makes the certificate and keys that other machines will know this one by, and writes its name and kind to the configuration. What is
/// there is never overwritten: run twice, it changes nothing.
#[derive(Args, Debug, Default)]
#[group(skip)]
pub struct Arguments {
    /// What to call this machine [default: user@host]
    #[arg(long)]
    name: Option<MachineName>,

    /// What sort of machine it is [default: cloud, laptop, mac or server, as found]
    #[arg(long)]
    kind: Option<MachineKind>,
}

/// What has to be made. Nothing has changed yet.
struct Plan {
    name: MachineName,
    kind: MachineKind,
    /// The configuration as it will be.
    settings: Editable,
    /// Whether there is an identity already.
    identity: Option<Identity>,
    /// Where it listens because the usual ports are taken.
    listen: Option<String>,
}

impl Plan {
    fn is_empty(&self) -> bool {
        self.identity.is_some() && !self.settings.is_changed()
    }
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    let directories = context.directories()?;
    directories.check_owner()?;
    if context.global.dry_run {
        let plan = plan(&directories, arguments)?;
        show(context, &directories, &plan);
        return Ok(Exit::Done);
    }
    let created = Created::make(&directories)?;
    let lock = context.lock(&directories)?;
    // Planned under the lock: what another run made while we waited is there already.
    let plan = plan(&directories, arguments)?;
    if plan.is_empty() {
        prompt::show(&directories, prompt::Sign::InStep, Some(&lock));
        created.keep();
        context.output.note(&format!("This machine is set up: {} ({}).", plan.name, plan.kind));
        return Ok(Exit::Done);
    }
    let identity = carry_out(&directories, &plan)?;
    created.keep();
    prompt::show(&directories, prompt::Sign::InStep, Some(&lock));
    report(context, &directories, &plan, &identity);
    Ok(Exit::Done)
}

fn plan(directories: &Directories, arguments: &Arguments) -> CommandResult<Plan> {
    let mut settings = Editable::open(directories)?;
    let name = choose(&settings, "machine.name", arguments.name.as_ref(), default_name)?;
    let kind = choose(&settings, "machine.kind", arguments.kind.as_ref(), || {
        Ok(machine::detect_kind(Path::new("/")))
    })?;
    for (key, value) in [("machine.name", name.as_str()), ("machine.kind", kind.as_str())] {
        if settings.get(key).is_none() {
            settings.set(key, value)?;
        }
    }
    let identity = Identity::load(&directories.identity())?;
    // Only for a machine that is new: one that others know stays where they find it.
    let listen = ports::instead().filter(|_| identity.is_none() && settings.get("network.listen").is_none());
    if let Some(listen) = &listen {
        settings.set("network.listen", listen)?;
    }
    Ok(Plan { name, kind, settings, identity, listen })
}

/// Where to listen instead of the usual ports, if these are taken now and nobody chose any.
pub fn ports_instead(directories: &Directories) -> CommandResult<Option<String>> {
    let is_chosen = Editable::open(directories)?.get("network.listen").is_some();
    Ok(ports::instead().filter(|_| !is_chosen))
}

fn default_name() -> CommandResult<MachineName> {
    let name = machine::default_name(&super::machine::user_name()?, &machine::host_name());
    name.ok_or_else(|| {
        usage("this computer's own names make no machine name").hint("give one with --name NAME")
    })
}

/// What the settings say; else what was asked for; else what we find out. Settings that say something else than what was asked for are not
/// changed: `init` never overwrites.
fn choose<T: FromStr<Err = ValueError> + Display + Clone + PartialEq>(
    settings: &Editable,
    key: &str,
    wanted: Option<&T>,
    find_out: impl FnOnce() -> CommandResult<T>,
) -> CommandResult<T> {
    let Some(known) = settings.get(key).and_then(|value| value.as_str()) else {
        return wanted.cloned().map_or_else(find_out, Ok);
    };
    let known: T =
        known.parse().map_err(|error: ValueError| CommandError::from_error(Kind::Usage, &error))?;
    match wanted.filter(|wanted| **wanted != known) {
        None => Ok(known),
        Some(wanted) => Err(usage(format!("this machine is set up already, with `{key}` {known}"))
            .hint(format!("to change it: `homesync config set {key} {wanted}`"))),
    }
}

/// Everything is prepared and durable before the first thing gets its name, so that a full disk leaves nothing half made.
fn carry_out(directories: &Directories, plan: &Plan) -> CommandResult<Identity> {
    let settings = match plan.settings.is_changed() {
        true => Some(plan.settings.stage()?),
        false => None,
    };
    let identity = match &plan.identity {
        Some(identity) => identity.clone(),
        None => {
            let identity =
                StagedIdentity::create(&directories.identity(), jiff::Timestamp::now())?.commit()?;
            info!(device_id = %DeviceId::of_certificate(identity.certificate.der()), "made an identity");
            identity
        }
    };
    if let Some(settings) = settings {
        settings.commit()?;
        info!(name = plan.name.as_str(), kind = plan.kind.as_str(), "named this machine");
    }
    Ok(identity)
}

fn show(context: &Context, directories: &Directories, plan: &Plan) {
    if plan.is_empty() {
        return context.output.note("Nothing would change: this machine is set up.");
    }
    context.output.note(&format!("Would set this machine up as {} ({}):", plan.name, plan.kind));
    if plan.identity.is_none() {
        context.output.note(&format!("  create {}", Shown::path(&directories.identity())));
    }
    if plan.settings.is_changed() {
        context.output.note(&format!("  write  {}", Shown::path(plan.settings.path())));
    }
}

fn report(context: &Context, directories: &Directories, plan: &Plan, identity: &Identity) {
    let note = |text: String| context.output.note(&text);
    match plan.identity {
        None => note(format!("Set this machine up as {} ({}).", plan.name, plan.kind)),
        Some(_) => note(format!("Wrote the name and kind of this machine: {} ({}).", plan.name, plan.kind)),
    }
    note(format!("  device id  {}", DeviceId::of_certificate(identity.certificate.der())));
    note(format!("  identity   {}", Shown::path(&directories.identity())));
    note(format!("  settings   {}", Shown::path(plan.settings.path())));
    if let Some(listen) = &plan.listen {
        note(format!("  listens    {listen} (the usual port is taken)"));
    }
    if let Some(older) = &plan.settings.imported_from {
        note(format!("  taken over from {}", Shown::path(older)));
    }
}

/// The directories that this run made. Those that are still empty are taken away again unless it went well.
struct Created(Vec<PathBuf>);

impl Created {
    fn make(directories: &Directories) -> CommandResult<Self> {
        let mut created = Self(Vec::new());
        for directory in [&directories.configuration, &directories.data, &directories.state] {
            let made = file::create_private_directory(directory)?;
            created.0.splice(0..0, made);
        }
        Ok(created)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Created {
    // Only empty directories can be removed this way.
    fn drop(&mut self) {
        for directory in &self.0 {
            let _ = std::fs::remove_dir(directory);
        }
    }
}
