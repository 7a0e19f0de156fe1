//! What can be brought back: what is in a folder's recovery area, and its versions.

use super::super::{failed, on_disk};
use crate::control::{RecoveryAct, RecoveryItem, Refusal};
use crate::folder::Shared;
use homesync_disk::{Act, KeptVersion, Recovery};
use homesync_engine::date;
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// One thing that was displaced.
pub(super) struct Displaced {
    /// Where it was.
    pub(super) path: String,
    /// Where it is.
    pub(super) place: Place,
    /// When, in seconds since 1970.
    at: Option<i64>,
    bytes: u64,
    is_late: bool,
}

/// Where something is that was displaced.
pub(super) enum Place {
    /// In this act of the recovery area.
    Act(String),
    /// It is this version.
    Version(RelativePath),
}

impl Displaced {
    /// What was displaced in the same second, as people see it: a tree is removed file by file.
    pub(super) fn group(&self) -> String {
        match &self.place {
            Place::Act(name) => name.rsplit_once('-').map_or(name.as_str(), |(group, _)| group).to_string(),
            // As the recovery area names it: what was displaced in that second may be in both.
            Place::Version(_) => date(Timestamp::at(self.at.unwrap_or_default()), 0),
        }
    }
}

/// Everything of a folder that can be brought back.
pub(super) fn displaced(shared: &Arc<Shared>) -> Result<Vec<Displaced>, Refusal> {
    let versioning = shared.versions_there();
    let found = on_disk(shared, move |vfs| -> io::Result<_> {
        Ok((Recovery::new(vfs).acts()?, versioning.list(vfs)?))
    })?;
    found.map(|(acts, versions)| in_one(acts, versions)).map_err(failed)
}

fn in_one(acts: Vec<Act>, versions: Vec<KeptVersion>) -> Vec<Displaced> {
    let mut all = Vec::new();
    for act in acts {
        all.extend(act.items.into_iter().map(|item| Displaced {
            path: item.path,
            place: Place::Act(act.name.clone()),
            at: act.at,
            bytes: item.size,
            is_late: item.is_late,
        }));
    }
    all.extend(versions.into_iter().map(|version| Displaced {
        path: version.path.as_str().to_string(),
        place: Place::Version(version.version),
        at: Some(version.made),
        bytes: version.size,
        is_late: version.is_late,
    }));
    all
}

/// As people see it, the oldest first.
pub(super) fn grouped(folder: &str, all: Vec<Displaced>) -> Vec<RecoveryAct> {
    let mut groups: BTreeMap<String, RecoveryAct> = BTreeMap::new();
    for item in all {
        let name = item.group();
        let group = groups.entry(name.clone()).or_insert_with(|| RecoveryAct {
            folder: folder.to_string(),
            act: name,
            at: item.at,
            bytes: 0,
            items: Vec::new(),
        });
        group.bytes += item.bytes;
        let version = match item.place {
            Place::Act(_) => None,
            Place::Version(version) => Some(version.as_str().to_string()),
        };
        group.items.push(RecoveryItem { path: item.path, bytes: item.bytes, late: item.is_late, version });
    }
    for group in groups.values_mut() {
        group.items.sort_by(|one, other| one.path.cmp(&other.path));
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_disk::Item;
    use homesync_protocol::Kind;

    #[test]
    fn what_was_displaced_in_the_same_second_is_shown_as_one() {
        let act = |name: &str, path: &str| Act {
            name: name.to_string(),
            at: Some(7),
            items: vec![Item { path: path.to_string(), kind: Kind::File, size: 3, is_late: false }],
        };
        let acts =
            vec![act("20260102-030405-2", "b"), act("20260102-030405-1", "a"), act("20260102-030406-3", "c")];
        let version = KeptVersion {
            path: RelativePath::parse("d").unwrap(),
            version: RelativePath::parse(".stversions/d~20260102-040405").unwrap(),
            made: 1_767_323_045,
            size: 5,
            is_late: false,
        };
        let groups = grouped("work", in_one(acts, vec![version]));
        let names: Vec<(&str, u64, usize)> =
            groups.iter().map(|group| (group.act.as_str(), group.bytes, group.items.len())).collect();
        assert_eq!(names, [("20260102-030405", 11, 3), ("20260102-030406", 3, 1)]);
        assert_eq!((groups[0].items[0].path.as_str(), &groups[0].items[0].version), ("a", &None));
        assert_eq!(groups[0].items[2].version.as_deref(), Some(".stversions/d~20260102-040405"));
    }
}
