//! One database file for all folders of this machine: opened with care, watched while it is used, closed with a mark.
//!
//! The library underneath panics on damaged pages. Every call into it goes through [`Shared`], where a panic becomes an error, writing is
//! switched off, and every further call gets the same answer until the database is opened again.

mod aside;
mod guard;
mod meta;
mod migrate;
mod opening;
mod transaction;

pub(crate) use meta::Names;
pub(crate) use transaction::{Blocks, Transaction, When};

use crate::codec::FolderRecord;
use crate::durable::{DurableIndex, FolderOptions};
use crate::packed::{BLOCKS, Fault, repack};
use crate::{IndexError, StorageBackend};
use guard::Switch;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Memory for pages, beside those that a running transaction has changed.
    pub cache_bytes: usize,
    /// Compare every page with its checksum at every opening, not only after an unclean end.
    pub always_check: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 32 << 20, always_check: false }
    }
}

/// An open database. Clones are the same one; it closes with the last of them and of its folders.
#[derive(Clone, Debug)]
pub struct Database(Arc<Shared>);

/// What the database and its folders share.
#[derive(Debug)]
pub(crate) struct Shared {
    database: RwLock<Option<redb::Database>>,
    names: Mutex<Arc<Names>>,
    /// The mark of an unclean end stands in the file.
    marked: AtomicBool,
    stopped: Mutex<Option<IndexError>>,
    switch: Switch,
    path: Option<PathBuf>,
    folders: Mutex<BTreeSet<u32>>,
}

impl Database {
    /// Opens the database at a path. One that is missing is made; one that is empty, cut short, foreign or damaged is refused, because a
    /// new one in its place would forget without a word what was promised to others: that is what [`Database::rebuild`] is for.
    pub fn open(path: &Path, options: &Options) -> Result<Self, IndexError> {
        opening::open(path, options).map(Self::of)
    }

    /// Opens the database in a storage that holds one.
    pub fn open_with_backend(backend: impl StorageBackend, options: &Options) -> Result<Self, IndexError> {
        opening::start(backend, options, None).map(Self::of)
    }

    /// Makes a database in an empty storage.
    pub fn create_with_backend(backend: impl StorageBackend, options: &Options) -> Result<Self, IndexError> {
        opening::create(backend, options, None).map(Self::of)
    }

    /// Begins anew: what is at the path is kept under another name, which is answered. Folders get new index ids when they are opened, and
    /// are fresh until a full scan is stored.
    pub fn rebuild(path: &Path, options: &Options) -> Result<(Self, Option<PathBuf>), IndexError> {
        let kept = aside::move_aside(path).map_err(|error| IndexError::disk("move aside", path, &error))?;
        Ok((Self::open(path, options)?, kept))
    }

    /// Opens a folder, and makes it if it is new. Each can be open once.
    pub fn folder(&self, name: &str, options: FolderOptions) -> Result<DurableIndex, IndexError> {
        DurableIndex::open(&self.0, name, options)
    }

    /// Makes the file as small as it can be. All folders wait for it.
    pub fn compact(&self) -> Result<(), IndexError> {
        self.0.compact()
    }

    /// Compares every page with its checksum.
    pub fn check(&self) -> Result<(), IndexError> {
        self.0.exclusive(verify)
    }

    fn of(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

/// Compares every page with its checksum.
fn verify(database: &mut redb::Database) -> Result<(), Fault> {
    match database.check_integrity()? {
        true => Ok(()),
        false => Err(Fault::Damaged("pages do not fit their checksums".to_owned())),
    }
}

impl Shared {
    /// Runs something that only reads. `work` must not write, and must end soon: what it can see is kept in the file until then.
    pub(crate) fn read<T>(
        &self,
        work: impl FnOnce(&Blocks, &Names) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        let names = Arc::clone(&lock(&self.names));
        self.shared(|database| {
            let transaction = redb::ReadableDatabase::begin_read(database)?;
            let table = transaction.open_table(BLOCKS)?;
            work(&table, &names)
        })
    }

    /// Runs something that writes, in one durable transaction.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        self.write_when(When::Now, work)
    }

    /// Runs something that writes, in one transaction that is durable when it is said.
    pub(crate) fn write_when<T>(
        &self,
        when: When,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        self.shared(|database| {
            let writing = transaction::begin_when(database, when)?;
            // The names are read while the transaction keeps other writers out.
            let names = Names::clone(&lock(&self.names));
            let mut transaction = Transaction::new(&writing, names)?;
            let answer = work(&mut transaction)?;
            let names = transaction.finish(!self.marked.load(Ordering::Acquire))?;
            writing.commit()?;
            if when == When::Now {
                self.marked.store(true, Ordering::Release);
            }
            *lock(&self.names) = Arc::new(names);
            Ok(answer)
        })
    }

    /// The record of a folder.
    pub(crate) fn record(&self, name: &str) -> Result<Option<FolderRecord>, IndexError> {
        self.shared(|database| {
            let transaction = redb::ReadableDatabase::begin_read(database)?;
            meta::folder(&transaction.open_table(meta::META)?, name)
        })
    }

    /// Takes a folder's number for one handle; answers whether it was free.
    pub(crate) fn occupy(&self, folder: u32) -> bool {
        lock(&self.folders).insert(folder)
    }

    /// The handle is gone.
    pub(crate) fn leave(&self, folder: u32) {
        lock(&self.folders).remove(&folder);
    }

    /// Fills blocks to the brim, then gives the space back to the file system.
    pub(crate) fn compact(&self) -> Result<(), IndexError> {
        let mut from = Some(Vec::new());
        while let Some(start) = from.take() {
            from = self.write(|transaction| transaction.with_table(|table| repack(table, &start)))?;
        }
        self.exclusive(|database| {
            while database.compact()? {}
            Ok(())
        })
    }

    fn shared<T>(&self, work: impl FnOnce(&redb::Database) -> Result<T, Fault>) -> Result<T, IndexError> {
        self.check_stopped()?;
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let result = match database.as_ref() {
            Some(database) => caught(|| work(database)),
            None => Err(Caught::Panic("it is closed".to_owned())),
        };
        drop(database);
        result.map_err(|reason| self.stop(reason))
    }

    pub(crate) fn exclusive<T>(
        &self,
        work: impl FnOnce(&mut redb::Database) -> Result<T, Fault>,
    ) -> Result<T, IndexError> {
        self.check_stopped()?;
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        let result = match database.as_mut() {
            Some(database) => caught(|| work(database)),
            None => Err(Caught::Panic("it is closed".to_owned())),
        };
        drop(database);
        result.map_err(|reason| self.stop(reason))
    }

    fn check_stopped(&self) -> Result<(), IndexError> {
        lock(&self.stopped).clone().map_or(Ok(()), Err)
    }

    /// From here on every call gets this error. The first one counts: what follows is caused by it.
    fn stop(&self, reason: Caught) -> IndexError {
        let error = reason.into_error(self.path.as_deref());
        self.switch.off();
        lock(&self.stopped).get_or_insert(error).clone()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let is_sound = lock(&self.stopped).is_none();
        let database = self.database.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // A broken database may panic even while it is dropped. What is lost is the mark: the next opening checks everything.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some(database) = &database
                && is_sound
                && self.marked.load(Ordering::Acquire)
            {
                drop(transaction::mark_clean(database));
            }
            drop(database);
        }));
    }
}

/// Why a call failed.
#[derive(Debug)]
pub(crate) enum Caught {
    Fault(Fault),
    Panic(String),
}

impl Caught {
    pub(crate) fn into_error(self, path: Option<&Path>) -> IndexError {
        let broken = |reason| IndexError::Broken { kept: path.map(Path::to_owned), reason };
        match self {
            Self::Panic(reason) => broken(reason),
            Self::Fault(Fault::Damaged(reason)) => broken(reason),
            Self::Fault(Fault::Storage(redb::StorageError::Io(error))) => match error.kind() {
                std::io::ErrorKind::UnexpectedEof => broken("the file is cut short".to_owned()),
                _ => IndexError::disk("the database", path.unwrap_or(Path::new("")), &error),
            },
            Self::Fault(Fault::Storage(redb::StorageError::PreviousIo)) => {
                IndexError::Disk("an earlier error of the disk".to_owned())
            }
            Self::Fault(Fault::Storage(error)) => broken(error.to_string()),
        }
    }
}

/// Runs something of the library: a panic in it becomes an error.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Caught> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Caught::Fault),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Caught::Panic(text.unwrap_or_else(|| "a panic without words".to_owned())))
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
