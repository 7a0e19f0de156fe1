//! Other files of the folder, as far as they can be read: what cannot is no source, and the block comes from elsewhere.

use super::bytes_at;
use crate::tree::Tree;
use crate::vfs::Vfs;
use homesync_paths::RelativePath;

/// The one that was read last stays open.
pub(super) struct Donors<'t, 'v, V: Vfs> {
    tree: &'t Tree<'v, V>,
    last: Option<(RelativePath, Option<V::File>)>,
}

impl<'t, 'v, V: Vfs> Donors<'t, 'v, V> {
    pub(super) fn new(tree: &'t Tree<'v, V>) -> Self {
        Self { tree, last: None }
    }

    /// The bytes at a place, if they are there.
    pub(super) fn read(&mut self, path: &RelativePath, extent: (u64, u32)) -> Option<Vec<u8>> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            self.last = Some((path.clone(), self.open(path)));
        }
        let (_, file) = self.last.as_ref()?;
        bytes_at(self.tree.vfs, file.as_ref()?, extent)
    }

    fn open(&self, path: &RelativePath) -> Option<V::File> {
        let place = self.tree.place(path).ok()?;
        self.tree.vfs.open_file(&place.directory, place.name().ok()?).ok()
    }
}
