//! When a machine that could not be reached is dialled again.

use crate::settings::Timing;
use std::time::Duration;

/// Pauses that grow until something succeeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    next: Duration,
    first: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(timing: &Timing) -> Self {
        Self { next: timing.first_pause, first: timing.first_pause, longest: timing.longest_pause }
    }

    /// How long to wait now. `jitter` is a random number: machines that lost each other at one moment do not dial at one moment.
    pub(crate) fn pause(&mut self, jitter: u64) -> Duration {
        let pause = self.next;
        self.next = (self.next * 2).min(self.longest);
        let quarter = pause.as_millis() as u64 / 4 + 1;
        pause + Duration::from_millis(jitter % quarter)
    }

    /// It succeeded: a line that is lost is dialled again at once.
    pub(crate) fn succeeded(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_begin_anew_after_a_success() {
        let timing = Timing::default();
        let mut backoff = Backoff::new(&timing);
        let seconds: Vec<u64> = (0..8).map(|_| backoff.pause(0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(backoff.pause(u64::MAX) <= Duration::from_secs(75));
        backoff.succeeded();
        assert_eq!(backoff.pause(0), timing.first_pause);
    }
}
