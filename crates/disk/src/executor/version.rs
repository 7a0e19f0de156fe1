//! What was displaced becomes a version, where the folder keeps versions.
//!
//! It is in its slot of the recovery area by then, and its intent says which name it is to get, as for the losing side of a conflict: cut short, the
//! next start goes on. Where it cannot become a version it stays in the recovery area, and nothing is lost.

use super::Executor;
use super::external::displaces_file;
use crate::tree::Place;
use crate::versions::{VERSIONS, Versioning, VersioningKind};
use crate::vfs::Vfs;
use homesync_engine::{Displaced, Intent, Kept, Operation};
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;
use std::io;

/// What an intent's displaced object is to become is a version.
pub(super) fn is_for_version(intent: &Intent) -> bool {
    intent.copies.first().is_some_and(|copy| copy.names().next() == Some(VERSIONS))
}

impl<V: Vfs> Executor<'_, V> {
    /// The name that the displaced object gets.
    pub(super) fn version_for(&self, operation: &Operation) -> Option<RelativePath> {
        self.versioning.filter(|_| displaces_file(operation))?.version_of(&operation.path, self.now)
    }

    /// Moves what is in a slot to its version. Answers where it is then: in the recovery area, if it had to stay there.
    pub(super) fn keep_version(
        &self,
        in_slot: &Place<V>,
        slot: &str,
        act: &str,
        version: Option<&RelativePath>,
    ) -> Kept {
        let made = version.map(|version| self.try_keep_version(in_slot, act, version));
        match made {
            Some(Ok(Some(version))) => Kept::Version(version),
            Some(Ok(None) | Err(_)) | None => Kept::Recovery(slot.to_string()),
        }
    }

    fn try_keep_version(
        &self,
        in_slot: &Place<V>,
        act: &str,
        version: &RelativePath,
    ) -> io::Result<Option<RelativePath>> {
        let is_can =
            matches!(self.versioning, Some(Versioning { kind: VersioningKind::TrashCan { .. }, .. }));
        if is_can {
            self.make_room(act, version)?;
        }
        let displaced = Displaced::Conflict(vec![version.clone()]);
        let Some(copy) = self.keep_aside(in_slot, &displaced)? else { return Ok(None) };
        if is_can {
            // From now on its days are counted; other programs look only at this time. That it is there counts more than that.
            let _ = self.set_time(&copy, self.now);
        }
        Ok(Some(copy))
    }

    /// The trash can holds one version of a file. The one before goes to the recovery area, and is the first of this act that is let go.
    fn make_room(&self, act: &str, version: &RelativePath) -> io::Result<()> {
        let place = match self.tree.place(version) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            place => place?,
        };
        if self.tree.status(&place)?.is_none() {
            return Ok(());
        }
        let (directory, name) = crate::area::slot(&self.tree, &format!("{act}-version/{}", version.as_str()))
            .map(|(directory, name)| (directory, name.as_bytes().to_vec()))?;
        self.names_change(&directory)?;
        self.names_change(&place.directory)?;
        self.rename(&place, &Place { directory, name })
    }

    fn set_time(&self, path: &RelativePath, time: Timestamp) -> io::Result<()> {
        let place = self.tree.place(path)?;
        let file = self.tree.vfs.open_file(&place.directory, place.name()?)?;
        self.tree.vfs.set_modified(&file, time)
    }
}
