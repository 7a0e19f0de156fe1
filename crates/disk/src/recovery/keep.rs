//! Putting something into the recovery area because a person said so: the losing side of a conflict, a file that `undo` takes away, bytes
//! that are to come in a file's place.

use super::Recovery;
use crate::area::{act_name, slot};
use crate::executor::write_all;
use crate::tree::Place;
use crate::vfs::{Name, Vfs};
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;
use std::io;
use std::sync::Arc;

impl<V: Vfs> Recovery<'_, V> {
    /// Moves something of the folder into the recovery area, as what was found at `item`. Answers the act in which it is then; brought back by
    /// [`restore`](Self::restore), it stands at `item`. `number` was never given before, as for an intent.
    pub fn set_aside(
        &self,
        path: &RelativePath,
        item: &RelativePath,
        now: Timestamp,
        number: u64,
    ) -> io::Result<String> {
        let vfs = self.tree.vfs;
        let from = self.tree.place(path)?;
        let act = act_name(now, number);
        let at = format!("{act}/{item}", item = item.as_str());
        let (directory, name) = slot(&self.tree, &at)?;
        self.make_durable(&directory)?;
        vfs.rename_no_replace(&from.directory, from.name()?, &directory, name)?;
        // The new name first: were only the old one's removal durable, it would be nowhere.
        vfs.synchronize_directory(&directory)?;
        vfs.synchronize_directory(&from.directory)?;
        self.tree.forget(path);
        Ok(act)
    }

    /// Puts bytes into the recovery area, to be brought to `item` by [`restore`](Self::restore). Answers the act in which they are.
    pub fn add(
        &self,
        item: &RelativePath,
        bytes: &[u8],
        permissions: u16,
        now: Timestamp,
        number: u64,
    ) -> io::Result<String> {
        let vfs = self.tree.vfs;
        let act = act_name(now, number);
        let at = format!("{act}/{item}", item = item.as_str());
        let (directory, name) = slot(&self.tree, &at)?;
        let file = vfs.create_file(&directory, name, permissions)?;
        write_all(vfs, &file, 0, bytes)?;
        vfs.synchronize_file(&file)?;
        self.make_durable(&directory)?;
        Ok(act)
    }

    /// Moves something to another name in the folder that nothing has.
    pub fn rename(&self, path: &RelativePath, new: &RelativePath) -> io::Result<()> {
        let vfs = self.tree.vfs;
        let (from, to): (Place<V>, Place<V>) = (self.tree.place(path)?, self.tree.place(new)?);
        vfs.rename_no_replace(&from.directory, from.name()?, &to.directory, Name::new(&to.name)?)?;
        vfs.synchronize_directory(&to.directory)?;
        vfs.synchronize_directory(&from.directory)?;
        self.tree.forget(path);
        Ok(())
    }

    /// Names in a directory of the recovery area, and those of the directories above it that were made for them.
    pub(super) fn make_durable(&self, directory: &Arc<V::Directory>) -> io::Result<()> {
        for made_in in self.tree.take_made_in() {
            self.tree.vfs.synchronize_directory(&made_in)?;
        }
        self.tree.vfs.synchronize_directory(directory)
    }
}
