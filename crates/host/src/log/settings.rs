//! What is logged where.

use std::path::PathBuf;

pub use crate::configuration::SystemLog;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// The name with which the targets of homesync's own crates begin.
const OURS: &str = "homesync";

/// Where events go. By default: warnings on standard error, nowhere else.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// From which level events are shown on standard error.
    pub terminal: LevelFilter,
    /// Whether they are coloured there. The caller knows whether it is a terminal and what the person wants.
    pub color: bool,
    /// The log file.
    pub file: Option<FileLog>,
    /// The system's own log.
    pub system: SystemLog,
    /// From which level events go to the system's log.
    pub system_level: LevelFilter,
    /// Another socket than the system log's usual one.
    pub system_socket: Option<PathBuf>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            terminal: LevelFilter::WARN,
            color: false,
            file: None,
            system: SystemLog::None,
            system_level: LevelFilter::INFO,
            system_socket: None,
        }
    }
}

/// A log in files: `homesync.jsonl`, and the older `homesync.jsonl.1`, `.2` and so on.
#[derive(Clone, Debug)]
pub struct FileLog {
    /// Where the files are. Made for the owner only when it is not there; its parent must exist.
    pub directory: PathBuf,
    /// A file that would grow beyond this is put aside.
    pub max_bytes: u64,
    /// How many files are kept, with the current one.
    pub keep: u32,
    /// From which level events are written.
    pub level: LevelFilter,
}

impl FileLog {
    /// Four files of 4 MiB, from level info.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), max_bytes: 4 * 1024 * 1024, keep: 4, level: LevelFilter::INFO }
    }
}

/// The filter of a sink: our events from `level`, those of other crates from warnings at most.
pub(super) fn targets(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(OURS, level)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn other_crates_are_heard_from_warnings_up() {
        let filter = targets(LevelFilter::TRACE);
        assert!(filter.would_enable("homesync_host::run", &Level::TRACE));
        assert!(filter.would_enable("rustls::client", &Level::WARN));
        assert!(!filter.would_enable("rustls::client", &Level::INFO));
        let quiet = targets(LevelFilter::ERROR);
        assert!(!quiet.would_enable("rustls::client", &Level::WARN));
        assert!(!targets(LevelFilter::OFF).would_enable("homesync", &Level::ERROR));
    }
}
