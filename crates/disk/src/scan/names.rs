//! The names in a directory that travel.

use crate::vfs::Vfs;
use homesync_paths::{DiskName, Names, UnsyncableName};
use std::io;

/// Each name as it travels, and as the file system spells it; and those that cannot travel.
///
/// A directory may hold a million names, and nearly always all are ASCII: then they are sorted out as they are, without a copy.
pub(super) fn names_in<V: Vfs>(
    vfs: &V,
    directory: &V::Directory,
    staying: &mut Vec<UnsyncableName>,
) -> io::Result<Vec<(String, Vec<u8>)>> {
    let listed = vfs.list(directory)?;
    if listed.iter().all(|(name, _)| name.is_ascii()) {
        let same = |name: Vec<u8>| Some((String::from_utf8(name.clone()).ok()?, name));
        return Ok(listed.into_iter().filter_map(|(name, _)| same(name)).collect());
    }
    let names = Names::of(listed.into_iter().map(|(name, _)| DiskName::new(&name)));
    staying.extend(names.unsyncable);
    Ok(names.syncable.into_iter().map(|(wire, name)| (wire, name.as_bytes().to_vec())).collect())
}
