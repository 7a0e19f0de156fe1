//! Making what people wrote durable before others hear of it.
//!
//! Programs rarely do it themselves. If a file is announced and the power goes before the system has written it, the next look finds it
//! empty or gone, and would tell that to everybody as news.

use crate::tree::Tree;
use crate::vfs::Vfs;
use homesync_engine::{Bug, planted};
use homesync_paths::RelativePath;
use homesync_protocol::{Kind, Timestamp};
use std::collections::BTreeMap;
use std::io;

/// From this many on, one flush of the whole file system is cheaper than one for each.
pub(crate) const FLUSH_ALL: usize = 8;

/// Those of these items that something happened to since a moment at which everything was durable, and those that are not there.
pub fn changed_since<'p, V: Vfs>(
    vfs: &V,
    paths: &[&'p RelativePath],
    moment: Timestamp,
) -> Vec<&'p RelativePath> {
    let tree = Tree::new(vfs);
    let is_settled = |path: &RelativePath| {
        let status = tree.place(path).and_then(|place| tree.status(&place));
        matches!(status, Ok(Some(status)) if status.changed < moment)
    };
    paths.iter().copied().filter(|path| !is_settled(path)).collect()
}

/// Makes these items durable, content and name: those that are there, and that those are gone that are not.
pub fn make_durable<V: Vfs>(vfs: &V, paths: &[&RelativePath]) -> io::Result<()> {
    if planted(Bug::AnnouncedTooEarly) {
        return Ok(());
    }
    if paths.len() >= FLUSH_ALL {
        return vfs.synchronize_everything();
    }
    let tree = Tree::new(vfs);
    let mut directories = BTreeMap::new();
    for path in paths {
        let place = match tree.place(path) {
            // Its directory is gone, and so is it; what holds the directory is among the paths.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                continue;
            }
            place => place?,
        };
        let kind = tree.status(&place)?.and_then(|status| status.stamp()).map(|stamp| stamp.kind);
        match kind {
            Some(Kind::File) => vfs.synchronize_file(&vfs.open_file(&place.directory, place.name()?)?)?,
            Some(Kind::Directory) => {
                vfs.synchronize_directory(&*tree.directory(path)?)?;
            }
            Some(Kind::Link) | None => {}
        }
        directories.insert(path.parent(), place.directory);
    }
    directories.values().try_for_each(|directory| vfs.synchronize_directory(directory))
}
