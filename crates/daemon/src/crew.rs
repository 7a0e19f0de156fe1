//! Threads that are ended together, and not waited for without end: a disk that hangs holds a thread for as long as it likes.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Some threads.
pub(crate) struct Crew {
    /// Each thread holds one of these until it ends.
    alive: Sender<()>,
    ended: Receiver<()>,
    threads: Vec<JoinHandle<()>>,
}

impl Crew {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        let (alive, ended) = mpsc::channel();
        Self { alive, ended, threads: Vec::new() }
    }

    /// One more.
    pub(crate) fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let alive = self.alive.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            work();
            drop(alive);
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Waits for all of them, who know by now that they are to end, but not longer than this. Answers whether they have.
    pub(crate) fn end(self, within: Duration) -> bool {
        drop(self.alive);
        let has_ended = self.ended.recv_timeout(within) == Err(RecvTimeoutError::Disconnected);
        if has_ended {
            for thread in self.threads {
                let _ = thread.join();
            }
        }
        has_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_those_who_end_are_waited_for_and_those_who_hang_are_not() {
        let (release, released) = mpsc::channel::<()>();
        let mut crew = Crew::new();
        crew.spawn("quick".to_string(), || {}).unwrap();
        assert!(crew.end(Duration::from_secs(60)));
        let mut crew = Crew::new();
        crew.spawn("hangs".to_string(), move || assert!(released.recv().is_err())).unwrap();
        assert!(!crew.end(Duration::from_millis(10)));
        drop(release);
    }
}
