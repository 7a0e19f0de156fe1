//! Looking at the disk: what is there, and what it holds.
//!
//! A look answers *present*, *absent*, *left out* or *unknown*, and never takes the last for anything else. A file is read only if its stamp
//! differs from the one that is known; if it changes while it is read, nothing is concluded from it.

mod control;
mod metadata;
mod names;
mod parallel;
mod read;

pub use control::{Cancelled, ScanControl};
pub use parallel::{KnownEverywhere, ParallelScanner};

use crate::tree::{Place, Tree};
use crate::vfs::{ObjectKind, Status, Vfs};
use homesync_engine::{Listing, Local, MetadataRules, Seen, Stamp};
use homesync_paths::{
    DiskName, IgnoreRules, RelativePath, UnsyncableName, UnsyncableReason, is_control_path, is_temporary,
};
use homesync_protocol::{BlockList, Content, Entry, Kind, Timestamp, Validity};
use names::names_in;
use read::Reading;
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
    /// How it goes, and whether it is to go on.
    control: Option<&'v ScanControl>,
    /// Directories that are reported and not entered.
    closed: fn(&RelativePath) -> bool,
    metadata: MetadataRules,
}

/// What a look at an object found without reading it.
enum Glance {
    Seen(Seen),
    /// A file that is not known as it is: it has to be read, in blocks of the size that it had, if it had one.
    Read(Option<u32>),
}

/// A file of a directory that is to be read later.
struct Deferred<V: Vfs> {
    path: RelativePath,
    place: Place<V>,
    size: u64,
    known_block_size: Option<u32>,
}

/// What a listing leaves out.
#[derive(Default)]
struct Left {
    /// Something by the patterns, that may not go with its directory.
    kept: bool,
    /// What cannot travel.
    staying: Vec<UnsyncableName>,
}

impl Left {
    fn ignored<V: Vfs>(
        &mut self,
        path: &RelativePath,
        place: &Place<V>,
        status: &io::Result<Option<Status>>,
        ignore: &IgnoreRules,
    ) {
        let verdict = ignore.decide(path);
        self.kept |= !verdict.deletable;
        let is_special = matches!(status, Ok(Some(status)) if status.kind == ObjectKind::Special);
        if is_special && !verdict.ignored {
            let name = DiskName::new(&place.name);
            self.staying.push(UnsyncableName { name, reason: UnsyncableReason::Special });
        }
    }

    fn listing(
        self,
        as_of: u64,
        directory: Option<RelativePath>,
        seen: Result<BTreeMap<RelativePath, Seen>, String>,
    ) -> Listing {
        let leaves_out = self.kept || !self.staying.is_empty();
        Listing { as_of, directory, seen, leaves_out, staying: self.staying }
    }
}

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
        let (root_device, control, closed) = (Cell::new(None), None, none_of as fn(&RelativePath) -> bool);
        let metadata = MetadataRules::default();
        Self { tree: Tree::new(vfs), ignore, known, now, as_of, root_device, control, closed, metadata }
    }

    /// Owner and attributes are looked at as these say.
    #[must_use]
    pub fn with_metadata(self, metadata: MetadataRules) -> Self {
        Self { metadata, ..self }
    }

    /// Whoever has this sees how it goes, and can end it.
    #[must_use]
    pub fn with_control(self, control: &'v ScanControl) -> Self {
        Self { control: Some(control), ..self }
    }

    /// Such directories are reported and, unless one of them is what is asked for, not entered.
    #[must_use]
    pub fn not_entering(self, closed: fn(&RelativePath) -> bool) -> Self {
        Self { closed, ..self }
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
            if let Some(gone) = self.gone(&listing) {
                report(gone);
                continue;
            }
            waiting.extend(self.directories_in(&listing));
            report(Report::Listing(listing));
        }
    }

    /// A directory that could not be listed may be gone by now, which is something else than not to be readable.
    fn gone(&self, listing: &Listing) -> Option<Report> {
        let (Err(_), Some(path)) = (&listing.seen, &listing.directory) else { return None };
        let seen = self.look(path);
        let is_directory = matches!(seen, Seen::Present { content: Content::Directory, .. });
        (!is_directory).then(|| Report::Look(path.clone(), seen))
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
        let mut left = Left::default();
        let seen = self.try_list(directory, &mut left).map_err(|error| error.to_string());
        left.listing(self.as_of, directory.cloned(), seen)
    }

    fn try_list(
        &self,
        directory: Option<&RelativePath>,
        left: &mut Left,
    ) -> io::Result<BTreeMap<RelativePath, Seen>> {
        let mut deferred = Vec::new();
        let mut seen = self.glance_at_all(directory, left, &mut deferred)?;
        for Deferred { path, place, known_block_size, .. } in deferred {
            let look = self.read(&place, known_block_size);
            seen.insert(path, look.unwrap_or_else(unknown));
        }
        Ok(seen)
    }

    /// Lists a directory and looks at everything in it, without reading any file.
    fn glance_at_all(
        &self,
        directory: Option<&RelativePath>,
        left: &mut Left,
        deferred: &mut Vec<Deferred<V>>,
    ) -> io::Result<BTreeMap<RelativePath, Seen>> {
        let open = match directory {
            None => self.tree.root()?,
            Some(path) => self.tree.directory(path)?,
        };
        let mut seen = BTreeMap::new();
        for (wire, name) in names_in(self.tree.vfs, &open, &mut left.staying)? {
            self.go_on()?;
            let path = match directory {
                None => RelativePath::parse(&wire),
                Some(directory) => directory.join(&wire),
            };
            let Ok(path) = path else { continue };
            if is_control_path(&path) || is_temporary(&wire) {
                continue;
            }
            let place = Place { directory: open.clone(), name };
            let status = self.tree.status(&place);
            let look = match status {
                // Gone between the listing and the look.
                Ok(None) => continue,
                Ok(Some(ref status)) => match self.glance(&path, &place, status) {
                    Ok(Glance::Read(known_block_size)) => {
                        deferred.push(Deferred { path, place, size: status.size, known_block_size });
                        continue;
                    }
                    Ok(Glance::Seen(seen)) => seen,
                    Err(error) => unknown(error),
                },
                Err(ref error) => Seen::Unknown(error.to_string()),
            };
            if look == Seen::Ignored {
                left.ignored(&path, &place, &status, self.ignore);
            }
            seen.insert(path, look);
            self.control.inspect(|control| control.count_files(1));
        }
        Ok(seen)
    }

    /// The directories to enter that a listing found, the last one first.
    fn directories_in(&self, listing: &Listing) -> impl Iterator<Item = Option<RelativePath>> {
        let closed = self.closed;
        let is_directory = |seen: &Seen| matches!(seen, Seen::Present { content: Content::Directory, .. });
        let found = listing.seen.iter().flatten().rev();
        found
            .filter(move |(path, seen)| is_directory(seen) && !closed(path))
            .map(|(path, _)| Some(path.clone()))
    }

    /// Somebody may have asked for the end.
    fn go_on(&self) -> io::Result<()> {
        match self.control.is_some_and(ScanControl::is_stopped) {
            true => Err(io::Error::other("the scan was cancelled")),
            false => Ok(()),
        }
    }

    /// Looks at an object.
    fn see(&self, path: &RelativePath, place: &Place<V>, status: &Status) -> io::Result<Seen> {
        match self.glance(path, place, status)? {
            Glance::Seen(seen) => Ok(seen),
            Glance::Read(known_block_size) => self.read(place, known_block_size),
        }
    }

    /// Looks at an object without reading it.
    fn glance(&self, path: &RelativePath, place: &Place<V>, status: &Status) -> io::Result<Glance> {
        let verdict = self.ignore.decide(path);
        let (ObjectKind::Kept(kind), Some(stamp)) = (status.kind, status.stamp()) else {
            return Ok(Glance::Seen(Seen::Ignored));
        };
        if verdict.ignored {
            let is_walked = kind == Kind::Directory && !verdict.may_skip_directory;
            if !is_walked || !self.holds_something_kept(path)? {
                return Ok(Glance::Seen(Seen::Ignored));
            }
        }
        let known = (self.known)(path);
        if status.device != self.root_device()? {
            // Another file system is mounted here: it is not entered. What it hides is not gone.
            return Ok(Glance::Seen(match known.is_some_and(|known| known.stamp.is_some()) {
                true => Seen::Unknown("another file system is mounted over it".to_string()),
                false => Seen::Ignored,
            }));
        }
        if let Some(known) =
            known.as_ref().filter(|known| known.stamp == Some(stamp) && is_on_disk(&known.entry))
        {
            let content = known.entry.content.clone();
            let metadata = self.metadata(place, status, &stamp, Some(known))?;
            return Ok(Glance::Seen(Seen::Present { stamp, content, blank: false, racy: false, metadata }));
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
                    known.as_ref().and_then(|known| known.entry.content.blocks().map(BlockList::block_size));
                return Ok(Glance::Read(block_size));
            }
        };
        let metadata = self.metadata(place, status, &stamp, known.as_ref())?;
        Ok(Glance::Seen(Seen::Present { stamp, content, blank: false, racy: false, metadata }))
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
        let reading = Reading::begin(vfs, place, known_block_size, self.metadata)?;
        let blocks = reading.hash(vfs, 0..reading.blocks(), &mut Vec::new(), self.control)?;
        reading.finish(vfs, blocks, self.now)
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

/// Every directory is entered.
fn none_of(_: &RelativePath) -> bool {
    false
}

fn unknown(error: io::Error) -> Seen {
    Seen::Unknown(error.to_string())
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
