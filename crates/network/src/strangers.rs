//! Machines that are not known and knock: each is spoken of once in a while, however often it comes and however many there are.

use homesync_protocol::DeviceId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// For so long nothing more is said of a machine that was spoken of.
const QUIET: Duration = Duration::from_secs(600);
/// Of so many machines at the most something is said in that time: a certificate costs nothing.
const MOST: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct Strangers(BTreeMap<DeviceId, Instant>);

impl Strangers {
    /// Something is to be said of this machine now.
    pub(crate) fn is_news(&mut self, device: DeviceId, now: Instant) -> bool {
        self.0.retain(|_, said| now.saturating_duration_since(*said) < QUIET);
        if self.0.contains_key(&device) || self.0.len() >= MOST {
            return false;
        }
        self.0.insert(device, now);
        true
    }

    /// It was known meanwhile, or is not any more: the next time is news.
    pub(crate) fn forget(&mut self, device: DeviceId) {
        self.0.remove(&device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f10_strangers_are_spoken_of_once_in_a_while_and_not_without_end() {
        let (mut strangers, start) = (Strangers::default(), Instant::now());
        let device = |number: u8| DeviceId::from_bytes([number; 32]);
        assert!(strangers.is_news(device(1), start) && !strangers.is_news(device(1), start));
        let said = (2..=255).filter(|number| strangers.is_news(device(*number), start)).count();
        assert_eq!(said, MOST - 1);
        assert!(strangers.is_news(device(1), start + QUIET));
        strangers.forget(device(1));
        assert!(strangers.is_news(device(1), start + QUIET));
    }
}
