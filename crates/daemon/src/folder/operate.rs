//! The thread that changes a folder's disk: one batch of operations after the other.

use super::{Input, Shared, keep_references, room};
use crate::clock::{seconds, timestamp};
use crate::inbox::Next;
use crate::keeper::Keeper;
use homesync_disk::{
    BASE_BUDGET, BaseStore, Executor, External, LARGEST_BASE, Limits, LocalFs, Recovery, Staging, Vfs,
    read_whole, stamps,
};
use homesync_engine::{
    Changes, Event, Failure, Operation, Outcome, Remedy, Step, Undone, View, all_below, git,
};
use homesync_index::{Index, IndexError};
use homesync_paths::RelativePath;
use homesync_protocol::BlocksHash;
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::{info, warn};

/// Something for the thread that changes the disk. Nothing else works in the recovery area.
pub(crate) enum Deed {
    /// What the engine has planned.
    Operate(Vec<Operation>),
    /// Something else, in the directory that is believed to be the root; nothing if it is not there.
    Other(Work),
}

/// What is done in a directory, if there is one.
type Work = Box<dyn FnOnce(Option<&LocalFs>) + Send>;

/// Operates until the end.
pub(crate) fn run(shared: &Arc<Shared>) {
    while let Next::Item(deed) = shared.deeds.take(None) {
        match deed {
            Deed::Operate(operations) => {
                let outcomes = operate(shared, operations);
                shared.tell(Input::Engine(Event::Finished(outcomes)));
            }
            Deed::Other(work) => {
                let opened = shared.root.believed();
                work(opened.as_ref().map(|opened| &*opened.vfs));
            }
        }
    }
}

/// Keeps the bytes of texts that this machine and another have in common now, so that a conflict can be merged.
pub(crate) fn keep_bases(shared: &Shared, agreed: Vec<(RelativePath, BlocksHash)>) {
    shared.deeds.put(Deed::Other(Box::new(move |vfs| {
        let Some(vfs) = vfs else { return };
        let store = BaseStore::new(vfs);
        for (path, digest) in agreed {
            // It may have been edited again, or be no text: then there is no base, and the merge is one of two sides.
            if let Ok(Some(bytes)) = read_whole(vfs, &path, LARGEST_BASE) {
                let _ = store.keep(digest, &bytes);
            }
        }
    })));
}

/// Lets go of what was displaced long ago, or takes up too much room, and of what was never completed.
pub(crate) fn tidy_up(shared: &Shared) {
    let (id, versioning) = (shared.id.clone(), shared.versioning());
    shared.deeds.put(Deed::Other(Box::new(move |vfs| {
        let Some(vfs) = vfs else { return };
        match Recovery::new(vfs).collect(seconds() as i64, limits(vfs)) {
            Ok(collected) if collected.gone.is_empty() => {}
            Ok(collected) => {
                info!(folder = id, acts = collected.gone.len(), "emptied old parts of the recovery area")
            }
            Err(error) => warn!(folder = id, %error, "the recovery area cannot be tidied up"),
        }
        if let Err(error) = Staging::new(vfs).let_go(seconds() as i64) {
            warn!(folder = id, %error, "files that were never completed cannot be let go");
        }
        if let Some(Err(error)) = versioning.map(|versioning| versioning.clean(vfs, seconds() as i64)) {
            warn!(folder = id, %error, "old versions cannot be let go");
        }
        if let Err(error) = BaseStore::new(vfs).trim(BASE_BUDGET) {
            warn!(folder = id, %error, "the base store cannot be tidied up");
        }
    })));
}

/// What was displaced does not fill the disk either.
fn limits(vfs: &LocalFs) -> Limits {
    let floor = vfs.space().map_or(0, |space| room::floor(space.total));
    Limits { floor, ..Limits::default() }
}

fn operate(shared: &Shared, operations: Vec<Operation>) -> Vec<Outcome> {
    let Some(opened) = shared.root.believed() else {
        // Nothing is written where the folder should be and is not. A look tells the rest.
        shared.looks.root();
        return refused(operations, "the folder's directory is not there");
    };
    let ignore = shared.ignore();
    let deletable = |path: &RelativePath| ignore.decide(path).deletable;
    let keeper =
        shared.plan().keeper.map(|command| Keeper::new(command, shared.root.path(), &shared.programs));
    let take_away = |path: &RelativePath| match (&keeper, shared.root.believed()) {
        (Some(keeper), Some(_)) => keeper.take_away(path),
        _ => Err("the folder's directory is not there".to_string()),
    };
    let program = keeper.as_ref().map(|keeper| External { name: keeper.name(), take_away: &take_away });
    let executor = Executor::new(&*opened.vfs, &deletable, timestamp())
        .with_versions(shared.versioning())
        .with_program(program)
        .with_metadata(shared.plan().metadata);
    if let Err(text) = settle(shared, &executor) {
        return refused(operations, &text);
    }
    let (gone, operations) = without_objects(shared, &opened.vfs, operations);
    let failed = keep_references::keep(shared, &opened.vfs, &operations);
    let is_failed = |operation: &Operation| operation.unit.as_ref().and_then(|unit| failed.get(unit));
    let (without, operations): (Vec<Operation>, Vec<Operation>) =
        operations.into_iter().partition(|operation| is_failed(operation).is_some());
    let text = failed.values().next().map(String::as_str).unwrap_or_default();
    let mut outcomes = refused(without, text);
    let changed = |operation| Outcome { operation, result: Err(Undone::Changed), intents: Vec::new() };
    outcomes.extend(gone.into_iter().map(changed));
    outcomes.extend(executor.execute(operations, &mut shared.index.clone()));
    outcomes
}

/// Splits off what would be done to repositories of which objects are gone that nobody has missed yet: git has tidied up a moment ago, and what
/// comes may point to what it has taken away. Another look, and another plan, bring that back.
fn without_objects(
    shared: &Shared,
    vfs: &LocalFs,
    operations: Vec<Operation>,
) -> (Vec<Operation>, Vec<Operation>) {
    let is_pointing = |operation: &&Operation| {
        let is_put = matches!(operation.step, Step::Put { .. });
        operation.unit.as_ref().is_some_and(|unit| is_put && git::is_reference(&operation.path, unit))
    };
    let mut units: BTreeSet<RelativePath> =
        operations.iter().filter(is_pointing).filter_map(|operation| operation.unit.clone()).collect();
    units.retain(|unit| {
        let objects = shared.index.read(|index| {
            let paths = all_below(index, Some(unit))?.into_iter().filter(|path| git::is_object(path, unit));
            let mut objects = Vec::new();
            for path in paths {
                if index.local(&path)?.is_some_and(|own| own.stamp.is_some()) {
                    objects.push(path);
                }
            }
            Ok(objects)
        });
        objects.map_or(true, |objects| stamps(vfs, &objects).contains(&None))
    });
    operations
        .into_iter()
        .partition(|operation| operation.unit.as_ref().is_some_and(|unit| units.contains(unit)))
}

/// Settles what an earlier batch, or an earlier run, left open.
pub(crate) fn settle(shared: &Shared, executor: &Executor<'_, LocalFs>) -> Result<(), String> {
    let open = shared.index.read(|index| index.open_intents()).map_err(|error| error.to_string())?;
    executor.settle(&open).map_err(|error| error.to_string())?;
    if open.is_empty() {
        return Ok(());
    }
    let settled =
        Changes { settled: open.iter().map(|intent| intent.number).collect(), ..Changes::default() };
    let stored = shared.index.write(|index| index.commit(&settled));
    stored.map(drop).map_err(|error: IndexError| error.to_string())
}

/// Nothing was done.
fn refused(operations: Vec<Operation>, text: &str) -> Vec<Outcome> {
    let undone = Undone::Failed(Failure { remedy: Remedy::RetryItem, text: text.to_string() });
    let refused = |operation| Outcome { operation, result: Err(undone.clone()), intents: Vec::new() };
    operations.into_iter().map(refused).collect()
}
