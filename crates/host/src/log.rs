//! Logs: one line for a person on standard error, one JSON object per line in a rotating file, and the system's own log when asked.
//!
//! Logging never gets in the way. A sink that fails (full disk, vanished directory, closed pipe, no journal) loses its lines and counts them;
//! the first lost line of a sink is reported once on standard error, and the sink is tried again with every event, so that it recovers by
//! itself. Nothing in here blocks for long, panics or returns an error to the code that logs.
//!
//! Foreign text is never trusted: control characters are made visible for people, encoded in JSON, and lengths are bounded.
//!
//! Events of homesync's own crates are logged from the level that each sink asks for, those of other crates from warnings up.

pub(crate) mod escape;
mod human;
mod journald;
mod json;
mod layer;
mod record;
mod rotating;
mod settings;
mod sink;
mod syslog;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests remove what they made")]
mod tests;

use std::io::{Write, stderr};
use std::sync::Arc;

use tracing::Subscriber;
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing_subscriber::layer::SubscriberExt;

use layer::SinkLayer;
pub use settings::{FileLog, LogSettings, SystemLog};
use sink::Sinks;

/// Why logging was not started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It had been started before, in this process.
    #[error("logging was started before")]
    AlreadyStarted(#[from] SetGlobalDefaultError),
}

/// What is left in the caller's hands of a running log. Every line is written when its event happens, so there is nothing to flush.
#[derive(Clone)]
#[must_use = "tells whether lines were lost"]
pub struct LogGuard {
    sinks: Arc<Sinks>,
}

impl LogGuard {
    /// How many lines could not be written, all sinks together.
    pub fn lost_lines(&self) -> u64 {
        self.sinks.lost_lines()
    }
}

/// Starts logging for the whole process.
///
/// # Errors
/// Only when it was started before. A log that cannot be written is no error: see the module's text.
pub fn start(settings: LogSettings) -> Result<LogGuard, LogError> {
    let (subscriber, guard) = build(settings, Box::new(stderr()));
    set_global_default(subscriber)?;
    Ok(guard)
}

/// Makes the subscriber without installing it, with `terminal` in place of standard error.
pub fn build(
    settings: LogSettings,
    terminal: Box<dyn Write + Send>,
) -> (impl Subscriber + Send + Sync + 'static, LogGuard) {
    let sinks = Arc::new(Sinks::new(settings, terminal));
    let subscriber = tracing_subscriber::registry().with(SinkLayer::new(Arc::clone(&sinks)));
    (subscriber, LogGuard { sinks })
}
