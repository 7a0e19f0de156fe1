//! Conflict copies beside what else is in a plan: they meet no item that others have under their name, and there are never too many.

use super::{Plan, operation};
use crate::conflict::surplus_copies;
use crate::decide::Reason;
use crate::operation::{Displaced, Expected, Operation, Step};
use crate::rules::FolderKind;
use crate::surroundings::Surroundings;
use crate::trees::Unreadable;
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{Content, Entry, Kind, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// If another machine has made the very same copy already, ours becomes it: what is to be put there waits until it is seen. If it is another
/// item, our copy gets a further name.
pub(super) fn keep_apart(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    let is_copying = |operation: &&Operation| copies(operation).is_some();
    if !plan.operations.iter().any(|operation| is_copying(&operation)) {
        return Ok(());
    }
    // On a disk that folds case another spelling is the same place.
    let place = |path: &RelativePath| match surroundings.rules.folds_case {
        true => fold(path.as_str()),
        false => path.as_str().to_string(),
    };
    let arriving: BTreeMap<String, (RelativePath, Content)> = plan
        .operations
        .iter()
        .filter(|operation| matches!(operation.step, Step::Put { .. }))
        .map(|operation| (place(&operation.path), (operation.path.clone(), operation.entry.content.clone())))
        .collect();
    let mut waiting = BTreeSet::new();
    for operation in &mut plan.operations {
        let own = surroundings.view.local(&operation.path)?;
        let Some(own) = own.map(|own| own.entry.content) else { continue };
        let Step::Put { displaced: Displaced::Conflict(copies) } = &mut operation.step else { continue };
        copies.retain(|copy| match arriving.get(&place(copy)) {
            Some((path, other)) if path == copy && own.kind() == Kind::File && other.is_same(&own) => {
                waiting.insert(copy.clone());
                true
            }
            Some(_) => false,
            None => true,
        });
    }
    plan.operations.retain(|operation| !waiting.contains(&operation.path));
    plan.held.extend(waiting.iter().map(|path| (path.clone(), Reason::Backoff)));
    plan.again.extend(waiting);
    Ok(())
}

/// A directory into which a copy goes stays for now, although it is to go: it is planned again with whatever is planned next.
pub(super) fn keep_places(plan: &mut Plan) {
    let places: BTreeSet<RelativePath> =
        plan.operations.iter().filter_map(copies).flatten().flat_map(RelativePath::ancestors).collect();
    let (staying, rest): (Vec<Operation>, Vec<Operation>) = std::mem::take(&mut plan.operations)
        .into_iter()
        .partition(|operation| operation.step == Step::Remove && places.contains(&operation.path));
    plan.operations = rest;
    for operation in staying {
        plan.again.insert(operation.path.clone());
        plan.held.insert(operation.path, Reason::Backoff);
    }
}

/// Takes the oldest copies of a file away where one more is made than stay. It is an ordinary removal by this machine, so they go to the
/// recovery area here and on the others.
pub(super) fn limit(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    if surroundings.rules.kind != FolderKind::SendReceive {
        return Ok(());
    }
    let mut surplus = BTreeSet::new();
    for operation in &plan.operations {
        let is_file = matches!(operation.expected, Expected::Object(stamp) if stamp.kind == Kind::File);
        let Some(first) = copies(operation).filter(|_| is_file).and_then(|copies| copies.first()) else {
            continue;
        };
        let beside = surroundings.view.children(first.parent().as_ref())?;
        surplus.extend(surplus_copies(&operation.path, &beside, surroundings.rules.most_conflicts));
    }
    for path in surplus {
        let is_planned = plan.operations.iter().any(|other| other.paths().any(|other| *other == path));
        let is_left_alone = surroundings.situation.is_unknown(&path) || surroundings.hold(&path).is_some();
        // A directory among them is what a person, or another machine, has made of that name.
        let own = surroundings.view.local(&path)?;
        let own = own.filter(|own| own.entry.is_present() && own.entry.content.kind() != Kind::Directory);
        if let Some(own) = own.filter(|_| !is_planned && !is_left_alone && !plan.held.contains_key(&path)) {
            let entry = removed(&own.entry, surroundings);
            plan.operations.push(operation(&path, Some(&own), entry, Step::Remove));
        }
    }
    Ok(())
}

/// The tombstone of something that this machine removes of its own accord.
fn removed(own: &Entry, surroundings: &Surroundings<'_>) -> Entry {
    let (machine, now) = (surroundings.rules.own, surroundings.situation.now);
    Entry {
        content: Content::Deleted(own.content.kind()),
        version: own.version.changed(machine, now),
        modified: Timestamp::at(now as i64),
        modified_by: machine,
        permissions: None,
        previous: own.content.digest(),
        metadata: None,
        ..own.clone()
    }
}

fn copies(operation: &Operation) -> Option<&Vec<RelativePath>> {
    match &operation.step {
        Step::Put { displaced: Displaced::Conflict(copies) } => Some(copies),
        _ => None,
    }
}
