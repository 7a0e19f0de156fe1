//! Putting a file's content together under a name of ours, block by block, each checked as it comes.

use crate::area::{staged, staged_name};
use crate::executor::write_all;
use crate::tree::Tree;
use crate::vfs::{Name, Vfs};
use homesync_engine::{Bug, planted};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, BlockList, Entry};
use std::io;

/// Fills staged files.
pub struct Staging<'v, V: Vfs> {
    tree: Tree<'v, V>,
}

impl<'v, V: Vfs> Staging<'v, V> {
    /// For the folder of this file system.
    pub fn new(vfs: &'v V) -> Self {
        Self { tree: Tree::new(vfs) }
    }

    /// Opens the staged file for a content, keeps the blocks of it that are right (an earlier run may have left them), takes what it can from
    /// other files of the folder, and answers which blocks are still missing.
    pub fn prepare(&self, wanted: &Entry, sources: &[RelativePath]) -> io::Result<Vec<u32>> {
        let Some(blocks) = wanted.content.blocks() else { return Ok(Vec::new()) };
        let file = self.open(&wanted.path, blocks)?;
        let mut missing = Vec::new();
        for number in 0..blocks.hashes().len() {
            if !is_right(self.tree.vfs, &file, blocks, number)? {
                missing.push(number as u32);
            }
        }
        for source in sources {
            if missing.is_empty() {
                break;
            }
            // A source that cannot be read is no source; the blocks come from elsewhere.
            let Ok(place) = self.tree.place(source) else { continue };
            let Ok(from) = self.tree.vfs.open_file(&place.directory, place.name()?) else { continue };
            let mut left = Vec::new();
            for number in missing {
                let bytes = read_block(self.tree.vfs, &from, blocks, number as usize);
                let is_right = bytes
                    .as_ref()
                    .is_ok_and(|bytes| BlockHash::of(bytes) == blocks.hashes()[number as usize]);
                match bytes {
                    Ok(bytes) if is_right => {
                        write_all(self.tree.vfs, &file, blocks.extent(number as usize).0, &bytes)?
                    }
                    _ => left.push(number),
                }
            }
            missing = left;
        }
        Ok(missing)
    }

    /// Writes a block that came, if it has the right bytes; answers whether it had.
    pub fn write_block(&self, wanted: &Entry, number: u32, bytes: &[u8]) -> io::Result<bool> {
        let Some(blocks) = wanted.content.blocks() else { return Ok(false) };
        let number = number as usize;
        if blocks.hashes().get(number) != Some(&BlockHash::of(bytes)) {
            return Ok(false);
        }
        let directory = staged(&self.tree)?;
        let name = staged_name(&wanted.path, Some(blocks));
        let file = self.tree.vfs.open_file_for_writing(&directory, Name::new(name.as_bytes())?)?;
        write_all(self.tree.vfs, &file, blocks.extent(number).0, bytes)?;
        Ok(true)
    }

    /// Opens the staged file, made if it is missing, with the size that it is to have.
    fn open(&self, path: &RelativePath, blocks: &BlockList) -> io::Result<V::File> {
        let directory = staged(&self.tree)?;
        let name = staged_name(path, Some(blocks));
        let name = Name::new(name.as_bytes())?;
        let vfs = self.tree.vfs;
        let file = match vfs.open_file_for_writing(&directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                vfs.create_file(&directory, name, 0o600)?
            }
            opened => opened?,
        };
        if vfs.file_status(&file)?.size != blocks.size() {
            vfs.set_length(&file, blocks.size())?;
        }
        Ok(file)
    }
}

/// The file has the right bytes at a block's place.
pub(crate) fn is_right<V: Vfs>(
    vfs: &V,
    file: &V::File,
    blocks: &BlockList,
    number: usize,
) -> io::Result<bool> {
    let is_right = BlockHash::of(&read_block(vfs, file, blocks, number)?) == blocks.hashes()[number];
    Ok(is_right || planted(Bug::LeftoversBelieved))
}

/// The bytes at a block's place, as many as there are.
pub(crate) fn read_block<V: Vfs>(
    vfs: &V,
    file: &V::File,
    blocks: &BlockList,
    number: usize,
) -> io::Result<Vec<u8>> {
    let (offset, size) = blocks.extent(number);
    let mut bytes = vec![0; size as usize];
    let filled = read_full(vfs, file, offset, &mut bytes)?;
    bytes.truncate(filled);
    Ok(bytes)
}

/// The bytes of a block for another machine, read from the file in place. Nothing, if the file is not there or has other bytes by now.
pub fn serve<V: Vfs>(vfs: &V, wanted: &Entry, number: u32) -> io::Result<Option<Vec<u8>>> {
    let staging = Staging::new(vfs);
    let Some(blocks) = wanted.content.blocks().filter(|blocks| (number as usize) < blocks.hashes().len())
    else {
        return Ok(None);
    };
    let place = staging.tree.place(&wanted.path)?;
    let file = vfs.open_file(&place.directory, place.name()?)?;
    let bytes = read_block(vfs, &file, blocks, number as usize)?;
    Ok((BlockHash::of(&bytes) == blocks.hashes()[number as usize]).then_some(bytes))
}

/// Reads until the buffer is full or the file ends, however few bytes the system gives at a time.
pub(crate) fn read_full<V: Vfs>(
    vfs: &V,
    file: &V::File,
    offset: u64,
    buffer: &mut [u8],
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match vfs.read_at(file, offset + filled as u64, &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}
