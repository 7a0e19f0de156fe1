//! From older formats to this one, in one transaction: a crash in the middle leaves the older format whole.
//!
//! | format | what it had |
//! |---|---|
//! | 0 | no table of contents and blocks; folders without a floor for version counters and without a mark for fresh ones |
//! | 1 | this one |

use super::meta::{self, FORMAT};
use super::transaction::{Transaction, begin};
use crate::codec::{Cursor, Damaged, FolderRecord, decode_entry, path_of};
use crate::durable::references;
use crate::packed::{Fault, Group, Tree};

/// Items that are held in memory at a time.
const CHUNK: usize = 10_000;

/// Brings everything up to date.
pub(super) fn migrate(database: &redb::Database, from: u32) -> Result<(), Fault> {
    if from != 0 {
        return Err(Fault::Damaged(format!("format {from} was never written")));
    }
    let writing = begin(database)?;
    let names = meta::names(&writing.open_table(meta::META)?)?;
    let mut transaction = Transaction::new(&writing, names)?;
    for (name, value) in meta::folders(transaction.meta())? {
        let record = record_of_format_0(&value)?;
        add_references(&mut transaction, record.number)?;
        transaction.put_folder(&name, &record)?;
    }
    meta::put_format(transaction.meta(), FORMAT)?;
    transaction.finish(false)?;
    Ok(writing.commit()?)
}

/// A folder's record: number, index id, sequence, present, next intent, next journal, folds case, machines.
fn record_of_format_0(bytes: &[u8]) -> Result<FolderRecord, Damaged> {
    let mut cursor = Cursor(bytes);
    let number = u32::try_from(cursor.number()?).map_err(|_| Damaged::because("an absurd folder"))?;
    let mut record = FolderRecord { number, ..FolderRecord::default() };
    record.index_id = u64::from_be_bytes(cursor.array()?);
    record.sequence = cursor.number()?;
    record.present = cursor.number()?;
    record.next_intent = cursor.number()?;
    record.next_journal = cursor.number()?;
    record.folds_case = cursor.byte()? != 0;
    for _ in 0..cursor.number()? {
        record.devices.push(u16::from_be_bytes(cursor.array()?));
    }
    cursor.end()?;
    Ok(record)
}

fn add_references(transaction: &mut Transaction<'_>, folder: u32) -> Result<(), Fault> {
    for tree in [Tree::Contents, Tree::Blocks, Tree::Recent] {
        transaction.create(Group::of(folder, tree))?;
    }
    let local = Group::of(folder, Tree::Local);
    let mut from = Vec::new();
    loop {
        let mut chunk = Vec::new();
        let machines = &transaction.names.machines;
        transaction.batch.scan(local, &from, &mut |row| {
            chunk.push(decode_entry(path_of(row.key)?, row.value, machines)?.entry);
            Ok(chunk.len() < CHUNK)
        })?;
        for (tree, key) in chunk.iter().flat_map(references) {
            transaction.batch.put(Group::of(folder, tree), &key, Vec::new());
        }
        transaction.batch.flush()?;
        match chunk.last() {
            Some(last) if chunk.len() == CHUNK => from = [last.path.as_str().as_bytes(), b"\0"].concat(),
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::put_number;
    use crate::packed::BLOCKS;
    use crate::{Database, DurableIndex, FolderOptions, Index, IndexError, Options};
    use homesync_engine::{Changes, Local, View};
    use homesync_paths::RelativePath;
    use homesync_protocol::{BlockList, Content, Entry, ShortId, Timestamp, Validity, Version};
    use redb::ReadableDatabase;
    use std::path::{Path, PathBuf};

    /// Turns a database of format 1 into one of format 0.
    fn into_format_0(path: &Path) {
        let database = redb::Database::open(path).unwrap();
        let writing = begin(&database).unwrap();
        {
            let mut table = writing.open_table(meta::META).unwrap();
            for (name, value) in meta::folders(&table).unwrap() {
                let record = FolderRecord::decode(&value).unwrap();
                let mut old = Vec::new();
                put_number(&mut old, u64::from(record.number));
                old.extend_from_slice(&record.index_id.to_be_bytes());
                for number in [record.sequence, record.present, record.next_intent, record.next_journal] {
                    put_number(&mut old, number);
                }
                old.push(u8::from(record.folds_case));
                put_number(&mut old, record.devices.len() as u64);
                record.devices.iter().for_each(|device| old.extend_from_slice(&device.to_be_bytes()));
                meta::put(&mut table, &format!("folder/{name}"), &old).unwrap();
                let mut blocks = writing.open_table(BLOCKS).unwrap();
                for tree in [Tree::Contents, Tree::Blocks, Tree::Recent] {
                    let group = Group::of(record.number, tree).0;
                    blocks.retain(|key, _| !key.starts_with(&group)).unwrap();
                }
            }
            meta::put_format(&mut table, 0).unwrap();
        }
        writing.commit().unwrap();
    }

    /// Says that another format is stored.
    fn into_format(path: &Path, format: u32) {
        let database = redb::Database::open(path).unwrap();
        let writing = begin(&database).unwrap();
        meta::put_format(&mut writing.open_table(meta::META).unwrap(), format).unwrap();
        writing.commit().unwrap();
    }

    fn folder(database: &Database) -> DurableIndex {
        let options = FolderOptions { index_id_if_new: 7, folds_case: false };
        database.folder("folder", options).unwrap()
    }

    fn items(paths: &[&str]) -> Changes {
        let local = paths.iter().map(|path| Local {
            entry: Entry {
                path: RelativePath::parse(path).unwrap(),
                content: Content::File(BlockList::of(b"the same")),
                validity: Validity::Valid,
                version: Version::empty().changed(ShortId(1), 1),
                modified: Timestamp::at(1),
                modified_by: ShortId(1),
                permissions: None,
                sequence: 0,
                previous: None,
                metadata: None,
            },
            stamp: None,
            found: None,
        });
        Changes { local: local.collect(), ..Changes::default() }
    }

    /// A database of format 0 with two files.
    fn old() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("index.redb");
        let database = Database::open(&path, &Options::default()).unwrap();
        folder(&database).commit(&items(&["b", "a"])).unwrap();
        drop(database);
        into_format_0(&path);
        (directory, path)
    }

    #[test]
    fn a14_an_older_format_is_brought_up_to_date_and_a_copy_of_it_is_kept() {
        let (_directory, path) = old();
        let before = std::fs::read(&path).unwrap();
        let database = Database::open(&path, &Options::default()).unwrap();
        let mut index = folder(&database);
        let digest = BlockList::of(b"the same").digest();
        let found = index.files_with(digest, 9).unwrap();
        assert_eq!(found.iter().map(RelativePath::as_str).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((index.sequence(), index.index_id(), index.fresh()), (2, 7, false));
        index.commit(&items(&["c"])).unwrap();
        index.check().unwrap();
        let copy = std::fs::read(path.with_file_name("index.redb.format-0")).unwrap();
        // Opening sets a mark in the first page; everything else is as it was.
        assert_eq!((copy.len(), &copy[4_096..]), (before.len(), &before[4_096..]));
    }

    #[test]
    fn a14_a_newer_format_is_refused_politely_and_left_alone() {
        let (_directory, path) = old();
        into_format(&path, FORMAT + 1);
        let error = Database::open(&path, &Options::default()).unwrap_err();
        assert_eq!(error, IndexError::Newer { found: FORMAT + 1, known: FORMAT });
        assert!(error.to_string().contains("install the newer version"), "{error}");
        into_format(&path, 0);
        drop(folder(&Database::open(&path, &Options::default()).unwrap()));
    }

    #[test]
    fn durability_16_a_crash_in_the_middle_of_a_migration_leaves_the_older_format_whole() {
        let (_directory, path) = old();
        let database = redb::Database::open(&path).unwrap();
        let digests = |database: &redb::Database| {
            let table = database.begin_read().unwrap().open_table(BLOCKS).unwrap();
            let pairs = table.range::<&[u8]>(..).unwrap();
            pairs.map(|pair| pair.unwrap().1.value().to_vec()).collect::<Vec<_>>()
        };
        let before = digests(&database);
        // The transaction of a migration that never commits.
        let writing = begin(&database).unwrap();
        let names = meta::names(&writing.open_table(meta::META).unwrap()).unwrap();
        let mut transaction = Transaction::new(&writing, names).unwrap();
        add_references(&mut transaction, 1).unwrap();
        meta::put_format(transaction.meta(), FORMAT).unwrap();
        drop(transaction);
        writing.abort().unwrap();
        drop(database);
        let database = redb::Database::open(&path).unwrap();
        assert_eq!(digests(&database), before);
        let table = database.begin_read().unwrap().open_table(meta::META).unwrap();
        assert_eq!(meta::format(&table).unwrap(), 0);
        drop((table, database));
        folder(&Database::open(&path, &Options::default()).unwrap()).check().unwrap();
    }
}
