//! Bringing one thing back. What is in its place goes to the recovery area in turn: nothing is overwritten.

use super::Recovery;
use crate::area::{act_name, find_slot, slot};
use crate::tree::Place;
use crate::vfs::{Name, Vfs};
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;
use std::io;

impl<V: Vfs> Recovery<'_, V> {
    /// Puts an item of an act back under its path. What stands there now is displaced into the recovery area, and where it is then is answered.
    ///
    /// Both change names in one step. Cut short at any moment, the item is in its place or still in the recovery area; and so is what it
    /// displaces. `number` was never given before, as for an intent.
    pub fn restore(&self, act: &str, item: &str, now: Timestamp, number: u64) -> io::Result<Option<String>> {
        let path = Self::path_of(item)?;
        let kept = format!("{act}/{item}");
        let Some((directory, name)) = find_slot(&self.tree, &kept)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        self.bring(&Place { directory, name: name.as_bytes().to_vec() }, &path, now, number)
    }

    /// The same for a version, which is at a path of the folder and comes back to another one.
    pub fn restore_version(
        &self,
        version: &RelativePath,
        path: &RelativePath,
        now: Timestamp,
        number: u64,
    ) -> io::Result<Option<String>> {
        self.bring(&self.tree.place(version)?, path, now, number)
    }

    fn bring(
        &self,
        from: &Place<V>,
        path: &RelativePath,
        now: Timestamp,
        number: u64,
    ) -> io::Result<Option<String>> {
        let vfs = self.tree.vfs;
        let mut above = self.tree.root()?;
        for name in path.parent().iter().flat_map(RelativePath::names) {
            above = self.tree.make_with(&above, name, 0o755)?;
        }
        let to = self.tree.place(path)?;
        let mut displaced = None;
        let moved = vfs.rename_no_replace(&from.directory, from.name()?, &to.directory, to.name()?);
        match moved {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                displaced = Some(self.exchange(from, &to, path.as_str(), &act_name(now, number))?);
            }
            moved => moved?,
        }
        // The place where it was comes last: it must not be in neither.
        self.make_durable(&to.directory)?;
        vfs.synchronize_directory(&from.directory)?;
        Ok(displaced)
    }

    /// The item goes to a slot of its own first, so that what it displaces is found under this act and not under the old one, whose time it
    /// would share.
    fn exchange(&self, from: &Place<V>, to: &Place<V>, item: &str, act: &str) -> io::Result<String> {
        let vfs = self.tree.vfs;
        let at = format!("{act}/{item}");
        let (directory, name) = slot(&self.tree, &at)?;
        vfs.rename_no_replace(&from.directory, from.name()?, &directory, name)?;
        let exchanged = if vfs.abilities().exchange {
            vfs.exchange(&directory, name, &to.directory, to.name()?)
        } else {
            self.exchange_in_steps(&directory, name, to)
        };
        if let Err(error) = exchanged {
            // Back to where it was found; if that is refused as well it is in the new slot, which is listed like any other.
            let _ = vfs.rename_no_replace(&directory, name, &from.directory, from.name()?);
            return Err(error);
        }
        vfs.synchronize_directory(&directory)?;
        Ok(at)
    }

    fn exchange_in_steps(&self, directory: &V::Directory, name: Name<'_>, to: &Place<V>) -> io::Result<()> {
        let vfs = self.tree.vfs;
        let mut aside = name.as_bytes().to_vec();
        aside.truncate(240);
        aside.extend_from_slice(b"~displaced");
        let aside = Name::new(&aside)?;
        vfs.rename_no_replace(&to.directory, to.name()?, directory, aside)?;
        if let Err(error) = vfs.rename_no_replace(directory, name, &to.directory, to.name()?) {
            vfs.rename_no_replace(directory, aside, &to.directory, to.name()?)?;
            return Err(error);
        }
        vfs.rename_no_replace(directory, aside, directory, name)
    }
}
