//! A directory comes before what is in it, goes when all that is in it goes, and is displaced only when nothing in it has to be left alone.

use super::{Plan, consider};
use crate::decide::Reason;
use crate::operation::{Displaced, Operation, Step};
use crate::surroundings::{Surroundings, has_below};
use crate::trees::{Unreadable, all_below};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Plans what is in directories that come and go, whether or not anything is new about it: what waited for its directory is put there with it,
/// and what goes with its directory goes in the same plan.
pub(super) fn complete(
    plan: &mut Plan,
    surroundings: &Surroundings<'_>,
    considered: &mut BTreeSet<RelativePath>,
) -> Result<(), Unreadable> {
    let changing: Vec<(RelativePath, bool)> = plan
        .operations
        .iter()
        .filter(|operation| needs_emptiness(operation) || is_new_directory(operation))
        .map(|operation| (operation.path.clone(), needs_emptiness(operation)))
        .collect();
    for (directory, is_going) in changing {
        let below = if is_going {
            present_below(&directory, surroundings)?
        } else {
            all_below(surroundings.view, Some(&directory))?
        };
        for path in below {
            if considered.insert(path.clone()) {
                consider(surroundings, &path, plan)?;
            }
        }
    }
    Ok(())
}

/// Holds back what has no directory to be in: others speak of it, but nobody has said anything about its directory yet, or that one waits.
pub(super) fn hold_without_place(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    let mut places: BTreeMap<RelativePath, bool> = BTreeMap::new();
    let mut operations = std::mem::take(&mut plan.operations);
    // From the root down: a directory that waits has nothing put into it.
    operations.sort_by(|left, right| left.path.cmp(&right.path));
    for operation in operations {
        let is_placed = match operation.path.parent() {
            Some(parent) if is_arriving(&operation) => match places.get(&parent) {
                Some(known) => *known,
                None => *places.entry(parent.clone()).or_insert(is_directory_here(&parent, surroundings)?),
            },
            _ => true,
        };
        if operation.entry.content == Content::Directory && is_arriving(&operation) {
            places.insert(operation.path.clone(), is_placed);
        }
        if is_placed {
            plan.operations.push(operation);
        } else {
            plan.held.insert(operation.path, Reason::Blocked);
        }
    }
    Ok(())
}

pub(super) fn is_arriving(operation: &Operation) -> bool {
    matches!(operation.step, Step::Put { .. })
}

fn is_new_directory(operation: &Operation) -> bool {
    is_arriving(operation) && operation.entry.content == Content::Directory
}

fn is_directory_here(path: &RelativePath, surroundings: &Surroundings<'_>) -> Result<bool, Unreadable> {
    let own = surroundings.view.local(path)?;
    Ok(own.is_some_and(|own| own.stamp.is_some_and(|stamp| stamp.kind == Kind::Directory)))
}

/// Holds back what would displace a directory with something in it that stays for now.
pub(super) fn hold(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    let mut kept = Vec::new();
    let mut leaving: BTreeSet<RelativePath> = plan.operations.iter().filter_map(leaves).cloned().collect();
    let arriving: BTreeSet<RelativePath> = plan
        .operations
        .iter()
        .filter(|operation| is_arriving(operation))
        .map(|new| new.path.clone())
        .collect();
    // From the leaves up: a directory that stays keeps those above it.
    let mut operations = std::mem::take(&mut plan.operations);
    operations.sort_by(|left, right| right.path.cmp(&left.path));
    for operation in operations {
        let is_filled = needs_emptiness(&operation) && has_below(&arriving, &operation.path);
        if is_filled {
            // An object that comes back keeps its directory: when it is there, it is planned again.
            plan.again.insert(operation.path.clone());
        }
        let reason = reason_to_hold(&operation, plan, &leaving, surroundings)?;
        match reason.or(is_filled.then_some(Reason::Backoff)) {
            None => kept.push(operation),
            Some(reason) => {
                leaving.remove(&operation.path);
                plan.held.insert(operation.path, reason);
            }
        }
    }
    plan.operations = kept;
    Ok(())
}

fn reason_to_hold(
    operation: &Operation,
    plan: &Plan,
    leaving: &BTreeSet<RelativePath>,
    surroundings: &Surroundings<'_>,
) -> Result<Option<Reason>, Unreadable> {
    if !operation.displaces_directory() {
        return Ok(None);
    }
    if let Some(reason) = surroundings.situation.left_alone_below(&operation.path) {
        return Ok(Some(reason));
    }
    if !needs_emptiness(operation) {
        return Ok(None);
    }
    let below = present_below(&operation.path, surroundings)?;
    let stays = below.into_iter().find(|path| !leaving.contains(path));
    // What neither goes nor waits is not understood, and so left alone.
    Ok(stays.map(|path| plan.held.get(&path).copied().unwrap_or(Reason::Unknown)))
}

/// The path at which nothing is any more when the operation is done.
fn leaves(operation: &Operation) -> Option<&RelativePath> {
    match &operation.step {
        Step::Remove => Some(&operation.path),
        Step::Move { from, .. } => Some(from),
        Step::Put { .. } | Step::Adjust | Step::Dress => None,
    }
}

fn needs_emptiness(operation: &Operation) -> bool {
    operation.displaces_directory()
        && !matches!(&operation.step, Step::Put { displaced: Displaced::Conflict(_) })
}

/// This machine's objects below a directory.
fn present_below(
    directory: &RelativePath,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<RelativePath>, Unreadable> {
    let mut present = Vec::new();
    for path in all_below(surroundings.view, Some(directory))? {
        if surroundings.view.local(&path)?.is_some_and(|own| own.stamp.is_some()) {
            present.push(path);
        }
    }
    Ok(present)
}
