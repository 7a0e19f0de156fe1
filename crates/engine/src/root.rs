//! Whether the folder's root is still the one that we know: the guard against reading an unmounted disk as "everything was deleted".

use crate::canary::{Bug, planted};
use std::collections::BTreeSet;

/// What makes a root known again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootIdentity {
    /// The file system it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

/// A look at the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootLook {
    /// It could be read.
    Read {
        /// Which directory it is.
        identity: RootIdentity,
        /// Our marker is in it.
        marker: bool,
        /// The names in it, as they travel.
        names: BTreeSet<String>,
    },
    /// It is not there.
    Missing,
    /// It could not be read, for this reason.
    Unreadable(String),
}

/// Whether to believe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RootState {
    /// It is the root we know, or the first we see.
    Fine,
    /// It is not, and nothing is concluded from what is in it until a person says so.
    Changed(RootChange),
}

/// How it differs from the root we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootChange {
    /// There is no such directory.
    #[error("the folder's directory is missing: is its disk attached?")]
    Missing,
    /// It could not be read.
    #[error("the folder's directory cannot be read: {0}")]
    Unreadable(String),
    /// The marker is not in it.
    #[error(
        "the folder's directory has lost its marker: it may be another directory, or an empty mount point"
    )]
    NoMarker,
    /// It is on another file system.
    #[error("the folder's directory is on another file system than before")]
    OtherDevice,
    /// It is another directory with other things in it.
    #[error("the folder's directory was replaced: {found} of the {known} names known in it are there")]
    OtherContent {
        /// Known names that are there.
        found: usize,
        /// Known names.
        known: usize,
    },
}

/// Compares a look with what is known: the identity from before, and the names that the agreed tree has at its top. Those are asked for only when
/// the identity alone does not tell: there may be many, and the root is looked at with every scan.
pub fn judge<E>(
    before: Option<RootIdentity>,
    look: &RootLook,
    agreed: &dyn Fn() -> Result<BTreeSet<String>, E>,
) -> Result<RootState, E> {
    if planted(Bug::AnyRootBelieved) {
        return Ok(RootState::Fine);
    }
    let (identity, marker, names) = match look {
        RootLook::Missing => return Ok(RootState::Changed(RootChange::Missing)),
        RootLook::Unreadable(reason) => {
            return Ok(RootState::Changed(RootChange::Unreadable(reason.clone())));
        }
        RootLook::Read { identity, marker, names } => (identity, *marker, names),
    };
    // The first look at a folder that is only being made.
    let Some(before) = before else { return Ok(RootState::Fine) };
    if !marker {
        return Ok(RootState::Changed(RootChange::NoMarker));
    }
    if *identity == before {
        return Ok(RootState::Fine);
    }
    // Another directory, with our marker: a restored backup, or a clone. It is the same folder if it looks like it.
    let agreed = agreed()?;
    let (found, known) = (agreed.intersection(names).count(), agreed.len());
    if found * 2 < known {
        return Ok(RootState::Changed(RootChange::OtherContent { found, known }));
    }
    if identity.device != before.device {
        return Ok(RootState::Changed(RootChange::OtherDevice));
    }
    Ok(RootState::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_string()).collect()
    }

    fn read(device: u64, inode: u64, marker: bool, list: &[&str]) -> RootLook {
        RootLook::Read { identity: RootIdentity { device, inode }, marker, names: names(list) }
    }

    #[test]
    fn e14_a_root_that_is_missing_emptied_replaced_or_elsewhere_is_not_believed() {
        let before = Some(RootIdentity { device: 1, inode: 10 });
        let agreed = names(&["a", "b", "c", "d"]);
        let judged = |look: &RootLook| judge(before, look, &|| Ok::<_, ()>(agreed.clone())).unwrap();
        assert_eq!(
            judged(&read(1, 10, true, &["a"])),
            RootState::Fine,
            "what a person removed, they removed"
        );
        assert_eq!(judged(&read(1, 11, true, &["a", "b", "x"])), RootState::Fine, "restored from a backup");
        assert_eq!(judged(&RootLook::Missing), RootState::Changed(RootChange::Missing));
        assert_eq!(
            judged(&read(1, 10, false, &["a", "b", "c", "d"])),
            RootState::Changed(RootChange::NoMarker)
        );
        assert_eq!(
            judged(&read(2, 10, true, &["a", "b", "c", "d"])),
            RootState::Changed(RootChange::OtherDevice)
        );
        let other = RootState::Changed(RootChange::OtherContent { found: 1, known: 4 });
        assert_eq!(judged(&read(1, 11, true, &["a", "x", "y"])), other);
        assert!(matches!(
            judged(&RootLook::Unreadable("EIO".into())),
            RootState::Changed(RootChange::Unreadable(_))
        ));
    }

    #[test]
    fn the_first_look_is_believed() {
        let judged = judge(None, &read(1, 1, false, &[]), &|| Ok::<_, ()>(names(&[])));
        assert_eq!(judged, Ok(RootState::Fine));
    }

    #[test]
    fn a_root_that_is_where_it_was_costs_no_look_at_its_names() {
        let before = Some(RootIdentity { device: 1, inode: 10 });
        let judged = judge(before, &read(1, 10, true, &["a"]), &|| Err("the names were asked for"));
        assert_eq!(judged, Ok(RootState::Fine));
    }
}
