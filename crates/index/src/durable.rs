//! One folder's index in the database.

mod check;
mod commit;
mod lookup;
mod view;

pub(crate) use lookup::references;

use crate::codec::{FolderRecord, decode_intent, decode_journal, decode_position, encode_intent};
use crate::database::{Shared, Transaction, When};
use crate::packed::{Fault, Group, TREES, Tree, find, scan};
use crate::{Additions, Committed, Index, IndexError, Position};
use homesync_engine::{Bug, Changes, Intent, Journal, JournalRecord, Local, Unreadable, planted};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, DeviceId, Entry};
use std::ops::Range;
use std::sync::Arc;

/// How a folder is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FolderOptions {
    /// Its index id if it is new: random, because it tells other machines that nothing they remember counts.
    pub index_id_if_new: u64,
    /// Its file system takes two spellings of a name for one: keep what [`homesync_engine::View::spellings`] needs.
    pub folds_case: bool,
}

/// A folder in a [`crate::Database`].
#[derive(Debug)]
pub struct DurableIndex {
    shared: Arc<Shared>,
    name: String,
    record: FolderRecord,
    /// Up to which sequence number everything is durable.
    durable: u64,
    /// Numbers for intents that were taken durably and not given yet. At a stop they are lost, so that none is ever given twice.
    reserved: Range<u64>,
}

/// So many numbers for intents are taken at once: taking them waits for the disk.
const RESERVED_AT_ONCE: u64 = 4_096;

impl DurableIndex {
    pub(crate) fn open(shared: &Arc<Shared>, name: &str, options: FolderOptions) -> Result<Self, IndexError> {
        let record = match shared.record(name)? {
            Some(record) => record,
            None => shared.write(|transaction| create(transaction, name, options))?,
        };
        if !shared.occupy(record.number) {
            return Err(IndexError::Busy { folder: name.to_owned() });
        }
        let durable = record.sequence;
        let mut index =
            Self { shared: Arc::clone(shared), name: name.to_owned(), record, durable, reserved: 0..0 };
        if index.record.folds_case != options.folds_case {
            index.change(|transaction, record| commit::refold(transaction, record, options.folds_case))?;
        }
        Ok(index)
    }

    fn group(&self, tree: Tree) -> Group {
        Group::of(self.record.number, tree)
    }

    /// Changes the folder's record and more, in one transaction. The record in memory changes only when the other is durable.
    fn change<T>(
        &mut self,
        work: impl FnOnce(&mut Transaction<'_>, &mut FolderRecord) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        self.change_when(When::Now, work)
    }

    fn change_when<T>(
        &mut self,
        when: When,
        work: impl FnOnce(&mut Transaction<'_>, &mut FolderRecord) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        let mut record = self.record.clone();
        let name = &self.name;
        let answer = self.shared.write_when(when, |transaction| {
            let answer = work(transaction, &mut record)?;
            if planted(Bug::SequencesRepeated) {
                let forgotten = FolderRecord { sequence: 0, ..record.clone() };
                transaction.put_folder(name, &forgotten)?;
                return Ok(answer);
            }
            transaction.put_folder(name, &record)?;
            Ok(answer)
        })?;
        self.record = record;
        if when == When::Now {
            self.durable = self.record.sequence;
        }
        Ok(answer)
    }
}

impl Drop for DurableIndex {
    fn drop(&mut self) {
        self.shared.leave(self.record.number);
    }
}

fn create(
    transaction: &mut Transaction<'_>,
    name: &str,
    options: FolderOptions,
) -> Result<FolderRecord, Fault> {
    let record = FolderRecord {
        number: transaction.free_folder()?,
        index_id: options.index_id_if_new,
        next_intent: 1,
        next_journal: 1,
        fresh: true,
        folds_case: options.folds_case,
        ..FolderRecord::default()
    };
    for tree in TREES {
        transaction.create(Group::of(record.number, tree))?;
    }
    transaction.put_folder(name, &record)?;
    Ok(record)
}

impl Journal for DurableIndex {
    type Error = IndexError;

    fn reserve(&mut self, many: u64) -> Result<u64, IndexError> {
        if self.reserved.end - self.reserved.start < many {
            let taken = many.max(RESERVED_AT_ONCE);
            let first = self.change(|_, record| {
                let first = record.next_intent;
                record.next_intent += taken;
                Ok(first)
            })?;
            self.reserved = first..first + taken;
        }
        let first = self.reserved.start;
        self.reserved.start += many;
        Ok(first)
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), IndexError> {
        let group = self.group(Tree::Intents);
        self.change(|transaction, _| {
            for intent in intents {
                transaction.batch.put(group, &intent.number.to_be_bytes(), encode_intent(intent));
            }
            Ok(())
        })
    }
}

impl Index for DurableIndex {
    fn commit_with(&mut self, changes: &Changes, additions: &Additions) -> Result<Committed, IndexError> {
        self.change(|transaction, record| {
            commit::apply(transaction, record, changes, additions)?;
            Ok(Committed { sequence: record.sequence })
        })
    }

    fn commit_soon(&mut self, changes: &Changes, additions: &Additions) -> Result<Committed, IndexError> {
        self.change_when(When::Soon, |transaction, record| {
            commit::apply(transaction, record, changes, additions)?;
            Ok(Committed { sequence: record.sequence })
        })
    }

    fn flush(&mut self) -> Result<(), IndexError> {
        self.change(|_, _| Ok(()))
    }

    fn index_id(&self) -> u64 {
        self.record.index_id
    }

    fn sequence(&self) -> u64 {
        self.record.sequence
    }

    fn counter_floor(&self) -> u64 {
        self.record.counter_floor
    }

    fn fresh(&self) -> bool {
        self.record.fresh
    }

    fn announce_since(&self, sequence: u64, limit: usize) -> Result<Vec<Entry>, Unreadable> {
        lookup::announce_since(self, sequence, limit)
    }

    fn others_position(&self, device: DeviceId) -> Result<Option<Position>, Unreadable> {
        Ok(self.shared.read(|blocks, names| {
            let Some(number) = names.device(device) else { return Ok(None) };
            let value = find(blocks, self.group(Tree::Positions), &number.to_be_bytes())?;
            Ok(value.map(|value| decode_position(&value)).transpose()?)
        })?)
    }

    fn open_intents(&self) -> Result<Vec<Intent>, Unreadable> {
        Ok(self.shared.read(|blocks, _| {
            let mut intents = Vec::new();
            scan(blocks, self.group(Tree::Intents), b"", &mut |row| {
                intents.push(decode_intent(number_of(row.key)?, row.value)?);
                Ok(true)
            })?;
            Ok(intents)
        })?)
    }

    fn journal(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, JournalRecord)>, Unreadable> {
        // Numbers grow by one, so the first wanted one is known.
        let before = before.unwrap_or(u64::MAX).min(self.record.next_journal);
        let first = before.saturating_sub(limit as u64);
        Ok(self.shared.read(|blocks, _| {
            let mut records = Vec::new();
            scan(blocks, self.group(Tree::Journal), &first.to_be_bytes(), &mut |row| {
                let number = number_of(row.key)?;
                if number < before {
                    records.push((number, decode_journal(row.value)?));
                }
                Ok(number < before)
            })?;
            records.reverse();
            Ok(records)
        })?)
    }

    fn block_places(&self, hash: BlockHash, limit: usize) -> Result<Vec<(RelativePath, u32)>, Unreadable> {
        lookup::block_places(self, hash, limit)
    }

    fn locals(&self, after: Option<&RelativePath>, limit: usize) -> Result<Vec<Local>, Unreadable> {
        view::locals(self, after, limit)
    }

    fn raise(
        &mut self,
        index_id: u64,
        own_counter_hint: u64,
        sequence_at_least: u64,
    ) -> Result<(), IndexError> {
        self.change(|_, record| {
            record.index_id = index_id;
            record.sequence = record.sequence.max(sequence_at_least);
            record.counter_floor = record.counter_floor.max(own_counter_hint);
            Ok(())
        })
    }

    fn compact(&mut self) -> Result<(), IndexError> {
        self.shared.compact()
    }

    fn check(&mut self) -> Result<(), IndexError> {
        check::check(self)
    }
}

/// A key that is a number.
fn number_of(key: &[u8]) -> Result<u64, Fault> {
    let bytes = key.try_into().map_err(|_| Fault::Damaged("a number of another length".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}
