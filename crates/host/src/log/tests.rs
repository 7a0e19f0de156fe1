//! The log from event to bytes, sink by sink.

mod canary;
mod degrade;
mod file;
mod system;
mod terminal;

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::with_default;

use super::*;

/// A terminal whose screen can be looked at.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).expect("only text is shown")
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Logs what `act` does by these settings; returns what the terminal showed and how many lines were lost.
fn logged(settings: LogSettings, act: impl FnOnce()) -> (String, u64) {
    let screen = Screen::default();
    let (subscriber, guard) = build(settings, Box::new(screen.clone()));
    with_default(subscriber, act);
    (screen.text(), guard.lost_lines())
}

/// A quiet terminal and a file for everything.
fn to_file(directory: &Path) -> LogSettings {
    let file = FileLog { level: LevelFilter::TRACE, ..FileLog::new(directory) };
    LogSettings { terminal: LevelFilter::OFF, file: Some(file), ..LogSettings::default() }
}

/// The objects of a log file. Panics on a line that is not whole.
fn objects(file: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(file).expect("a log file");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}")))
        .collect()
}
