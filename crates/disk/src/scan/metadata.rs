//! Owner and attributes of what a look finds.

use super::Scanner;
use crate::metadata::{Subject, read};
use crate::tree::Place;
use crate::vfs::{Opened, Status, Vfs};
use homesync_engine::{Found, Local, MetadataRules, Stamp};
use homesync_protocol::{Kind, Metadata};
use std::io;
use std::sync::Arc;

impl<V: Vfs> Scanner<'_, V> {
    /// Those of an object that is not read; nothing if the folder carries neither.
    ///
    /// What is known of an untouched object holds. A directory is touched by everything that is made in it, so it is looked at each time.
    pub(super) fn metadata(
        &self,
        place: &Place<V>,
        status: &Status,
        stamp: &Stamp,
        known: Option<&Local>,
    ) -> io::Result<Option<Arc<Metadata>>> {
        let rules = &self.metadata;
        if !rules.looks() {
            return Ok(None);
        }
        let found = known.and_then(|known| known.found.as_deref());
        let is_untouched = known.is_some_and(|known| known.stamp == Some(*stamp));
        if is_untouched && stamp.kind != Kind::Directory && rules.is_known(stamp.kind, found) {
            return Ok(found.map(|found| found.metadata.clone()));
        }
        let vfs = self.tree.vfs;
        let (directory, name) = (&*place.directory, place.name()?);
        let known = found.and_then(|found| found.metadata.owner.as_ref());
        let only_owner = || read(vfs, Subject::Link(directory, name), status, known, rules);
        let metadata = match stamp.kind {
            kind if !rules.looks_at_attributes(kind) => only_owner(),
            Kind::Directory => match vfs.open_directory(directory, name) {
                Ok(opened) => read(vfs, Subject::Opened(Opened::Directory(&opened)), status, known, rules),
                // That it cannot be listed is said of what is in it.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => only_owner(),
                Err(error) => Err(error),
            },
            _ => {
                let opened = vfs.open_file(directory, name)?;
                read(vfs, Subject::Opened(Opened::File(&opened)), status, known, rules)
            }
        };
        Ok(Some(same_or(found, metadata?)))
    }
}

/// What is known already is kept once.
fn same_or(found: Option<&Found>, metadata: Metadata) -> Arc<Metadata> {
    match found {
        Some(found) if *found.metadata == metadata => found.metadata.clone(),
        _ => Arc::new(metadata),
    }
}

/// Those of a file that is open, after it was read.
pub(super) fn of_file<V: Vfs>(
    vfs: &V,
    file: &V::File,
    status: &Status,
    rules: &MetadataRules,
) -> io::Result<Option<Arc<Metadata>>> {
    if !rules.looks() {
        return Ok(None);
    }
    read(vfs, Subject::Opened(Opened::File(file)), status, None, rules).map(|read| Some(Arc::new(read)))
}
