//! What stands in a folder and cannot travel, as the listings found it: so that nobody believes that it did.

use homesync_engine::{Listing, Seen, may_stand};
use homesync_paths::{RelativePath, UnsyncableName, UnsyncableReason};
use homesync_protocol::Content;
use std::collections::BTreeMap;

/// So many of one directory are named.
const MOST_NAMED: usize = 100;

/// Some of what was found, for people, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// How many.
    pub(crate) many: u64,
    /// The first of them, each with the reason.
    pub(crate) first: Vec<(String, String)>,
}

/// What stays, by its directory.
#[derive(Debug, Default)]
pub(super) struct Staying(BTreeMap<Option<RelativePath>, Here>);

/// What stays in one directory: names that cannot travel, and things that never do.
#[derive(Debug, Default)]
struct Here {
    names: Named,
    special: Named,
}

impl Named {
    pub(super) fn add(&mut self, path: String, reason: String) {
        self.many += 1;
        if self.first.len() < MOST_NAMED {
            self.first.push((path, reason));
        }
    }

    fn add_all(&mut self, others: &Self) {
        self.many += others.many;
        let room = MOST_NAMED - self.first.len();
        self.first.extend(others.first.iter().take(room).cloned());
    }
}

impl Staying {
    /// A directory was listed.
    pub(super) fn listed(&mut self, listing: &Listing) {
        let Ok(seen) = &listing.seen else { return };
        let directory = &listing.directory;
        self.0.retain(|other, _| is_there(other.as_ref(), directory.as_ref(), seen));
        match listing.staying.is_empty() {
            true => drop(self.0.remove(directory)),
            false => drop(self.0.insert(directory.clone(), here(directory.as_ref(), &listing.staying))),
        }
    }

    /// A path was looked at.
    pub(super) fn looked(&mut self, path: &RelativePath, seen: &Seen) {
        if !matches!(seen, Seen::Present { content: Content::Directory, .. } | Seen::Unknown(_)) {
            self.0.retain(|other, _| other.as_ref().is_none_or(|other| !other.is_at_or_below(path)));
        }
    }

    /// All names that cannot travel, and all things that never do.
    pub(super) fn all(&self) -> (Named, Named) {
        let (mut names, mut special) = (Named::default(), Named::default());
        for here in self.0.values() {
            names.add_all(&here.names);
            special.add_all(&here.special);
        }
        (names, special)
    }
}

/// A directory may still be there, as far as a listing of one above it tells.
fn is_there(
    other: Option<&RelativePath>,
    listed: Option<&RelativePath>,
    seen: &BTreeMap<RelativePath, Seen>,
) -> bool {
    let Some(other) = other else { return true };
    if listed.is_some_and(|listed| !other.is_at_or_below(listed) || other == listed) {
        return true;
    }
    may_stand(other, listed, seen)
}

fn here(directory: Option<&RelativePath>, staying: &[UnsyncableName]) -> Here {
    let mut here = Here::default();
    for UnsyncableName { name, reason } in staying {
        let path = match directory {
            None => name.shown().to_string(),
            Some(directory) => format!("{}/{}", directory.as_str(), name.shown()),
        };
        match reason {
            UnsyncableReason::Special => here.special.add(path, reason.to_string()),
            _ => here.names.add(path, format!("its name {reason}")),
        }
    }
    here
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_paths::DiskName;

    fn listing(directory: &str, directories: &[&str], staying: &[&[u8]]) -> Listing {
        let stamp = homesync_engine::Stamp {
            kind: homesync_protocol::Kind::Directory,
            size: 0,
            modified: Default::default(),
            changed: Default::default(),
            inode: 1,
            permissions: 0o755,
        };
        let present = || Seen::Present {
            stamp,
            content: Content::Directory,
            blank: false,
            racy: false,
            metadata: None,
        };
        let parse = |path: &str| RelativePath::parse(path).unwrap();
        Listing {
            as_of: 0,
            directory: (!directory.is_empty()).then(|| parse(directory)),
            seen: Ok(directories.iter().map(|path| (parse(path), present())).collect()),
            leaves_out: true,
            staying: staying.iter().map(|name| DiskName::new(name).to_wire().unwrap_err()).collect(),
        }
    }

    #[test]
    fn names_are_known_until_a_listing_does_not_find_them_or_what_is_above_them() {
        let mut staying = Staying::default();
        staying.listed(&listing("", &["a"], &[b"\xff"]));
        staying.listed(&listing("a", &["a/b"], &[]));
        staying.listed(&listing("a/b", &[], &[b"one\xff", b"two\xff"]));
        let (names, special) = staying.all();
        assert_eq!((names.many, special.many), (3, 0));
        assert_eq!(names.first[1], ("a/b/one\\xff".to_string(), "its name is not UTF-8".to_string()));
        staying.listed(&listing("", &["a"], &[]));
        staying.listed(&listing("a/b", &[], &[b"two\xff"]));
        assert_eq!(staying.all().0.many, 1);
        staying.listed(&listing("a", &[], &[]));
        assert_eq!(staying.all().0, Named::default());
    }
}
