//! Opening: what is there is looked at before the library sees it, and checked before it is believed.

use super::guard::{Guarded, Switch};
use super::meta::{self, FORMAT, META, Names};
use super::migrate::migrate;
use super::transaction::begin;
use super::{Options, Shared, aside, caught, verify};
use crate::packed::{BLOCKS, Fault};
use crate::{IndexError, StorageBackend};
use redb::backends::FileBackend;
use redb::{Builder, DatabaseError, ReadableDatabase};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

/// How every file of the library begins.
const MAGIC: &[u8; 9] = b"redb\x1a\x0a\xa9\x0d\x0a";

/// No database is smaller: its header alone fills a page.
const SMALLEST: u64 = 4_096;

/// Opens the database at a path, or makes one where nothing is.
pub(super) fn open(path: &Path, options: &Options) -> Result<Shared, IndexError> {
    let disk = |action: &'static str| move |error: io::Error| IndexError::disk(action, path, &error);
    let existing = OpenOptions::new().read(true).write(true).open(path);
    let file = match existing {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(path, options)?;
            OpenOptions::new().read(true).write(true).open(path).map_err(disk("open"))?
        }
        other => other.map_err(disk("open"))?,
    };
    start(backend(file, path)?, options, Some(path))
}

/// Makes a database beside its place and moves it there when it is whole: a power cut in between leaves nothing that looks like a
/// damaged index.
fn make(path: &Path, options: &Options) -> Result<(), IndexError> {
    let unfinished = aside::beside(path, "new");
    let disk = |action: &'static str| move |error: io::Error| IndexError::disk(action, path, &error);
    let mut writing = OpenOptions::new();
    let file = writing.read(true).write(true).create(true).truncate(true).open(&unfinished);
    drop(create(backend(file.map_err(disk("make"))?, path)?, options, Some(path))?);
    std::fs::rename(&unfinished, path).map_err(disk("make"))?;
    aside::sync_directory(path).map_err(disk("make"))
}

fn backend(file: File, path: &Path) -> Result<FileBackend, IndexError> {
    FileBackend::new(file).map_err(|error| refused(error, Some(path)))
}

/// Makes a database in an empty storage.
pub(super) fn create(
    backend: impl StorageBackend,
    options: &Options,
    path: Option<&Path>,
) -> Result<Shared, IndexError> {
    let length = backend.len().map_err(|error| IndexError::Disk(error.to_string()))?;
    if length != 0 {
        return Err(IndexError::Disk("there is something where a new index was to be made".to_owned()));
    }
    let (database, switch) = load(backend, options, path)?;
    let made = caught(|| {
        let writing = begin(&database)?;
        writing.open_table(BLOCKS)?;
        {
            let mut table = writing.open_table(META)?;
            meta::put_format(&mut table, FORMAT)?;
            meta::mark(&mut table, false)?;
            meta::put_names(&mut table, &Names::default())?;
        }
        Ok(writing.commit()?)
    });
    made.map_err(|reason| reason.into_error(path))?;
    Ok(shared(database, switch, Names::default(), path))
}

/// Opens a storage that must hold a database.
pub(super) fn start(
    backend: impl StorageBackend,
    options: &Options,
    path: Option<&Path>,
) -> Result<Shared, IndexError> {
    look(&backend, path)?;
    let (mut database, switch) = load(backend, options, path)?;
    let prepared = caught(|| prepare(&mut database, path));
    match prepared {
        Ok(Ok((names, is_marked))) => {
            let shared = shared(database, switch, names, path);
            shared.marked.store(is_marked, Ordering::Release);
            Ok(shared)
        }
        Ok(Err(error)) => Err(error),
        Err(reason) => {
            switch.off();
            let error = reason.into_error(path);
            // It may panic while it is dropped.
            let _ = caught(|| {
                drop(database);
                Ok(())
            });
            Err(error)
        }
    }
}

/// Format, then integrity after an unclean end, then older formats are brought up to date.
fn prepare(
    database: &mut redb::Database,
    path: Option<&Path>,
) -> Result<Result<(Names, bool), IndexError>, Fault> {
    let (format, is_marked) = {
        let table = database.begin_read()?.open_table(META)?;
        (meta::format(&table)?, meta::is_marked(&table)?)
    };
    if format > FORMAT {
        return Ok(Err(IndexError::Newer { found: format, known: FORMAT }));
    }
    if is_marked {
        verify(database)?;
    }
    if format < FORMAT {
        if let Some(path) = path
            && let Err(error) = aside::copy(path, &aside::beside(path, &format!("format-{format}")))
        {
            return Ok(Err(IndexError::disk("copy", path, &error)));
        }
        migrate(database, format)?;
    }
    Ok(Ok((meta::names(&database.begin_read()?.open_table(META)?)?, is_marked)))
}

/// What a storage holds is a database as far as its first bytes and its length can tell. A disk that cannot say says nothing about that.
fn look(backend: &impl StorageBackend, path: Option<&Path>) -> Result<(), IndexError> {
    let disk = |error: io::Error| IndexError::disk("read", path.unwrap_or(Path::new("the database")), &error);
    let length = backend.len().map_err(disk)?;
    let mut magic = [0; MAGIC.len()];
    if length >= SMALLEST {
        backend.read(0, &mut magic).map_err(disk)?;
    }
    let reason = match length {
        0 => "the file is empty".to_owned(),
        1..SMALLEST => format!("the file is cut short to {length} bytes"),
        _ if magic != *MAGIC => "the file is not an index".to_owned(),
        _ => return Ok(()),
    };
    Err(IndexError::Broken { kept: path.map(Path::to_owned), reason })
}

fn load(
    backend: impl StorageBackend,
    options: &Options,
    path: Option<&Path>,
) -> Result<(redb::Database, Switch), IndexError> {
    let switch = Switch::default();
    let guarded = Guarded::new(backend, switch.clone());
    let mut builder = Builder::new();
    builder.set_cache_size(options.cache_bytes).set_check_integrity_on_open(options.always_check);
    let opened = caught(|| Ok(builder.create_with_backend(guarded)));
    match opened {
        Ok(Ok(database)) => Ok((database, switch)),
        Ok(Err(error)) => Err(refused(error, path)),
        Err(reason) => Err(reason.into_error(path)),
    }
}

fn refused(error: DatabaseError, path: Option<&Path>) -> IndexError {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            IndexError::Locked { path: path.map(|path| path.display().to_string()).unwrap_or_default() }
        }
        other => super::Caught::Fault(other.into()).into_error(path),
    }
}

fn shared(database: redb::Database, switch: Switch, names: Names, path: Option<&Path>) -> Shared {
    Shared {
        database: RwLock::new(Some(database)),
        names: Mutex::new(Arc::new(names)),
        marked: AtomicBool::new(false),
        stopped: Mutex::new(None),
        switch,
        path: path.map(Path::to_owned),
        folders: Mutex::new(BTreeSet::new()),
    }
}
