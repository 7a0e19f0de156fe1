//! What an index of a folder can do, whatever it is made of.

use crate::IndexError;
use homesync_engine::{Changes, Intent, Journal, JournalRecord, Local, Unreadable, View};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, DeviceId, Entry};

/// Up to where another machine has told us what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Position {
    /// Its index id: another one means that everything it said before is void.
    pub index_id: u64,
    /// The highest of its sequence numbers that is stored here.
    pub sequence: u64,
}

/// What is stored in the same transaction as the engine's changes, and which the engine knows nothing of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// Where other machines stand after these changes. Forgetting a machine forgets its position too, before these are set.
    pub positions: Vec<(DeviceId, Position)>,
    /// These changes end the first full scan of the folder: from now on a missing item may prove a deletion.
    pub scanned: bool,
}

/// What a commit answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The highest sequence number given so far: everything up to here may be announced.
    pub sequence: u64,
}

/// The durable side of one folder: its trees ([`View`]), the executor's intents ([`Journal`]), and what was promised to other machines.
///
/// `DURABILITY.md` beside this crate says what is promised.
pub trait Index: View + Journal<Error = IndexError> {
    /// Stores changes and what goes with them in one durable transaction: all of it, or nothing.
    fn commit_with(&mut self, changes: &Changes, additions: &Additions) -> Result<Committed, IndexError>;

    /// Stores changes in one durable transaction. Local items get the next sequence numbers in their order.
    fn commit(&mut self, changes: &Changes) -> Result<Committed, IndexError> {
        self.commit_with(changes, &Additions::default())
    }

    /// Stores changes so that this machine goes on from them at once, and a power cut may still take them: all of it, and nothing before it. Nobody else
    /// hears of them, and nothing may be done that counts on them, before [`flush`](Self::flush) or any other commit has answered. Many small
    /// changes share one wait for the disk this way.
    fn commit_soon(&mut self, changes: &Changes, additions: &Additions) -> Result<Committed, IndexError> {
        self.commit_with(changes, additions)
    }

    /// Makes durable what was to be so soon.
    fn flush(&mut self) -> Result<(), IndexError> {
        Ok(())
    }

    /// Makes sequence numbers comparable between sessions; another one when the database was begun anew.
    fn index_id(&self) -> u64;

    /// The highest sequence number given so far.
    fn sequence(&self) -> u64;

    /// Own version counters must go above this: [`Index::raise`] set it.
    fn counter_floor(&self) -> u64;

    /// No full scan was stored since the database was begun: nothing in it proves a deletion.
    fn fresh(&self) -> bool;

    /// This machine's durable entries with a higher sequence number, in the order of sequence numbers, at most `limit`. Those that are kept to this
    /// machine are among them; leaving them out is the caller's affair.
    fn announce_since(&self, sequence: u64, limit: usize) -> Result<Vec<Entry>, Unreadable>;

    /// Up to where a machine has told us what it has.
    fn others_position(&self, device: DeviceId) -> Result<Option<Position>, Unreadable>;

    /// Intents that are not settled, in the order of their numbers.
    fn open_intents(&self) -> Result<Vec<Intent>, Unreadable>;

    /// What was done to the disk, newest first, with numbers that grow by one: records before number `before`, or the newest ones.
    fn journal(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, JournalRecord)>, Unreadable>;

    /// Where this machine's present files hold a block: path and number of the block in the file, at most `limit`.
    fn block_places(&self, hash: BlockHash, limit: usize) -> Result<Vec<(RelativePath, u32)>, Unreadable>;

    /// This machine's items behind a path (from the first one for `None`), in the order of names, at most `limit`. Walk a whole folder in
    /// chunks: nothing is held between two calls.
    fn locals(&self, after: Option<&RelativePath>, limit: usize) -> Result<Vec<Local>, Unreadable>;

    /// After the database turned out to be older than what other machines have seen of it: a new index id, sequence numbers that continue
    /// above `sequence_at_least`, and version counters above `own_counter_hint`. Nothing is ever lowered.
    ///
    /// The hint is to be far above the clock, which may have been put back, above [`counter_floor`](Self::counter_floor), and above every earlier
    /// hint. The highest one is to be kept outside of the database as well: the same copy of it may be restored twice.
    fn raise(
        &mut self,
        index_id: u64,
        own_counter_hint: u64,
        sequence_at_least: u64,
    ) -> Result<(), IndexError>;

    /// Makes the database as small as it can be. Not while other folders are busy.
    fn compact(&mut self) -> Result<(), IndexError>;

    /// Reads everything and compares it with itself. Slow.
    fn check(&mut self) -> Result<(), IndexError>;
}
