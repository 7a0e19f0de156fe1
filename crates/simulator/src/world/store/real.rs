//! The real index of a simulated machine, and its twin in memory that says what must be in it.
//!
//! Every change is made on both. After every opening both must say the same; only the change that was under way when the machine stopped
//! may be there or not, whole either way.

use super::backend::Plug;
use super::same::difference;
use crate::choices::{Choices, SharedChoices};
use crate::filesystem::{Call, Calls, Fault, Faults, Settings, SimFs, When};
use homesync_disk::{Name, Vfs};
use homesync_index::{Database, DurableIndex, FolderOptions, Index, IndexError, MemoryIndex, Options};
use homesync_protocol::DeviceId;
use rustix::io::Errno;
use std::rc::Rc;

/// Where the database is on its disk.
const FILE: &str = "index.redb";

/// Little memory for pages, so that the disk is read as well.
const OPTIONS: Options = Options { cache_bytes: 64 << 10, always_check: false };

/// What the real index of a world has to fear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dangers {
    /// The machine may stop between two of the database's calls.
    pub stops: bool,
    /// Its calls may fail.
    pub errors: bool,
}

/// The real index of one machine, on a disk of its own that stops together with the machine's.
pub struct RealIndex {
    /// Before the index, so that it is dropped first: a process that is gone writes nothing more.
    plug: Option<Plug>,
    index: Option<DurableIndex>,
    disk: SimFs,
    machine: SimFs,
    devices: Rc<[DeviceId]>,
    choices: SharedChoices,
    dangers: Dangers,
    /// What the index has answered for.
    twin: MemoryIndex,
    /// What it says if the change that was under way is there.
    under_way: Option<MemoryIndex>,
    /// The lowest number that no intent was given.
    next_intent: u64,
    /// An older copy of the file that is put back at the next start.
    copy: Option<Rc<Vec<u8>>>,
    /// The copy that was put back is not whole.
    damaged: bool,
    reached: Vec<&'static str>,
    violation: Option<String>,
}

impl RealIndex {
    /// A new one for a machine.
    pub fn new(
        index_id: u64,
        machine: &SimFs,
        devices: &[DeviceId],
        choices: SharedChoices,
        dangers: Dangers,
    ) -> Self {
        let disk = SimFs::new(Settings {
            ordered: machine.settings().ordered,
            device: 1_000,
            ..Settings::default()
        });
        disk.set_choices(choices.clone());
        let mut new = Self {
            plug: None,
            index: None,
            disk,
            machine: machine.clone(),
            devices: Rc::from(devices),
            choices,
            dangers,
            twin: MemoryIndex::new(index_id),
            under_way: None,
            next_intent: 1,
            copy: None,
            damaged: false,
            reached: Vec::new(),
            violation: None,
        };
        if let Err(error) = new.begin_anew(index_id) {
            new.violation = Some(format!("a new index could not be made: {error}"));
        }
        new
    }

    /// The index, if it is open.
    pub fn index(&self) -> Option<&DurableIndex> {
        self.index.as_ref()
    }

    /// What it has answered for.
    pub fn twin(&self) -> &MemoryIndex {
        &self.twin
    }

    /// Nothing stops and nothing fails from here on.
    pub fn calm(&mut self) {
        self.dangers = Dangers::default();
    }

    /// Situations that were reached since the last time.
    pub fn take_reached(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.reached)
    }

    /// What the index must not say, if it said so.
    pub fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
    }

    /// Changes both, in one durable transaction.
    pub fn change<T>(
        &mut self,
        work: &dyn Fn(&mut dyn Index) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let Some(index) = &mut self.index else { return Err(IndexError::Disk("it is not open".to_string())) };
        let mut next = self.twin.clone();
        work(&mut next)?;
        endanger(&self.disk, &mut self.choices, self.dangers);
        let answer = work(index);
        spare(&self.disk);
        match answer {
            Ok(answer) => {
                self.twin = next;
                Ok(answer)
            }
            Err(error) => {
                // Whether the change is there is known at the next opening.
                self.under_way = Some(next);
                self.stopped("real index refused");
                Err(error)
            }
        }
    }

    /// Numbers for intents. Nothing says which of them a stopped change has given, so only that none is given twice is checked.
    pub fn reserve(&mut self, many: u64) -> Result<u64, IndexError> {
        let first = self.change(&|index| index.reserve(many))?;
        if first < self.next_intent {
            self.violated(format!("it gave the number {first} twice"));
        }
        self.next_intent = first + many;
        Ok(first)
    }

    /// The process ended, or the machine lost its power: what was open is gone.
    pub fn stop(&mut self, power_cut: bool) {
        // The process did not close anything.
        self.plug = None;
        self.index = None;
        if power_cut {
            self.disk.reboot()
        } else {
            self.disk.restart()
        }
        if let Some(copy) = self.copy.take() {
            self.put_back(&copy);
        }
    }

    /// Opens what is on the disk. A copy that was put back and turns out to be damaged is begun anew, under a new id.
    pub fn open(&mut self, new_id: Option<u64>) -> Result<(), IndexError> {
        let endangered = endanger(&self.disk, &mut self.choices, self.dangers);
        let opened = self.open_file(|backend| Database::open_with_backend(backend, &OPTIONS));
        spare(&self.disk);
        if let Err(error) = opened {
            self.plug = None;
            let is_broken = matches!(error, IndexError::Broken { .. });
            if let Some(index_id) = new_id.filter(|_| self.damaged && is_broken) {
                self.reached.push("real index begun anew");
                self.begin_anew(index_id)?;
            } else {
                let is_expected = endangered || self.disk.has_crashed();
                if !is_expected || is_broken {
                    self.violated(format!("it could not be opened: {error}"));
                }
                self.stopped("real index not opened");
                return Err(error);
            }
        }
        self.compare();
        self.damaged = false;
        Ok(())
    }

    /// Compares what it says with what it must say.
    pub fn compare(&mut self) {
        let Some(index) = &self.index else { return };
        let under_way = self.under_way.take();
        let Some(without) = difference(index, &self.twin, &self.devices) else { return };
        match under_way.filter(|next| difference(index, next, &self.devices).is_none()) {
            Some(next) => self.twin = next,
            None => self.violated(format!("it is not what was stored: {without}")),
        }
    }

    /// Reads all of it.
    pub fn check(&mut self) {
        self.compare();
        match self.index.as_mut().map(Index::check) {
            Some(Ok(())) => {}
            Some(Err(error)) => self.violated(format!("it does not fit itself: {error}")),
            None => self.violated("it is not open at the end".to_string()),
        }
    }

    /// The file with an empty index.
    fn begin_anew(&mut self, index_id: u64) -> Result<(), IndexError> {
        let _ = self.disk.user_remove_tree(FILE);
        self.disk.user_write(FILE, b"").map_err(disk_error)?;
        (self.under_way, self.next_intent) = (None, 1);
        self.twin = MemoryIndex::new(index_id);
        self.open_file(|backend| Database::create_with_backend(backend, &OPTIONS))?;
        self.disk.user_sync();
        Ok(())
    }

    fn open_file(
        &mut self,
        open: impl FnOnce(super::backend::Backend) -> Result<Database, IndexError>,
    ) -> Result<(), IndexError> {
        let root = self.disk.root().map_err(disk_error)?;
        let name = Name::new(FILE.as_bytes()).map_err(disk_error)?;
        let file = self.disk.open_file_for_writing(&root, name).map_err(disk_error)?;
        let (plug, backend) = Plug::of(&self.disk, &self.machine, file);
        self.plug = Some(plug);
        let options = FolderOptions { index_id_if_new: self.twin.index_id(), folds_case: false };
        self.index = Some(open(backend)?.folder("folder", options)?);
        Ok(())
    }

    /// An older copy of the file, by choice not all of it.
    fn put_back(&mut self, copy: &[u8]) {
        let mut copy = copy.to_vec();
        if self.choices.choose(3, "the copy is damaged") == 2 {
            self.damaged = true;
            let mut used: Vec<&mut [u8]> =
                copy.chunks_mut(4_096).filter(|page| page.iter().any(|byte| *byte != 0)).collect();
            let which = self.choices.choose(used.len() as u64, "which page") as usize;
            used[which].iter_mut().for_each(|byte| *byte ^= 0x55);
        }
        let _ = self.disk.user_write(FILE, &copy);
        self.disk.user_sync();
    }

    /// Nothing more is read or written until it is opened again.
    fn stopped(&mut self, why: &'static str) {
        let is_cut = self.disk.has_crashed();
        self.reached.push(if is_cut { "real index cut in the middle" } else { why });
        if is_cut {
            self.machine.crash();
        }
        self.index = None;
        self.plug = None;
    }

    fn violated(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }
}

impl Clone for RealIndex {
    /// A copy of the file as it is, which takes the place of the file when a machine starts with it.
    fn clone(&self) -> Self {
        Self {
            plug: None,
            index: None,
            disk: self.disk.clone(),
            machine: self.machine.clone(),
            devices: self.devices.clone(),
            choices: self.choices.clone(),
            dangers: self.dangers,
            twin: self.twin.clone(),
            under_way: self.under_way.clone(),
            next_intent: self.next_intent,
            copy: self.copy.clone().or_else(|| self.disk.read(FILE).ok()),
            damaged: false,
            reached: Vec::new(),
            violation: self.violation.clone(),
        }
    }
}

/// Before the database calls its disk: the machine may stop in the middle, calls may fail. Answers whether something may.
fn endanger(disk: &SimFs, choices: &mut SharedChoices, dangers: Dangers) -> bool {
    if dangers == Dangers::default() {
        return false;
    }
    match choices.choose(64, "the index's disk") {
        61.. if dangers.stops => {
            let calls = disk.calls() + 1 + choices.choose(32, "after how many calls of the index");
            disk.set_crash_at(Some(calls));
        }
        58..=60 if dangers.errors => {
            let (calls, errno) = [
                (&[Call::WriteAt, Call::SetLength][..], Errno::NOSPC),
                (&[Call::WriteAt], Errno::IO),
                (&[Call::SynchronizeFile], Errno::IO),
                (&[Call::SynchronizeFile], Errno::NOSPC),
                (&[Call::ReadAt], Errno::IO),
            ][choices.choose(5, "which error of the index's disk") as usize];
            let after = 1 + choices.choose(16, "after how many calls of the index");
            let when = When::From(disk.calls() + after);
            disk.set_faults(Faults {
                faults: vec![Fault { calls: Calls::of(calls), errno, when, stays: false }],
                short_reads_one_in: 0,
                short_writes_one_in: 4,
            });
        }
        _ => return false,
    }
    true
}

/// All goes well again.
fn spare(disk: &SimFs) {
    disk.set_crash_at(None);
    disk.set_faults(Faults::default());
}

fn disk_error(error: std::io::Error) -> IndexError {
    IndexError::Disk(error.to_string())
}
