//! Moments, as the clock on the wall shows them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment in seconds since 1970, in this machine's time zone.
pub fn local_time(seconds: i64) -> String {
    match Timestamp::from_second(seconds) {
        Ok(moment) => moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        // Further away than any calendar goes.
        Err(_) => seconds.to_string(),
    }
}
