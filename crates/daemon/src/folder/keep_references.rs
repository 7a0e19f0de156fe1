//! Keeps the references of the side of a conflict that loses, before anything of it is displaced.
//!
//! Where two machines went on with the same branch while they were apart, one of their references wins like any other file. The other one stays
//! reachable as `refs/homesync/MACHINE/…`: an ordinary reference, which git follows when it tidies up, which travels to the other machines,
//! and which a person can merge.

use super::Shared;
use super::references::{ReferenceFile, ReferenceKind, kept_name, loose, packed};
use crate::clock::timestamp;
use homesync_disk::{LocalFs, Recovery, read_whole, serve_staged};
use homesync_engine::{Candidates, Displaced, Operation, Step, View};
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry, ShortId};
use std::collections::BTreeMap;
use std::io;
use tracing::info;

/// The largest file with references that is read.
const LARGEST: usize = 64 << 20;
/// So many names are tried for one reference.
const MOST_NAMES: usize = 100;
const PERMISSIONS: u16 = 0o644;

/// A reference of which the losing side's value goes.
struct Loser {
    directory: RelativePath,
    name: String,
    value: String,
    by: ShortId,
}

/// Keeps what these operations displace. Answers the repositories for which that failed: nothing may be displaced there.
pub(super) fn keep(
    shared: &Shared,
    vfs: &LocalFs,
    operations: &[Operation],
) -> BTreeMap<RelativePath, String> {
    let mut failed = BTreeMap::new();
    for operation in operations {
        let Some(unit) = &operation.unit else { continue };
        let Some(file) = ReferenceFile::of(&operation.path, unit) else { continue };
        let kept = losers(shared, vfs, operation, operations, &file)
            .and_then(|losers| losers.iter().try_for_each(|loser| keep_one(shared, vfs, loser)));
        if let Err(error) = kept {
            let text = format!("the references of {} cannot be kept: {error}", operation.path.as_str());
            failed.insert(unit.clone(), text);
        }
    }
    failed
}

/// What is lost with this operation.
fn losers(
    shared: &Shared,
    vfs: &LocalFs,
    operation: &Operation,
    operations: &[Operation],
    file: &ReferenceFile,
) -> io::Result<Vec<Loser>> {
    let Step::Put { displaced } = &operation.step else { return Ok(Vec::new()) };
    let own = shared.index.read(|index| index.local(&operation.path)).map_err(io::Error::other)?;
    let by = own.map_or(operation.entry.modified_by, |own| own.entry.modified_by);
    let is_displaced = matches!(displaced, Displaced::Conflict(_));
    let loser = |name: &str, value: String| Loser {
        directory: file.directory.clone(),
        name: name.to_string(),
        value,
        by,
    };
    let name = match &file.kind {
        ReferenceKind::Packed => {
            let theirs = packed(&staged(vfs, &operation.entry).unwrap_or_default());
            let mut losers = hidden(shared, vfs, operation, operations, (file, &theirs))?;
            if is_displaced {
                let ours = packed(&present(vfs, &operation.path)?.unwrap_or_default());
                for (name, value) in ours.into_iter().filter(|(name, value)| theirs.get(name) != Some(value))
                {
                    if loose_value(vfs, file, &name)?.is_none() {
                        losers.push(loser(&name, value));
                    }
                }
            }
            return Ok(losers);
        }
        ReferenceKind::Loose(name) => name,
        ReferenceKind::Head => "HEAD",
    };
    if !is_displaced {
        return Ok(Vec::new());
    }
    // What stands there afterwards needs no other name.
    let comes = staged(vfs, &operation.entry).and_then(|bytes| loose(&bytes));
    let value = present(vfs, &operation.path)?.and_then(|bytes| loose(&bytes));
    Ok(value
        .filter(|value| Some(value) != comes.as_ref())
        .map(|value| loser(name, value))
        .into_iter()
        .collect())
}

/// What another machine has put into its file of many references, and what would not be seen here, because a file of its own that this machine
/// has written since goes before it: an edit goes before the removal of that file there.
fn hidden(
    shared: &Shared,
    vfs: &LocalFs,
    operation: &Operation,
    operations: &[Operation],
    (file, theirs): (&ReferenceFile, &BTreeMap<String, String>),
) -> io::Result<Vec<Loser>> {
    let read = |path: &RelativePath| {
        shared.index.read(|index| Candidates::read(index, path)).map_err(io::Error::other)
    };
    let all = read(&operation.path)?;
    let holders: Vec<DeviceId> = all.holders(&operation.entry).collect();
    let mut found = Vec::new();
    for (name, value) in theirs {
        let Ok(path) = file.directory.join(name) else { continue };
        let is_other = loose_value(vfs, file, name)?.is_some_and(|ours| ours != *value);
        if !is_other || operations.iter().any(|other| other.path == path) {
            continue;
        }
        let candidates = read(&path)?;
        let Some(own) = &candidates.own else { continue };
        let knows = |(device, entry): &(DeviceId, Entry)| {
            holders.contains(device) && entry.version.relation(&own.entry.version).has_seen()
        };
        let log = file.directory.join(&format!("logs/{name}"));
        let log = log.map_or(Ok(None), |log| present(vfs, &log))?.unwrap_or_default();
        // Where this machine has been itself, nothing is lost.
        let was_here = String::from_utf8_lossy(&log).contains(value.as_str());
        if !candidates.others.iter().any(knows) && !was_here {
            let (directory, by) = (file.directory.clone(), operation.entry.modified_by);
            found.push(Loser { directory, name: name.clone(), value: value.clone(), by });
        }
    }
    Ok(found)
}

/// The value of a reference that has a file of its own.
fn loose_value(vfs: &LocalFs, file: &ReferenceFile, name: &str) -> io::Result<Option<String>> {
    let path = file.directory.join(name).map_err(io::Error::other)?;
    Ok(present(vfs, &path)?.and_then(|bytes| loose(&bytes)))
}

/// What stands there; nothing if nothing does.
fn present(vfs: &LocalFs, path: &RelativePath) -> io::Result<Option<Vec<u8>>> {
    match read_whole(vfs, path, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Ok(None),
        read => read,
    }
}

/// What is about to be put there.
fn staged(vfs: &LocalFs, wanted: &Entry) -> Option<Vec<u8>> {
    let blocks = wanted.content.blocks()?;
    let mut bytes = Vec::new();
    for block in 0..blocks.hashes().len() {
        bytes.extend(serve_staged(vfs, wanted, block as u32).ok()??);
    }
    Some(bytes)
}

fn keep_one(shared: &Shared, vfs: &LocalFs, loser: &Loser) -> io::Result<()> {
    let machine = shared.plan().names.get(&loser.by).cloned().unwrap_or_else(|| loser.by.to_string());
    let content = format!("{}\n", loser.value);
    for time in 0..MOST_NAMES {
        let name = kept_name(&machine, &loser.name, time);
        let path = loser.directory.join(&name).map_err(|error| io::Error::other(error.to_string()))?;
        match present(vfs, &path)? {
            Some(there) if there == content.as_bytes() => return Ok(()),
            Some(_) => continue,
            None => {}
        }
        let number = || shared.next_number().map_err(|error| io::Error::other(error.to_string()));
        let (recovery, now) = (Recovery::new(vfs), timestamp());
        let act = recovery.add(&path, content.as_bytes(), PERMISSIONS, now, number()?)?;
        recovery.restore(&act, path.as_str(), now, number()?)?;
        info!(folder = %shared.id, path = path.as_str(), "kept a reference of both sides of a conflict");
        return Ok(());
    }
    Err(io::Error::other("too many references of that name are kept already"))
}
