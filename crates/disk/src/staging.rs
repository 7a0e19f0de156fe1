//! Putting a file's content together under a name of ours, block by block, each checked as it comes.

mod donors;
mod earlier;
mod target;

use crate::area::{staged, staged_name};
use crate::executor::write_all;
use crate::hash::hash_of;
use crate::tree::Tree;
use crate::vfs::{Name, Vfs};
use donors::Donors;
use homesync_engine::{Bug, planted};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, BlockList, Entry};
use std::io;
use target::Target;

/// So many places are tried for a block.
const MOST_PLACES: usize = 4;

/// Fills staged files.
pub struct Staging<'v, V: Vfs> {
    tree: Tree<'v, V>,
}

/// Where content of a staged file may be on this machine already. Each may be wrong: only the bytes themselves count.
pub struct Sources<'s> {
    /// Files that hold it at the same places, or much of it: one with the same digest first, then an older version of the file.
    pub files: &'s [RelativePath],
    /// Where else a block is: files, and the byte at which it begins there.
    pub places: &'s dyn Fn(BlockHash) -> Vec<(RelativePath, u64)>,
}

impl<'v, V: Vfs> Staging<'v, V> {
    /// For the folder of this file system.
    pub fn new(vfs: &'v V) -> Self {
        Self { tree: Tree::new(vfs) }
    }

    /// [`prepare_from`](Self::prepare_from) files alone.
    pub fn prepare(&self, wanted: &Entry, sources: &[RelativePath]) -> io::Result<Vec<u32>> {
        self.prepare_from(wanted, &Sources { files: sources, places: &|_| Vec::new() })
    }

    /// Opens the staged file for a content, keeps the blocks of it that are right (an earlier run may have left them), takes what it can from
    /// contents that the file was to have before and from other files of the folder, and answers which blocks are still missing.
    ///
    /// Where the file system can, a new staged file begins as a clone of the first source, so that equal parts take up no further room.
    /// Otherwise it begins empty, and blocks of zeros are never written to it.
    pub fn prepare_from(&self, wanted: &Entry, sources: &Sources<'_>) -> io::Result<Vec<u32>> {
        let Some(blocks) = wanted.content.blocks() else { return Ok(Vec::new()) };
        let (file, is_empty) = self.open(&wanted.path, blocks, sources.files)?;
        let target = Target::new(self.tree.vfs, &file, blocks);
        let mut missing = target.missing(is_empty)?;
        missing = self.take_from_earlier(wanted, &target, missing)?;
        let mut donors = Donors::new(&self.tree);
        for source in sources.files {
            let take = |number| target.take(number, donors.read(source, blocks.extent(number as usize)));
            missing = those_without(missing, take)?;
        }
        those_without(missing, |number| {
            let size = blocks.extent(number as usize).1;
            for (path, at) in (sources.places)(blocks.hashes()[number as usize]).iter().take(MOST_PLACES) {
                if target.take(number, donors.read(path, (*at, size)))? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    /// Writes a block that came, if it has the right bytes; answers whether it had.
    pub fn write_block(&self, wanted: &Entry, number: u32, bytes: &[u8]) -> io::Result<bool> {
        let Some(blocks) = wanted.content.blocks() else { return Ok(false) };
        let number = number as usize;
        if blocks.hashes().get(number) != Some(&hash_of(bytes)) {
            return Ok(false);
        }
        let directory = staged(&self.tree)?;
        let name = staged_name(&wanted.path, Some(blocks));
        let file = self.tree.vfs.open_file_for_writing(&directory, Name::new(name.as_bytes())?)?;
        write_all(self.tree.vfs, &file, blocks.extent(number).0, bytes)?;
        Ok(true)
    }

    /// Opens the staged file with the size that it is to have, made if it is missing. Answers whether it is all zeros because it is new.
    fn open(
        &self,
        path: &RelativePath,
        blocks: &BlockList,
        sources: &[RelativePath],
    ) -> io::Result<(V::File, bool)> {
        let directory = staged(&self.tree)?;
        let name = staged_name(path, Some(blocks));
        let name = Name::new(name.as_bytes())?;
        let vfs = self.tree.vfs;
        let (file, is_empty) = match vfs.open_file_for_writing(&directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = vfs.create_file(&directory, name, 0o600)?;
                let is_clone = sources.first().is_some_and(|source| self.clone_from(source, &file));
                (file, !is_clone)
            }
            opened => (opened?, false),
        };
        if vfs.file_status(&file)?.size != blocks.size() {
            vfs.set_length(&file, blocks.size())?;
        }
        Ok((file, is_empty))
    }

    /// Lets a new staged file begin as what another file holds. Answers whether it may hold anything now.
    fn clone_from(&self, source: &RelativePath, file: &V::File) -> bool {
        let vfs = self.tree.vfs;
        let Ok(place) = self.tree.place(source) else { return false };
        let Ok(from) = place.name().and_then(|name| vfs.open_file(&place.directory, name)) else {
            return false;
        };
        vfs.clone_content(&from, file).is_ok() || vfs.set_length(file, 0).is_err()
    }
}

/// The numbers for which this does not hold.
fn those_without(numbers: Vec<u32>, mut holds: impl FnMut(u32) -> io::Result<bool>) -> io::Result<Vec<u32>> {
    let mut without = Vec::new();
    for number in numbers {
        if !holds(number)? {
            without.push(number);
        }
    }
    Ok(without)
}

/// The file has the right bytes at a block's place.
pub(crate) fn is_right<V: Vfs>(
    vfs: &V,
    file: &V::File,
    blocks: &BlockList,
    number: usize,
) -> io::Result<bool> {
    let is_right = hash_of(&read_block(vfs, file, blocks, number)?) == blocks.hashes()[number];
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

/// Bytes that may be the right ones, if there are so many.
fn bytes_at<V: Vfs>(vfs: &V, file: &V::File, (at, size): (u64, u32)) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    let filled = read_full(vfs, file, at, &mut bytes).ok()?;
    (filled == bytes.len()).then_some(bytes)
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
