//! This machine: where things are kept, how it is configured, who it is, and how it runs other programs.
//!
//! Nothing here knows what homesync keeps in step. Each module is one concept:
//!
//! - [`directories`]: where configuration, data and state live, and whether we may write there;
//! - [`file`](mod@file): reading with bounds and replacing whole;
//! - [`configuration`]: the settings of this machine;
//! - [`identity`]: its certificate and keys;
//! - [`machine`]: what kind of computer it is and who uses it;
//! - [`lock`]: one owner of the state directory;
//! - [`run`]: the one way to run another program;
//! - [`interrupt`]: Ctrl-C while another program runs for us;
//! - [`requests`]: what a process that runs for long is asked for by signals;
//! - [`log`]: what is written down about our own work;
//! - [`secret`]: a value that cannot be printed.

pub mod configuration;
pub mod directories;
pub mod file;
pub mod identity;
pub mod interrupt;
pub mod lock;
pub mod log;
pub mod machine;
mod platform;
pub mod requests;
pub mod run;
pub mod secret;
#[cfg(test)]
mod testing;
