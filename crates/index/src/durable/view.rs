//! How the engine reads a folder: each question is a short read of its own, and a walk is many of them.

use super::{DurableIndex, lookup};
use crate::codec::{Paths, decode_agreed, decode_entry, has_stamp, path_of};
use crate::packed::{Finder, Group, Tree, find, scan};
use homesync_engine::{Agreed, Candidates, Local, Unreadable, View};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, DeviceId, Entry};

/// Items of one read of a walk. A longer one would keep old pages in the file; a shorter one would begin too often.
const CHUNK: usize = 10_000;

impl View for DurableIndex {
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable> {
        self.read(|reading| reading.local(path))
    }

    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        self.read(|reading| {
            let mut others = Vec::new();
            for device in &self.record.devices {
                let group = Group::of_machine(self.record.number, Tree::Others, *device);
                if let Some(value) = find(reading.blocks, group, path.as_str().as_bytes())? {
                    let entry = decode_entry(path.clone(), &value, &reading.names.machines)?.entry;
                    others.push((reading.names.device_of(*device)?, entry));
                }
            }
            others.sort_unstable_by_key(|other| other.0);
            Ok(others)
        })
    }

    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        self.read(|reading| {
            let value = find(reading.blocks, reading.group(Tree::Agreed), path.as_str().as_bytes())?;
            Ok(value.map(|value| decode_agreed(&value)).transpose()?)
        })
    }

    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        let prefix = prefix_of(directory);
        let mut from = prefix.clone();
        loop {
            let (paths, next) = chunk_below(self, &prefix, &from)?;
            if !paths.iter().all(&mut *visit) {
                return Ok(());
            }
            match next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    fn walk(&self, visit: &mut dyn FnMut(&RelativePath, &Candidates)) -> Result<(), Unreadable> {
        walk(self, visit)
    }

    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        let prefix = prefix_of(directory);
        let mut children = Vec::new();
        let mut from = Some(prefix.clone());
        while let Some(start) = from.take() {
            self.read(|reading| {
                scan(reading.blocks, reading.group(Tree::Local), &start, &mut |row| {
                    let Some(rest) = row.key.strip_prefix(prefix.as_slice()) else { return Ok(false) };
                    match rest.iter().position(|byte| *byte == b'/') {
                        // Past everything deeper: `0` is the character after `/`.
                        Some(end) => from = Some([&prefix, &rest[..end], b"0"].concat()),
                        None if has_stamp(row.value) => children.push(path_of(row.key)?),
                        None => {}
                    }
                    Ok(from.is_none())
                })
            })?;
        }
        Ok(children)
    }

    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable> {
        lookup::files_with(self, digest, limit)
    }

    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        lookup::spellings(self, path)
    }

    fn present(&self) -> Result<u64, Unreadable> {
        Ok(self.record.present)
    }
}

/// How the paths below a directory begin.
fn prefix_of(directory: Option<&RelativePath>) -> Vec<u8> {
    directory.map(|directory| [directory.as_str().as_bytes(), b"/"].concat()).unwrap_or_default()
}

/// Some of the paths that any machine has, in order, and where the next ones begin.
fn chunk_below(
    index: &DurableIndex,
    prefix: &[u8],
    from: &[u8],
) -> Result<(Vec<RelativePath>, Option<Vec<u8>>), Unreadable> {
    let number = index.record.number;
    let paths_of_others = !index.record.devices.is_empty();
    let others = index.record.devices.iter().map(|device| Group::of_machine(number, Tree::Others, *device));
    index.read(|reading| {
        let mut paths: Vec<RelativePath> = Vec::new();
        // All below this were seen in each tree.
        let mut limit: Option<Vec<u8>> = None;
        for group in std::iter::once(reading.group(Tree::Local)).chain(others) {
            let (mut count, mut maker) = (0, Paths::default());
            scan(reading.blocks, group, from, &mut |row| {
                let is_wanted =
                    row.key.starts_with(prefix) && limit.as_deref().is_none_or(|limit| row.key < limit);
                if is_wanted {
                    count += 1;
                    if count > CHUNK {
                        limit = Some(row.key.to_vec());
                        return Ok(false);
                    }
                    paths.push(maker.of(row.key)?);
                }
                Ok(is_wanted)
            })?;
        }
        if paths_of_others {
            // Each tree's are in order already, which this kind of sorting makes use of.
            paths.sort();
            paths.dedup();
            let known =
                limit.as_deref().map(|limit| paths.partition_point(|path| path.as_str().as_bytes() < limit));
            paths.truncate(known.unwrap_or(paths.len()));
        }
        Ok((paths, limit))
    })
}

/// Everything that any machine has said. Each tree is read in its own order, so that what stands in one block is opened once.
fn walk(index: &DurableIndex, visit: &mut dyn FnMut(&RelativePath, &Candidates)) -> Result<(), Unreadable> {
    let mut from = Some(Vec::new());
    while let Some(start) = from.take() {
        let (paths, next) = chunk_below(index, b"", &start)?;
        index.read(|reading| {
            let mut own = Finder::default();
            let mut finders = Vec::new();
            for device in &index.record.devices {
                let group = Group::of_machine(index.record.number, Tree::Others, *device);
                finders.push((reading.names.device_of(*device)?, group, Finder::default()));
            }
            finders.sort_unstable_by_key(|(device, ..)| *device);
            for path in &paths {
                let key = path.as_str().as_bytes();
                let value = own.get(reading.blocks, reading.group(Tree::Local), key)?;
                let own = value.map(|value| reading.decode(path.clone(), value)).transpose()?;
                let mut candidates = Candidates { own, others: Vec::new() };
                for (device, group, finder) in &mut finders {
                    if let Some(value) = finder.get(reading.blocks, *group, key)? {
                        let entry = decode_entry(path.clone(), value, &reading.names.machines)?.entry;
                        candidates.others.push((*device, entry));
                    }
                }
                visit(path, &candidates);
            }
            Ok(())
        })?;
        from = next;
    }
    Ok(())
}

/// This machine's items behind a path, in the order of names.
pub(super) fn locals(
    index: &DurableIndex,
    after: Option<&RelativePath>,
    limit: usize,
) -> Result<Vec<Local>, Unreadable> {
    let from = after.map(|after| [after.as_str().as_bytes(), b"\0"].concat()).unwrap_or_default();
    let mut locals = Vec::new();
    let mut from = Some(from).filter(|_| limit > 0);
    while let Some(start) = from.take() {
        let wanted = (limit - locals.len()).min(CHUNK);
        let chunk = index.read(|reading| {
            let likely = usize::try_from(index.record.present).unwrap_or(wanted);
            let (mut chunk, mut paths) = (Vec::with_capacity(wanted.min(likely)), Paths::default());
            scan(reading.blocks, reading.group(Tree::Local), &start, &mut |row| {
                chunk.push(reading.decode(paths.of(row.key)?, row.value)?);
                Ok(chunk.len() < wanted)
            })?;
            Ok(chunk)
        })?;
        if let Some(last) = chunk.last().filter(|_| chunk.len() == wanted && locals.len() + wanted < limit) {
            from = Some([last.entry.path.as_str().as_bytes(), b"\0"].concat());
        }
        // The usual question is for one chunk, which then need not be copied.
        if locals.is_empty() { locals = chunk } else { locals.extend(chunk) }
    }
    Ok(locals)
}
