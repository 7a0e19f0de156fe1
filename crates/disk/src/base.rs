//! The base store: the last agreed bytes of small text files, so that a conflict can be merged and not only told.
//!
//! A base is a convenience: it may be gone at any time, and a damaged one is none. So nothing here is made durable, and everything that is
//! read is compared with the digest under which it was asked for.

use crate::area::{AREA, PRIVATE};
use crate::executor::write_all;
use crate::staging::read_full;
use crate::tree::Tree;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_protocol::{BlockList, BlocksHash, Kind};
use std::io;
use std::sync::Arc;

/// The largest file whose bytes are kept.
pub const LARGEST_BASE: usize = 256 << 10;
/// Bytes that all of them may take.
pub const BASE_BUDGET: u64 = 256 << 20;

/// Where they are, beside the staged files.
const BASE: &str = "base";
/// The ending of one that is being written.
const UNFINISHED: &[u8] = b".part";

/// The base store of one folder.
pub struct BaseStore<'v, V: Vfs> {
    tree: Tree<'v, V>,
}

/// Text as far as merging goes: UTF-8 without NUL, and not too long.
pub fn is_base(bytes: &[u8]) -> bool {
    bytes.len() <= LARGEST_BASE && !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok()
}

impl<'v, V: Vfs> BaseStore<'v, V> {
    /// Of the folder of this file system.
    pub fn new(vfs: &'v V) -> Self {
        Self { tree: Tree::new(vfs) }
    }

    /// Keeps the bytes of a content. Answers whether they are of a kind that is kept. What is there already counts as kept anew.
    pub fn keep(&self, digest: BlocksHash, bytes: &[u8]) -> io::Result<bool> {
        if !is_base(bytes) || BlockList::of(bytes).digest() != digest {
            return Ok(false);
        }
        let vfs = self.tree.vfs;
        let directory = self.directory()?;
        let name = name_of(digest);
        let unfinished = [name.as_bytes(), UNFINISHED].concat();
        remove(vfs, &directory, Name::new(&unfinished)?)?;
        let file = vfs.create_file(&directory, Name::new(&unfinished)?, 0o600)?;
        write_all(vfs, &file, 0, bytes)?;
        // A new file and not a new time on the old one: the old one may be damaged.
        remove(vfs, &directory, Name::new(name.as_bytes())?)?;
        vfs.rename_no_replace(&directory, Name::new(&unfinished)?, &directory, Name::new(name.as_bytes())?)?;
        Ok(true)
    }

    /// The bytes of a content, if they are there and undamaged.
    pub fn get(&self, digest: BlocksHash) -> Option<Vec<u8>> {
        let vfs = self.tree.vfs;
        let directory = self.directory().ok()?;
        let file = vfs.open_file(&directory, Name::new(name_of(digest).as_bytes()).ok()?).ok()?;
        let size =
            usize::try_from(vfs.file_status(&file).ok()?.size).ok().filter(|size| *size <= LARGEST_BASE)?;
        let mut bytes = vec![0; size];
        let read = read_full(vfs, &file, 0, &mut bytes).ok()?;
        bytes.truncate(read);
        (BlockList::of(&bytes).digest() == digest).then_some(bytes)
    }

    /// Lets go of those that were kept longest ago, until the rest fits.
    pub fn trim(&self, budget: u64) -> io::Result<()> {
        let vfs = self.tree.vfs;
        let directory = self.directory()?;
        let mut bases = Vec::new();
        for (name, kind) in vfs.list(&directory)? {
            if kind != ObjectKind::Kept(Kind::File) {
                continue;
            }
            // Cut short while it was written: nobody goes on with it.
            if name.ends_with(UNFINISHED) {
                remove(vfs, &directory, Name::new(&name)?)?;
                continue;
            }
            let status = vfs.status(&directory, Name::new(&name)?)?;
            bases.push((status.modified, name, status.size));
        }
        bases.sort();
        let mut total: u64 = bases.iter().map(|(_, _, size)| size).sum();
        for (_, name, size) in bases {
            if total <= budget {
                break;
            }
            remove(vfs, &directory, Name::new(&name)?)?;
            total -= size;
        }
        Ok(())
    }

    fn directory(&self) -> io::Result<Arc<V::Directory>> {
        let area = self.tree.make_with(&self.tree.root()?, AREA, PRIVATE)?;
        self.tree.make_with(&area, BASE, PRIVATE)
    }
}

fn remove<V: Vfs>(vfs: &V, directory: &V::Directory, name: Name<'_>) -> io::Result<()> {
    match vfs.remove_file(directory, name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn name_of(digest: BlocksHash) -> String {
    digest.0.iter().map(|byte| format!("{byte:02x}")).collect()
}
