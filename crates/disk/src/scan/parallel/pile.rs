//! What is to be done, for all threads.

use super::super::ScanControl;
use super::portion::Portion;
use crate::vfs::Vfs;
use homesync_paths::RelativePath;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What one thread does next.
pub(super) enum Task<V: Vfs> {
    Portion(Portion<V>),
    Directory(Option<RelativePath>),
}

/// Directories and portions that anybody may take.
pub(super) struct Pile<'c, V: Vfs> {
    state: Mutex<State<V>>,
    news: Condvar,
    /// Directories that were found and whose listing was not handed on yet, wherever they are. At zero all is done.
    open: AtomicUsize,
    /// Threads that wait for news.
    idle: AtomicUsize,
    /// Portions that nobody took yet.
    portions: AtomicUsize,
    control: &'c ScanControl,
}

struct State<V: Vfs> {
    directories: Vec<Option<RelativePath>>,
    portions: VecDeque<Portion<V>>,
}

/// Whoever waits looks this often whether it is to end.
const LOOK: Duration = Duration::from_millis(200);

impl<'c, V: Vfs> Pile<'c, V> {
    pub(super) fn new(first: Option<RelativePath>, control: &'c ScanControl) -> Self {
        let state = State { directories: vec![first], portions: VecDeque::new() };
        Self {
            state: Mutex::new(state),
            news: Condvar::new(),
            open: AtomicUsize::new(1),
            idle: AtomicUsize::new(0),
            portions: AtomicUsize::new(0),
            control,
        }
    }

    /// A panic of another thread ends the scan anyway.
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody has nothing to do.
    pub(super) fn is_wanted(&self) -> bool {
        self.idle.load(Ordering::Relaxed) > 0
    }

    /// There are portions. They go before directories, so that few listings are unfinished.
    pub(super) fn has_portions(&self) -> bool {
        self.portions.load(Ordering::Relaxed) > 0
    }

    /// The next task; nothing when all is done, or somebody asked for the end.
    pub(super) fn take(&self) -> Option<Task<V>> {
        let mut state = self.lock();
        loop {
            if self.control.is_stopped() {
                return None;
            }
            if let Some(portion) = state.portions.pop_front() {
                self.portions.store(state.portions.len(), Ordering::Relaxed);
                return Some(Task::Portion(portion));
            }
            if let Some(directory) = state.directories.pop() {
                return Some(Task::Directory(directory));
            }
            if self.open.load(Ordering::Acquire) == 0 {
                return None;
            }
            self.idle.fetch_add(1, Ordering::Relaxed);
            let waited = self.news.wait_timeout(state, LOOK);
            self.idle.fetch_sub(1, Ordering::Relaxed);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Files to be read. Pieces of one that is open go first, so that few are open.
    pub(super) fn add(&self, portions: impl DoubleEndedIterator<Item = Portion<V>>, first: bool) {
        let mut state = self.lock();
        match first {
            true => portions.rev().for_each(|portion| state.portions.push_front(portion)),
            false => state.portions.extend(portions),
        }
        self.portions.store(state.portions.len(), Ordering::Relaxed);
        self.news.notify_all();
    }

    /// Directories for whoever has nothing to do. The listings above them were handed on.
    pub(super) fn give(&self, directories: impl Iterator<Item = Option<RelativePath>>) {
        self.lock().directories.extend(directories);
        self.news.notify_all();
    }

    /// A directory's listing is complete, and so many directories are in it.
    pub(super) fn close(&self, below: usize) {
        self.open.fetch_add(below, Ordering::Relaxed);
        if self.open.fetch_sub(1, Ordering::Release) == 1 {
            // Under the lock, so that nobody who found work left a moment ago begins to wait only now.
            let _state = self.lock();
            self.news.notify_all();
        }
    }
}
