//! Only permissions or time change, and perhaps owner and attributes.

use super::act::Replacement;
use super::prepare::{Prepared, Staged, expect, missing_is_changed, permissions_of};
use super::{Executor, Job, Stop, fail, undone};
use crate::area::{staged, staged_name};
use crate::staging::read_block;
use crate::tree::Place;
use crate::vfs::{Name, Vfs};
use homesync_engine::{Displaced, Done, Found, Operation, Outcome, Stamp, Undone};
use homesync_protocol::Kind;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// The bits of a directory that do not travel: set-user, set-group and sticky.
const OWN: u16 = 0o7000;

impl<V: Vfs> Executor<'_, V> {
    /// A file gets its new time and permissions on a copy that takes its place. Setting the time of the file itself could hide an edit that a
    /// person makes in that very moment: the time is what tells edits apart.
    pub(super) fn adjust(
        &self,
        operation: &Operation,
        expected: Stamp,
        prepared: Prepared<V>,
    ) -> Result<Done, Stop> {
        let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
        match (prepared.staged, prepared.slot, expected.kind) {
            (Some(staged), Some(slot), Kind::File) => {
                let replacement = Replacement {
                    place: &place,
                    staged: &staged,
                    slot: &slot,
                    act: &prepared.act,
                    version: None,
                };
                self.replace(operation, &replacement, &Displaced::Recovery)
            }
            (_, _, Kind::Directory) => self.adjust_directory(operation, expected, &place),
            // A link has neither.
            _ => match self.last_look(operation, &place)? {
                Some(target) => Ok(Done { stamp: Some(target.stamp), ..Done::default() }),
                None => Err(Stop::Undone(Undone::Changed)),
            },
        }
    }

    fn adjust_directory(
        &self,
        operation: &Operation,
        expected: Stamp,
        place: &Place<V>,
    ) -> Result<Done, Stop> {
        let vfs = self.tree.vfs;
        let directory =
            Arc::new(vfs.open_directory(&place.directory, place.name()?).map_err(missing_is_changed)?);
        // What is open cannot be replaced any more: the look and the change are about one object.
        expect(vfs.directory_status(&directory)?.stamp(), expected)?;
        let (stamp, found) = self.give_permissions(operation, &directory)?;
        Ok(Done { stamp: Some(stamp), found, ..Done::default() })
    }

    /// Gives directories their permissions: those that get others, and those that were there before they were to be made. Answers how that ended.
    pub(super) fn close_directories(
        &self,
        jobs: Vec<(usize, Job<V>)>,
        outcomes: &BTreeMap<usize, Outcome>,
    ) -> BTreeMap<usize, Outcome> {
        let act = |(number, job)| (number, self.act_on(job));
        let mut closed: BTreeMap<usize, Outcome> = jobs.into_iter().map(act).collect();
        let to_be_closed = self.to_be_closed.take();
        let is_to_be_closed =
            |outcome: &&Outcome| outcome.result.is_ok() && to_be_closed.contains(&outcome.operation.path);
        for (number, outcome) in outcomes.iter().filter(|(_, outcome)| is_to_be_closed(outcome)) {
            let result = match self.close(&outcome.operation) {
                Ok((stamp, found)) => Ok(Done { stamp: Some(stamp), found, ..Done::default() }),
                Err(stop) => Err(undone(&outcome.operation.path, stop)),
            };
            closed.insert(*number, Outcome { result, ..outcome.clone() });
        }
        if !closed.is_empty() {
            fail(closed.values_mut(), self.make_names_durable().err().as_ref());
        }
        closed
    }

    /// Directories that were to get their permissions last have not got them: they are not as they should be.
    pub(super) fn leave_open(&self, outcomes: &mut BTreeMap<usize, Outcome>) {
        let to_be_closed = self.to_be_closed.take();
        let is_open =
            |outcome: &&mut Outcome| outcome.result.is_ok() && to_be_closed.contains(&outcome.operation.path);
        for outcome in outcomes.values_mut().filter(is_open) {
            outcome.result = Err(Undone::Changed);
        }
    }

    /// Gives one its permissions, unless it has them or nobody says any: while it was lent that could not be seen.
    fn close(&self, operation: &Operation) -> Result<(Stamp, Option<Arc<Found>>), Stop> {
        let directory = self.tree.directory(&operation.path).map_err(missing_is_changed)?;
        let has = self.tree.vfs.directory_status(&directory)?.permissions & 0o777;
        let is_said = operation.entry.permissions.is_some();
        match is_said && has != permissions_of(&operation.entry) {
            true => self.give_permissions(operation, &directory),
            false => self.dressed_directory(operation, &directory),
        }
    }

    /// Sets a directory's permissions, attributes and owner. If it has others right after that, a person has just set those: they must not be known as ours.
    pub(super) fn give_permissions(
        &self,
        operation: &Operation,
        directory: &Arc<V::Directory>,
    ) -> Result<(Stamp, Option<Arc<Found>>), Stop> {
        let vfs = self.tree.vfs;
        let permissions = permissions_of(&operation.entry);
        self.names_change(directory)?;
        // Which group new files get, and who may remove them, is not told to others and not taken from them: it stays as it is here.
        let own = vfs.directory_status(directory)?.permissions & OWN;
        vfs.set_directory_permissions(directory, permissions | own)?;
        let found = vfs.directory_status(directory)?.stamp();
        if found.is_none_or(|found| found.permissions & 0o777 != permissions) {
            return Err(Stop::Undone(Undone::Changed));
        }
        self.dressed_directory(operation, directory)
    }

    /// A copy of what is in place, under a name of ours. Each block is looked at on the way: what a person is writing at this moment must not
    /// come into place half old and half new.
    pub(super) fn staged_copy(&self, operation: &Operation, place: &Place<V>) -> Result<Staged<V>, Stop> {
        let vfs = self.tree.vfs;
        let entry = &operation.entry;
        let Some(blocks) = entry.content.blocks() else { return Err(Stop::Undone(Undone::Changed)) };
        let directory = staged(&self.tree)?;
        let name = staged_name(&entry.path, entry.content.blocks());
        match vfs.remove_file(&directory, Name::new(name.as_bytes())?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let source = vfs.open_file(&place.directory, place.name()?).map_err(missing_is_changed)?;
        let copy = vfs.create_file(&directory, Name::new(name.as_bytes())?, 0o600)?;
        // A clone shares what it holds, and stays as it is whatever a person writes to the other.
        let is_clone = vfs.clone_content(&source, &copy).is_ok();
        if !is_clone {
            vfs.set_length(&copy, 0)?;
        }
        for number in 0..blocks.hashes().len() {
            let bytes = read_block(vfs, if is_clone { &copy } else { &source }, blocks, number)?;
            if crate::hash::hash_of(&bytes) != blocks.hashes()[number] {
                self.check(operation, place)?;
                return Err(Stop::Undone(Undone::Damaged));
            }
            if !is_clone {
                write_all(vfs, &copy, blocks.extent(number).0, &bytes)?;
            }
        }
        if vfs.file_status(&source)?.size != blocks.size() || vfs.file_status(&copy)?.size != blocks.size() {
            return Err(Stop::Undone(Undone::Changed));
        }
        self.dressed(directory, name, copy, operation)
    }
}

/// Writes all bytes, however few the system takes at a time.
pub(crate) fn write_all<V: Vfs>(
    vfs: &V,
    file: &V::File,
    mut offset: u64,
    mut bytes: &[u8],
) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = vfs.write_at(file, offset, bytes)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        offset += written as u64;
        bytes = &bytes[written..];
    }
    Ok(())
}
