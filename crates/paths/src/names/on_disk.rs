//! Names as directories hold them, and as they travel.
//!
//! On the wire there is one spelling for each name: UTF-8 in composed form. On disk a name keeps the bytes that somebody gave it, so
//! both forms are kept side by side, and nothing on disk is renamed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::fold::fold;
use crate::Shown;

/// One name exactly as a directory holds it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DiskName(Box<[u8]>);

/// A name that cannot travel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {reason}", name.shown())]
pub struct UnsyncableName {
    /// The name.
    pub name: DiskName,
    /// Why not.
    pub reason: UnsyncableReason,
}

/// Why a name cannot travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum UnsyncableReason {
    /// Peers speak UTF-8 only.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Empty, `.`, `..`, or with a `/` or NUL: no directory that works lists such a name.
    #[error("is no name of a file")]
    NotAName,
    /// Another name in the directory is the same in composed form, and is so spelled itself or comes first.
    #[error("differs from another name only in its Unicode form")]
    SameOnTheWire,
    /// It could travel, and what it leads to cannot.
    #[error("is a pipe, a socket or a device")]
    Special,
}

impl DiskName {
    /// Keeps the bytes of one name.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes, as the directory knows them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name for a person: on one line, with escapes for what cannot be shown.
    pub fn shown(&self) -> Shown<'_> {
        Shown::new(OsStr::from_bytes(&self.0))
    }

    /// The name as it travels.
    ///
    /// # Errors
    /// The name cannot travel.
    pub fn to_wire(&self) -> Result<String, UnsyncableName> {
        let unsyncable = |reason| UnsyncableName { name: self.clone(), reason };
        let text = str::from_utf8(&self.0).map_err(|_| unsyncable(UnsyncableReason::NotUtf8))?;
        if matches!(text, "" | "." | "..") || text.contains(['/', '\0']) {
            return Err(unsyncable(UnsyncableReason::NotAName));
        }
        Ok(if is_nfc(text) { text.to_owned() } else { text.nfc().collect() })
    }
}

/// The names of one directory, sorted out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Each name that travels, and what it is called here.
    pub syncable: BTreeMap<String, DiskName>,
    /// Those that stay here, in the order of their bytes; they stop no other.
    pub unsyncable: Vec<UnsyncableName>,
}

impl Names {
    /// Sorts out the names of a directory. The result does not depend on the order in which they come.
    pub fn of(directory: impl IntoIterator<Item = DiskName>) -> Self {
        let mut all: Vec<DiskName> = directory.into_iter().collect();
        // Of two spellings of a name the one that travels as it is goes first, so that it is the one that does.
        all.sort_by_cached_key(|name| (!is_composed(name), name.clone()));
        all.dedup();
        let mut names = Self::default();
        for name in all {
            match name.to_wire() {
                Err(unsyncable) => names.unsyncable.push(unsyncable),
                Ok(wire) if names.syncable.contains_key(&wire) => {
                    names.unsyncable.push(UnsyncableName { name, reason: UnsyncableReason::SameOnTheWire });
                }
                Ok(wire) => {
                    names.syncable.insert(wire, name);
                }
            }
        }
        names.unsyncable.sort_by(|one, other| one.name.cmp(&other.name));
        names
    }

    /// Names that travel but are one name where case does not count, each group in order.
    pub fn equal_when_folded(&self) -> Vec<Vec<String>> {
        let mut folded: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in self.syncable.keys() {
            folded.entry(fold(name)).or_default().push(name.clone());
        }
        folded.into_values().filter(|group| group.len() > 1).collect()
    }
}

fn is_composed(name: &DiskName) -> bool {
    str::from_utf8(&name.0).is_ok_and(is_nfc)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECOMPOSED: &str = "A\u{308}pfel";
    const COMPOSED: &str = "Äpfel";

    fn disk(names: &[&[u8]]) -> Vec<DiskName> {
        names.iter().map(|name| DiskName::new(name)).collect()
    }

    #[test]
    fn d7_one_form_travels_the_other_stays_on_disk_and_a_collision_is_told() {
        let alone = Names::of(disk(&[DECOMPOSED.as_bytes()]));
        let on_disk = alone.syncable.get(COMPOSED).expect("it travels in composed form");
        assert_eq!(on_disk.as_bytes(), DECOMPOSED.as_bytes(), "and keeps its bytes here");
        assert!(alone.unsyncable.is_empty());

        let mut both = disk(&[DECOMPOSED.as_bytes(), COMPOSED.as_bytes()]);
        let names = Names::of(both.clone());
        assert_eq!(names.syncable[COMPOSED].as_bytes(), COMPOSED.as_bytes());
        assert_eq!(names.unsyncable.len(), 1);
        assert_eq!(names.unsyncable[0].reason, UnsyncableReason::SameOnTheWire);
        assert_eq!(names.unsyncable[0].name.as_bytes(), DECOMPOSED.as_bytes());
        both.reverse();
        assert_eq!(Names::of(both), names, "in whatever order they are read");
    }

    #[test]
    fn names_that_cannot_travel_are_listed_and_stop_no_other() {
        let names = Names::of(disk(&[b"good", b"caf\xe9\n", b"..", b"also good"]));
        assert_eq!(names.syncable.keys().collect::<Vec<_>>(), ["also good", "good"]);
        let listed: Vec<String> = names.unsyncable.iter().map(ToString::to_string).collect();
        assert_eq!(listed, ["`..` is no name of a file", "`caf\\xe9\\n` is not UTF-8"]);
    }

    #[test]
    fn names_that_differ_in_case_travel_and_are_told() {
        let names = Names::of(disk(&[b"readme", b"README", b"other"]));
        assert_eq!(names.syncable.len(), 3);
        assert_eq!(names.equal_when_folded(), [["README", "readme"]]);
    }
}
