//! What one commit changes, in terms of pairs.

use super::lookup::{references, spelling};
use crate::Additions;
use crate::codec::{
    FolderRecord, decode_entry, encode_agreed, encode_entry, encode_journal, encode_position, path_of,
};
use crate::database::Transaction;
use crate::packed::{Fault, Group, Tree};
use homesync_engine::{Changes, Found, Local, Stamp};
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry};

/// Items that are held in memory at a time.
const CHUNK: usize = 10_000;

/// References that are gathered before they move to where all are.
const MOST_RECENT: u64 = 40_000;

/// All of it, in the order that the engine promises.
pub(super) fn apply(
    transaction: &mut Transaction<'_>,
    record: &mut FolderRecord,
    changes: &Changes,
    additions: &Additions,
) -> Result<(), Fault> {
    if record.recent > MOST_RECENT {
        move_recent(transaction, record)?;
    }
    for local in &changes.local {
        put_local(transaction, record, local)?;
    }
    for (path, stamp, found) in &changes.restamped {
        restamp(transaction, record, path, (stamp, found.as_deref()))?;
    }
    for device in &changes.forget {
        forget(transaction, record, *device)?;
    }
    for (device, entry) in &changes.others {
        put_other(transaction, record, *device, entry)?;
    }
    let agreed_group = Group::of(record.number, Tree::Agreed);
    for (path, agreed) in &changes.agreed {
        let key = path.as_str().as_bytes();
        match agreed {
            Some(agreed) => transaction.batch.put(agreed_group, key, encode_agreed(agreed)),
            None => transaction.batch.delete(agreed_group, key),
        }
    }
    for number in &changes.settled {
        transaction.batch.delete(Group::of(record.number, Tree::Intents), &number.to_be_bytes());
    }
    for done in &changes.journal {
        let key = record.next_journal.to_be_bytes();
        transaction.batch.put(Group::of(record.number, Tree::Journal), &key, encode_journal(done));
        record.next_journal += 1;
    }
    for (device, position) in &additions.positions {
        let number = transaction.device(*device)?.to_be_bytes();
        let group = Group::of(record.number, Tree::Positions);
        transaction.batch.put(group, &number, encode_position(position));
    }
    record.fresh &= !additions.scanned;
    Ok(())
}

/// Puts the recent references in their order among all others: each page is changed once for many of them.
fn move_recent(transaction: &mut Transaction<'_>, record: &mut FolderRecord) -> Result<(), Fault> {
    let recent = Group::of(record.number, Tree::Recent);
    let mut keys = Vec::new();
    transaction.batch.scan(recent, b"", &mut |row| {
        keys.push(row.key.to_vec());
        Ok(true)
    })?;
    for key in keys {
        transaction.batch.put(Group::of(record.number, Tree::Contents), &key, Vec::new());
    }
    transaction.batch.clear(recent)?;
    record.recent = 0;
    Ok(())
}

fn put_local(
    transaction: &mut Transaction<'_>,
    record: &mut FolderRecord,
    local: &Local,
) -> Result<(), Fault> {
    record.sequence += 1;
    let mut entry = local.entry.clone();
    entry.sequence = record.sequence;
    let group = |tree| Group::of(record.number, tree);
    if let Some(Local { entry: old, .. }) = read_local(transaction, record, &entry.path)? {
        transaction.batch.delete(group(Tree::Sequences), &old.sequence.to_be_bytes());
        for (tree, key) in references(&old) {
            transaction.batch.delete(group(tree), &key);
            if tree == Tree::Contents {
                transaction.batch.delete(group(Tree::Recent), &key);
            }
        }
        transaction.batch.delete(group(Tree::Spellings), &spelling(&old));
        record.present -= u64::from(old.is_present());
    }
    record.present += u64::from(entry.is_present());
    for (tree, key) in references(&entry) {
        let is_content = tree == Tree::Contents;
        record.recent += u64::from(is_content);
        transaction.batch.put(group(if is_content { Tree::Recent } else { tree }), &key, Vec::new());
    }
    if record.folds_case && local.stamp.is_some() {
        transaction.batch.put(group(Tree::Spellings), &spelling(&entry), Vec::new());
    }
    let path = entry.path.as_str().as_bytes();
    transaction.batch.put(group(Tree::Sequences), &entry.sequence.to_be_bytes(), path.to_vec());
    let (stamp, found) = (local.stamp.as_ref(), local.found.as_deref());
    let value = encode_entry(&entry, stamp, found, &mut transaction.names.machines);
    transaction.batch.put(group(Tree::Local), path, value);
    Ok(())
}

fn read_local(
    transaction: &mut Transaction<'_>,
    record: &FolderRecord,
    path: &RelativePath,
) -> Result<Option<Local>, Fault> {
    let value = transaction.batch.get(Group::of(record.number, Tree::Local), path.as_str().as_bytes())?;
    Ok(value.map(|value| decode_entry(path.clone(), &value, &transaction.names.machines)).transpose()?)
}

fn restamp(
    transaction: &mut Transaction<'_>,
    record: &FolderRecord,
    path: &RelativePath,
    (stamp, found): (&Stamp, Option<&Found>),
) -> Result<(), Fault> {
    let Some(Local { entry, .. }) = read_local(transaction, record, path)? else { return Ok(()) };
    if record.folds_case {
        let group = Group::of(record.number, Tree::Spellings);
        transaction.batch.put(group, &spelling(&entry), Vec::new());
    }
    let value = encode_entry(&entry, Some(stamp), found, &mut transaction.names.machines);
    transaction.batch.put(Group::of(record.number, Tree::Local), path.as_str().as_bytes(), value);
    Ok(())
}

fn forget(transaction: &mut Transaction<'_>, record: &FolderRecord, device: DeviceId) -> Result<(), Fault> {
    let Some(number) = transaction.names.device(device) else { return Ok(()) };
    let positions = Group::of(record.number, Tree::Positions);
    transaction.batch.delete(positions, &number.to_be_bytes());
    if record.devices.contains(&number) {
        transaction.batch.clear(Group::of_machine(record.number, Tree::Others, number))?;
    }
    Ok(())
}

fn put_other(
    transaction: &mut Transaction<'_>,
    record: &mut FolderRecord,
    device: DeviceId,
    entry: &Entry,
) -> Result<(), Fault> {
    let number = transaction.device(device)?;
    let group = Group::of_machine(record.number, Tree::Others, number);
    if !record.devices.contains(&number) {
        record.devices.push(number);
        transaction.create(group)?;
    }
    let value = encode_entry(entry, None, None, &mut transaction.names.machines);
    transaction.batch.put(group, entry.path.as_str().as_bytes(), value);
    Ok(())
}

/// Begins or ends keeping what finds other spellings.
pub(super) fn refold(
    transaction: &mut Transaction<'_>,
    record: &mut FolderRecord,
    folds_case: bool,
) -> Result<(), Fault> {
    record.folds_case = folds_case;
    let spellings = Group::of(record.number, Tree::Spellings);
    transaction.batch.clear(spellings)?;
    let mut from = Vec::new();
    let mut more = folds_case;
    while more {
        let mut chunk = Vec::new();
        let machines = &transaction.names.machines;
        transaction.batch.scan(Group::of(record.number, Tree::Local), &from, &mut |row| {
            chunk.push(decode_entry(path_of(row.key)?, row.value, machines)?);
            Ok(chunk.len() < CHUNK)
        })?;
        for local in chunk.iter().filter(|local| local.stamp.is_some()) {
            transaction.batch.put(spellings, &spelling(&local.entry), Vec::new());
        }
        transaction.batch.flush()?;
        more = chunk.len() == CHUNK;
        if let Some(last) = chunk.last() {
            from = [last.entry.path.as_str().as_bytes(), b"\0"].concat();
        }
    }
    Ok(())
}
