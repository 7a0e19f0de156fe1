//! The exchange, and the look at what came out of it.

use super::act::taken_is_changed;
use super::foresight::Target;
use super::prepare::{Staged, is_untouched};
use super::{Executor, Stop};
use crate::tree::Place;
use crate::vfs::Vfs;
use homesync_engine::{Bug, Displaced, Stamp, Undone, planted};
use homesync_protocol::{Content, Entry, Kind};
use std::io;

/// How often a person's object is tried to be put back while they make and take away others under its name.
const MOST_ATTEMPTS: usize = 8;

impl<V: Vfs> Executor<'_, V> {
    /// Puts the object in the slot in place, and the one in place into the slot, if that is the expected one. Otherwise everything is as before,
    /// with the staged object in the slot.
    pub(super) fn displace(
        &self,
        place: &Place<V>,
        in_slot: &Place<V>,
        target: &Target,
        staged: &Stamp,
        displaced: &Displaced,
    ) -> Result<(), Stop> {
        if !self.tree.vfs.abilities().exchange {
            return self.displace_in_two_steps(place, in_slot, target, displaced);
        }
        self.exchange(place, in_slot).map_err(taken_is_changed)?;
        let stop = match self.is_displaced(in_slot, target, displaced) {
            Ok(true) => return Ok(()),
            Ok(false) => Stop::Undone(Undone::Changed),
            // What cannot be looked at is not taken for what was expected.
            Err(stop) => stop,
        };
        if !planted(Bug::NotPutBack) {
            self.put_back(place, in_slot, staged)?;
        }
        Err(stop)
    }

    /// What came out is what was expected. A directory that goes to the recovery area must be empty: nothing else takes along what is in it.
    fn is_displaced(&self, out: &Place<V>, target: &Target, displaced: &Displaced) -> Result<bool, Stop> {
        if !self.is_target(out, target)? {
            return Ok(false);
        }
        if target.stamp.kind != Kind::Directory || matches!(displaced, Displaced::Conflict(_)) {
            return Ok(true);
        }
        let vfs = self.tree.vfs;
        Ok(vfs.list(&vfs.open_directory(&out.directory, out.name()?)?)?.is_empty())
    }

    /// Brings what is in the slot back to its place, and ours into the slot. What a person has put there meanwhile is newer: it stays, and what
    /// is in the slot stays in the recovery area.
    pub(super) fn put_back(&self, place: &Place<V>, in_slot: &Place<V>, ours: &Stamp) -> io::Result<()> {
        for _ in 0..MOST_ATTEMPTS {
            let there = self.tree.status(place)?.map(|status| status.stamp());
            let attempt = match there {
                None => self.tree.vfs.rename_no_replace(
                    &in_slot.directory,
                    in_slot.name()?,
                    &place.directory,
                    place.name()?,
                ),
                Some(Some(there)) if is_untouched(&there, ours) => self.exchange(place, in_slot),
                Some(_) => return Ok(()),
            };
            match attempt {
                // A person was quicker in that very moment.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) =>
                {
                    continue;
                }
                Err(error) => return Err(error),
                Ok(()) => {}
            }
            let out = self.tree.status(in_slot)?.and_then(|status| status.stamp());
            return match (there, out) {
                (Some(_), Some(out)) if !is_untouched(&out, ours) => self.newest_stays(place, in_slot),
                _ => Ok(()),
            };
        }
        Ok(())
    }

    /// The exchange that put something back took out what a person had made in that very moment: that one stays in place.
    fn newest_stays(&self, place: &Place<V>, in_slot: &Place<V>) -> io::Result<()> {
        match self.exchange(place, in_slot) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            ended => ended,
        }
    }

    /// Lets the object in place and the one in the slot change names; in three steps where the file system cannot do it in one.
    fn exchange(&self, place: &Place<V>, in_slot: &Place<V>) -> io::Result<()> {
        let vfs = self.tree.vfs;
        if vfs.abilities().exchange {
            return vfs.exchange(&in_slot.directory, in_slot.name()?, &place.directory, place.name()?);
        }
        let aside = aside(in_slot);
        vfs.rename_no_replace(&place.directory, place.name()?, &aside.directory, aside.name()?)?;
        let moved =
            vfs.rename_no_replace(&in_slot.directory, in_slot.name()?, &place.directory, place.name()?);
        if let Err(error) = moved {
            vfs.rename_no_replace(&aside.directory, aside.name()?, &place.directory, place.name()?)?;
            return Err(error);
        }
        vfs.rename_no_replace(&aside.directory, aside.name()?, &in_slot.directory, in_slot.name()?)
    }

    /// Where names cannot be exchanged: the old object goes to a name beside the slot, then the new one takes its place. For a moment the name
    /// is free; a kill in that moment is repaired from the intent at the next start.
    fn displace_in_two_steps(
        &self,
        place: &Place<V>,
        in_slot: &Place<V>,
        target: &Target,
        displaced: &Displaced,
    ) -> Result<(), Stop> {
        let vfs = self.tree.vfs;
        let aside = aside(in_slot);
        let taken = vfs.rename_no_replace(&place.directory, place.name()?, &aside.directory, aside.name()?);
        taken.map_err(taken_is_changed)?;
        let stop = match self.is_displaced(&aside, target, displaced) {
            Ok(true) => {
                match vfs.rename_no_replace(
                    &in_slot.directory,
                    in_slot.name()?,
                    &place.directory,
                    place.name()?,
                ) {
                    // The slot is free now: the displaced object takes it.
                    Ok(()) => {
                        return Ok(vfs.rename_no_replace(
                            &aside.directory,
                            aside.name()?,
                            &in_slot.directory,
                            in_slot.name()?,
                        )?);
                    }
                    Err(error) => taken_is_changed(error),
                }
            }
            Ok(false) => Stop::Undone(Undone::Changed),
            Err(stop) => stop,
        };
        // If the name was taken again meanwhile, what was displaced stays in the recovery area; the losing side of a conflict gets its own name.
        match vfs.rename_no_replace(&aside.directory, aside.name()?, &place.directory, place.name()?) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.keep_aside(&aside, displaced)?;
                Err(stop)
            }
            Err(error) => Err(error.into()),
            Ok(()) => Err(stop),
        }
    }

    /// After an exchange that did not take place, the staged object goes back to its own name, so that its content is there for the next plan.
    /// It is only a copy of what others have: if even that fails, nothing is lost. But for a moment a person could see it: if they have
    /// changed it, it is theirs, and stays in the recovery area.
    pub(super) fn take_back(&self, entry: &Entry, staged: &Staged<V>, in_slot: &Place<V>) {
        let (Ok(slot_name), Ok(own_name)) = (in_slot.name(), staged.name()) else { return };
        if !self.stamp_at(in_slot).is_ok_and(|found| is_untouched(&found, &staged.stamp)) {
            return;
        }
        let vfs = self.tree.vfs;
        let _ = match &entry.content {
            Content::File(_) => {
                vfs.rename_no_replace(&in_slot.directory, slot_name, &staged.directory, own_name)
            }
            Content::Link(target) if self.is_link_to(in_slot, target) => {
                vfs.remove_file(&in_slot.directory, slot_name)
            }
            Content::Directory => vfs.remove_directory(&in_slot.directory, slot_name),
            _ => Ok(()),
        };
    }

    /// A link with this target stands there. A link that is gone may have left its number to another one.
    pub(super) fn is_link_to(&self, place: &Place<V>, target: &str) -> bool {
        let Ok(name) = place.name() else { return false };
        self.tree.vfs.read_link(&place.directory, name).is_ok_and(|found| found == target.as_bytes())
    }
}

/// The place beside a slot through which an object goes where names cannot be exchanged.
pub(super) fn aside<V: Vfs>(in_slot: &Place<V>) -> Place<V> {
    const LONGEST: usize = 240;
    let mut end = in_slot.name.len().min(LONGEST);
    // Not in the middle of a character: some file systems refuse that.
    while end < in_slot.name.len() && in_slot.name[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    let mut name = in_slot.name[..end].to_vec();
    name.extend_from_slice(b"~displaced");
    Place { directory: in_slot.directory.clone(), name }
}
