//! A disk as the planner imagines it: objects by path, and operations that are done exactly as asked or not at all.
//!
//! Nobody interferes here, so whatever an operation does not find as it expects is a fault of the plan.

use super::owners::{Hands, made_by};
use homesync_engine::{Displaced, Expected, Found, Operation, Stamp, Step};
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{BlocksHash, Content, Kind, Metadata, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;

/// What stands at a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object {
    pub(super) content: Content,
    pub(super) stamp: Stamp,
    pub(super) metadata: Arc<Metadata>,
}

/// What an operation left.
#[derive(Default)]
pub(super) struct Left {
    pub(super) stamp: Option<Stamp>,
    /// The conflict copy that was made.
    pub(super) copy: Option<RelativePath>,
    pub(super) found: Option<Arc<Found>>,
}

/// One machine's disk.
#[derive(Clone, Default)]
pub(super) struct Disk {
    /// Shared with whoever compares them later, and small where the map moves them about.
    objects: BTreeMap<RelativePath, Rc<Object>>,
    /// Everything that was displaced. Nothing is ever thrown away.
    pub(super) recovery: BTreeSet<BlocksHash>,
    pub(super) folds_case: bool,
    pub(super) hands: Hands,
    inodes: u64,
    ticks: i64,
}

impl Disk {
    pub(super) fn get(&self, path: &RelativePath) -> Option<&Object> {
        self.objects.get(path).map(Rc::as_ref)
    }

    pub(super) fn objects(&self) -> impl DoubleEndedIterator<Item = (&RelativePath, &Rc<Object>)> {
        self.objects.iter()
    }

    /// Some file holds this content.
    pub(super) fn holds(&self, digest: BlocksHash) -> bool {
        self.objects.values().any(|object| object.content.blocks().is_some_and(|it| it.digest() == digest))
    }

    /// What is below a directory, at any depth.
    pub(super) fn below(&self, directory: &RelativePath) -> Vec<RelativePath> {
        let after = self.objects.range::<str, _>((Bound::Excluded(directory.as_str()), Bound::Unbounded));
        let same_beginning =
            after.map(|(path, _)| path).take_while(|path| path.as_str().starts_with(directory.as_str()));
        same_beginning.filter(|path| path.is_at_or_below(directory)).cloned().collect()
    }

    /// The name under which this file system finds the path: another spelling, where it does not tell them apart.
    pub(super) fn spelled(&self, path: &RelativePath) -> Option<RelativePath> {
        if self.objects.contains_key(path) {
            return Some(path.clone());
        }
        if !self.folds_case {
            return None;
        }
        let folded = fold(path.as_str());
        self.objects.keys().find(|other| fold(other.as_str()) == folded).cloned()
    }

    /// A directory stands above the path.
    pub(super) fn has_place_for(&self, path: &RelativePath) -> bool {
        path.as_str().rsplit_once('/').is_none_or(|(parent, _)| {
            self.objects.get(parent).is_some_and(|object| object.content == Content::Directory)
        })
    }

    /// A new object, in the place of whatever was there.
    pub(super) fn put(
        &mut self,
        path: &RelativePath,
        content: Content,
        modified: Timestamp,
        permissions: u16,
    ) -> Stamp {
        self.inodes += 1;
        self.ticks += 1;
        let kind = content.kind();
        let stamp = Stamp {
            kind,
            size: content.blocks().map_or(0, homesync_protocol::BlockList::size),
            modified: if kind == Kind::File { modified } else { Timestamp::default() },
            changed: Timestamp::at(self.ticks),
            inode: self.inodes,
            permissions: if kind == Kind::Link { 0o777 } else { permissions },
        };
        self.objects
            .insert(path.clone(), Rc::new(Object { content, stamp, metadata: made_by(self.hands.maker) }));
        stamp
    }

    /// Changes an object where it stands.
    pub(super) fn change(&mut self, path: &RelativePath, change: impl FnOnce(&mut Object)) {
        self.ticks += 1;
        if let Some(object) = self.objects.get_mut(path).map(Rc::make_mut) {
            change(object);
            object.stamp.changed = Timestamp::at(self.ticks);
        }
    }

    /// Takes an object and all below it away.
    pub(super) fn take(&mut self, path: &RelativePath) -> Vec<(RelativePath, Rc<Object>)> {
        let mut all = vec![path.clone()];
        all.extend(self.below(path));
        all.into_iter().filter_map(|path| self.objects.remove(&path).map(|object| (path, object))).collect()
    }

    /// What stands at a path and below it, by the names that it would have at or below another one.
    pub(super) fn renamed(&self, from: &RelativePath, to: &RelativePath) -> Vec<(RelativePath, Content)> {
        let all = std::iter::once(from.clone()).chain(self.below(from));
        let content = |path: &RelativePath| self.get(path).map(|object| object.content.clone());
        all.filter_map(|path| Some((place_below(&path, from, to), content(&path)?))).collect()
    }

    /// Moves an object and all below it to a name at which nothing is.
    pub(super) fn rename(&mut self, from: &RelativePath, to: &RelativePath) {
        for (path, mut object) in self.take(from) {
            if path == *from {
                self.ticks += 1;
                Rc::make_mut(&mut object).stamp.changed = Timestamp::at(self.ticks);
            }
            self.objects.insert(place_below(&path, from, to), object);
        }
    }

    /// Does an operation. `goes_along` are the paths that a pattern lets be removed with their directory.
    pub(super) fn operate(
        &mut self,
        operation: &Operation,
        goes_along: &dyn Fn(&RelativePath) -> bool,
    ) -> Result<Left, String> {
        let path = &operation.path;
        if self.found_directory(operation) {
            let found = self.dress(operation, None);
            return Ok(Left { stamp: self.get(path).map(|object| object.stamp), copy: None, found });
        }
        self.check_expected(operation)?;
        if !matches!(operation.step, Step::Remove | Step::Adjust | Step::Dress) && !self.has_place_for(path) {
            return Err(format!("there is no directory for {}", path.as_str()));
        }
        let entry = &operation.entry;
        let replaced = self.to_be_replaced(operation);
        let mode =
            entry.permissions.unwrap_or(if entry.content == Content::Directory { 0o755 } else { 0o644 });
        match &operation.step {
            Step::Remove => self.displace(path, goes_along).map(|()| Left::default()),
            Step::Dress => {
                let found = self.dress(operation, None);
                Ok(Left { stamp: self.get(path).map(|object| object.stamp), copy: None, found })
            }
            Step::Adjust => {
                self.change(path, |object| {
                    object.stamp.permissions = entry.permissions.unwrap_or(object.stamp.permissions);
                    if object.stamp.kind == Kind::File {
                        object.stamp.modified = entry.modified;
                    }
                });
                let found = self.dress(operation, replaced.as_ref());
                Ok(Left { stamp: self.get(path).map(|object| object.stamp), copy: None, found })
            }
            Step::Move { from, from_expected, .. } => {
                let there = self.get(from).ok_or_else(|| format!("{} is not there", from.as_str()))?;
                if there.stamp != *from_expected || !there.content.is_same(&entry.content) {
                    return Err(format!("{} is another object than the one to move", from.as_str()));
                }
                if there.stamp.modified != entry.modified {
                    return Err(format!("{} has another time than wanted after the move", from.as_str()));
                }
                self.rename(from, path);
                Ok(Left { stamp: self.get(path).map(|object| object.stamp), ..Left::default() })
            }
            Step::Put { displaced } => {
                let copy = self.make_place(path, displaced, goes_along)?;
                self.put(path, entry.content.clone(), entry.modified, mode);
                let found = self.dress(operation, replaced.as_ref());
                Ok(Left { stamp: self.get(path).map(|object| object.stamp), copy, found })
            }
        }
    }

    /// A directory that is there already is as good as one that is made.
    fn found_directory(&mut self, operation: &Operation) -> bool {
        let is_made = operation.expected == Expected::Absent && operation.entry.content == Content::Directory;
        let there = self.get(&operation.path).filter(|object| object.content == Content::Directory);
        let Some(there) = there.filter(|_| is_made) else { return false };
        let permissions = operation.entry.permissions.unwrap_or(there.stamp.permissions);
        self.change(&operation.path, |object| object.stamp.permissions = permissions);
        true
    }

    fn check_expected(&self, operation: &Operation) -> Result<(), String> {
        let path = &operation.path;
        let there = self.spelled(path);
        let object = there.as_ref().and_then(|there| self.get(there));
        // Another spelling of a name is renamed where it stands.
        let is_renamed = matches!(&operation.step, Step::Move { from, .. } if there.as_ref() == Some(from));
        let is_met = match (operation.expected, object) {
            (Expected::Absent, Some(_)) if is_renamed => true,
            (Expected::Absent, None) => true,
            (Expected::Object(stamp), Some(object)) if stamp.kind == Kind::Directory => {
                there.as_ref() == Some(path)
                    && object.stamp.kind == stamp.kind
                    && object.stamp.inode == stamp.inode
            }
            (Expected::Object(stamp), Some(object)) => there.as_ref() == Some(path) && object.stamp == stamp,
            _ => false,
        };
        if is_met {
            return Ok(());
        }
        Err(format!("S5: {} expects {:?} and finds {object:?}", path.as_str(), operation.expected))
    }

    fn make_place(
        &mut self,
        path: &RelativePath,
        displaced: &Displaced,
        goes_along: &dyn Fn(&RelativePath) -> bool,
    ) -> Result<Option<RelativePath>, String> {
        if self.get(path).is_none() {
            return Ok(None);
        }
        if let Displaced::Conflict(copies) = displaced
            && let Some(copy) = copies.iter().find(|copy| self.spelled(copy).is_none())
        {
            // A repository's copies have a directory of their own, made on the way.
            let missing: Vec<_> = copy.ancestors().filter(|above| self.get(above).is_none()).collect();
            for above in missing.into_iter().rev() {
                self.put(&above, Content::Directory, Timestamp::default(), 0o755);
            }
            self.rename(path, copy);
            return Ok(Some(copy.clone()));
        }
        self.displace(path, goes_along).map(|()| None)
    }

    /// Into the recovery area. A directory must be empty.
    fn displace(
        &mut self,
        path: &RelativePath,
        goes_along: &dyn Fn(&RelativePath) -> bool,
    ) -> Result<(), String> {
        if let Some(inside) = self.below(path).into_iter().find(|below| !goes_along(below)) {
            return Err(format!("{} is not empty: {}", path.as_str(), inside.as_str()));
        }
        let gone = self.take(path);
        self.recovery.extend(gone.iter().filter_map(|(_, object)| Some(object.content.blocks()?.digest())));
        Ok(())
    }
}

/// Where something at or below `from` is when `from` is called `to`.
fn place_below(path: &RelativePath, from: &RelativePath, to: &RelativePath) -> RelativePath {
    path.strip_prefix(from).and_then(|below| to.join(below.as_str()).ok()).unwrap_or_else(|| to.clone())
}
