//! What the operations of a batch will find, given those before them: so that a unit of which a part cannot be done is not begun.

use super::prepare::{is_expected, is_untouched, missing_is_changed};
use super::{Executor, Stop};
use crate::tree::Place;
use crate::vfs::{ObjectKind, Vfs};
use homesync_engine::{Bug, Displaced, Expected, Operation, Stamp, Step, Undone, planted};
use homesync_paths::{RelativePath, equal_when_folded};
use homesync_protocol::{Content, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What is to be displaced. A link's time is not kept, and the number of one that is gone may be given to the next, so its target counts too.
pub(super) struct Target {
    pub(super) stamp: Stamp,
    link: Option<Vec<u8>>,
}

/// What earlier operations leave at the paths that they change: an object they put there, or nothing.
#[derive(Default)]
pub(super) struct Foresight {
    left: BTreeMap<RelativePath, Option<Kind>>,
    /// Directories in which a conflict copy will be.
    holds_copies: BTreeSet<RelativePath>,
}

/// What an earlier operation makes of the place in which a path is.
enum Above {
    /// A directory with nothing in it.
    NewDirectory,
    /// Nothing that could hold it.
    Nothing,
}

impl Foresight {
    /// Another object, or nothing, will be there, and with it goes whatever earlier operations left below.
    fn leaves(&mut self, path: &RelativePath, kind: Option<Kind>) {
        let below: Vec<RelativePath> = path.keys_below(&self.left).cloned().collect();
        for below in below {
            self.left.remove(&below);
        }
        self.left.insert(path.clone(), kind);
    }

    /// What the nearest directory above will be that an earlier operation changes, if one does: what stands directly in a new one, or further down.
    fn above(&self, path: &RelativePath) -> Option<Above> {
        let mut above = path.parent();
        while let Some(directory) = above {
            match self.left.get(&directory) {
                Some(Some(Kind::Directory)) if Some(&directory) == path.parent().as_ref() => {
                    return Some(Above::NewDirectory);
                }
                Some(_) => return Some(Above::Nothing),
                None => above = directory.parent(),
            }
        }
        None
    }
}

impl<V: Vfs> Executor<'_, V> {
    /// Whether an operation can be done after those before it, as far as looking tells.
    pub(super) fn foresee(&self, operation: &Operation, foresight: &mut Foresight) -> Result<(), Stop> {
        let is_there = match operation.expected {
            Expected::Object(expected) => {
                self.foresee_object(operation, expected, foresight)?;
                false
            }
            Expected::Absent => self.foresee_nothing(operation, foresight)?,
        };
        if let (Step::Put { displaced: Displaced::Conflict(names) }, Expected::Object(_)) =
            (&operation.step, operation.expected)
        {
            foresight.holds_copies.extend(names.iter().filter_map(RelativePath::parent));
        }
        match &operation.step {
            // A directory that is there already keeps what is in it.
            Step::Put { .. } if is_there => {}
            Step::Put { .. } => foresight.leaves(&operation.path, Some(operation.entry.content.kind())),
            Step::Remove => foresight.leaves(&operation.path, None),
            Step::Move { from, .. } => {
                foresight.leaves(from, None);
                foresight.leaves(&operation.path, Some(Kind::File));
            }
            Step::Adjust | Step::Dress => {}
        }
        Ok(())
    }

    fn foresee_object(
        &self,
        operation: &Operation,
        expected: Stamp,
        foresight: &Foresight,
    ) -> Result<(), Stop> {
        // The object that the plan knows will be gone, with the directory that it is in.
        if foresight.left.contains_key(&operation.path) || foresight.above(&operation.path).is_some() {
            return Err(Stop::Undone(Undone::Changed));
        }
        let place = match self.tree.place(&operation.path) {
            // What is to go is gone with its directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound && operation.step == Step::Remove => {
                return Ok(());
            }
            place => place.map_err(missing_is_changed)?,
        };
        if !self.check(operation, &place)? {
            return Ok(());
        }
        let must_be_empty = match &operation.step {
            Step::Remove | Step::Put { displaced: Displaced::Recovery } => expected.kind == Kind::Directory,
            _ => false,
        };
        if must_be_empty && !self.will_be_empty(operation, &place, foresight)? {
            return Err(Stop::Undone(Undone::NotEmpty));
        }
        Ok(())
    }

    fn will_be_empty(
        &self,
        operation: &Operation,
        place: &Place<V>,
        foresight: &Foresight,
    ) -> Result<bool, Stop> {
        let vfs = self.tree.vfs;
        let directory = vfs.open_directory(&place.directory, place.name()?).map_err(missing_is_changed)?;
        let is_left = |name: &[u8], kind: ObjectKind| {
            let path = super::remove::below(&operation.path, name);
            let goes_before = path.is_some_and(|path| foresight.left.get(&path) == Some(&None));
            !goes_before && !self.is_rest(operation, name, kind)
        };
        let comes_before = |(path, left): (&RelativePath, &Option<Kind>)| {
            left.is_some()
                && path.parent().as_ref() == Some(&operation.path)
                && !self.is_rest(operation, path.name().as_bytes(), ObjectKind::Kept(Kind::File))
        };
        if foresight.holds_copies.contains(&operation.path) || foresight.left.iter().any(comes_before) {
            return Ok(false);
        }
        Ok(!vfs.list(&directory)?.iter().any(|(name, kind)| is_left(name, *kind)))
    }

    /// Nothing will be there; `true` if a directory is to be made and one is there already, which is as good.
    fn foresee_nothing(&self, operation: &Operation, foresight: &Foresight) -> Result<bool, Stop> {
        let changed = Err(Stop::Undone(Undone::Changed));
        let makes_directory = operation.entry.content == Content::Directory;
        match &operation.step {
            Step::Adjust | Step::Dress => return changed,
            Step::Move { from, from_expected, .. } => {
                let old = self.tree.place(from).map_err(missing_is_changed)?;
                let found = self.tree.status(&old)?.and_then(|status| status.stamp());
                if found != Some(*from_expected) || foresight.above(from).is_some() {
                    return changed;
                }
                if self.is_other_spelling(from, &operation.path) {
                    return Ok(false);
                }
            }
            Step::Put { .. } | Step::Remove => {}
        }
        match (foresight.left.get(&operation.path), foresight.above(&operation.path)) {
            (Some(None), _) => return Ok(false),
            (Some(Some(Kind::Directory)), _) if makes_directory => return Ok(true),
            (Some(Some(_)), _) => return changed,
            // In a directory that is new nothing is.
            (None, Some(Above::NewDirectory)) => return Ok(false),
            (None, Some(Above::Nothing)) => {
                return if operation.step == Step::Remove { Ok(false) } else { changed };
            }
            (None, None) => {}
        }
        let place = match self.tree.place(&operation.path).map_err(missing_is_changed) {
            Err(Stop::Undone(_)) if operation.step == Step::Remove => return Ok(false),
            place => place?,
        };
        match self.tree.status(&place)? {
            None => Ok(false),
            Some(status) if makes_directory && status.kind == ObjectKind::Kept(Kind::Directory) => Ok(true),
            Some(_) => changed,
        }
    }

    /// What stands at a place is what is expected; `false` if it is gone and was to go. A directory is known by its number alone.
    pub(super) fn check(&self, operation: &Operation, place: &Place<V>) -> Result<bool, Stop> {
        let found = self.tree.status(place)?;
        if found.is_none() && operation.step == Step::Remove {
            return Ok(false);
        }
        let stamp = found.and_then(|status| status.stamp());
        if is_expected(stamp, operation.expected) || planted(Bug::NotCompared) {
            Ok(true)
        } else {
            Err(Stop::Undone(Undone::Changed))
        }
    }

    /// Looks at what is to be displaced for the last time before it is moved.
    pub(super) fn last_look(&self, operation: &Operation, place: &Place<V>) -> Result<Option<Target>, Stop> {
        let Expected::Object(stamp) = operation.expected else { return Err(Stop::Undone(Undone::Changed)) };
        let link = match stamp.kind {
            Kind::Link => self.tree.vfs.read_link(&place.directory, place.name()?).ok(),
            _ => None,
        };
        Ok(self.check(operation, place)?.then_some(Target { stamp, link }))
    }

    /// What came out is what was looked at, and nobody has touched it.
    pub(super) fn is_target(&self, out: &Place<V>, target: &Target) -> Result<bool, Stop> {
        if planted(Bug::NotInspected) {
            return Ok(true);
        }
        if !is_untouched(&self.stamp_at(out)?, &target.stamp) {
            return Ok(false);
        }
        Ok(target.stamp.kind != Kind::Link
            || Some(self.tree.vfs.read_link(&out.directory, out.name()?)?) == target.link)
    }

    /// The file system takes both paths for one.
    pub(super) fn is_other_spelling(&self, one: &RelativePath, other: &RelativePath) -> bool {
        self.tree.vfs.abilities().folds_case
            && one.parent() == other.parent()
            && equal_when_folded(one.name(), other.name())
    }
}
