//! What a simulated machine remembers durably: in most worlds the index's twin in memory, in some the real index on a disk of its own.

mod backend;
mod closed;
mod real;
mod same;

pub use real::{Dangers, RealIndex};

use closed::Closed;
use homesync_engine::{Changes, Intent, Journal, Local, View};
use homesync_index::{Additions, Index, IndexError, MemoryIndex, Position};
use homesync_protocol::{DeviceId, Entry};

/// Everything that survives a power cut, whole after each commit.
#[derive(Clone)]
pub struct Store {
    form: Form,
    /// What is remembered is older than what others have seen of it: it begins under this id.
    new_id: Option<u64>,
}

#[derive(Clone)]
enum Form {
    Memory(MemoryIndex),
    Real(Box<RealIndex>),
}

impl Store {
    /// In memory, empty, with an id that no index had before.
    pub fn new(index_id: u64) -> Self {
        Self { form: Form::Memory(MemoryIndex::new(index_id)), new_id: None }
    }

    /// The real one.
    pub fn real(index: RealIndex) -> Self {
        Self { form: Form::Real(Box::new(index)), new_id: None }
    }

    /// The real one, if it is.
    pub fn as_real(&mut self) -> Option<&mut RealIndex> {
        match &mut self.form {
            Form::Memory(_) => None,
            Form::Real(real) => Some(real),
        }
    }

    fn index(&self) -> Option<&dyn Index> {
        match &self.form {
            Form::Memory(index) => Some(index),
            Form::Real(real) => real.index().map(|index| index as &dyn Index),
        }
    }

    /// What was acknowledged, whether it can be read or not: for checks, and not for the machine.
    fn acknowledged(&self) -> &MemoryIndex {
        match &self.form {
            Form::Memory(index) => index,
            Form::Real(real) => real.twin(),
        }
    }

    fn change<T>(&mut self, work: &dyn Fn(&mut dyn Index) -> Result<T, IndexError>) -> Result<T, IndexError> {
        match &mut self.form {
            Form::Memory(index) => work(index),
            Form::Real(real) => real.change(work),
        }
    }

    /// It can be asked. After an error it cannot, until it is opened again.
    pub fn is_open(&self) -> bool {
        self.index().is_some()
    }

    /// How the engine reads it.
    pub fn view(&self) -> &dyn View {
        match self.index() {
            Some(index) => index,
            None => &Closed,
        }
    }

    /// What was acknowledged, for checks.
    pub fn trees(&self) -> Trees<'_> {
        Trees(self.acknowledged())
    }

    /// Makes changes durable, and with them up to where the machine is known that told them.
    pub fn commit_hearing(
        &mut self,
        changes: &Changes,
        positions: Vec<(DeviceId, Position)>,
    ) -> Result<(), IndexError> {
        let additions = Additions { positions, ..Additions::default() };
        self.change(&|index| index.commit_with(changes, &additions)).map(|_| ())
    }

    /// The id under which sequence numbers count.
    pub fn index_id(&self) -> u64 {
        self.acknowledged().index_id()
    }

    /// The highest sequence number given so far.
    pub fn sequence(&self) -> u64 {
        self.acknowledged().sequence()
    }

    /// Own version counters must go above this, as far as the index knows.
    pub fn counter_floor(&self) -> Option<u64> {
        self.index().map(Index::counter_floor)
    }

    /// Nothing in it proves a deletion.
    pub fn is_fresh(&self) -> bool {
        self.index().is_some_and(Index::fresh)
    }

    /// All of the folder was looked at, and what was seen is stored.
    pub fn scanned(&mut self) -> Result<(), IndexError> {
        let additions = Additions { scanned: true, ..Additions::default() };
        self.change(&|index| index.commit_with(&Changes::default(), &additions)).map(|_| ())
    }

    /// It was brought back from an older copy: what was announced since would be announced again under the same numbers, so the numbers
    /// count anew from the next start on.
    pub fn renew(&mut self, index_id: u64) {
        self.new_id = Some(index_id);
    }

    /// The process ended, or the machine lost its power.
    pub fn stop(&mut self, power_cut: bool) {
        if let Form::Real(real) = &mut self.form {
            real.stop(power_cut);
        }
    }

    /// Opens what is there. If that is an older one, own version counters go above `floor`.
    pub fn open(&mut self, floor: u64) -> Result<(), IndexError> {
        if let Form::Real(real) = &mut self.form {
            real.open(self.new_id)?;
        }
        if let Some(index_id) = self.new_id {
            self.change(&|index| index.raise(index_id, floor, 0))?;
            self.new_id = None;
        }
        Ok(())
    }

    /// Up to where another machine's index is known.
    pub fn position(&self, device: DeviceId) -> Option<(u64, u64)> {
        let position = self.index()?.others_position(device).ok()??;
        Some((position.index_id, position.sequence))
    }

    /// Entries to announce after a sequence number; none if they cannot be read.
    pub fn since(&self, sequence: u64) -> Vec<Entry> {
        self.index().and_then(|index| index.announce_since(sequence, usize::MAX).ok()).unwrap_or_default()
    }

    /// Intents that are not settled.
    pub fn open_intents(&self) -> Vec<Intent> {
        let index = self.index().unwrap_or(self.acknowledged());
        index.open_intents().unwrap_or_default()
    }

    /// The same for checks, also where the index cannot be read just now.
    pub fn acknowledged_intents(&self) -> Vec<Intent> {
        self.acknowledged().open_intents().unwrap_or_default()
    }

    /// All open intents are settled.
    pub fn settle_intents(&mut self) -> Result<(), IndexError> {
        let settled: Vec<u64> = self.open_intents().iter().map(|intent| intent.number).collect();
        if settled.is_empty() {
            return Ok(());
        }
        self.commit_hearing(&Changes { settled, ..Changes::default() }, Vec::new())
    }
}

impl Journal for Store {
    type Error = IndexError;

    fn reserve(&mut self, many: u64) -> Result<u64, IndexError> {
        match &mut self.form {
            Form::Memory(index) => index.reserve(many),
            Form::Real(real) => real.reserve(many),
        }
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), IndexError> {
        self.change(&|index| index.begin(intents))
    }
}

/// What was acknowledged.
pub struct Trees<'a>(&'a MemoryIndex);

impl<'a> Trees<'a> {
    /// This machine's items.
    pub fn locals(&self) -> impl Iterator<Item = Local> + use<'a> {
        self.0.all_locals()
    }

    /// The highest sequence number given so far.
    pub fn sequence(&self) -> u64 {
        self.0.sequence()
    }
}
