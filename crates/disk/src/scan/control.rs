//! How a scan goes, for those who wait for it, and a way to end it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared by a scan and whoever watches it.
#[derive(Debug)]
pub struct ScanControl {
    stopped: AtomicBool,
    files: AtomicU64,
    bytes: AtomicU64,
    began: Instant,
    /// When it got on last, in milliseconds after that.
    got_on: AtomicU64,
}

impl Default for ScanControl {
    fn default() -> Self {
        let zero = AtomicU64::default;
        let stopped = AtomicBool::default();
        Self { stopped, files: zero(), bytes: zero(), began: Instant::now(), got_on: zero() }
    }
}

/// The scan was ended before it was through. What it reported until then is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl ScanControl {
    /// Asks for the end. It comes within a second, as far as the system's calls come back.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Somebody asked for the end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Objects that were looked at so far.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Bytes that were read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// For how long it has not got on. A disk that hangs lets no call come back.
    pub fn quiet_for(&self) -> Duration {
        self.began.elapsed().saturating_sub(Duration::from_millis(self.got_on.load(Ordering::Relaxed)))
    }

    /// It has just got on.
    pub fn gets_on(&self) {
        self.got_on.store(self.began.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    pub(super) fn count_files(&self, files: usize) {
        self.gets_on();
        self.files.fetch_add(files as u64, Ordering::Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.gets_on();
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_a_scan_that_does_not_get_on_is_quiet_for_longer_and_longer_until_it_does() {
        let control = ScanControl::default();
        let before = control.quiet_for();
        while control.quiet_for() < before + Duration::from_millis(3) {
            std::hint::spin_loop();
        }
        let quiet = control.quiet_for();
        control.count_files(1);
        assert!(control.quiet_for() < quiet);
    }
}
