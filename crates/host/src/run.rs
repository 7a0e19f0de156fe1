//! The one wrapper that runs foreign programs.
//!
//! Every program that homesync starts goes through [`Program`], which makes the careful way the short one:
//!
//! - No shell: arguments are a list and arrive as they are, paths come after `--`.
//! - A fixed locale, because output is parsed, and an empty standard input, because nobody is there to answer.
//! - A [`Limit`] in time. When it is reached, or a [`Cancel`] is pulled, the whole process group is asked to end and after a grace period
//!   killed. Nothing outlives the call as a zombie, and a process id is never signalled after it could have been given to someone else.
//! - Bounded memory: each stream is kept up to a cap, the rest is read and dropped.
//! - Secrets travel on standard input only, and are cut out of everything that goes into errors and traces.
//!
//! What is not done: a program that moves itself to another session (a daemon) leaves the group and is out of reach. When homesync itself is
//! killed with SIGKILL its children live on, because asking Linux to prevent that needs code between fork and exec, which is unsafe. And as
//! children have a group of their own, Ctrl-C in a terminal does not reach them: pull the [`Cancel`]. A child that opens the terminal by itself
//! to ask a question is put to sleep by the system and stopped by its limit: tell it not to ask (`GIT_TERMINAL_PROMPT=0`, ssh's `BatchMode`).
//!
//! ```
//! use homesync_host::run::{Limit, Program};
//! let output = Program::new("git").argument("--version").limit(Limit::GIT_LOCAL).run()?.check()?;
//! assert!(output.stdout.starts_with(b"git version"));
//! # Ok::<(), homesync_host::run::RunError>(())
//! ```

mod cancel;
mod error;
mod group;
mod limit;
mod lookup;
mod output;
mod program;
mod redact;
mod spawn;
mod streams;
mod supervise;
#[cfg(test)]
mod tests;

pub use cancel::Cancel;
pub use error::RunError;
pub use limit::Limit;
pub use output::Output;
pub use program::Program;
