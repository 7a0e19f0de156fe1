//! Looking at the disk: what is there, and what it holds.
//!
//! A look answers *present*, *absent*, *left out* or *unknown*, and never takes the last for anything else. A file is read only if its stamp
//! differs from the one that is known; if it changes while it is read, nothing is concluded from it.

use crate::staging::read_full;
use crate::tree::{Place, Tree};
use crate::vfs::{ObjectKind, Status, Vfs};
use homesync_engine::{Listing, Local, Seen, Stamp};
use homesync_paths::{DiskName, IgnoreRules, Names, RelativePath, is_control_path, is_temporary};
use homesync_protocol::{BlockHash, BlockList, Content, Entry, Kind, Timestamp, Validity, block_size_for};
use rustix::io::Errno;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;

/// What is known about a path, so that an untouched file need not be read.
pub type Known<'k> = &'k dyn Fn(&RelativePath) -> Option<Local>;

/// Looks at one folder.
pub struct Scanner<'v, V: Vfs> {
    tree: Tree<'v, V>,
    ignore: &'v IgnoreRules,
    known: Known<'v>,
    now: Timestamp,
    as_of: u64,
    /// Which file system the root is on, once it was asked.
    root_device: Cell<Option<u64>>,
}

/// Seconds in which a file system whose times have no fractions may not tell two writes apart.
const COARSE: i64 = 2;
/// Seconds that a scan takes, at most.
const LONG_SCAN: i64 = 3_600;
/// Nanoseconds in which any other may not.
const FINE: i64 = 20_000_000;

/// What a scan reports, in the order in which it goes.
#[derive(Clone, Debug)]
pub enum Report {
    /// One path.
    Look(RelativePath, Seen),
    /// One directory.
    Listing(Listing),
}

impl<'v, V: Vfs> Scanner<'v, V> {
    /// With the patterns in force, what is known, the time, and the folder's epoch.
    pub fn new(vfs: &'v V, ignore: &'v IgnoreRules, known: Known<'v>, now: Timestamp, as_of: u64) -> Self {
        Self { tree: Tree::new(vfs), ignore, known, now, as_of, root_device: Cell::new(None) }
    }

    /// Looks at a path, and below it if it is a directory; at everything for `None`.
    pub fn scan(&self, path: Option<&RelativePath>, report: &mut dyn FnMut(Report)) {
        let Some(path) = path else {
            self.scan_directory(None, report);
            return;
        };
        let seen = self.look(path);
        let is_directory = matches!(seen, Seen::Present { content: Content::Directory, .. });
        report(Report::Look(path.clone(), seen));
        if is_directory {
            self.scan_directory(Some(path), report);
        }
    }

    fn scan_directory(&self, path: Option<&RelativePath>, report: &mut dyn FnMut(Report)) {
        let mut waiting = vec![path.cloned()];
        while let Some(directory) = waiting.pop() {
            let listing = self.list(directory.as_ref());
            if let (Err(_), Some(path)) = (&listing.seen, &directory) {
                // It may be gone by now, which is something else than not to be readable.
                let seen = self.look(path);
                if !matches!(seen, Seen::Present { content: Content::Directory, .. }) {
                    report(Report::Look(path.clone(), seen));
                    continue;
                }
            }
            if let Ok(seen) = &listing.seen {
                let is_directory =
                    |seen: &Seen| matches!(seen, Seen::Present { content: Content::Directory, .. });
                let below =
                    seen.iter().filter(|(_, seen)| is_directory(seen)).map(|(path, _)| Some(path.clone()));
                waiting.extend(below.rev());
            }
            report(Report::Listing(listing));
        }
    }

    /// Looks at one path.
    pub fn look(&self, path: &RelativePath) -> Seen {
        match self.try_look(path) {
            Ok(seen) => seen,
            Err(error) => Seen::Unknown(error.to_string()),
        }
    }

    fn try_look(&self, path: &RelativePath) -> io::Result<Seen> {
        let place = match self.tree.place(path) {
            Ok(place) => place,
            // Something above is gone, or is no directory: then nothing is here. A link above is not followed, so nothing is here either.
            Err(error)
                if matches!(
                    Errno::from_io_error(&error),
                    Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
                ) =>
            {
                return Ok(Seen::Absent);
            }
            Err(error) => return Err(error),
        };
        match self.tree.status(&place)? {
            None => Ok(Seen::Absent),
            Some(status) => self.see(path, &place, &status),
        }
    }

    /// Lists a directory (the root for `None`) and looks at everything in it.
    pub fn list(&self, directory: Option<&RelativePath>) -> Listing {
        let mut leaves_out = false;
        let seen = self.try_list(directory, &mut leaves_out).map_err(|error| error.to_string());
        Listing { as_of: self.as_of, directory: directory.cloned(), seen, leaves_out }
    }

    fn try_list(
        &self,
        directory: Option<&RelativePath>,
        leaves_out: &mut bool,
    ) -> io::Result<BTreeMap<RelativePath, Seen>> {
        let open = match directory {
            None => self.tree.root()?,
            Some(path) => self.tree.directory(path)?,
        };
        let names = Names::of(self.tree.vfs.list(&open)?.into_iter().map(|(name, _)| DiskName::new(&name)));
        *leaves_out |= !names.unsyncable.is_empty();
        let mut seen = BTreeMap::new();
        for (name, on_disk) in names.syncable {
            let path = match directory {
                None => RelativePath::parse(&name),
                Some(directory) => directory.join(&name),
            };
            let Ok(path) = path else { continue };
            if is_control_path(&path) || is_temporary(&name) {
                continue;
            }
            let place = Place { directory: open.clone(), name: on_disk.as_bytes().to_vec() };
            let look = match self.tree.status(&place) {
                // Gone between the listing and the look.
                Ok(None) => continue,
                Ok(Some(status)) => self.see(&path, &place, &status),
                Err(error) => Err(error),
            };
            let look = look.unwrap_or_else(|error| Seen::Unknown(error.to_string()));
            *leaves_out |= look == Seen::Ignored && !self.ignore.decide(&path).deletable;
            seen.insert(path, look);
        }
        Ok(seen)
    }

    /// Looks at an object.
    fn see(&self, path: &RelativePath, place: &Place<V>, status: &Status) -> io::Result<Seen> {
        let verdict = self.ignore.decide(path);
        let (ObjectKind::Kept(kind), Some(stamp)) = (status.kind, status.stamp()) else {
            return Ok(Seen::Ignored);
        };
        if verdict.ignored {
            let is_walked = kind == Kind::Directory && !verdict.may_skip_directory;
            if !is_walked || !self.holds_something_kept(path)? {
                return Ok(Seen::Ignored);
            }
        }
        let known = (self.known)(path);
        if status.device != self.root_device()? {
            // Another file system is mounted here: it is not entered. What it hides is not gone.
            return Ok(match known.is_some_and(|known| known.stamp.is_some()) {
                true => Seen::Unknown("another file system is mounted over it".to_string()),
                false => Seen::Ignored,
            });
        }
        if let Some(known) =
            known.as_ref().filter(|known| known.stamp == Some(stamp) && is_on_disk(&known.entry))
        {
            return Ok(Seen::Present {
                stamp,
                content: known.entry.content.clone(),
                blank: false,
                racy: false,
            });
        }
        let content = match kind {
            Kind::Directory => Content::Directory,
            Kind::Link => {
                let target = self.tree.vfs.read_link(&place.directory, place.name()?)?;
                let target = String::from_utf8(target);
                Content::Link(target.map_err(|_| io::Error::other("the link's target is no UTF-8"))?.into())
            }
            Kind::File => {
                let block_size =
                    known.and_then(|known| known.entry.content.blocks().map(BlockList::block_size));
                return self.read(place, block_size);
            }
        };
        Ok(Seen::Present { stamp, content, blank: false, racy: false })
    }

    /// The open root stays the directory that it is, so it is asked once for a scan and not for each object.
    fn root_device(&self) -> io::Result<u64> {
        if let Some(device) = self.root_device.get() {
            return Ok(device);
        }
        let device = self.tree.vfs.directory_status(&*self.tree.root()?)?.device;
        self.root_device.set(Some(device));
        Ok(device)
    }

    /// Reads a file, and concludes nothing if it changes meanwhile.
    fn read(&self, place: &Place<V>, known_block_size: Option<u32>) -> io::Result<Seen> {
        let vfs = self.tree.vfs;
        let file = vfs.open_file(&place.directory, place.name()?)?;
        let before = vfs.file_status(&file)?;
        let block_size = block_size_for(before.size, known_block_size);
        let mut buffer = vec![0; before.size.clamp(1, u64::from(block_size)) as usize];
        let (mut hashes, mut offset, mut blank) = (Vec::new(), 0, true);
        loop {
            let read = read_full(vfs, &file, offset, &mut buffer)?;
            if read == 0 && offset > 0 {
                break;
            }
            blank &= buffer[..read].iter().all(|byte| *byte == 0);
            hashes.push(BlockHash::of(&buffer[..read]));
            offset += read as u64;
            if offset >= before.size || read < buffer.len() {
                break;
            }
        }
        // Still the same object under that name, with the same times?
        let after = vfs.file_status(&file)?;
        let named = self.tree.status(place)?;
        let is_same = after == before
            && named.is_some_and(|named| named.inode == before.inode)
            && offset == before.size;
        let (Some(stamp), true) = (before.stamp(), is_same) else {
            return Ok(Seen::Unknown("it changed while it was read".to_string()));
        };
        let blocks = BlockList::new(offset, block_size, hashes)
            .map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Seen::Present { stamp, content: Content::File(blocks), blank, racy: self.is_racy(stamp) })
    }

    /// A write right after this one could leave the same times. It would set both to now, so what was written long ago and only moved now is known,
    /// unless somebody writes and puts the old time back within that moment.
    fn is_racy(&self, stamp: Stamp) -> bool {
        // The scan began at `now`, and may have come here much later. A time further in the future is one that a person set, or a clock that was
        // wrong: a write now would leave another.
        let is_recent = |time: Timestamp| {
            let age = (self.now.seconds - time.seconds).saturating_mul(1_000_000_000)
                + i64::from(self.now.nanoseconds)
                - i64::from(time.nanoseconds);
            let limit = if time.nanoseconds == 0 { COARSE * 1_000_000_000 } else { FINE };
            (-LONG_SCAN * 1_000_000_000..limit).contains(&age)
        };
        is_recent(stamp.modified) && is_recent(stamp.changed)
    }

    /// An ignored directory takes part if something in it does, through an exception in the patterns.
    fn holds_something_kept(&self, path: &RelativePath) -> io::Result<bool> {
        let directory = self.tree.directory(path)?;
        for (name, kind) in self.tree.vfs.list(&directory)? {
            let Some(below) = DiskName::new(&name).to_wire().ok().and_then(|name| path.join(&name).ok())
            else {
                continue;
            };
            let verdict = self.ignore.decide(&below);
            let is_directory = kind == ObjectKind::Kept(Kind::Directory);
            if !verdict.ignored
                || (is_directory && !verdict.may_skip_directory && self.holds_something_kept(&below)?)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// How objects look now, without any of them being read; nothing for what is not there or cannot be told.
pub fn stamps<V: Vfs>(vfs: &V, paths: &[RelativePath]) -> Vec<Option<Stamp>> {
    let tree = Tree::new(vfs);
    let stamp = |path: &RelativePath| tree.status(&tree.place(path).ok()?).ok()??.stamp();
    paths.iter().map(stamp).collect()
}

/// The entry says what is on the disk, and not what should be there.
fn is_on_disk(entry: &Entry) -> bool {
    matches!(entry.validity, Validity::Valid | Validity::OnlyHere) && !entry.content.is_deleted()
}
