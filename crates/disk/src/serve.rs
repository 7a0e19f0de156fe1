//! Giving other machines the bytes that they ask for, and never other ones than were announced.

use crate::area::{find_staged, staged_name};
use crate::hash::hash_of;
use crate::staging::{read_block, read_full};
use crate::tree::Tree;
use crate::vfs::{Name, Vfs};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, Entry};
use std::io;

/// A part of a file that another machine wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'w> {
    /// Of which file.
    pub path: &'w RelativePath,
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub size: u32,
    /// What it must be.
    pub hash: BlockHash,
}

/// The bytes of a block for another machine, read from the file in place. Nothing, if the file is not there or has other bytes by now.
pub fn serve<V: Vfs>(vfs: &V, wanted: &Entry, number: u32) -> io::Result<Option<Vec<u8>>> {
    let number = number as usize;
    let Some(blocks) = wanted.content.blocks() else { return Ok(None) };
    let Some(hash) = blocks.hashes().get(number) else { return Ok(None) };
    let (offset, size) = blocks.extent(number);
    serve_part(vfs, Wanted { path: &wanted.path, offset, size, hash: *hash })
}

/// The bytes of a block for another machine, from a file that is only being put together. Nothing, if there is none or the block is not
/// in it yet.
pub fn serve_staged<V: Vfs>(vfs: &V, wanted: &Entry, number: u32) -> io::Result<Option<Vec<u8>>> {
    let tree = Tree::new(vfs);
    let Some(blocks) = wanted.content.blocks().filter(|blocks| (number as usize) < blocks.hashes().len())
    else {
        return Ok(None);
    };
    let Some(directory) = find_staged(&tree)? else { return Ok(None) };
    let name = staged_name(&wanted.path, Some(blocks));
    let file = match vfs.open_file(&directory, Name::new(name.as_bytes())?) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let bytes = read_block(vfs, &file, blocks, number as usize)?;
    Ok((hash_of(&bytes) == blocks.hashes()[number as usize]).then_some(bytes))
}

/// The same as [`serve`] for any part, for machines that cut the file into other blocks.
pub fn serve_part<V: Vfs>(vfs: &V, wanted: Wanted<'_>) -> io::Result<Option<Vec<u8>>> {
    let tree = Tree::new(vfs);
    let place = tree.place(wanted.path)?;
    let file = vfs.open_file(&place.directory, place.name()?)?;
    let mut bytes = vec![0; wanted.size as usize];
    let filled = read_full(vfs, &file, wanted.offset, &mut bytes)?;
    let is_right = filled == bytes.len() && hash_of(&bytes) == wanted.hash;
    Ok(is_right.then_some(bytes))
}

/// All bytes of a file of the folder, if it has no more than that many; nothing if it has, or is no file.
pub fn read_whole<V: Vfs>(vfs: &V, path: &RelativePath, most: usize) -> io::Result<Option<Vec<u8>>> {
    let tree = Tree::new(vfs);
    let place = tree.place(path)?;
    let file = vfs.open_file(&place.directory, place.name()?)?;
    let size = vfs.file_status(&file)?.size;
    let Some(size) = usize::try_from(size).ok().filter(|size| *size <= most) else { return Ok(None) };
    let mut bytes = vec![0; size];
    let filled = read_full(vfs, &file, 0, &mut bytes)?;
    bytes.truncate(filled);
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalFs;
    use std::fs;

    #[test]
    fn f3_what_is_asked_for_beyond_the_end_or_with_other_bytes_is_answered_with_nothing() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("file"), b"0123456789").unwrap();
        let vfs = LocalFs::open(root.path()).unwrap();
        let path = RelativePath::parse("file").unwrap();
        let ask = |offset, size, bytes: &[u8]| {
            serve_part(&vfs, Wanted { path: &path, offset, size, hash: hash_of(bytes) }).ok().flatten()
        };
        assert_eq!(ask(2, 3, b"234").as_deref(), Some(&b"234"[..]));
        assert_eq!(ask(8, 3, b"89"), None, "over the end");
        assert_eq!(ask(u64::MAX - 1, 3, b"89"), None, "far beyond it");
        assert_eq!(ask(2, 3, b"235"), None, "other bytes by now");
    }
}
