//! The moment itself: a name gets another object.

use super::across::is_across;
use super::prepare::{Prepared, Staged, is_untouched, missing_is_changed, permissions_of};
use super::{Executor, Stop};
use crate::area::slot;
use crate::tree::Place;
use crate::vfs::Vfs;
use homesync_engine::{Displaced, Done, Expected, Found, Operation, Stamp, Step, Undone};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Entry, Kind};
use std::io;
use std::sync::Arc;

/// What takes the place of what.
pub(super) struct Replacement<'a, V: Vfs> {
    pub(super) place: &'a Place<V>,
    pub(super) staged: &'a Staged<V>,
    /// Where the displaced object goes through.
    pub(super) slot: &'a str,
    /// The directory of this act below the recovery area.
    pub(super) act: &'a str,
    /// What it becomes, if it becomes a version.
    pub(super) version: Option<&'a RelativePath>,
}

impl<V: Vfs> Executor<'_, V> {
    pub(super) fn act(&self, operation: &Operation, prepared: Prepared<V>) -> Result<Done, Stop> {
        if let Some(program) = self.program_for(operation) {
            return self.act_with_program(program, operation, prepared);
        }
        match (&operation.step, operation.expected) {
            (Step::Put { .. }, Expected::Absent) => self.put_new(operation, prepared.staged),
            (Step::Put { displaced }, Expected::Object(_)) => {
                let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
                let Prepared { staged: Some(staged), slot: Some(slot), act, version } = prepared else {
                    return Err(Stop::Undone(Undone::Changed));
                };
                let version = version.as_ref();
                let replacement =
                    Replacement { place: &place, staged: &staged, slot: &slot, act: &act, version };
                self.replace(operation, &replacement, displaced)
            }
            (Step::Move { from, from_expected, .. }, _) => {
                self.moved(operation, from, *from_expected, prepared.slot)
            }
            (Step::Remove, Expected::Object(_)) => self.remove(operation, prepared),
            (Step::Adjust, Expected::Object(expected)) => self.adjust(operation, expected, prepared),
            // There was nothing, and nothing is what is wanted.
            (Step::Remove, Expected::Absent) => match self.tree.place(&operation.path) {
                Ok(place) if self.tree.status(&place)?.is_some() => Err(Stop::Undone(Undone::Changed)),
                Ok(_) => Ok(Done::default()),
                Err(error) => match missing_is_changed(error) {
                    Stop::Undone(_) => Ok(Done::default()),
                    refused => Err(refused),
                },
            },
            (Step::Dress, Expected::Object(expected)) => self.dress(operation, expected, prepared),
            (Step::Adjust | Step::Dress, Expected::Absent) => Err(Stop::Undone(Undone::Changed)),
        }
    }

    /// Nothing has this name; if something has it by now, a person was quicker.
    pub(super) fn put_new(&self, operation: &Operation, staged: Option<Staged<V>>) -> Result<Done, Stop> {
        let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
        let name = place.name()?;
        let vfs = self.tree.vfs;
        self.names_change(&place.directory)?;
        let (stamp, found) = match (&operation.entry.content, staged) {
            (Content::File(_), Some(staged)) => {
                let staged =
                    match vfs.rename_no_replace(&staged.directory, staged.name()?, &place.directory, name) {
                        Err(error) if is_across(&error) => self.put_copy(operation, &place, &staged)?,
                        moved => moved.map(|()| staged).map_err(taken_is_changed)?,
                    };
                (self.settled_stamp(&operation.entry, &place, &staged), staged.found)
            }
            (Content::Link(target), _) => {
                vfs.create_link(&place.directory, name, target.as_bytes()).map_err(taken_is_changed)?;
                let found = self.give_link(operation, &place)?.map(|(_, found)| found);
                let stamp = self.link_stamp(&place, target)?;
                (self.trusted(stamp, found.as_deref(), None, &place), found)
            }
            (Content::Directory, Some(staged)) => self.put_new_directory(operation, &place, &staged)?,
            (Content::File(_) | Content::Directory, None) | (Content::Deleted(_), _) => {
                return Err(Stop::Undone(Undone::Missing));
            }
        };
        Ok(Done { stamp: Some(stamp), found, ..Done::default() })
    }

    /// A directory that is there already is as good as one that is made: what is in it has its own items.
    fn put_new_directory(
        &self,
        operation: &Operation,
        place: &Place<V>,
        staged: &Staged<V>,
    ) -> Result<(Stamp, Option<Arc<Found>>), Stop> {
        let vfs = self.tree.vfs;
        match vfs.rename_no_replace(&staged.directory, staged.name()?, &place.directory, place.name()?) {
            Ok(()) => return Ok((staged.stamp, staged.found.clone())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.discard(staged),
            Err(error) if is_across(&error) => {
                self.discard(staged);
                match self.make_in_place(operation, place) {
                    // It is there already.
                    Err(Stop::Undone(Undone::Changed)) => {}
                    made => return made,
                }
            }
            Err(error) => return Err(taken_is_changed(error)),
        }
        let directory =
            Arc::new(vfs.open_directory(&place.directory, place.name()?).map_err(missing_is_changed)?);
        let has = vfs.directory_status(&directory)?.permissions & 0o777;
        let is_said = operation.entry.permissions.is_some();
        // While it is lent, it does not show what it has.
        if vfs.bound_user().is_some() || is_said && has != permissions_of(&operation.entry) {
            self.to_be_closed.borrow_mut().insert(operation.path.clone());
        }
        if self.metadata.looks() {
            self.names_change(&directory)?;
        }
        self.dressed_directory(operation, &directory)
    }

    /// New and old exchange their names, and what came out is looked at.
    pub(super) fn replace(
        &self,
        operation: &Operation,
        replacement: &Replacement<'_, V>,
        displaced: &Displaced,
    ) -> Result<Done, Stop> {
        let Replacement { place, staged, slot: at, act, version } = *replacement;
        // Once more, because since the first look much was made durable; and before it is moved, because after that the time of the last
        // change tells nothing any more.
        let target = self.last_look(operation, place)?.ok_or(Stop::Undone(Undone::Changed))?;
        let is_directory = target.stamp.kind == Kind::Directory;
        if is_directory && *displaced == Displaced::Recovery {
            self.sweep(operation, act, place)?;
        }
        let (directory, name) = slot(&self.tree, at)?;
        if staged.file.is_some() {
            self.tree.vfs.rename_no_replace(&staged.directory, staged.name()?, &directory, name)?;
        }
        self.names_change(&directory)?;
        self.names_change(&place.directory)?;
        let in_slot = Place { directory, name: name.as_bytes().to_vec() };
        if let Err(stop) = self.displace(place, &in_slot, &target, &staged.stamp, displaced) {
            self.take_back(&operation.entry, staged, &in_slot);
            return Err(stop);
        }
        if is_directory {
            self.tree.forget(&operation.path);
        }
        let copy = match self.keep_aside(&in_slot, displaced) {
            Ok(copy) => copy,
            Err(error) => {
                // The losing side would be hidden in the recovery area: then rather nothing is done.
                self.put_back(place, &in_slot, &staged.stamp)?;
                self.take_back(&operation.entry, staged, &in_slot);
                return Err(error.into());
            }
        };
        let kept = copy.is_none().then(|| self.keep_version(&in_slot, at, act, version));
        let stamp = self.settled_stamp(&operation.entry, place, staged);
        Ok(Done { stamp: Some(stamp), kept, copy, found: staged.found.clone() })
    }

    /// Gives a displaced object that is in the slot the first free name for a conflict copy. Without a free name it stays in the recovery area.
    pub(super) fn keep_aside(
        &self,
        in_slot: &Place<V>,
        displaced: &Displaced,
    ) -> io::Result<Option<RelativePath>> {
        let Displaced::Conflict(names) = displaced else { return Ok(None) };
        for copy in names {
            let place = self.place_making_directories(copy)?;
            self.names_change(&place.directory)?;
            match self.tree.vfs.rename_no_replace(
                &in_slot.directory,
                in_slot.name()?,
                &place.directory,
                place.name()?,
            ) {
                Ok(()) => return Ok(Some(copy.clone())),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The place of a conflict copy, whose directory may be one that only holds such copies.
    fn place_making_directories(&self, path: &RelativePath) -> io::Result<Place<V>> {
        let mut directory = self.tree.root()?;
        if let Some(parent) = path.parent() {
            for name in parent.names() {
                directory = self.tree.make(&directory, name)?;
            }
        }
        Ok(Place { directory, name: path.name().as_bytes().to_vec() })
    }

    /// A file goes to another name as it is.
    fn moved(
        &self,
        operation: &Operation,
        from: &RelativePath,
        expected: Stamp,
        through: Option<String>,
    ) -> Result<Done, Stop> {
        let old = self.tree.place(from).map_err(missing_is_changed)?;
        let new = self.tree.place(&operation.path).map_err(missing_is_changed)?;
        let found = self.tree.status(&old)?.and_then(|status| status.stamp());
        if found != Some(expected) {
            return Err(Stop::Undone(Undone::Changed));
        }
        self.names_change(&old.directory)?;
        self.names_change(&new.directory)?;
        let in_slot = match through {
            // Only the spelling differs, and both names are taken while the file has one of them.
            Some(at) => Some(self.away_from(&old, &at)?),
            None => None,
        };
        if let Err(error) = self.rename(in_slot.as_ref().unwrap_or(&old), &new) {
            if let Some(in_slot) = &in_slot {
                self.rename(in_slot, &old)?;
            }
            return Err(taken_is_changed(error));
        }
        let stop = match self.stamp_at(&new) {
            Ok(moved) if is_untouched(&moved, &expected) => {
                return Ok(Done { stamp: Some(moved), ..Done::default() });
            }
            Ok(_) => Stop::Undone(Undone::Changed),
            Err(stop) => stop,
        };
        // Another object was under the old name in the very last moment, or it is not known which one it is: it goes back the way that it came.
        if let Some(in_slot) = &in_slot {
            self.rename(&new, in_slot).map_err(taken_is_changed)?;
        }
        self.rename(in_slot.as_ref().unwrap_or(&new), &old).map_err(taken_is_changed)?;
        Err(stop)
    }

    /// Moves what is at a place into a slot.
    pub(super) fn away_from(&self, place: &Place<V>, at: &str) -> Result<Place<V>, Stop> {
        let (directory, name) = slot(&self.tree, at)?;
        self.names_change(&directory)?;
        let in_slot = Place { directory, name: name.as_bytes().to_vec() };
        self.rename(place, &in_slot).map_err(taken_is_changed)?;
        Ok(in_slot)
    }

    pub(super) fn rename(&self, from: &Place<V>, to: &Place<V>) -> io::Result<()> {
        self.tree.vfs.rename_no_replace(&from.directory, from.name()?, &to.directory, to.name()?)
    }

    /// The stamp of what was put in place. Size and time are those that we gave it: if a person has written to it since, the next look finds out
    /// that they differ. If it cannot be looked at now, the next look finds a difference and reads it.
    fn settled_stamp(&self, entry: &Entry, place: &Place<V>, placed: &Staged<V>) -> Stamp {
        let (staged, found) = (placed.stamp, placed.found.as_deref());
        if let Content::Link(target) = &entry.content {
            let stamp = self.link_stamp(place, target).unwrap_or(staged);
            return self.trusted(stamp, found, None, place);
        }
        let now = self.stamp_at(place).ok().filter(|now| now.is_same_object(&staged));
        let stamp = Stamp { changed: now.map_or(staged.changed, |now| now.changed), ..staged };
        let stamp = self.trusted(stamp, found, placed.file.as_ref(), place);
        // Written in the very moment in which it came into place: a person's write in that moment would leave the same times.
        if stamp.modified == stamp.changed { stamp.distrusted() } else { stamp }
    }

    /// The stamp of a link that we made. Nothing but its target tells it from one that a person has made since.
    pub(super) fn link_stamp(&self, place: &Place<V>, target: &str) -> Result<Stamp, Stop> {
        let stamp = self.stamp_at(place)?;
        let found = self.tree.vfs.read_link(&place.directory, place.name()?);
        let is_ours = match found.as_ref().map_err(io::Error::kind) {
            Ok(found) => found == target.as_bytes() && self.stamp_at(place)? == stamp,
            Err(io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => false,
            Err(_) => return Err(found.map_or_else(Stop::Refused, |_| Stop::Undone(Undone::Changed))),
        };
        if is_ours { Ok(stamp) } else { Err(Stop::Undone(Undone::Changed)) }
    }

    pub(super) fn stamp_at(&self, place: &Place<V>) -> Result<Stamp, Stop> {
        let found = self.tree.status(place)?.and_then(|status| status.stamp());
        found.ok_or(Stop::Undone(Undone::Changed))
    }
}

/// A name that is taken by now means that a person was here.
pub(super) fn taken_is_changed(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Stop::Undone(Undone::Changed),
        _ => Stop::Refused(error),
    }
}
