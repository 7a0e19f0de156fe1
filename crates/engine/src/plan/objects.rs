//! The objects of a git repository stay as long as somebody's references may need them.
//!
//! Git removes an object when nothing that it knows of leads to it. It knows the references of its own machine. What another machine has
//! committed meanwhile may lead to it all the same, so a removal of an object counts only among machines whose references are known to each other:
//!
//! * Here stands something that leads to objects and that the machine which removed this one had not seen: the object stays, as a version that
//!   has seen the removal, and so comes back there as well.
//! * Something that leads to objects comes from a machine that had not seen what was removed here: what was removed comes back with it, in one unit.
//!
//! * What is missing here was perhaps removed by git a moment ago: what points and comes from others waits until that is known.
//!
//! Whatever comes back although nothing needs it goes when git tidies up the next time. And while a machine still tells what is new in a
//! repository, no object goes: the pack that an object has gone into may be told of after its removal.

use super::{Plan, consider, further, operation, revive};
use crate::decide::{Decision, Reason};
use crate::git;
use crate::operation::{Displaced, Operation, Step};
use crate::rules::FolderKind;
use crate::surroundings::Surroundings;
use crate::trees::{Candidates, Local, Unreadable, all_below};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, DeviceId, Entry, Kind, Validity};
use std::collections::BTreeSet;

/// What is decided about an object of a repository, given what else is known about that.
pub(super) fn decide(
    decision: Decision,
    path: &RelativePath,
    candidates: &Candidates,
    surroundings: &Surroundings<'_>,
) -> Result<Decision, Unreadable> {
    // What is damaged leads nobody anywhere.
    let is_whole =
        |own: &Local| own.entry.content.kind() == Kind::File && own.entry.validity != Validity::Suspect;
    let is_whole_file = candidates.here().is_some_and(is_whole);
    let Some(unit) =
        git::unit_of(path).filter(|unit| decision == Decision::Remove && git::is_object(path, unit))
    else {
        return Ok(decision);
    };
    if surroundings.situation.restless.contains(&unit) {
        return Ok(Decision::Hold(Reason::Busy));
    }
    if !is_whole_file || surroundings.rules.kind != FolderKind::SendReceive {
        return Ok(decision);
    }
    let removers: BTreeSet<DeviceId> = candidates
        .others
        .iter()
        .filter(|(_, entry)| entry.content.is_deleted())
        .map(|(device, _)| *device)
        .collect();
    match surroundings.references_are_known(&unit, &removers)? {
        true => Ok(decision),
        false => Ok(Decision::Revive),
    }
}

/// Brings back what was removed here and what references may need that come now.
pub(super) fn bring_back(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    if surroundings.rules.kind != FolderKind::SendReceive {
        return Ok(());
    }
    let mut arriving: BTreeSet<(RelativePath, DeviceId)> = BTreeSet::new();
    for operation in &plan.operations {
        let Some(unit) = operation.unit.as_ref().filter(|unit| git::is_reference(&operation.path, unit))
        else {
            continue;
        };
        if matches!(operation.step, Step::Put { .. }) && operation.entry.content.kind() == Kind::File {
            let candidates = Candidates::read(surroundings.view, &operation.path)?;
            arriving.extend(candidates.holders(&operation.entry).map(|device| (unit.clone(), device)));
        }
    }
    let units: BTreeSet<RelativePath> = arriving.iter().map(|(unit, _)| unit.clone()).collect();
    // A repository may have very many objects: what is known about them is not searched for.
    let mut considered = BTreeSet::new();
    let mut planned: BTreeSet<RelativePath> =
        plan.operations.iter().map(|operation| operation.path.clone()).collect();
    for unit in units {
        let mut paths = all_below(surroundings.view, Some(&unit))?;
        paths.retain(|path| git::is_object(path, &unit));
        if paths.iter().any(|path| surroundings.hold(path) == Some(Reason::Unknown)) {
            hold_references(plan, &unit);
            continue;
        }
        for path in paths {
            let candidates = Candidates::read(surroundings.view, &path)?;
            if is_awaited(&candidates) {
                // It comes as well, and so does what it has to be in.
                for path in path.at_or_above().collect::<Vec<_>>().into_iter().rev() {
                    if !planned.contains(&path) && considered.insert(path.clone()) {
                        let before = plan.operations.len();
                        consider(surroundings, &path, plan)?;
                        planned.extend(plan.operations[before..].iter().map(|new| new.path.clone()));
                    }
                }
                continue;
            }
            let Some(entry) = missed(&candidates, |device| arriving.contains(&(unit.clone(), device))) else {
                continue;
            };
            if !planned.insert(path.clone()) {
                continue;
            }
            bring_back_directories(&path, &mut planned, surroundings, plan)?;
            let own = candidates.own.as_ref();
            let seen =
                own.map_or_else(|| entry.version.clone(), |own| own.entry.version.merged(&entry.version));
            let version = further(&seen, surroundings.rules);
            let entry = Entry { version, modified_by: surroundings.rules.own, ..entry.clone() };
            plan.operations.push(operation(&path, own, entry, Step::Put { displaced: Displaced::Recovery }));
        }
    }
    Ok(())
}

/// What points waits: for an object that is missing and of which it is not known yet whether it was removed, or that cannot come yet.
fn hold_references(plan: &mut Plan, unit: &RelativePath) {
    let waits = |operation: &Operation| {
        operation.unit.as_ref() == Some(unit)
            && git::is_reference(&operation.path, unit)
            && matches!(operation.step, Step::Put { .. })
    };
    let (waiting, rest) = std::mem::take(&mut plan.operations).into_iter().partition(waits);
    plan.operations = rest;
    let waiting: Vec<Operation> = waiting;
    for operation in waiting {
        plan.held.insert(operation.path.clone(), Reason::Busy);
        plan.again.insert(operation.path);
    }
}

/// Others have it, and it is to be here.
fn is_awaited(candidates: &Candidates) -> bool {
    let is_wanted = |global: &Entry| global.is_present() && global.validity.is_valid();
    candidates.here().is_none() && candidates.global().is_some_and(is_wanted)
}

/// Where an object that is to be here cannot come for now, what may point to it waits.
pub(super) fn hold_without_objects(
    plan: &mut Plan,
    surroundings: &Surroundings<'_>,
) -> Result<(), Unreadable> {
    let is_put = |operation: &&Operation| matches!(operation.step, Step::Put { .. });
    let units: BTreeSet<RelativePath> =
        plan.operations.iter().filter(is_put).filter_map(unit_it_points_in).collect();
    for unit in units {
        let arriving: BTreeSet<&RelativePath> = plan.operations.iter().flat_map(Operation::paths).collect();
        let mut is_whole = true;
        for path in
            all_below(surroundings.view, Some(&unit))?.iter().filter(|path| git::is_object(path, &unit))
        {
            is_whole &= arriving.contains(path) || !is_held_back(path, surroundings)?;
        }
        if !is_whole {
            hold_references(plan, &unit);
        }
    }
    Ok(())
}

/// It is to come here, and cannot for now. What no plan would bring is not waited for: in a folder that only sends, nothing comes but what was damaged.
/// And neither is what has no place: somebody has something else where it or its directory should be, and that may stay.
fn is_held_back(path: &RelativePath, surroundings: &Surroundings<'_>) -> Result<bool, Unreadable> {
    if surroundings.situation.is_left_out(path) || !is_awaited(&Candidates::read(surroundings.view, path)?) {
        return Ok(false);
    }
    let mut plan = Plan::default();
    consider(surroundings, path, &mut plan)?;
    let is_lasting =
        |reason: &Reason| matches!(reason, Reason::Blocked | Reason::IgnoredBelow | Reason::SendOnly);
    let is_held = plan.held.values().any(|reason| !is_lasting(reason));
    Ok((is_held || !plan.operations.is_empty()) && !is_in_something_only_here(path, surroundings)?)
}

/// A person has changed a directory above it in a folder that only receives: it comes when they take that back.
fn is_in_something_only_here(
    path: &RelativePath,
    surroundings: &Surroundings<'_>,
) -> Result<bool, Unreadable> {
    for above in path.ancestors() {
        let own = surroundings.view.local(&above)?;
        if own.is_some_and(|own| own.entry.validity == Validity::OnlyHere) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn unit_it_points_in(operation: &Operation) -> Option<RelativePath> {
    operation.unit.clone().filter(|unit| git::is_reference(&operation.path, unit))
}

/// What such a machine still has and this one has removed, which that one has not heard of.
fn missed(candidates: &Candidates, is_asked: impl Fn(DeviceId) -> bool) -> Option<&Entry> {
    let own = candidates.own.as_ref().filter(|own| own.entry.validity == Validity::Valid)?;
    let is_removed = own.entry.content == Content::Deleted(Kind::File);
    let is_missed = |entry: &Entry| {
        entry.is_present()
            && entry.content.kind() == Kind::File
            && !entry.version.relation(&own.entry.version).has_seen()
    };
    let mut others = candidates.others.iter().filter(|_| is_removed);
    others.find(|(device, entry)| is_asked(*device) && is_missed(entry)).map(|(_, entry)| entry)
}

fn bring_back_directories(
    path: &RelativePath,
    planned: &mut BTreeSet<RelativePath>,
    surroundings: &Surroundings<'_>,
    plan: &mut Plan,
) -> Result<(), Unreadable> {
    for above in path.ancestors().filter(|above| planned.insert(above.clone())) {
        let candidates = Candidates::read(surroundings.view, &above)?;
        let Some(global) = candidates.global().filter(|_| candidates.here().is_none()) else {
            continue;
        };
        revive(&above, candidates.own.as_ref(), global, surroundings, plan);
    }
    Ok(())
}
