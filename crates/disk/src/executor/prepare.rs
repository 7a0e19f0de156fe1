//! Everything that can be found out and made ready before a person's object is touched.

use super::lent::WRITE;
use super::stranded::STAGED_DIRECTORY;
use super::{Executor, Stop};
use crate::area::{act_name, slot, staged, staged_name};
use crate::metadata::Subject;
use crate::staging::is_right;
use crate::tree::Place;
use crate::vfs::{Name, Opened, Vfs};
use homesync_engine::{Displaced, Expected, Found, Intent, Operation, Stamp, Step, Undone};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Entry, Kind};
use rustix::io::Errno;
use std::io;
use std::sync::Arc;

/// Permissions of a file for which nobody says any.
const FILE_PERMISSIONS: u16 = 0o644;
/// Permissions of a directory for which nobody says any.
const DIRECTORY_PERMISSIONS: u16 = 0o755;
/// Set-user-id and its like are never granted because another machine says so.
const GRANTED: u16 = 0o777;

/// An operation that is ready to be done.
pub(super) struct Prepared<V: Vfs> {
    /// What stands complete under a name of ours.
    pub(super) staged: Option<Staged<V>>,
    /// Where the displaced object goes through.
    pub(super) slot: Option<String>,
    /// The directory of this act below the recovery area.
    pub(super) act: String,
    /// What the displaced object becomes, if it becomes a version.
    pub(super) version: Option<RelativePath>,
}

/// A new object that stands complete under a name of ours: a file among the staged ones, everything else in the slot.
pub(super) struct Staged<V: Vfs> {
    pub(super) directory: Arc<V::Directory>,
    pub(super) name: String,
    /// Held open to the end, so that its number is given to no other object meanwhile.
    pub(super) file: Option<V::File>,
    /// The same for a directory.
    opened: Option<V::Directory>,
    pub(super) stamp: Stamp,
    pub(super) found: Option<Arc<Found>>,
}

impl<V: Vfs> Staged<V> {
    pub(super) fn name(&self) -> io::Result<Name<'_>> {
        Name::new(self.name.as_bytes())
    }
}

impl<V: Vfs> Prepared<V> {
    pub(super) fn intent(&self, number: u64, operation: &Operation) -> Option<Intent> {
        let copies = match &operation.step {
            Step::Put { displaced: Displaced::Conflict(names) } => names.clone(),
            _ => self.version.iter().cloned().collect(),
        };
        Some(Intent {
            number,
            path: match &operation.step {
                Step::Move { from, .. } => from.clone(),
                _ => operation.path.clone(),
            },
            expected: operation.expected,
            staged: self.staged.as_ref().map(|staged| staged.stamp),
            staged_name: self
                .staged
                .as_ref()
                .filter(|staged| staged.file.is_some())
                .map(|staged| staged.name.clone()),
            slot: Some(self.slot.clone()?),
            copies,
        })
    }
}

/// The permissions that an entry asks for.
pub(super) fn permissions_of(entry: &Entry) -> u16 {
    let usual = if entry.content == Content::Directory { DIRECTORY_PERMISSIONS } else { FILE_PERMISSIONS };
    entry.permissions.map_or(usual, |permissions| permissions & GRANTED)
}

/// It is the very object, and nobody has touched it, as far as can be told after it was moved.
pub(super) fn is_untouched(found: &Stamp, expected: &Stamp) -> bool {
    match expected.kind {
        Kind::Directory => found.kind == Kind::Directory && found.inode == expected.inode,
        _ => found.is_untouched_object(expected),
    }
}

/// What was found is what the plan expects. A directory is known by its number alone: what is in it is its own affair.
pub(super) fn is_expected(found: Option<Stamp>, expected: Expected) -> bool {
    match (found, expected) {
        (None, Expected::Absent) => true,
        (Some(found), Expected::Object(wanted)) if wanted.kind == Kind::Directory => {
            found.kind == Kind::Directory && found.inode == wanted.inode
        }
        (Some(found), Expected::Object(wanted)) => found == wanted,
        _ => false,
    }
}

/// The object is the one that the plan was made for, and has the permissions that it had then.
pub(super) fn expect(found: Option<Stamp>, expected: Stamp) -> Result<(), Stop> {
    let is_mode_kept = found.is_some_and(|found| found.permissions == expected.permissions);
    match is_mode_kept && is_expected(found, Expected::Object(expected)) {
        true => Ok(()),
        false => Err(Stop::Undone(Undone::Changed)),
    }
}

impl<V: Vfs> Executor<'_, V> {
    pub(super) fn prepare(&self, operation: &Operation, number: u64) -> Result<Prepared<V>, Stop> {
        let is_copied = matches!(operation.step, Step::Adjust | Step::Dress)
            && operation.entry.content.kind() == Kind::File
            && !self.is_dressed_in_place(operation)?;
        let goes_through_slot = match (&operation.step, operation.expected) {
            _ if self.program_for(operation).is_some() => false,
            // Where both names are one, the file must be away from it for a moment.
            (Step::Move { from, .. }, _) => self.is_other_spelling(from, &operation.path),
            (Step::Put { .. }, Expected::Object(_)) => true,
            (Step::Adjust | Step::Dress, _) => is_copied,
            (Step::Remove, Expected::Object(stamp)) => stamp.kind != Kind::Directory,
            _ => false,
        };
        let act = act_name(self.now, number);
        let slot = goes_through_slot.then(|| format!("{act}/{}", operation.path.as_str()));
        let staged = match (&operation.step, &operation.entry.content) {
            (Step::Put { .. }, Content::File(_)) => Some(self.staged_content(operation)?),
            (Step::Put { .. }, _) if goes_through_slot => {
                let slot = slot.as_deref().unwrap_or_default();
                Some(self.staged_in_slot(operation, slot)?)
            }
            (Step::Put { .. }, Content::Directory) => Some(self.staged_directory(operation)?),
            (Step::Adjust | Step::Dress, Content::File(_)) if is_copied => {
                let place = self.tree.place(&operation.path).map_err(missing_is_changed)?;
                Some(self.staged_copy(operation, &place)?)
            }
            _ => None,
        };
        Ok(Prepared { staged, slot, act, version: self.version_for(operation) })
    }

    /// The content that was put together before, with its permissions and time.
    fn staged_content(&self, operation: &Operation) -> Result<Staged<V>, Stop> {
        let entry = &operation.entry;
        let directory = staged(&self.tree)?;
        let name = staged_name(&entry.path, entry.content.blocks());
        let file = match self.tree.vfs.open_file_for_writing(&directory, Name::new(name.as_bytes())?) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Stop::Undone(Undone::Missing));
            }
            opened => opened?,
        };
        // It has its full size from the beginning, and an earlier run may have been cut short at any place: only the bytes themselves tell.
        if !self.is_whole(&file, entry)? {
            return Err(Stop::Undone(Undone::Missing));
        }
        self.dressed(directory, name, file, operation)
    }

    fn is_whole(&self, file: &V::File, entry: &Entry) -> Result<bool, Stop> {
        let Some(blocks) = entry.content.blocks() else { return Ok(false) };
        if self.tree.vfs.file_status(file)?.size != blocks.size() {
            return Ok(false);
        }
        for number in 0..blocks.hashes().len() {
            if !is_right(self.tree.vfs, file, blocks, number)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Gives a staged file the permissions, time, attributes and owner that it is to have from the first moment that it can be seen. The owner last: what
    /// was given away may not be changed any more.
    pub(super) fn dressed(
        &self,
        directory: Arc<V::Directory>,
        name: String,
        file: V::File,
        operation: &Operation,
    ) -> Result<Staged<V>, Stop> {
        let vfs = self.tree.vfs;
        let permissions = permissions_of(&operation.entry);
        let subject = Subject::Opened(Opened::File(&file));
        if self.closes(permissions) && self.metadata.looks() {
            // It gets its attributes as long as its owner may write to it.
            vfs.set_file_permissions(&file, permissions | WRITE)?;
            self.give(operation, subject)?;
        }
        vfs.set_file_permissions(&file, permissions)?;
        vfs.set_modified(&file, operation.entry.modified)?;
        let (stamp, found) = match self.give(operation, subject)? {
            Some((stamp, found)) => (stamp, Some(found)),
            None => (vfs.file_status(&file)?.stamp().ok_or(Stop::Undone(Undone::Missing))?, None),
        };
        Ok(Staged { directory, name, file: Some(file), opened: None, stamp, found })
    }

    /// A new directory comes into place with its permissions, durably, like a file. One of an earlier run may be there.
    fn staged_directory(&self, operation: &Operation) -> Result<Staged<V>, Stop> {
        let (vfs, entry) = (self.tree.vfs, &operation.entry);
        let directory = staged(&self.tree)?;
        let name = format!("{}{STAGED_DIRECTORY}", staged_name(&entry.path, None));
        let own = Name::new(name.as_bytes())?;
        let (permissions, is_lent) = self.permissions_at_first(entry);
        let is_made = match vfs.create_directory(&directory, own, permissions) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
            made => {
                made?;
                true
            }
        };
        let opened = vfs.open_directory(&directory, own)?;
        if !is_made {
            vfs.set_directory_permissions(&opened, permissions)?;
        }
        self.note_lent(&opened, is_lent)?;
        let (stamp, found) = self.dressed_directory(operation, &opened)?;
        let stamp = Stamp { permissions: permissions_of(entry), ..stamp };
        Ok(Staged { directory, name, file: None, opened: Some(opened), stamp, found })
    }

    /// A directory or link that is to take the place of something stands in the slot from the start.
    fn staged_in_slot(&self, operation: &Operation, at: &str) -> Result<Staged<V>, Stop> {
        let (vfs, entry) = (self.tree.vfs, &operation.entry);
        let (directory, name) = slot(&self.tree, at)?;
        let (opened, stamp, found) = match &entry.content {
            Content::Link(target) => {
                vfs.create_link(&directory, name, target.as_bytes())?;
                let place = Place { directory: directory.clone(), name: name.as_bytes().to_vec() };
                let found = self.give_link(operation, &place)?.map(|(_, found)| found);
                (None, self.stamp_at(&place)?, found)
            }
            _ => {
                let (permissions, is_lent) = self.permissions_at_first(entry);
                vfs.create_directory(&directory, name, permissions)?;
                let opened = vfs.open_directory(&directory, name)?;
                self.note_lent(&opened, is_lent)?;
                let (stamp, found) = self.dressed_directory(operation, &opened)?;
                (Some(opened), Stamp { permissions: permissions_of(entry), ..stamp }, found)
            }
        };
        let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
        Ok(Staged { directory, name, file: None, opened, stamp, found })
    }

    /// Makes durable what a staged object is, whatever it is called.
    pub(super) fn synchronize(&self, staged: &Staged<V>) -> io::Result<()> {
        match (&staged.file, &staged.opened) {
            (Some(file), _) => self.tree.vfs.synchronize_file(file),
            (None, Some(directory)) => self.tree.vfs.synchronize_directory(directory),
            // A link has nothing beside its name.
            (None, None) => Ok(()),
        }
    }

    /// A file of ours that is not to be used again. If it cannot be taken away, its content is looked at before it is used.
    pub(super) fn drop_content(&self, staged: &Staged<V>) {
        if let (Some(_), Ok(name)) = (&staged.file, staged.name()) {
            let _ = self.tree.vfs.remove_file(&staged.directory, name);
        }
    }

    /// Takes away what nobody has seen yet and nothing was done with. Staged files stay for the next plan.
    pub(super) fn discard(&self, staged: &Staged<V>) {
        if staged.file.is_none()
            && let Ok(name) = staged.name()
        {
            let _ = match staged.stamp.kind {
                Kind::Directory => self.tree.vfs.remove_directory(&staged.directory, name),
                _ => self.tree.vfs.remove_file(&staged.directory, name),
            };
        }
    }
}

/// A directory above that is gone means that a person was here.
pub(super) fn missing_is_changed(error: io::Error) -> Stop {
    match Errno::from_io_error(&error) {
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Stop::Undone(Undone::Changed),
        _ => Stop::Refused(error),
    }
}
