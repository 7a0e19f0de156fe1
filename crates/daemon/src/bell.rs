//! Something is new: whoever waits for that looks at what it is.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The bell.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<u64>,
    heard: Condvar,
}

impl Bell {
    /// Wakes everybody who waits.
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.heard.notify_all();
    }

    /// How often it has rung.
    pub(crate) fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has rung more often than that, or so long. Answers how often it has.
    pub(crate) fn wait(&self, known: u64, longest: Duration) -> u64 {
        let until = Instant::now() + longest;
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while *rung == known {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            rung = self.heard.wait_timeout(rung, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        *rung
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    #[test]
    fn who_waits_is_woken_and_who_comes_late_need_not_wait() {
        let bell = Arc::new(Bell::default());
        let other = bell.clone();
        let waiting = thread::spawn(move || other.wait(0, Duration::from_secs(600)));
        bell.ring();
        assert_eq!(waiting.join().unwrap(), 1);
        assert_eq!(bell.wait(0, Duration::from_secs(600)), 1);
        assert_eq!(bell.wait(1, Duration::ZERO), 1);
    }
}
