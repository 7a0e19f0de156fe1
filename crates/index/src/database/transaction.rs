//! One durable transaction: blocks, what is stored once, and names, all or nothing.

use super::meta::{self, META, Names};
use crate::codec::FolderRecord;
use crate::packed::{BLOCKS, Batch, Fault, Group};
use homesync_engine::{Bug, planted};
use homesync_protocol::DeviceId;
use redb::{ReadOnlyTable, Table, WriteTransaction};

/// The blocks, as a read sees them.
pub(crate) type Blocks = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// A transaction that is being written.
pub(crate) struct Transaction<'a> {
    /// The blocks.
    pub batch: Batch<'a>,
    /// Names, which may grow.
    pub names: Names,
    meta: Table<'a, &'static str, &'static [u8]>,
    stored: (usize, usize),
}

/// When a transaction is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// As soon as it is committed.
    Now,
    /// With the next one that is.
    Soon,
}

/// Begins one that is durable as soon as it is committed.
pub(crate) fn begin(database: &redb::Database) -> Result<WriteTransaction, Fault> {
    begin_when(database, When::Now)
}

/// Begins one. Without quick repair the opening after a kill walks through the whole file, so no durable transaction goes without.
pub(crate) fn begin_when(database: &redb::Database, when: When) -> Result<WriteTransaction, Fault> {
    let mut writing = database.begin_write()?;
    if when == When::Soon || planted(Bug::IndexNotDurable) {
        // It refuses only where there are savepoints, and we make none.
        let _ = writing.set_durability(redb::Durability::None);
        return Ok(writing);
    }
    writing.set_quick_repair(true);
    Ok(writing)
}

/// The last transaction before a clean end.
pub(crate) fn mark_clean(database: &redb::Database) -> Result<(), Fault> {
    let writing = begin(database)?;
    meta::mark(&mut writing.open_table(META)?, false)?;
    writing.commit()?;
    Ok(())
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(writing: &'a WriteTransaction, names: Names) -> Result<Self, Fault> {
        let stored = (names.machines.names().len(), names.devices.len());
        let batch = Batch::new(writing.open_table(BLOCKS)?);
        Ok(Self { batch, names, meta: writing.open_table(META)?, stored })
    }

    /// Writes what is pending.
    pub(crate) fn finish(mut self, mark: bool) -> Result<Names, Fault> {
        self.batch.flush()?;
        if (self.names.machines.names().len(), self.names.devices.len()) != self.stored {
            meta::put_names(&mut self.meta, &self.names)?;
        }
        if mark {
            meta::mark(&mut self.meta, true)?;
        }
        Ok(self.names)
    }

    /// Stores what is known about a folder.
    pub(crate) fn put_folder(&mut self, name: &str, record: &FolderRecord) -> Result<(), Fault> {
        meta::put_folder(&mut self.meta, name, record)
    }

    /// A number that no folder has.
    pub(crate) fn free_folder(&mut self) -> Result<u32, Fault> {
        let mut highest = 0;
        for (_, value) in meta::folders(&self.meta)? {
            highest = highest.max(FolderRecord::decode(&value)?.number);
        }
        Ok(highest + 1)
    }

    /// The number of a machine, a new one if it has none.
    pub(crate) fn device(&mut self, device: DeviceId) -> Result<u16, Fault> {
        if let Some(number) = self.names.device(device) {
            return Ok(number);
        }
        let number = u16::try_from(self.names.devices.len());
        self.names.devices.push(device);
        number.map_err(|_| Fault::Damaged("more machines than can be counted".to_owned()))
    }

    /// Something that works on blocks and not on pairs.
    pub(crate) fn with_table<T>(
        &mut self,
        work: impl FnOnce(&mut Table<'a, &'static [u8], &'static [u8]>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        work(self.batch.table())
    }

    /// Gives a new group its first block.
    pub(crate) fn create(&mut self, group: Group) -> Result<(), Fault> {
        self.batch.create(group)
    }

    /// What is stored once.
    pub(crate) fn meta(&mut self) -> &mut Table<'a, &'static str, &'static [u8]> {
        &mut self.meta
    }
}
