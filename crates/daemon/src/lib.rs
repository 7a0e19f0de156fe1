//! Where engine, index, disk and network meet.
//!
//! [`Daemon`] is the whole; begin there. Each folder has an engine with a thread of its own (`folder`); connections and what is shared over them are
//! `exchange`, with a `teller` for each; `fleet` is the settings made usable. [`control`] is the socket over which commands ask, `answers` who
//! answers, [`report`] what is said about how things stand.

mod answers;
mod bell;
mod clock;
pub mod control;
mod crew;
mod daemon;
mod differences;
mod exchange;
mod fleet;
mod folder;
mod inbox;
mod keeper;
mod partial;
pub mod patterns;
mod platform;
mod pool;
mod prompt;
pub mod report;
mod teller;

pub use daemon::{Daemon, DaemonError};
pub use fleet::place;
