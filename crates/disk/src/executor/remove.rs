//! Taking away: into the recovery area, always.

use super::act::taken_is_changed;
use super::prepare::{Prepared, missing_is_changed};
use super::{Executor, Stop};
use crate::area::slot;
use crate::tree::Place;
use crate::vfs::{ObjectKind, Vfs};
use homesync_engine::{Bug, Done, Operation, Undone, planted};
use homesync_paths::{RelativePath, is_temporary};
use homesync_protocol::Kind;
use std::io;
use std::sync::Arc;

impl<V: Vfs> Executor<'_, V> {
    pub(super) fn remove(&self, operation: &Operation, prepared: Prepared<V>) -> Result<Done, Stop> {
        let place = match self.tree.place(&operation.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.gone_already(operation),
            place => place.map_err(missing_is_changed)?,
        };
        // Also where it is gone already: an earlier run may have taken it away and not made that durable.
        self.names_change(&place.directory)?;
        let Some(target) = self.last_look(operation, &place)? else { return Ok(Done::default()) };
        if target.stamp.kind == Kind::Directory {
            return self.remove_directory(operation, &prepared.act, &place);
        }
        let Some(at) = prepared.slot else { return Err(Stop::Undone(Undone::Changed)) };
        if planted(Bug::RemovedOutright) {
            let name = place.name()?;
            self.tree.vfs.remove_file(&place.directory, name).map_err(taken_is_changed)?;
            return Ok(Done::default());
        }
        let in_slot = self.away_from(&place, &at)?;
        let stop = match self.is_target(&in_slot, &target) {
            Ok(true) => {
                let kept = self.keep_version(&in_slot, &at, &prepared.act, prepared.version.as_ref());
                return Ok(Done { kept: Some(kept), ..Done::default() });
            }
            Ok(false) => Stop::Undone(Undone::Changed),
            Err(stop) => stop,
        };
        // A person's edit came out. It goes back, unless they have made another one under that name since; then it stays in the recovery area.
        match self.rename(&in_slot, &place) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error.into()),
            _ => Err(stop),
        }
    }

    /// The directory that it was in is gone, and so is it: that becomes durable with the nearest directory that is still there.
    pub(super) fn gone_already(&self, operation: &Operation) -> Result<Done, Stop> {
        let mut nearest = self.tree.root()?;
        for above in operation.path.ancestors() {
            match self.tree.directory(&above) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => {
                    nearest = found.map_err(missing_is_changed)?;
                    break;
                }
            }
        }
        self.names_change(&nearest)?;
        Ok(Done::default())
    }

    /// A directory goes only when it is empty, which the file system looks at and does in one step. Nothing of a person's is in it then, so
    /// there is nothing to keep.
    fn remove_directory(&self, operation: &Operation, act: &str, place: &Place<V>) -> Result<Done, Stop> {
        self.sweep(operation, act, place)?;
        self.tree.forget(&operation.path);
        match self.tree.vfs.remove_directory(&place.directory, place.name()?) {
            Ok(()) => Ok(Done::default()),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                Err(Stop::Undone(Undone::NotEmpty))
            }
            Err(error) => Err(taken_is_changed(error)),
        }
    }

    /// Moves what may go with the directory to the recovery area: what a `(?d)` pattern names, and other programs' temporary files. If
    /// anything else is in it, it stays, and so do they.
    pub(super) fn sweep(&self, operation: &Operation, act: &str, place: &Place<V>) -> Result<(), Stop> {
        let vfs = self.tree.vfs;
        let directory = Arc::new(vfs.open_directory(&place.directory, place.name()?)?);
        let listed = vfs.list(&directory)?;
        if !listed.iter().all(|(name, kind)| self.is_rest(operation, name, *kind)) {
            return Err(Stop::Undone(Undone::NotEmpty));
        }
        for (name, _) in listed {
            let Some(path) = below(&operation.path, &name) else { continue };
            // Apart from the act's own slot, which may have the directory's name.
            let at = format!("{act}-rest/{}", path.as_str());
            let (recovery, slot_name) = slot(&self.tree, &at)?;
            self.names_change(&recovery)?;
            self.names_change(&directory)?;
            let rest = Place { directory: directory.clone(), name };
            if let Some(found) = self.tree.status(&rest)?.and_then(|status| status.stamp()) {
                self.lend_displaced(&rest, &found)?;
            }
            match vfs.rename_no_replace(&directory, rest.name()?, &recovery, slot_name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// It may go with the directory that it is in.
    pub(super) fn is_rest(&self, operation: &Operation, name: &[u8], kind: ObjectKind) -> bool {
        let Some(path) = below(&operation.path, name) else { return false };
        kind != ObjectKind::Special && (is_temporary(path.name()) || (self.deletable)(&path))
    }
}

/// The path of what has this name in a directory, if it can be one.
pub(super) fn below(directory: &RelativePath, name: &[u8]) -> Option<RelativePath> {
    RelativePath::parse(&format!("{}/{}", directory.as_str(), std::str::from_utf8(name).ok()?)).ok()
}
