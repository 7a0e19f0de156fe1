//! The sinks side by side: each with its own filter, none able to disturb another or the work.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;

use super::journald::Journald;
use super::record::Record;
use super::rotating::RotatingFile;
use super::settings::{LogSettings, SystemLog, targets};
use super::syslog::Syslog;
use super::{human, json};

/// Where a sink's lines go.
enum Place {
    File(RotatingFile),
    Journald(Journald),
    Syslog(Syslog),
}

impl Place {
    fn write(&mut self, record: &Record) -> io::Result<()> {
        match self {
            Self::File(file) => file.append(json::line(record).as_bytes()),
            Self::Journald(journald) => journald.send(record),
            Self::Syslog(syslog) => syslog.send(record),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "the log file",
            Self::Journald(_) => "the journal",
            Self::Syslog(_) => "the system log",
        }
    }
}

struct Sink {
    filter: Targets,
    place: Mutex<Place>,
    /// Whether the person was told that it fails.
    reported: AtomicBool,
}

/// All sinks of a process.
pub(super) struct Sinks {
    terminal_filter: Targets,
    terminal_level: LevelFilter,
    color: bool,
    terminal: Mutex<Box<dyn Write + Send>>,
    others: Vec<Sink>,
    finest: LevelFilter,
    lost: AtomicU64,
}

impl Sinks {
    pub(super) fn new(settings: LogSettings, terminal: Box<dyn Write + Send>) -> Self {
        let mut others = Vec::new();
        let mut finest = settings.terminal;
        let mut add = |level: LevelFilter, place| {
            finest = finest.max(level);
            let reported = AtomicBool::new(false);
            others.push(Sink { filter: targets(level), place: Mutex::new(place), reported });
        };
        if let Some(file) = settings.file {
            add(file.level, Place::File(RotatingFile::new(file)));
        }
        match settings.system {
            SystemLog::None => {}
            SystemLog::Journald => {
                add(settings.system_level, Place::Journald(Journald::new(settings.system_socket)));
            }
            SystemLog::Syslog => {
                add(settings.system_level, Place::Syslog(Syslog::new(settings.system_socket)))
            }
        }
        Self {
            terminal_filter: targets(settings.terminal),
            terminal_level: settings.terminal,
            color: settings.color,
            terminal: Mutex::new(terminal),
            others,
            finest,
            lost: AtomicU64::new(0),
        }
    }

    pub(super) fn lost_lines(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn finest_level(&self) -> LevelFilter {
        self.finest
    }

    /// Whether any sink would take this.
    pub(super) fn want(&self, metadata: &Metadata<'_>) -> bool {
        let wants = |filter: &Targets| filter.would_enable(metadata.target(), metadata.level());
        wants(&self.terminal_filter) || self.others.iter().any(|sink| wants(&sink.filter))
    }

    pub(super) fn write(&self, record: &Record) {
        if self.terminal_filter.would_enable(&record.target, &record.level) {
            self.show(&human::line(record, self.color));
        }
        for sink in &self.others {
            if !sink.filter.would_enable(&record.target, &record.level) {
                continue;
            }
            let mut place = unpoisoned(&sink.place);
            let (result, name) = (place.write(record), place.name());
            drop(place);
            if let Err(error) = result {
                self.lose(sink, name, &error);
            }
        }
    }

    /// Counts a lost line, and says so once where a person may see it.
    fn lose(&self, sink: &Sink, name: &str, error: &io::Error) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        let is_first = !sink.reported.swap(true, Ordering::Relaxed);
        if is_first && self.terminal_level >= Level::WARN {
            self.show(&format!("warning: {name} cannot be written, work goes on without it ({error})\n"));
        }
    }

    /// One write per line. A terminal or pipe that is gone is none of our business.
    fn show(&self, line: &str) {
        if unpoisoned(&self.terminal).write_all(line.as_bytes()).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A thread that panicked while it logged must not take the log of all others with it.
fn unpoisoned<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
