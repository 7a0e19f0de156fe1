//! A few threads that do what they are given: reading blocks for others, and writing those that come.

use crate::inbox::{Inbox, Next};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

/// Something to do.
type Job = Box<dyn FnOnce() + Send>;

/// The threads. They end when the pool is dropped, after what they are doing.
pub(crate) struct Pool(Inbox<Job>);

impl Pool {
    /// That many threads, by this name.
    pub(crate) fn new(name: &str, threads: usize) -> io::Result<Self> {
        let jobs = Inbox::<Job>::default();
        for _ in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new().name(name.to_string()).spawn(move || {
                while let Next::Item(job) = jobs.take(None) {
                    // One that breaks has said so in the log; its neighbours go on.
                    let _ = catch_unwind(AssertUnwindSafe(job));
                }
            })?;
        }
        Ok(Self(jobs))
    }

    /// Has something done when a thread is free.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.0.put(Box::new(job));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.close();
    }
}
