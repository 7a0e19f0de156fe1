//! How far something is, in one line of the terminal that is written over again and again.

use super::Output;
use homesync_daemon::report::items;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

/// Seconds until a rate is worth showing.
const LEAST: f64 = 2.0;

/// The line. It goes away when this is dropped. Where standard error is no terminal nothing is shown.
pub struct Progress {
    is_shown: bool,
    is_there: bool,
    since: Instant,
    /// Most bytes that were still to travel, and when that was.
    most: u64,
    most_at: Instant,
}

impl Progress {
    /// Nothing is shown yet.
    pub fn new(output: &Output) -> Self {
        let now = Instant::now();
        let is_shown = !output.quiet && io::stderr().is_terminal();
        Self { is_shown, is_there: false, since: now, most: 0, most_at: now }
    }

    /// Shows what is waited for, and how much is left.
    pub fn show(&mut self, text: &str, many: u64, bytes: u64) {
        if bytes > self.most {
            (self.most, self.most_at) = (bytes, Instant::now());
        }
        if !self.is_shown || self.since.elapsed().as_millis() < 300 {
            return;
        }
        let left = match (many, bytes) {
            (0, _) => String::new(),
            (many, 0) => format!("  {} left", items(many)),
            (many, bytes) => format!("  {}, {} left", items(many), size(bytes)),
        };
        let rate = rate(self.most - bytes, bytes, self.most_at.elapsed().as_secs_f64());
        let line = format!("{text}{left}{rate}");
        let line: String = line.chars().take(width()).collect();
        let _ = write!(io::stderr(), "\r\x1b[K{}", homesync_paths::Shown::new(&line));
        let _ = io::stderr().flush();
        self.is_there = true;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_there {
            let _ = write!(io::stderr(), "\r\x1b[K");
            let _ = io::stderr().flush();
        }
    }
}

/// How fast it goes and how long it will take, once that can be told.
fn rate(done: u64, left: u64, seconds: f64) -> String {
    if done == 0 || seconds < LEAST {
        return String::new();
    }
    let rate = done as f64 / seconds;
    let remaining = (left as f64 / rate).round() as u64;
    format!("  {}/s, {} to go", size(rate as u64), duration(remaining))
}

/// Columns of the terminal.
fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    said.filter(|width| *width > 20).unwrap_or(80) - 1
}

/// Bytes, as people say them.
pub fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1_024 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1_024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < units.len() {
        value /= 1_024.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", units[unit])
}

/// Seconds, as people say them.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_said_as_people_say_them() {
        for (bytes, said) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1.0 KiB"),
            (10 << 10, "10 KiB"),
            (1_023 << 10, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(61), "1 min 1 s");
        assert_eq!(duration(7_260), "2 h 1 min");
    }

    #[test]
    fn a_rate_is_told_when_it_is_known() {
        assert_eq!(rate(0, 10, 9.0), "");
        assert_eq!(rate(10, 10, 1.0), "");
        assert_eq!(rate(10 << 20, 20 << 20, 10.0), "  1.0 MiB/s, 20 s to go");
    }
}
