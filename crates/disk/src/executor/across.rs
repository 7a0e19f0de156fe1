//! A new file or directory where nothing can be moved to in one step: a directory of the folder that is mounted there, from the same file
//! system or another. The system tells only when it is tried.
//!
//! The content goes to a temporary name beside its place, is made durable there, and gets its name in one step: whole or nothing, as
//! anywhere. What is *replaced* or *removed* in such a directory could not be brought into the recovery area in one step, so it stays, and the
//! person is told.

use super::act::taken_is_changed;
use super::prepare::{Staged, permissions_of};
use super::{Executor, Stop};
use crate::executor::write_all;
use crate::hash::hash_of;
use crate::staging::read_block;
use crate::tree::Place;
use crate::vfs::{Name, Vfs};
use homesync_engine::{Found, Operation, Stamp, Undone};
use rustix::io::Errno;
use std::io;
use std::sync::Arc;

/// The system cannot move it there in one step.
pub(super) fn is_across(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::XDEV)
}

impl<V: Vfs> Executor<'_, V> {
    /// Puts a copy of a staged file in place.
    pub(super) fn put_copy(
        &self,
        operation: &Operation,
        place: &Place<V>,
        staged: &Staged<V>,
    ) -> Result<Staged<V>, Stop> {
        let vfs = self.tree.vfs;
        // A name that nobody else gives, and that every program of this kind takes for temporary.
        let text = format!(".syncthing.homesync-{}.tmp", staged.name);
        let name = Name::new(text.as_bytes())?;
        // One of an earlier run that was cut short.
        match vfs.remove_file(&place.directory, name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let result = self.copy_beside(operation, place, staged, &text).and_then(|copy| {
            let renamed = vfs.rename_no_replace(&place.directory, name, &place.directory, place.name()?);
            renamed.map_err(taken_is_changed)?;
            Ok(copy)
        });
        match result {
            // If it cannot be taken away, its content is looked at before it is used again.
            Ok(_) => drop(vfs.remove_file(&staged.directory, staged.name()?)),
            Err(_) => drop(vfs.remove_file(&place.directory, name)),
        }
        result
    }

    /// The copy under its temporary name, complete, dressed and durable.
    fn copy_beside(
        &self,
        operation: &Operation,
        place: &Place<V>,
        staged: &Staged<V>,
        name: &str,
    ) -> Result<Staged<V>, Stop> {
        let vfs = self.tree.vfs;
        let (Some(blocks), Some(from)) = (operation.entry.content.blocks(), &staged.file) else {
            return Err(Stop::Undone(Undone::Missing));
        };
        let to = vfs.create_file(&place.directory, Name::new(name.as_bytes())?, 0o600)?;
        vfs.set_length(&to, blocks.size())?;
        for number in 0..blocks.hashes().len() {
            let bytes = read_block(vfs, from, blocks, number)?;
            if hash_of(&bytes) != blocks.hashes()[number] {
                return Err(Stop::Undone(Undone::Missing));
            }
            // A hole stays one.
            if bytes.iter().all(|byte| *byte == 0) {
                continue;
            }
            write_all(vfs, &to, blocks.extent(number).0, &bytes)?;
        }
        let copy = self.dressed(place.directory.clone(), name.to_string(), to, operation)?;
        self.synchronize(&copy)?;
        Ok(copy)
    }

    /// Makes a directory in place. Whoever looks between its making and its permissions sees it closed, not open.
    pub(super) fn make_in_place(
        &self,
        operation: &Operation,
        place: &Place<V>,
    ) -> Result<(Stamp, Option<Arc<Found>>), Stop> {
        let vfs = self.tree.vfs;
        let permissions = permissions_of(&operation.entry);
        vfs.create_directory(&place.directory, place.name()?, permissions).map_err(taken_is_changed)?;
        let opened = Arc::new(vfs.open_directory(&place.directory, place.name()?).map_err(taken_is_changed)?);
        self.names_change(&opened)?;
        self.dressed_directory(operation, &opened)
    }
}
