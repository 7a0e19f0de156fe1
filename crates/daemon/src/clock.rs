//! The two clocks that the engine is told of.

use homesync_engine::Now;
use homesync_protocol::Timestamp;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(self) -> Now {
        Now { seconds: seconds(), ticks: u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }

    /// The moment that these ticks stand for.
    pub(crate) fn moment(self, ticks: u64) -> Instant {
        self.0 + Duration::from_millis(ticks)
    }
}

/// Seconds since 1970, as this machine's clock shows them.
pub(crate) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The same, with its fractions.
pub(crate) fn timestamp() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanoseconds: since.subsec_nanos(),
    }
}

/// Seconds that this machine's time is ahead of UTC now.
pub(crate) fn utc_offset() -> i64 {
    let now = jiff::Timestamp::now();
    i64::from(jiff::tz::TimeZone::system().to_offset(now).seconds())
}
