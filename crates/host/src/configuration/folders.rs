//! The tables `[folders.NAME]`: what is kept in step, where it is here, and with which machines.

use super::MachineName;
use super::values::ValueError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// A folder, as it is on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderSettings {
    /// Where it is.
    pub path: FolderPath,
    /// The machines that have it too, by their names here.
    #[serde(default)]
    pub with: Vec<MachineName>,
    /// By what the others know it; its name here when not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<FolderName>,
    /// Which way changes go.
    #[serde(default)]
    pub kind: FolderKindWord,
    /// Stands still.
    #[serde(default)]
    pub paused: bool,
    /// When it travels.
    #[serde(default)]
    pub mode: FolderMode,
    /// When removals wait for a person.
    #[serde(default)]
    pub guard: GuardWord,
    /// Whether permission bits are compared and set.
    #[serde(default = "yes")]
    pub permissions: bool,
    /// What happens with owner and group.
    #[serde(default)]
    pub owner: CarryWord,
    /// What happens with extended attributes and access control lists.
    #[serde(default)]
    pub attributes: CarryWord,
    /// How many conflict copies of one file stay.
    #[serde(default = "ten")]
    pub conflicts: u32,
    /// A machine that tells of more items is turned away: an index of whatever size it likes would fill this one's disk.
    #[serde(default = "ten_million")]
    pub most_items: u64,
    /// Which versions are kept of what others replace or remove, beside it in `.stversions` or by a program.
    #[serde(default)]
    pub versioning: VersioningWord,
    /// The program that takes away what is to be replaced or removed: itself and its arguments.
    #[serde(default)]
    pub version_command: Vec<String>,
    /// How many of each file, where it is a number of them.
    #[serde(default = "five")]
    pub keep_versions: u32,
    /// For how many days; 0 for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
    /// The named networks on which it travels; everywhere when empty.
    #[serde(default)]
    pub networks: Vec<String>,
    /// A program that is told when the folder is in step again: itself and its arguments.
    #[serde(default)]
    pub on_synced: Vec<String>,
    /// A program that is told of conflict copies.
    #[serde(default)]
    pub on_conflict: Vec<String>,
}

impl FolderSettings {
    /// With defaults for everything but its place.
    pub fn new(path: FolderPath) -> Self {
        Self {
            path,
            with: Vec::new(),
            id: None,
            kind: FolderKindWord::default(),
            paused: false,
            mode: FolderMode::default(),
            guard: GuardWord::default(),
            permissions: true,
            owner: CarryWord::default(),
            attributes: CarryWord::default(),
            conflicts: ten(),
            most_items: ten_million(),
            versioning: VersioningWord::default(),
            version_command: Vec::new(),
            keep_versions: five(),
            keep_days: None,
            networks: Vec::new(),
            on_synced: Vec::new(),
            on_conflict: Vec::new(),
        }
    }
}

fn yes() -> bool {
    true
}

fn ten() -> u32 {
    10
}

fn ten_million() -> u64 {
    10_000_000
}

fn five() -> u32 {
    5
}

/// What people call a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderName(String);

impl FolderName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FolderName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let allowed = |character: char| character.is_alphanumeric() || "._-".contains(character);
        let reason = if text.is_empty() || text.chars().count() > 64 {
            "a folder's name has 1 to 64 characters"
        } else if !text.chars().all(allowed) || text.starts_with(['.', '-']) {
            "a folder's name has only letters, digits and . _ -, and begins with a letter or digit"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(ValueError(reason.to_owned()))
    }
}

/// Where a folder is: below the root of the file system or below the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderPath(String);

impl FolderPath {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FolderPath {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_place = text.starts_with('/') || text == "~" || text.starts_with("~/");
        match is_place && !text.contains('\0') {
            true => Ok(Self(text.to_owned())),
            false => Err(ValueError("expected a path that begins with / or ~/".to_owned())),
        }
    }
}

/// Which way changes go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FolderKindWord {
    /// Both ways.
    #[default]
    SendReceive,
    /// From here to the others.
    SendOnly,
    /// From the others to here.
    ReceiveOnly,
}

/// When a folder travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FolderMode {
    /// All the time.
    #[default]
    Continuous,
    /// Only at `sync` and `handoff`.
    Manual,
}

/// When removals wait for a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GuardWord {
    /// When they are many for the folder.
    #[default]
    Standard,
    /// From more than so many on.
    MoreThan(u64),
    /// Never.
    Off,
}

/// Which versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VersioningWord {
    /// None: what is displaced goes to the recovery area.
    #[default]
    None,
    /// The last one.
    TrashCan,
    /// A number of them.
    Simple,
    /// Many young ones and few old ones.
    Staggered,
    /// Those that a program keeps.
    External,
}

/// What happens with owners, or with attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CarryWord {
    /// Nothing: what others say of them is passed on.
    #[default]
    None,
    /// Others hear of them, and nothing is set here.
    Send,
    /// Others hear of them, and what others say is set here.
    Sync,
}

/// Texts that stand for values.
macro_rules! words {
    ($type:ident, $($word:literal => $value:ident),+) => {
        impl FromStr for $type {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                match text {
                    $($word => Ok(Self::$value),)+
                    _ => Err(ValueError(format!("expected one of {}", [$($word),+].join(", ")))),
                }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self {
                    $(Self::$value => $word,)+
                })
            }
        }
    };
}

words!(FolderKindWord, "send-receive" => SendReceive, "send-only" => SendOnly, "receive-only" => ReceiveOnly);
words!(VersioningWord, "none" => None, "trash-can" => TrashCan, "simple" => Simple, "staggered" => Staggered, "external" => External);
words!(CarryWord, "none" => None, "send" => Send, "sync" => Sync);
words!(FolderMode, "continuous" => Continuous, "manual" => Manual);

impl FromStr for GuardWord {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "standard" => Ok(Self::Standard),
            "off" => Ok(Self::Off),
            number => number.parse().map(Self::MoreThan).map_err(|_| {
                ValueError("expected standard, off, or the number of removals that need no yes".to_owned())
            }),
        }
    }
}

impl fmt::Display for GuardWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => formatter.write_str("standard"),
            Self::Off => formatter.write_str("off"),
            Self::MoreThan(many) => write!(formatter, "{many}"),
        }
    }
}

impl fmt::Display for FolderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

super::values::serde_as_text!(FolderName);
super::values::serde_as_text!(FolderPath);
super::values::serde_as_text!(FolderKindWord);
super::values::serde_as_text!(CarryWord);
super::values::serde_as_text!(FolderMode);
super::values::serde_as_text!(GuardWord);
super::values::serde_as_text!(VersioningWord);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_of_folders() {
        for good in ["work", "büro-2", "a.b_c", "1"] {
            assert_eq!(good.parse::<FolderName>().expect("a name").as_str(), good);
        }
        for bad in ["", "a b", "a/b", ".a", "-a", "a\n"] {
            assert!(bad.parse::<FolderName>().is_err(), "{bad:?}");
        }
        assert!("~/work".parse::<FolderPath>().is_ok() && "/srv".parse::<FolderPath>().is_ok());
        for bad in ["", "work", "./work", "~other/work", "/a\0b"] {
            assert!(bad.parse::<FolderPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for guard in [GuardWord::Standard, GuardWord::Off, GuardWord::MoreThan(7)] {
            assert_eq!(guard.to_string().parse(), Ok(guard));
        }
        for kind in [FolderKindWord::SendReceive, FolderKindWord::SendOnly, FolderKindWord::ReceiveOnly] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        for carry in [CarryWord::None, CarryWord::Send, CarryWord::Sync] {
            assert_eq!(carry.to_string().parse(), Ok(carry));
        }
        assert!("some".parse::<GuardWord>().is_err() && "both".parse::<FolderKindWord>().is_err());
    }
}
