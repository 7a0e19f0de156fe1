//! Values that are right by their type: a setting that was read is a setting that can be used.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Why a value does not fit, as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(pub String);

fn value_error<T>(reason: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError(reason.into()))
}

/// Reads a type from its text, and writes it as its text.
macro_rules! serde_as_text {
    ($type:ident) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    };
}

pub(super) use serde_as_text;

/// Gives a type over a text that text back: plainly, for messages, and for files.
macro_rules! holds_text {
    ($type:ident) => {
        impl $type {
            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
        serde_as_text!($type);
    };
}

/// What people call a machine: `user@host`, `attic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineName(String);

impl MachineName {
    /// The longest name: it has to fit into file names with room for more.
    const MAX_CHARACTERS: usize = 64;
}

impl FromStr for MachineName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // A name becomes a directory in the home repository, part of a conflict file's name and an argument on command lines.
        let allowed = |character: char| character.is_alphanumeric() || "@._+-".contains(character);
        if text.is_empty() {
            value_error("a machine name has at least one character")
        } else if text.chars().count() > Self::MAX_CHARACTERS {
            value_error(format!("a machine name has at most {} characters", Self::MAX_CHARACTERS))
        } else if let Some(character) = text.chars().find(|character| !allowed(*character)) {
            value_error(format!("a machine name has only letters, digits and @ . _ + -, not {character:?}"))
        } else if text.starts_with(['.', '-']) {
            value_error("a machine name does not begin with a dot or a hyphen")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

holds_text!(MachineName);

/// What sort of machine it is. `init` finds out cloud, laptop, mac or server; a person may choose any other word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineKind(String);

impl MachineKind {
    /// A kind that is written in the source.
    pub(crate) fn known(word: &'static str) -> Self {
        Self(word.to_owned())
    }
}

impl FromStr for MachineKind {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let allowed = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
        };
        if text.is_empty() || text.len() > 32 || !text.chars().all(allowed) || text.starts_with('-') {
            return value_error(
                "a kind is a word of lower-case letters, digits and hyphens, such as `laptop`",
            );
        }
        Ok(Self(text.to_owned()))
    }
}

holds_text!(MachineKind);

/// A length of time of at least so many seconds, written `90`, `"90s"`, `"5m"` or `"1h 30m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period<const LEAST_SECONDS: u64>(u64);

impl<const LEAST_SECONDS: u64> Period<LEAST_SECONDS> {
    /// A period known to be long enough where it is written.
    pub const fn from_seconds(seconds: u64) -> Self {
        assert!(seconds >= LEAST_SECONDS, "a period in the source is long enough");
        Self(seconds)
    }

    /// For use with clocks.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }

    /// In whole seconds.
    pub fn seconds(self) -> u64 {
        self.0
    }

    fn checked(seconds: i64) -> Result<Self, ValueError> {
        match u64::try_from(seconds) {
            Ok(seconds) if seconds >= LEAST_SECONDS => Ok(Self(seconds)),
            _ => value_error(format!("it must be at least {LEAST_SECONDS} seconds")),
        }
    }
}

impl<const LEAST_SECONDS: u64> FromStr for Period<LEAST_SECONDS> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Ok(seconds) = text.trim().parse() {
            return Self::checked(seconds);
        }
        match text.parse::<jiff::SignedDuration>() {
            Ok(duration) if duration.subsec_nanos() != 0 => value_error("it is counted in whole seconds"),
            Ok(duration) => Self::checked(duration.as_secs()),
            Err(_) => value_error("expected a length of time, such as \"90s\", \"5m\" or \"1h 30m\""),
        }
    }
}

impl<const LEAST_SECONDS: u64> fmt::Display for Period<LEAST_SECONDS> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(self.0 / 3600, "h"), (self.0 % 3600 / 60, "m"), (self.0 % 60, "s")];
        let written: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, unit)| format!("{count}{unit}"))
            .collect();
        formatter.write_str(if written.is_empty() { "0s" } else { "" })?;
        formatter.write_str(&written.join(" "))
    }
}

impl<const LEAST_SECONDS: u64> Serialize for Period<LEAST_SECONDS> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const LEAST_SECONDS: u64> Deserialize<'de> for Period<LEAST_SECONDS> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const LEAST_SECONDS: u64>;
        impl<const LEAST_SECONDS: u64> de::Visitor<'_> for Visitor<LEAST_SECONDS> {
            type Value = Period<LEAST_SECONDS>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a length of time, such as 90 (seconds), \"5m\" or \"1h 30m\"")
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
                Period::checked(seconds).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A number of days, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Days(u32);

impl Days {
    /// As a number.
    pub fn count(self) -> u32 {
        self.0
    }
}

impl Default for Days {
    fn default() -> Self {
        Self(30)
    }
}

impl TryFrom<i64> for Days {
    type Error = ValueError;

    fn try_from(count: i64) -> Result<Self, ValueError> {
        match u32::try_from(count) {
            Ok(count @ 1..) => Ok(Self(count)),
            Err(_) if count > 0 => value_error(format!("it must be at most {} days", u32::MAX)),
            _ => value_error("it must be at least 1 day"),
        }
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
    }
}

/// How important a message has to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what a person should look at.
    Warn,
    /// And what was done.
    #[default]
    Info,
    /// And how it was decided.
    Debug,
    /// And every step.
    Trace,
}

impl FromStr for LogLevel {
    type Err = ValueError;

    /// Capitals, and the names that other tools use for the same, are understood.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "error" | "critical" | "fatal" => Ok(Self::Error),
            "warn" | "warning" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            "trace" => Ok(Self::Trace),
            _ => value_error("expected one of error, warn, info, debug, trace"),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        })
    }
}

serde_as_text!(LogLevel);

/// The system's log, if messages go there as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SystemLog {
    /// Nowhere else.
    #[default]
    None,
    /// systemd's journal.
    Journald,
    /// The classic system log.
    Syslog,
}

impl FromStr for SystemLog {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "none" => Ok(Self::None),
            "journald" => Ok(Self::Journald),
            "syslog" => Ok(Self::Syslog),
            _ => value_error("expected one of none, journald, syslog"),
        }
    }
}

impl fmt::Display for SystemLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Journald => "journald",
            Self::Syslog => "syslog",
        })
    }
}

serde_as_text!(SystemLog);

/// Where the home repository is: below the root of the file system or below somebody's home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryPath(String);

impl FromStr for RepositoryPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // A relative path would mean another place for each directory that a command is called from.
        match text.starts_with(['/', '~']) && !text.contains('\0') {
            true => Ok(Self(text.to_owned())),
            false => value_error("expected a path that begins with / or ~"),
        }
    }
}

holds_text!(RepositoryPath);

/// A place that other machines can dial: `tcp://0.0.0.0:22000`, `quic://[::]:22000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress(String);

impl ListenAddress {
    /// An address that is written in the source.
    pub(super) fn known(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl FromStr for ListenAddress {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let place = ["tcp", "tcp4", "tcp6", "quic", "quic4", "quic6"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme)?.strip_prefix("://"));
        let Some(place) = place else {
            return value_error(
                "expected tcp://HOST:PORT or quic://HOST:PORT, such as `tcp://0.0.0.0:22000`",
            );
        };
        match place.rsplit_once(':') {
            Some((host, port)) if is_host(host) && port.parse::<u16>().is_ok() => Ok(Self(text.to_owned())),
            _ => value_error(
                "expected HOST:PORT at the end, such as `tcp://0.0.0.0:22000` or `tcp://[::]:22000`",
            ),
        }
    }
}

/// A port, which is none of those that a program does not choose itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Port(u16);

impl Port {
    /// A port that is written in the source.
    pub(super) const fn known(port: u16) -> Self {
        Self(port)
    }

    /// As a number.
    pub fn number(self) -> u16 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Port {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::try_from(i64::deserialize(deserializer)?) {
            Ok(port @ 1..) => Ok(Self(port)),
            _ => Err(de::Error::custom("a port is a number from 1 to 65535")),
        }
    }
}

/// Empty (everywhere), an IPv6 address in brackets, or a name or IPv4 address.
pub(super) fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.chars().all(|character| character.is_ascii_alphanumeric() || ".-".contains(character)),
    }
}

holds_text!(ListenAddress);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_names() {
        for good in ["pia@attic", "p17", "büro", "a.b-c_d+e"] {
            assert_eq!(good.parse::<MachineName>().expect("a good name").as_str(), good);
        }
        let long = "x".repeat(65);
        for bad in ["", "a b", "a/b", "..", "-rf", ".hidden", "a\n", "a:b", &long] {
            assert!(bad.parse::<MachineName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn kinds_are_single_words() {
        assert_eq!("work-mac".parse::<MachineKind>().expect("a good kind").as_str(), "work-mac");
        for bad in ["", "Laptop", "a b", "-x", "ä"] {
            assert!(bad.parse::<MachineKind>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn periods_are_read_and_written_as_people_write_them() {
        for (text, seconds, written) in [
            ("90", 90, "1m 30s"),
            ("5m", 300, "5m"),
            ("1h 30m", 5400, "1h 30m"),
            ("60s", 60, "1m"),
            ("48h", 172_800, "48h"),
        ] {
            let period: Period<60> = text.parse().expect("a period");
            assert_eq!((period.seconds(), period.to_string().as_str()), (seconds, written));
            assert_eq!(written.parse(), Ok(period));
            assert_eq!(period.duration().as_secs(), seconds);
        }
        assert_eq!(Period::<0>::from_seconds(0).to_string(), "0s");
        for bad in ["59", "59s", "-5m", "soon", "", "1d", "90.5s"] {
            assert!(bad.parse::<Period<60>>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_and_numbers() {
        for (text, level) in
            [("INFO", LogLevel::Info), ("WARNING", LogLevel::Warn), ("trace", LogLevel::Trace)]
        {
            assert_eq!(text.parse(), Ok(level));
        }
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert!("loud".parse::<LogLevel>().is_err());
        for log in [SystemLog::None, SystemLog::Journald, SystemLog::Syslog] {
            assert_eq!(log.to_string().parse(), Ok(log));
        }
        assert!("eventlog".parse::<SystemLog>().is_err());
        assert_eq!(Days::try_from(7).map(Days::count), Ok(7));
        assert!(Days::try_from(0).is_err() && Days::try_from(-1).is_err());
        assert!(Days::try_from(5_000_000_000).expect_err("too many").0.contains("at most"));
        assert_eq!("~/dotfiles".parse::<RepositoryPath>().expect("a path").as_str(), "~/dotfiles");
        for bad in ["", "relative/path", "/nul\0"] {
            assert!(bad.parse::<RepositoryPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_to_listen_on() {
        for good in [
            "tcp://0.0.0.0:22000",
            "quic://[::1]:0",
            "tcp6://[fe80::1]:1",
            "tcp://:22000",
            "tcp://nas.local:22000",
        ] {
            assert_eq!(good.parse::<ListenAddress>().expect("an address").as_str(), good);
        }
        for bad in [
            "",
            "0.0.0.0:22000",
            "udp://0.0.0.0:1",
            "tcp://0.0.0.0",
            "tcp://::1:5",
            "tcp://a:70000",
            "tcp://[x]:1",
        ] {
            assert!(bad.parse::<ListenAddress>().is_err(), "{bad:?}");
        }
    }
}
