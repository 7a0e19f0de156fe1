//! What a power cut left in a directory of ours that was about to get its name.
//!
//! A new directory comes into place by a rename, and files are moved into it right after. Some file systems may bring the second to the disk without
//! the first: then a person's file stands in a directory that only we know of.

use super::Executor;
use crate::area::{act_name, find_staged, recovery};
use crate::tree::Place;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_protocol::Kind;
use std::io;
use std::sync::Arc;

/// How the name of a staged directory ends.
pub(super) const STAGED_DIRECTORY: &str = "-directory";

impl<V: Vfs> Executor<'_, V> {
    /// Moves staged directories with something in them to the recovery area. Nothing else is ever put into one before it has its name.
    pub(super) fn keep_stranded(&self) -> io::Result<()> {
        let vfs = self.tree.vfs;
        let Some(from) = find_staged(&self.tree)? else { return Ok(()) };
        for (name, kind) in vfs.list(&from)? {
            if kind != ObjectKind::Kept(Kind::Directory) || !name.ends_with(STAGED_DIRECTORY.as_bytes()) {
                continue;
            }
            let opened = Arc::new(vfs.open_directory(&from, Name::new(&name)?)?);
            if vfs.list(&opened)?.is_empty() {
                continue;
            }
            let act = format!("{}-stranded", act_name(self.now, 0));
            let directory = self.tree.make(&recovery(&self.tree)?, &act)?;
            self.names_change(&from)?;
            self.names_change(&directory)?;
            // Its own names are not known to be durable either.
            self.names_change(&opened)?;
            let to = Place { directory, name: name.clone() };
            let at = Place { directory: from.clone(), name };
            if let Some(found) = vfs.directory_status(&opened)?.stamp() {
                self.lend_displaced(&at, &found)?;
            }
            match self.rename(&at, &to) {
                // One of the same second is there: the next start finds it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                moved => moved?,
            }
        }
        Ok(())
    }
}
