//! How a scan goes, for those who wait for it, and a way to end it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by a scan and whoever watches it.
#[derive(Debug, Default)]
pub struct ScanControl {
    stopped: AtomicBool,
    files: AtomicU64,
    bytes: AtomicU64,
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

    pub(super) fn count_files(&self, files: usize) {
        self.files.fetch_add(files as u64, Ordering::Relaxed);
    }

    pub(super) fn count_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}
