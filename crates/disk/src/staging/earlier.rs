//! Contents that a file was to have before, and never got: it was written to again, or removed, while it was on its way.

use super::target::Target;
use super::{Staging, bytes_at, those_without};
use crate::area::{find_staged, staged, staged_name, staged_prefix};
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_protocol::{Entry, Kind};
use std::io;

/// Seconds for which a staged file is kept that nobody writes to: the machine that has the rest may be away for some days.
const KEPT: i64 = 7 * 86_400;

impl<V: Vfs> Staging<'_, V> {
    /// Takes what it can from other contents of the same file, which are of no use after that. Answers what is still missing.
    ///
    /// A small file has one block, and that is another one in each content.
    pub(super) fn take_from_earlier(
        &self,
        wanted: &Entry,
        target: &Target<'_, V>,
        mut missing: Vec<u32>,
    ) -> io::Result<Vec<u32>> {
        let Some(blocks) = wanted.content.blocks().filter(|blocks| blocks.hashes().len() > 1) else {
            return Ok(missing);
        };
        let vfs = self.tree.vfs;
        let (prefix, own) = (staged_prefix(&wanted.path), staged_name(&wanted.path, Some(blocks)));
        let directory = staged(&self.tree)?;
        for (bytes, kind) in vfs.list(&directory)? {
            let is_earlier = bytes.starts_with(prefix.as_bytes()) && bytes != own.as_bytes();
            if kind != ObjectKind::Kept(Kind::File) || !is_earlier {
                continue;
            }
            let name = Name::new(&bytes)?;
            // What cannot be read is no source.
            if let Ok(file) = vfs.open_file(&directory, name) {
                let take = |number| target.take(number, bytes_at(vfs, &file, blocks.extent(number as usize)));
                missing = those_without(missing, take)?;
            }
            let _ = vfs.remove_file(&directory, name);
        }
        Ok(missing)
    }

    /// Lets go of staged files that nobody has touched for a week. Answers how many they were.
    ///
    /// Nothing of a person's ever has a name there; what should be wanted again begins anew.
    pub fn let_go(&self, now: i64) -> io::Result<usize> {
        let vfs = self.tree.vfs;
        let Some(directory) = find_staged(&self.tree)? else { return Ok(0) };
        let mut gone = 0;
        for (bytes, kind) in vfs.list(&directory)? {
            if kind != ObjectKind::Kept(Kind::File) {
                continue;
            }
            let name = Name::new(&bytes)?;
            let touched = match vfs.status(&directory, name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                // Its other times may be those that the file is to have.
                status => status?.changed.seconds,
            };
            if touched.saturating_add(KEPT) <= now {
                vfs.remove_file(&directory, name)?;
                gone += 1;
            }
        }
        Ok(gone)
    }
}
