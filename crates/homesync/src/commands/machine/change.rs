//! `homesync machine add`, `approve`, `rename` and `remove`

use crate::context::Context;
use crate::error::{CommandError, CommandResult, Kind, failed, usage};
use crate::through_daemon;
use clap::Args;
use homesync_daemon::report::UnknownReport;
use homesync_host::configuration::{
    CompressionWord, DeviceText, MachineAddress, MachineName, MachineSettings, ValueError,
};
use homesync_host::identity::Identity;
use homesync_protocol::DeviceId;

/// What `machine add` is given.
#[derive(Args, Debug)]
pub struct Add {
    /// What to call it
    name: MachineName,
    /// Its device id: `homesync machine id --device` prints it over there
    #[arg(long, value_name = "ID")]
    device: DeviceId,
    /// Where it is: tcp://HOST:PORT, quic://HOST:PORT, or dynamic; may be given several times [default: dynamic]
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<MachineAddress>,
    /// What is compressed on the way to it: metadata, always or never
    #[arg(long)]
    compression: Option<CompressionWord>,
}

/// What `machine approve` is given.
#[derive(Args, Debug)]
pub struct Approve {
    /// The machine: its device id, or what it calls itself
    machine: String,
    /// What to call it [default: what it calls itself]
    #[arg(long)]
    name: Option<MachineName>,
}

pub fn add(context: &Context, add: &Add) -> CommandResult<()> {
    let mut addresses = add.address.clone();
    if addresses.is_empty() {
        addresses.push(dynamic()?);
    }
    let told = put(context, &add.name, add.device, &addresses, add.compression)?;
    say(context, &add.name, told)
}

pub fn approve(context: &Context, approve: &Approve) -> CommandResult<()> {
    let directories = context.directories()?;
    let report = through_daemon::report(&directories)?;
    let unknown = report.map(|report| report.unknown).unwrap_or_default();
    let wanted =
        |stranger: &&UnknownReport| stranger.device_id == approve.machine || stranger.name == approve.machine;
    let mut found = unknown.iter().filter(wanted);
    let (Some(stranger), None) = (found.next(), found.next()) else {
        return Err(failed(format!(
            "no machine, or several, that want to be connected are {}",
            approve.machine
        ))
        .hint("`homesync machine list` shows them; add one that is not there with `homesync machine add`"));
    };
    let name = match &approve.name {
        Some(name) => name.clone(),
        None => stranger.name.parse().map_err(|error: ValueError| {
            CommandError::from_error(Kind::Usage, &error).hint("give it a name with --name NAME")
        })?,
    };
    let device = stranger.device_id.parse().map_err(|_| failed("its device id makes no sense"))?;
    let told = put(context, &name, device, &[dynamic()?], None)?;
    say(context, &name, told)
}

fn dynamic() -> CommandResult<MachineAddress> {
    "dynamic".parse().map_err(|error: ValueError| CommandError::from_error(Kind::Fault, &error))
}

fn put(
    context: &Context,
    name: &MachineName,
    device: DeviceId,
    addresses: &[MachineAddress],
    compression: Option<CompressionWord>,
) -> CommandResult<bool> {
    let directories = context.directories()?;
    if let Some(identity) = Identity::load(&directories.identity())?
        && DeviceId::of_certificate(identity.certificate.der()) == device
    {
        return Err(usage("that is this machine's own device id")
            .hint("`homesync machine id --device` prints the other one's over there"));
    }
    let text: DeviceText = device
        .to_string()
        .parse()
        .map_err(|error: ValueError| CommandError::from_error(Kind::Fault, &error))?;
    through_daemon::change(context, |editable| {
        let machines = editable.configuration()?.machines;
        let same =
            |settings: &MachineSettings| settings.device.as_str().parse::<DeviceId>().ok() == Some(device);
        if let Some((other, _)) = machines.iter().find(|(other, settings)| *other != name && same(settings)) {
            return Err(usage(format!("that machine is known already, as {other}"))
                .hint(format!("another name for it: `homesync machine rename {other} {name}`")));
        }
        let mut settings = match machines.get(name) {
            Some(known) if !same(known) && !context.is_answered() => {
                return Err(usage(format!("{name} is another machine, with the device id {}", known.device))
                    .hint("choose another name, or replace it with --yes"));
            }
            Some(known) => known.clone(),
            None => MachineSettings::new(text.clone()),
        };
        settings.device = text.clone();
        settings.addresses = addresses.to_vec();
        settings.compression = compression.unwrap_or(settings.compression);
        editable.put_machine(name, &settings)?;
        Ok(())
    })
}

fn say(context: &Context, name: &MachineName, is_changed: bool) -> CommandResult<()> {
    if context.global.dry_run {
        return Ok(());
    }
    let known = if is_changed { "is known now" } else { "is known already" };
    context.output.note(&format!("{name} {known}. Next: `homesync folder add NAME PATH --with {name}`"));
    Ok(())
}

pub fn rename(context: &Context, name: &MachineName, new: &MachineName) -> CommandResult<()> {
    through_daemon::change(context, |editable| {
        if editable.configuration()?.machines.contains_key(new) {
            return Err(usage(format!("there is a machine {new} already")));
        }
        match editable.rename_machine(name, new)? {
            true => Ok(()),
            false => Err(unknown(name)),
        }
    })?;
    context.output.note(&format!("{name} is called {new} now."));
    Ok(())
}

pub fn remove(context: &Context, name: &MachineName) -> CommandResult<()> {
    through_daemon::change(context, |editable| match editable.remove_machine(name)? {
        true => Ok(()),
        false => Err(unknown(name)),
    })?;
    if !context.global.dry_run {
        context
            .output
            .note(&format!("{name} is not known any more. What it has of your folders stays over there."));
    }
    Ok(())
}

fn unknown(name: &MachineName) -> CommandError {
    usage(format!("there is no machine {name}")).hint("`homesync machine list` shows those that there are")
}
