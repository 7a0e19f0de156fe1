//! `homesync up`

use super::{init, status};
use crate::context::Context;
use crate::error::CommandResult;
use clap::Args;

/// Set this machine up, if it is not, and show its status
///
/// The one command for a fresh machine. It can be run at any time: what is there is kept.
#[derive(Args, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    init: init::Arguments,
}

pub fn run(context: &Context, arguments: &Arguments) -> CommandResult {
    init::run(context, &arguments.init)?;
    if context.global.dry_run {
        return Ok(crate::exit_code::Exit::Done);
    }
    status::run(context, &status::Arguments::default())
}
