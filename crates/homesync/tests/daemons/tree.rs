//! What is in a folder, to be compared.

use crate::fleet::Fleet;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// One thing in a folder, as everybody must have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    pub mode: u32,
    pub modified: i64,
    pub bytes: Vec<u8>,
}

/// Everything in a folder but what is ours.
pub fn tree(root: &Path) -> BTreeMap<String, Thing> {
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

fn walk(root: &Path, directory: &Path, found: &mut BTreeMap<String, Thing>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if [".homesync", ".stfolder", ".stignore", ".stversions"].contains(&name.as_str()) {
            continue;
        }
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let kind = metadata.file_type();
        let (modified, bytes) = if kind.is_symlink() {
            (0, fs::read_link(&path).unwrap_or_default().into_os_string().into_encoded_bytes())
        } else if kind.is_file() {
            (metadata.mtime(), fs::read(&path).unwrap_or_default())
        } else {
            (0, Vec::new())
        };
        let mode = if kind.is_symlink() { 0 } else { metadata.mode() };
        found.insert(name, Thing { mode, modified, bytes });
        if kind.is_dir() {
            walk(root, &path, found);
        }
    }
}

/// Bytes on the disk below the place where content is put together.
pub fn staged(fleet: &Fleet, machine: usize) -> u64 {
    let directory = fleet.folder(machine).join(".homesync/staged");
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.blocks() * 512).sum()
}
