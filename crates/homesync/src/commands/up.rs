//! `homesync up`

use super::{daemon, init, status};
use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::through_daemon;
use clap::Args;
use homesync_host::identity::Identity;
use homesync_protocol::DeviceId;

/// Set this machine up, if it is not, and keep its folders in step
///
/// The one command for a fresh machine. It can be run at any time: what is there is kept. It runs in the foreground until Ctrl-C; if a
/// daemon runs already, it shows how things stand and ends.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    init: init::Arguments,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    init::run(context, &arguments.init)?;
    if context.global.dry_run {
        return Ok(Exit::Done);
    }
    let directories = context.directories()?;
    if through_daemon::report(&directories)?.is_some() {
        return status::run(context, &status::Arguments::default());
    }
    if let Some(listen) = init::ports_instead(&directories)? {
        through_daemon::change(context, |settings| Ok(settings.set("network.listen", &listen)?))?;
        context
            .output
            .note(&format!("The usual port is taken: this machine listens at {listen} from now on."));
    }
    let (daemon, _lock) = daemon::start(context)?;
    context.output.note(&format!("homesync runs. {}", daemon::listening(&daemon)));
    if let Some(identity) = Identity::load(&directories.identity())? {
        let device = DeviceId::of_certificate(identity.certificate.der());
        let name = context.settings(&directories)?.configuration.machine.name;
        let name = name.map_or_else(|| "NAME".to_owned(), |name| name.to_string());
        context.output.note("On the next machine, run `homesync up` as well, and there");
        context.output.note(&format!("  homesync machine add {name} --device {device}"));
        context.output.note("(with --address tcp://THIS-HOST:PORT if it is on another network), then here");
        context.output.note("  homesync machine approve ITS-NAME");
    }
    daemon.run()?;
    Ok(Exit::Done)
}
