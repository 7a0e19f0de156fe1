//! Owner and attributes of what is put in place, and of what stands there already.
//!
//! What the system does not let us set holds nothing up: the content comes all the same, and what was found, with the reason, goes back to the engine.

use super::act::taken_is_changed;
use super::prepare::{Prepared, expect, missing_is_changed};
use super::{Executor, Job, Stop};
use crate::durable::FLUSH_ALL;
use crate::metadata::{Refusals, Subject, give, read};
use crate::tree::Place;
use crate::vfs::{Opened, Vfs};
use homesync_engine::{Carry, Done, Expected, Found, Operation, Stamp, Step, Undone};
use homesync_protocol::{Content, Kind, Metadata};
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

/// Said where nothing was refused and what was set is not there all the same.
const NOT_KEPT: &str = "this file system keeps its owner or its attributes otherwise";

/// What was set on objects that keep their names, and is not durable yet.
pub(super) struct Touched<V: Vfs> {
    files: RefCell<Vec<V::File>>,
    /// There is something among them that cannot be made durable by itself.
    everything: Cell<bool>,
}

impl<V: Vfs> Default for Touched<V> {
    fn default() -> Self {
        Self { files: RefCell::default(), everything: Cell::new(false) }
    }
}

impl<V: Vfs> Touched<V> {
    fn file(&self, file: V::File) {
        let mut files = self.files.borrow_mut();
        if files.len() + 1 >= FLUSH_ALL {
            self.everything.set(true);
            files.clear();
        } else if !self.everything.get() {
            files.push(file);
        }
    }

    /// Answers whether everything has become durable by that.
    pub(super) fn make_durable(&self, vfs: &V) -> io::Result<bool> {
        let files = std::mem::take(&mut *self.files.borrow_mut());
        if self.everything.take() {
            vfs.synchronize_everything()?;
            return Ok(true);
        }
        files.iter().try_for_each(|file| vfs.synchronize_file(file))?;
        Ok(false)
    }
}

impl<V: Vfs> Executor<'_, V> {
    /// Gives an object what its entry asks for, and answers how it stands then, if the folder carries that at all.
    pub(super) fn give(
        &self,
        operation: &Operation,
        to: Subject<'_, V>,
    ) -> Result<Option<(Stamp, Arc<Found>)>, Stop> {
        let (vfs, rules) = (self.tree.vfs, &self.metadata);
        if !rules.looks() {
            return Ok(None);
        }
        let refusals = match self.wanted(operation) {
            Some(wanted) => give(vfs, to, &wanted, rules)?,
            None => Refusals::default(),
        };
        let status = to.status(vfs)?;
        let stamp = status.stamp().ok_or(Stop::Undone(Undone::Changed))?;
        let metadata = read(vfs, to, &status, None, rules)?;
        let entry = &operation.entry;
        let is_met = rules.is_met(entry.content.kind(), &metadata, entry.metadata.as_deref());
        let refused = match is_met {
            true => None,
            // Without a reason it would be tried for ever.
            false => Some(refusals.into_text().unwrap_or_else(|| NOT_KEPT.into())),
        };
        Ok(Some((stamp, Arc::new(Found { metadata: Arc::new(metadata), refused }))))
    }

    /// What others say and is set here; of the rest, what a file has that is replaced: others' words about its content take none of that away.
    fn wanted(&self, operation: &Operation) -> Option<Metadata> {
        let rules = &self.metadata;
        let said = operation.entry.metadata.as_deref();
        let owner = said.and_then(|said| said.owner.clone()).filter(|_| rules.owner == Carry::Sync);
        let attributes = said.and_then(|said| said.attributes(rules.system));
        let attributes = attributes.filter(|_| rules.attributes == Carry::Sync).map(<[_]>::to_vec);
        let is_silent = (owner.is_none() && rules.owner != Carry::No)
            || (attributes.is_none() && rules.attributes != Carry::No);
        let replaced = if is_silent { self.replaced(operation) } else { None };
        let owner = owner.or_else(|| replaced.as_ref()?.owner.clone());
        let attributes = attributes.or_else(|| Some(replaced?.attributes(rules.system)?.to_vec()));
        let mut wanted = Metadata::new(owner, None);
        attributes.into_iter().for_each(|attributes| wanted.set_attributes(rules.system, attributes));
        (!wanted.is_empty()).then_some(wanted)
    }

    /// Of a file that another one replaces. If it cannot be looked at, nothing is taken over from it.
    fn replaced(&self, operation: &Operation) -> Option<Metadata> {
        let Expected::Object(expected) = operation.expected else { return None };
        let is_file = expected.kind == Kind::File && operation.entry.content.kind() == Kind::File;
        if !is_file || operation.step == Step::Dress {
            return None;
        }
        let vfs = self.tree.vfs;
        let place = self.tree.place(&operation.path).ok()?;
        let file = vfs.open_file(&place.directory, place.name().ok()?).ok()?;
        let status = vfs.file_status(&file).ok()?;
        read(vfs, Subject::Opened(Opened::File(&file)), &status, None, &self.metadata).ok()
    }

    /// A stamp that was taken after the object came into place, when a person could already see it. If they gave it to somebody meanwhile, it tells
    /// nothing, and the next look finds out.
    pub(super) fn trusted(
        &self,
        stamp: Stamp,
        found: Option<&Found>,
        file: Option<&V::File>,
        place: &Place<V>,
    ) -> Stamp {
        let Some(found) = found.filter(|_| stamp.kind != Kind::Directory) else { return stamp };
        let (vfs, known) = (self.tree.vfs, found.metadata.owner.as_ref());
        let read = |of: Subject<'_, V>| read(vfs, of, &of.status(vfs)?, known, &self.metadata);
        let now = match (file, place.name()) {
            (Some(file), _) => read(Subject::Opened(Opened::File(file))),
            (None, Ok(name)) => read(Subject::Link(&*place.directory, name)),
            (None, Err(error)) => Err(error),
        };
        if now.is_ok_and(|now| now == *found.metadata) { stamp } else { stamp.distrusted() }
    }

    /// Gives a link what its entry asks for. It has no other way to become durable than everything.
    pub(super) fn give_link(
        &self,
        operation: &Operation,
        place: &Place<V>,
    ) -> Result<Option<(Stamp, Arc<Found>)>, Stop> {
        let given = self.give(operation, Subject::Link(&*place.directory, place.name()?))?;
        if given.is_some() {
            self.touched.everything.set(true);
        }
        Ok(given)
    }

    /// A directory that stands there gets attributes: while it is lent, if its owner may not write in it.
    pub(super) fn gives_attributes(&self, operation: &Operation) -> bool {
        self.metadata.attributes == Carry::Sync
            && operation.entry.content == Content::Directory
            && matches!(operation.step, Step::Adjust | Step::Dress)
    }

    /// Directories that get their permissions last get their attributes now, while they are lent. What is refused is tried once more with those.
    pub(super) fn give_attributes_first(&self, jobs: &[(usize, Job<V>)]) {
        for operation in jobs.iter().filter(|(_, job)| job.is_ready()).map(|(_, job)| &job.operation) {
            if let (true, Ok(directory), Expected::Object(expected)) =
                (self.gives_attributes(operation), self.tree.directory(&operation.path), operation.expected)
                && let Ok(status) = self.tree.vfs.directory_status(&directory)
                && status.inode == expected.inode
            {
                let _ = self.give_directory(operation, &directory);
            }
        }
    }

    /// A directory gets its attributes and its owner. An access control list says what the owner may do as well: what is lent stays lent.
    fn give_directory(
        &self,
        operation: &Operation,
        opened: &V::Directory,
    ) -> Result<Option<(Stamp, Arc<Found>)>, Stop> {
        let given = self.give(operation, Subject::Opened(Opened::Directory(opened)))?;
        if let Some((stamp, _)) = &given {
            self.lend_again(opened, stamp)?;
        }
        Ok(given)
    }

    /// The same, also where the folder carries neither.
    pub(super) fn dressed_directory(
        &self,
        operation: &Operation,
        opened: &V::Directory,
    ) -> Result<(Stamp, Option<Arc<Found>>), Stop> {
        if let Some((stamp, found)) = self.give_directory(operation, opened)? {
            return Ok((stamp, Some(found)));
        }
        let stamp = self.tree.vfs.directory_status(opened)?.stamp();
        Ok((stamp.ok_or(Stop::Undone(Undone::Changed))?, None))
    }

    /// A file that has names elsewhere gets its metadata on a copy, for those names are not the folder's; and so does one that its owner may not write to.
    pub(super) fn is_dressed_in_place(&self, operation: &Operation) -> Result<bool, Stop> {
        if operation.step != Step::Dress || operation.entry.content.kind() != Kind::File {
            return Ok(operation.step == Step::Dress);
        }
        let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
        let status = self.tree.status(&place)?.ok_or(Stop::Undone(Undone::Changed))?;
        let is_closed = self.metadata.attributes == Carry::Sync && self.closes(status.permissions);
        Ok(status.links == 1 && !is_closed)
    }

    /// Sets owner and attributes of what stands there. Neither touches what tells an edit of the content, so no copy is needed; and if we are stopped in
    /// the middle, what is as others want it is no edit either.
    pub(super) fn dress(
        &self,
        operation: &Operation,
        expected: Stamp,
        prepared: Prepared<V>,
    ) -> Result<Done, Stop> {
        if prepared.staged.is_some() {
            return self.adjust(operation, expected, prepared);
        }
        let vfs = self.tree.vfs;
        let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
        let (directory, name) = (&*place.directory, place.name()?);
        let given = match expected.kind {
            Kind::Link => {
                self.last_look(operation, &place)?.ok_or(Stop::Undone(Undone::Changed))?;
                let given = self.give_link(operation, &place)?;
                if let Content::Link(target) = &operation.entry.content {
                    // Another link may have got the number of the one that was looked at.
                    self.link_stamp(&place, target)?;
                }
                given
            }
            Kind::Directory => {
                let opened = Arc::new(vfs.open_directory(directory, name).map_err(missing_is_changed)?);
                let status = vfs.directory_status(&opened)?;
                let found = status.stamp();
                // After the batch it has again what it had before.
                let as_before = |found: Stamp| match self.is_lent_now(&found) {
                    true => Stamp { permissions: expected.permissions, ..found },
                    false => found,
                };
                expect(found.map(as_before), expected)?;
                let is_ours = vfs.bound_user() == Some(status.owner);
                if self.gives_attributes(operation) && is_ours && self.closes(status.permissions) {
                    // It could not be lent: that may be otherwise in a moment.
                    return Err(Stop::Refused(Errno::ACCESS.into()));
                }
                self.names_change(&opened)?;
                let given = self.give_directory(operation, &opened)?;
                given.map(|(stamp, found)| (as_before(stamp), found))
            }
            Kind::File => {
                let opened = vfs.open_file(directory, name).map_err(taken_is_changed)?;
                let status = vfs.file_status(&opened)?;
                expect(status.stamp().filter(|_| status.links == 1), expected)?;
                let given = self.give(operation, Subject::Opened(Opened::File(&opened)))?;
                self.touched.file(opened);
                given
            }
        };
        // What stands there now must still be the object that it was set on, with the content that it had.
        let now = self.stamp_at(&place)?;
        let Some((stamp, found)) = given else { return Ok(Done { stamp: Some(now), ..Done::default() }) };
        let is_it = |one: &Stamp, other: &Stamp| match expected.kind {
            // What is in it is its own affair.
            Kind::Directory => one.kind == other.kind && one.inode == other.inode,
            _ => one.is_same_object(other),
        };
        if !is_it(&now, &stamp) || !is_it(&stamp, &expected) {
            return Err(Stop::Undone(Undone::Changed));
        }
        Ok(Done { stamp: Some(stamp), found: Some(found), ..Done::default() })
    }
}
