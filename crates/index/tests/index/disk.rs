//! A disk that loses power, fills up, and shows what was asked of it.

use crate::world::Random;
use homesync_index::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// Pieces that are written whole or not at all.
const SECTOR: usize = 512;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What a reader sees.
    cached: Vec<u8>,
    /// What surely survives a power cut.
    durable: Vec<u8>,
    /// What was asked for since.
    unsynced: Vec<Change>,
    /// Calls that change something until the power goes.
    calls_left: Option<u64>,
    calls: u64,
    syncs: u64,
    capacity: Option<u64>,
    /// Reads that succeed until the others fail.
    reads_left: Option<u64>,
}

#[derive(Clone, Debug)]
enum Change {
    Length(u64),
    Bytes(u64, Vec<u8>),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>, length: usize) {
        match self {
            Self::Length(length) => image.resize(*length as usize, 0),
            Self::Bytes(offset, bytes) => {
                let (start, end) = (*offset as usize, *offset as usize + length.min(bytes.len()));
                image.resize(image.len().max(end), 0);
                image[start..end].copy_from_slice(&bytes[..end - start]);
            }
        }
    }
}

impl Disk {
    pub fn of(image: Vec<u8>) -> Self {
        let state = State { cached: image.clone(), durable: image, ..State::default() };
        Self(Arc::new(Mutex::new(state)))
    }

    /// The power goes at this call.
    pub fn cut_after(&self, calls: u64) {
        self.state().calls_left = Some(calls);
    }

    /// It holds no more bytes than this.
    pub fn limit(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// So many reads succeed; all later ones fail.
    pub fn fail_reads_after(&self, reads: Option<u64>) {
        self.state().reads_left = reads;
    }

    /// Calls that changed something.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// What a reader sees.
    pub fn image(&self) -> Vec<u8> {
        self.state().cached.clone()
    }

    /// What is there after a power cut: each change that was not synced happened, did not, or was torn.
    pub fn after_power_cut(&self, random: &mut Random) -> Vec<u8> {
        let state = self.state();
        let mut image = state.durable.clone();
        for change in &state.unsynced {
            match random.below(3) {
                0 => {}
                1 => change.apply(&mut image, usize::MAX),
                _ => change.apply(&mut image, random.below(9) as usize * SECTOR),
            }
        }
        image
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        let end = match &change {
            Change::Length(length) => *length,
            Change::Bytes(offset, bytes) => offset + bytes.len() as u64,
        };
        if state.capacity.is_some_and(|capacity| end > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        change.apply(&mut state.cached, usize::MAX);
        state.unsynced.push(change);
        Ok(())
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.calls += 1;
        match &mut self.calls_left {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        match &mut state.reads_left {
            Some(0) => return Err(io::Error::other("it cannot be read")),
            Some(left) => *left -= 1,
            None => {}
        }
        let end = usize::try_from(offset).ok().and_then(|start| start.checked_add(out.len()));
        let bytes = end.and_then(|end| state.cached.get(end - out.len()..end));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Change::Length(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.syncs += 1;
        let changes = std::mem::take(&mut state.unsynced);
        changes.iter().for_each(|change| change.apply(&mut state.durable, usize::MAX));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Change::Bytes(offset, data.to_vec()))
    }
}
