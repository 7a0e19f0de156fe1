//! How many bytes may pass in a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The most that passes at once where nothing is limited.
const LARGEST_PIECE: u64 = 64 << 10;
/// The least that passes at once, however slow.
const SMALLEST_PIECE: u64 = 256;
/// So many pieces pass in a second: a line that is slow shows signs of life nevertheless.
const PIECES_IN_A_SECOND: u64 = 8;

/// How many bytes may pass in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rate(u64);

impl Rate {
    /// As many as there are.
    pub const UNLIMITED: Self = Self(0);

    /// So many bytes a second; zero for as many as there are.
    pub fn new(bytes_in_a_second: u64) -> Self {
        Self(bytes_in_a_second)
    }
}

/// A rate that several connections may share. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limiter(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    rate: AtomicU64,
    /// Until when what has passed already takes up the rate.
    busy_until: Mutex<Option<Instant>>,
}

impl Limiter {
    pub(crate) fn new(rate: Rate) -> Self {
        let limiter = Self::default();
        limiter.set(rate);
        limiter
    }

    /// Another rate from now on.
    pub(crate) fn set(&self, rate: Rate) {
        if self.0.rate.swap(rate.0, Ordering::Relaxed) != rate.0 {
            *self.0.busy_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn rate(&self) -> u64 {
        self.0.rate.load(Ordering::Relaxed)
    }

    /// When that many bytes have passed. They are counted from when the ones before them have passed, so that nothing is given away and nothing is
    /// saved up.
    fn passes(&self, bytes: usize) -> Option<Instant> {
        let rate = self.rate();
        if rate == 0 {
            return None;
        }
        let now = Instant::now();
        let mut busy = self.0.busy_until.lock().unwrap_or_else(PoisonError::into_inner);
        let from = busy.filter(|busy| *busy > now).unwrap_or(now);
        let takes = Duration::from_secs_f64(bytes as f64 / rate as f64);
        Some(*busy.insert(from + takes))
    }
}

/// All the rates that hold for one direction of a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits(Vec<Limiter>);

impl Limits {
    pub(crate) fn of(all: &[&Limiter]) -> Self {
        Self(all.iter().copied().cloned().collect())
    }

    /// How many bytes go at once. A large message at a low rate must not pass as one lump after a long silence.
    pub(crate) fn piece(&self) -> usize {
        let rates = self.0.iter().map(Limiter::rate).filter(|rate| *rate > 0);
        let slowest = rates.min().map_or(LARGEST_PIECE, |rate| rate / PIECES_IN_A_SECOND);
        slowest.clamp(SMALLEST_PIECE, LARGEST_PIECE) as usize
    }

    /// Waits until that many bytes may pass.
    pub(crate) async fn take(&self, bytes: usize) {
        for limiter in &self.0 {
            if let Some(passes) = limiter.passes(bytes) {
                sleep_until(passes).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept_over_many_small_pieces_and_shared() {
        let limiter = Limiter::new(Rate::new(10_000));
        let start = Instant::now();
        let fifty = async || {
            let limits = Limits::of(&[&limiter]);
            for _ in 0..50 {
                limits.take(1_000).await;
            }
        };
        let both = tokio::join!(fifty(), fifty());
        assert_eq!(both, ((), ()));
        let took = start.elapsed();
        assert!((9_900..10_200).contains(&took.as_millis()), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_nothing_waits() {
        let start = Instant::now();
        let limiter = Limiter::new(Rate::new(1));
        limiter.set(Rate::UNLIMITED);
        Limits::of(&[&limiter]).take(usize::MAX).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[test]
    fn the_slowest_rate_says_how_much_goes_at_once() {
        let pieces = |rates: &[u64]| {
            let limiters: Vec<Limiter> = rates.iter().map(|rate| Limiter::new(Rate::new(*rate))).collect();
            Limits::of(&limiters.iter().collect::<Vec<_>>()).piece()
        };
        assert_eq!(pieces(&[0, 0]), 64 << 10);
        assert_eq!(pieces(&[80_000, 8_000, 0]), 1_000);
        assert_eq!(pieces(&[1]), 256);
    }
}
