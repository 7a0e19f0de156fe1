//! One owner of a state directory at a time.
//!
//! The owner is whoever holds the operating system's lock (`flock`) on the lock file. That lock ends with the process, however it ends, so a
//! killed run never leaves anything to clean up, and the file itself is never removed. What the holder writes into the file (who it is, since
//! when) is only for the message that a second run shows: nothing is decided by it, because a killed holder leaves its text behind.
//!
//! The lock belongs to the open file, not to the process: a second `acquire` in the same process waits like any other. Children do not inherit
//! it (the descriptor is closed when they start), and it is released by name when dropped, so that a child in the moment between fork and exec
//! cannot keep it.

mod error;
mod file;
mod holder;
#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests remove what they made")]
mod tests;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

pub use error::{Held, LockError};
pub use holder::{Holder, HolderNote};

/// The pause after the first failed try; it doubles up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(5);
/// Long enough to cost nothing while waiting for minutes, short enough that nobody notices it.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How long one who gives up waits for a holder that has the lock but has not written its name yet.
const TIME_TO_SIGN: Duration = Duration::from_millis(20);

/// How long to wait for the lock before giving up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience(Duration);

impl Patience {
    /// One try.
    pub const NONE: Self = Self(Duration::ZERO);
    /// Five minutes: what a person's command waits by default.
    pub const DEFAULT: Self = Self(Duration::from_secs(300));

    /// Waits at most this long. Zero means one try.
    pub const fn of(longest: Duration) -> Self {
        Self(longest)
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock at `path`, creating the file (never its directory) when it is not there.
    ///
    /// While another run holds it, `on_wait` is told so before the first pause and again whenever the holder changes; it is not called when
    /// there is nothing to wait for or no patience to wait with.
    ///
    /// # Errors
    /// [`LockError::Held`] when patience ran out, the others when the file cannot be a lock. The file of another user is refused even when it
    /// could be opened: root must not sign its name in a user's state directory by mistake.
    pub fn acquire(
        path: &Path,
        note: &HolderNote,
        patience: Patience,
        on_wait: &mut dyn FnMut(&Held),
    ) -> Result<Self, LockError> {
        let started = Instant::now();
        let mut file = file::open(path)?;
        let mut pause = SHORTEST_PAUSE;
        let mut announced = None;
        loop {
            if is_ours(file.try_lock(), path)? {
                // Only the file that has the name now is the lock: one that was removed or replaced while we waited protects nothing.
                if file::is_still_at(&file, path) {
                    break;
                }
                file = file::open(path)?;
                continue;
            }
            let waited = started.elapsed();
            let Some(left) = patience.0.checked_sub(waited).filter(|left| !left.is_zero()) else {
                return Err(LockError::Held(held(path, &file, patience)));
            };
            let now_held = Held { path: path.to_owned(), holder: file::read_holder(&file), waited };
            if announced.as_ref() != Some(&now_held.holder) {
                on_wait(&now_held);
                announced = Some(now_held.holder);
            }
            thread::park_timeout(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        file::write_note(&file, note);
        Ok(Self { file, path: path.to_owned() })
    }

    /// Who holds the lock at `path`, by its own account, without touching it. `None` when nobody says so: a holder that was killed is
    /// not believed, and neither is a text that is not whole.
    pub fn look(path: &Path) -> Result<Option<Holder>, LockError> {
        Ok(file::open_to_look(path)?.and_then(|file| file::read_holder(&file)))
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Neither can fail in a way that matters: an old text is not believed, and closing the file releases the lock too.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

/// Tells a lock that somebody else has from one that cannot be had at all.
fn is_ours(attempt: Result<(), TryLockError>, path: &Path) -> Result<bool, LockError> {
    match attempt {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(LockError::Unlockable { path: path.to_owned(), source }),
    }
}

/// What the one who gives up is told.
fn held(path: &Path, file: &File, patience: Patience) -> Held {
    let mut holder = file::read_holder(file);
    if holder.is_none() {
        thread::park_timeout(TIME_TO_SIGN);
        holder = file::read_holder(file);
    }
    Held { path: path.to_owned(), holder, waited: patience.0 }
}
