//! Hearing of changes: which paths to look at, soon after somebody wrote, and never more often than is good.
//!
//! What is heard is a hint and never a fact: whoever is told looks at the disk. Nothing that happens after [`Watcher::start`] returned stays
//! unheard, or it is said that something may have.

mod platform;
mod settle;

pub use settle::{Change, Ripe, Settle, Settler};

use homesync_paths::RelativePath;
use platform::{Heard, Listened, Source};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

/// Which directories are left out, so that nothing has to be heard from below them.
pub type Skips = Arc<dyn Fn(&RelativePath) -> bool + Send + Sync>;

/// Who is told.
pub type Notice = Box<dyn FnMut(Noticed) + Send>;

/// What was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// Look at these. A directory among them is new, or came from elsewhere, or its permissions changed: it stands for everything below
    /// it. One that is not there any more stands for everything that was below it.
    Paths(BTreeSet<RelativePath>),
    /// Look at everything, for this reason.
    Everything(String),
    /// The system watches no more directories for this user: what is at and below these has to be looked at from time to time. Sent
    /// again, with all of them, when there are others.
    Unwatched {
        /// The uppermost directories that are not watched; if there are very many, directories that hold them.
        directories: Vec<RelativePath>,
        /// How many the system allows, if it says so.
        limit: Option<u64>,
        /// What a person can do about it.
        advice: String,
    },
}

/// Watches one folder, as long as it lives.
#[derive(Debug)]
pub struct Watcher {
    stopper: platform::Stopper,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Begins to watch. When it returns everything is watched, so that a scan that begins afterwards misses nothing.
    ///
    /// # Errors
    /// The root cannot be opened, or the system gives this user no further watcher.
    pub fn start(root: &Path, skips: Skips, settle: Settle, notice: Notice) -> io::Result<Self> {
        let (source, stopper) = platform::open(root)?;
        let (started, is_started) = sync_channel(1);
        let listener = Listener { source, skips, settler: Settler::new(settle), notice };
        let thread = thread::Builder::new()
            .name("homesync-watch".to_string())
            .spawn(move || listener.run(&started))?;
        let watcher = Self { stopper, thread: Some(thread) };
        is_started.recv().unwrap_or_else(|_| Err(io::Error::other("the watcher's thread ended")))?;
        Ok(watcher)
    }

    /// Ends it. Nobody is told anything any more once this returns. Dropping it does the same.
    pub fn stop(self) {}
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.stopper.stop();
        // Whoever is told may also end it, and cannot wait for itself.
        let thread = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id());
        // A panic of whoever is told was printed when it happened.
        thread.map(JoinHandle::join);
    }
}

/// What the thread has.
struct Listener {
    source: Source,
    skips: Skips,
    settler: Settler,
    notice: Notice,
}

impl Listener {
    fn run(mut self, started: &SyncSender<io::Result<()>>) {
        let begin = Instant::now();
        let mut unwatched = None;
        let Self { source, skips, settler, notice } = &mut self;
        let hear = |heard: Heard, settler: &mut Settler, unwatched: &mut Option<Noticed>| match heard {
            Heard::Change(path, change) => settler.note(begin.elapsed(), path, change),
            Heard::Lost(reason) => settler.lost(begin.elapsed(), reason),
            Heard::Unwatched(noticed) => *unwatched = Some(noticed),
        };
        let ready = source.watch_all(skips, &mut |heard| hear(heard, settler, &mut unwatched));
        let is_ready = ready.is_ok();
        if started.send(ready).is_err() || !is_ready {
            return;
        }
        loop {
            unwatched.take().into_iter().for_each(&mut *notice);
            while let Some(ripe) = settler.take(begin.elapsed()) {
                notice(match ripe {
                    Ripe::Paths(paths) => Noticed::Paths(paths),
                    Ripe::Everything(reason) => Noticed::Everything(reason),
                });
            }
            let wait = settler.wake().map(|wake| wake.saturating_sub(begin.elapsed()));
            match source.listen(wait, skips, &mut |heard| hear(heard, settler, &mut unwatched)) {
                Ok(Listened::GoOn) => {}
                Ok(Listened::Stopped) => return,
                Err(error) => return notice(Noticed::Everything(format!("watching ended: {error}"))),
            }
        }
    }
}
