//! Who holds a lock: the note in the lock file, and how it reads in a message.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// Longer commands are cut: the note must fit one small read.
const LONGEST_COMMAND: usize = 200;

/// What the taker of a lock tells others about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderNote {
    command: String,
}

impl HolderNote {
    /// A note that names the command, for example `homesync config edit`. Anyone who may read the state directory can read it.
    pub fn new(command: &str) -> Self {
        Self { command: plain(command) }
    }

    /// The text in the lock file. The last line makes a half-written note recognisable.
    pub(super) fn text(&self) -> String {
        format!("pid {}\nsince {}\ncommand {}\nend\n", std::process::id(), Timestamp::now(), self.command)
    }
}

/// The process that holds a lock, by its own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its process id.
    pub pid: u32,
    /// The command it runs.
    pub command: String,
    /// When it took the lock.
    pub since: Timestamp,
}

impl Holder {
    /// Reads a note; `None` when it is anything but a whole one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.strip_prefix("pid ")?.parse().ok()?;
        let since = lines.next()?.strip_prefix("since ")?.parse().ok()?;
        let command = plain(lines.next()?.strip_prefix("command ")?);
        (lines.next() == Some("end")).then_some(Self { pid, command, since })
    }

    /// Whether a process with this id exists. It may belong to another user, which is an answer too.
    pub(super) fn is_alive(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
    }

    /// How long it has held the lock, zero when the clock was set back since.
    pub fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.since)).unwrap_or_default()
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = in_words(self.age(Timestamp::now()));
        write!(formatter, "process {} ({}), for {age}", self.pid, self.command)
    }
}

/// A duration as a person says it: the largest unit, rounded down.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        0 => return "less than a second".to_owned(),
        1..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// One short line without control characters, because it goes to other people's terminals.
fn plain(command: &str) -> String {
    command.chars().take(LONGEST_COMMAND).map(|each| if each.is_control() { ' ' } else { each }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back() {
        let text = HolderNote::new("homesync sync\u{1b}[2J\nend").text();
        let holder = Holder::parse(&text).expect("a whole note");
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(holder.command, "homesync sync [2J end");
        assert!(holder.is_alive());
        assert!(holder.to_string().starts_with(&format!("process {} (homesync sync", holder.pid)));
    }

    #[test]
    fn half_a_note_names_nobody() {
        let text = HolderNote::new("homesync sync").text();
        for length in 0..text.len() - 1 {
            assert_eq!(Holder::parse(&text[..length]), None, "{length} bytes");
        }
        assert_eq!(Holder::parse("pid x\nsince y\ncommand z\nend\n"), None);
    }

    #[test]
    fn impossible_processes_are_not_alive() {
        for pid in [0, u32::MAX, i32::MAX.cast_unsigned()] {
            let holder = Holder { pid, command: String::new(), since: Timestamp::UNIX_EPOCH };
            assert!(!holder.is_alive(), "{pid}");
        }
    }

    #[test]
    fn age_is_told_in_the_largest_unit() {
        let told = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!(told(0), "less than a second");
        assert_eq!(told(1), "1 second");
        assert_eq!(told(59), "59 seconds");
        assert_eq!(told(185), "3 minutes");
        assert_eq!(told(3_600), "1 hour");
        assert_eq!(told(200_000), "2 days");
    }

    #[test]
    fn a_clock_that_was_set_back_gives_no_age() {
        let holder = Holder { pid: 1, command: String::new(), since: Timestamp::MAX };
        assert_eq!(holder.age(Timestamp::UNIX_EPOCH), Duration::ZERO);
    }
}
