//! One folder while the daemon runs: its engine, and the threads that look at its disk and change it.
//!
//! `engine_loop` is the only thread that touches the engine; everybody else puts an [`Input`] into its inbox. What the engine wants is done by
//! `actions`; `look` and `operate` are the threads that read and write the disk, and a small pool moves blocks. Nothing here knows of connections:
//! whom to ask for a block is a call of [`Peers`], and who is to hear of what is new listens to the [`Bell`].

mod actions;
mod engine_loop;
mod hooks;
mod index;
mod keep_references;
mod look;
mod memory;
mod operate;
mod progress;
mod references;
mod room;
mod root;
mod standing;
mod staying;
mod watch;

pub(crate) use engine_loop::{Heard, Input};
pub(crate) use index::SharedIndex;
pub(crate) use standing::{Held, Standing};
pub(crate) use staying::Named;

use crate::bell::Bell;
use crate::crew::Crew;
use crate::differences::Differences;
use crate::fleet::FolderPlan;
use crate::inbox::Inbox;
use crate::pool::Pool;
use homesync_disk::{LocalFs, Versioning, VersioningKind, failure};
use homesync_engine::{BlockResult, Failure, Journal, Unfinished, View};
use homesync_host::run::Cancel;
use homesync_index::{Database, IndexError};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockHash, BlocksHash, DeviceId, Entry, ShortId};
use look::Looks;
use root::Root;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, mpsc};
use std::time::Duration;

/// Threads that move blocks of one folder.
const MOVERS: usize = 2;

/// Whom a folder asks for blocks.
pub(crate) trait Peers: Send + Sync {
    /// Asks a machine for a block; the answer comes by [`Shared::answered`]. Answers whether it could be asked.
    fn request(&self, folder: &Arc<Shared>, device: DeviceId, wanted: Wanted) -> bool;
}

/// A block that a folder wants to have.
pub(crate) struct Wanted {
    /// Of this content.
    pub(crate) entry: Box<Entry>,
    /// Which.
    pub(crate) block: u32,
    /// It is asked of a machine that does not have all of the file.
    pub(crate) from_temporary: bool,
}

/// What all threads of a folder share.
pub(crate) struct Shared {
    /// By what others know it.
    pub(crate) id: String,
    /// This machine.
    pub(crate) own: DeviceId,
    plan: RwLock<FolderPlan>,
    ignore: RwLock<Arc<IgnoreRules>>,
    /// Its index.
    pub(crate) index: SharedIndex,
    root: Root,
    memory: PathBuf,
    inbox: Inbox<Input>,
    is_ending: AtomicBool,
    /// How often the engine's thread has taken something up.
    turns: AtomicU64,
    looks: Looks,
    deeds: Inbox<operate::Deed>,
    movers: Pool,
    /// The engine's, for those whose looks begin now.
    epoch: AtomicU64,
    differences: Mutex<Differences>,
    standing: Mutex<Standing>,
    conflict_bases: Mutex<BTreeMap<RelativePath, BlocksHash>>,
    /// What others are told of files that are being put together.
    unfinished: Mutex<Arc<Vec<Unfinished>>>,
    bell: Arc<Bell>,
    changes: Arc<Bell>,
    peers: Arc<dyn Peers>,
    trouble: Arc<dyn Fn(String) + Send + Sync>,
    share: Arc<dyn Fn() + Send + Sync>,
    /// Stops programs that the folder waits for.
    programs: Cancel,
}

/// What a folder needs to begin.
pub(crate) struct Surroundings {
    /// This machine.
    pub(crate) own: DeviceId,
    /// The index of all folders.
    pub(crate) database: Database,
    /// Where small things are remembered.
    pub(crate) state: PathBuf,
    /// Rung when something is new for others.
    pub(crate) bell: Arc<Bell>,
    /// Rung when things stand otherwise than before.
    pub(crate) changes: Arc<Bell>,
    /// The other machines.
    pub(crate) peers: Arc<dyn Peers>,
    /// Told when the index has failed, after which nothing goes on.
    pub(crate) trouble: Arc<dyn Fn(String) + Send + Sync>,
    /// Told when others are to hear of another index.
    pub(crate) share: Arc<dyn Fn() + Send + Sync>,
}

/// A thread of a folder that has not ended after this time waits for its disk.
const END: Duration = Duration::from_secs(2);

/// A folder that runs. It ends when this is dropped.
pub(crate) struct Folder {
    /// What all its threads share.
    pub(crate) shared: Arc<Shared>,
    engine: Option<Crew>,
}

impl Folder {
    /// Begins.
    pub(crate) fn start(plan: FolderPlan, around: Surroundings) -> io::Result<Self> {
        let id = plan.id.clone();
        let shared = Arc::new(Shared {
            own: around.own,
            ignore: RwLock::new(Arc::new(IgnoreRules::empty())),
            index: SharedIndex::default(),
            root: Root::new(&plan.path),
            memory: memory::place_of(&around.state, &id),
            inbox: Inbox::default(),
            is_ending: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            looks: Looks::default(),
            deeds: Inbox::default(),
            movers: Pool::new(&format!("blocks {id}"), MOVERS)?,
            epoch: AtomicU64::new(0),
            differences: Mutex::new(Differences::new(&plan.with, &BTreeSet::new())),
            standing: Mutex::new(Standing::new(&plan)),
            conflict_bases: Mutex::default(),
            unfinished: Mutex::default(),
            bell: around.bell,
            changes: around.changes,
            peers: around.peers,
            trouble: around.trouble,
            share: around.share,
            programs: Cancel::new(),
            plan: RwLock::new(plan),
            id,
        });
        let (of_thread, database) = (shared.clone(), around.database);
        let (opened, is_opened) = mpsc::channel();
        let mut engine = Crew::new();
        let run = move || engine_loop::run(&of_thread, &database, &opened);
        engine.spawn(format!("folder {}", shared.id), run)?;
        // Others are told of it with its index's id, or, if that could not be opened, as one that stands still.
        let _ = is_opened.recv();
        Ok(Self { shared, engine: Some(engine) })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(engine) = self.engine.take() {
            // It waits for its own threads meanwhile.
            engine.end(END * 2);
        }
    }
}

impl Shared {
    /// The settings.
    pub(crate) fn plan(&self) -> FolderPlan {
        self.plan.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other settings.
    pub(crate) fn follow(&self, plan: &FolderPlan) {
        if self.plan() != *plan {
            self.tell(Input::Plan(Box::new(plan.clone())));
        }
    }

    /// Nothing is heard of this machine any more.
    pub(crate) fn has_turned_away(&self, device: DeviceId) -> bool {
        lock(&self.standing).turned_away.contains_key(&device)
    }

    /// Does something to the disk when nothing else is done to it, and waits for it. Nothing if the folder's directory is not there.
    pub(crate) fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&LocalFs) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, is_done) = mpsc::channel();
        self.deeds.put(operate::Deed::Other(Box::new(move |vfs| {
            let _ = done.send(vfs.map(work));
        })));
        is_done.recv().ok().flatten()
    }

    /// The directory that is believed to be the root, if the path still leads to it. Only to be read in.
    pub(crate) fn vfs(&self) -> Option<Arc<LocalFs>> {
        self.root.believed().map(|opened| opened.vfs)
    }

    /// What both sides of a conflict were made from, by the path of the copy.
    pub(crate) fn base_of(&self, copy: &RelativePath) -> Option<BlocksHash> {
        lock(&self.conflict_bases).get(copy).copied()
    }

    fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::SeqCst)
    }

    /// A number that was never given before, for what is moved out of the way.
    pub(crate) fn next_number(&self) -> Result<u64, IndexError> {
        Journal::reserve(&mut self.index.clone(), 1)
    }

    /// The end is near: what waits in the inbox does not count any more, and a look that is under way ends.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::SeqCst);
        self.programs.pull();
        self.looks.end();
        self.inbox.put(Input::End);
    }

    /// How versions are kept, with names in this machine's time.
    fn versioning(&self) -> Option<Versioning> {
        self.plan().versions.map(|kind| Versioning { kind, utc_offset: crate::clock::utc_offset() })
    }

    /// For how long its disk has not answered, if it hangs.
    pub(crate) fn hangs_for(&self) -> Option<Duration> {
        self.looks.hangs_for()
    }

    /// How the versions are to be read that there are: they may be from a time when the settings were others.
    pub(crate) fn versions_there(&self) -> Versioning {
        let tagged = VersioningKind::Simple { keep: u32::MAX, cleanout_days: 0 };
        let kind = self.plan().versions.unwrap_or(tagged);
        Versioning { kind, utc_offset: crate::clock::utc_offset() }
    }

    /// The patterns in force.
    pub(crate) fn ignore(&self) -> Arc<IgnoreRules> {
        self.ignore.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the engine something.
    pub(crate) fn tell(&self, input: Input) {
        self.inbox.put(input);
    }

    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    /// How often the engine's thread has taken something up.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.load(Ordering::SeqCst)
    }

    /// It takes something up now: from here on trees and differences are not what the last standing says.
    fn take_turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// What differs.
    pub(crate) fn differences(&self) -> MutexGuard<'_, Differences> {
        lock(&self.differences)
    }

    /// Has something done by the threads that move blocks.
    pub(crate) fn move_blocks(&self, job: impl FnOnce() + Send + 'static) {
        self.movers.run(job);
    }

    /// A block came, or did not.
    pub(crate) fn answered(
        self: &Arc<Self>,
        device: DeviceId,
        wanted: Box<Entry>,
        block: u32,
        bytes: Option<impl AsRef<[u8]> + Send + 'static>,
    ) {
        let Some(bytes) = bytes else {
            return self.block(device, wanted, block, BlockResult::Refused);
        };
        let shared = self.clone();
        self.move_blocks(move || match shared.put_block(&wanted, block, bytes.as_ref()) {
            Ok(result) => shared.block(device, wanted, block, result),
            Err(failure) => shared.tell(Input::Engine(homesync_engine::Event::Unstaged { wanted, failure })),
        });
    }

    fn block(&self, device: DeviceId, wanted: Box<Entry>, block: u32, result: BlockResult) {
        self.tell(Input::Engine(homesync_engine::Event::Block { wanted, block, device, result }));
    }

    fn put_block(&self, wanted: &Entry, block: u32, bytes: &[u8]) -> Result<BlockResult, Failure> {
        let Some(opened) = self.root.believed() else { return Ok(BlockResult::Refused) };
        match homesync_disk::Staging::new(&*opened.vfs).write_block(wanted, block, bytes) {
            Ok(true) => Ok(BlockResult::Written),
            Ok(false) => Ok(BlockResult::Wrong),
            Err(error) => Err(failure(&wanted.path, &error)),
        }
    }

    /// The bytes that another machine wants, if they are what this machine says it has.
    pub(crate) fn serve(&self, request: &homesync_protocol::Request) -> Option<Vec<u8>> {
        if request.from_temporary
            && let Some(block) = self.serve_unfinished(request)
        {
            return Some(block);
        }
        let (path, offset) = (request.path.as_ref().ok()?, request.offset?);
        let own = self.index.read(|index| index.local(path)).ok()??;
        let blocks = own.entry.content.blocks().filter(|_| own.entry.is_present())?;
        let size = u64::from(request.size);
        if size == 0 || offset.checked_add(size)? > blocks.size() {
            return None;
        }
        let hash = request.hash.or_else(|| block_at(blocks, offset, request.size))?;
        let opened = self.root.opened()?;
        let wanted = homesync_disk::Wanted { path, offset, size: request.size, hash };
        let served = homesync_disk::serve_part(&*opened.vfs, wanted).ok().flatten();
        if served.is_none() && request.hash.is_none_or(|hash| blocks.hashes().contains(&hash)) {
            // The file is not what the index believes: whatever its times say, it is read again.
            self.looks.reads([path.clone()]);
        }
        served
    }
}

/// The hash of the block that lies exactly there.
fn block_at(blocks: &homesync_protocol::BlockList, offset: u64, size: u32) -> Option<BlockHash> {
    let number = usize::try_from(offset / u64::from(blocks.block_size())).ok()?;
    let hash = blocks.hashes().get(number)?;
    (blocks.extent(number) == (offset, size)).then_some(*hash)
}

/// Its short form, by which versions name it.
fn short_id(device: DeviceId) -> ShortId {
    device.into()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
