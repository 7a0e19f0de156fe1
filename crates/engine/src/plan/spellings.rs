//! Names that are one on this file system: what differs only in case is renamed, and two different things wait for a person.

use super::directories::is_arriving;
use super::{Plan, moves, taken_over};
use crate::canary::{Bug, planted};
use crate::decide::{Decision, Reason};
use crate::git;
use crate::operation::{Expected, Operation, Step};
use crate::surroundings::Surroundings;
use crate::trees::{Candidates, Unreadable};
use homesync_paths::{RelativePath, fold};
use homesync_protocol::Entry;
use std::collections::BTreeSet;

/// Of two names that are one on this file system only the first is put there; the other waits until a person has chosen.
pub(super) fn hold(plan: &mut Plan, surroundings: &Surroundings<'_>) {
    if !surroundings.rules.folds_case || planted(Bug::SameNamesPut) {
        return;
    }
    let mut taken = BTreeSet::new();
    let (placed, held): (Vec<Operation>, Vec<Operation>) = std::mem::take(&mut plan.operations)
        .into_iter()
        .partition(|operation| !is_arriving(operation) || taken.insert(fold(operation.path.as_str())));
    plan.operations = placed;
    plan.held.extend(held.into_iter().map(|operation| (operation.path, Reason::Refused)));
}

/// Where an item waits because the other spelling of its name is taken, and that one goes in the same plan with the same content, the item is
/// renamed: a person elsewhere did no more than that. (In the same directory only: of a directory renamed so, the items go and come.)
pub(super) fn rename(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    if !surroundings.rules.folds_case {
        return Ok(());
    }
    let is_refused = |path: &&RelativePath| plan.held.get(*path) == Some(&Reason::Refused);
    let waiting: Vec<RelativePath> = plan.held.keys().filter(is_refused).cloned().collect();
    for path in waiting {
        let [from] = &surroundings.view.spellings(&path)?[..] else { continue };
        let is_removal = |operation: &Operation| operation.path == *from && operation.step == Step::Remove;
        let Some(at) = plan.operations.iter().position(is_removal) else { continue };
        let candidates = Candidates::read(surroundings.view, &path)?;
        let Some(leaving) = surroundings.view.local(from)? else { continue };
        let is_alike = |global: &&Entry| moves::is_movable_as(&leaving, global, surroundings.rules);
        let Some(global) = candidates.global().filter(is_alike) else { continue };
        let Expected::Object(from_expected) = plan.operations[at].expected else { continue };
        if from.parent() != path.parent() || surroundings.hold(&path).is_some() {
            continue;
        }
        let removal = plan.operations.remove(at);
        plan.held.remove(&path);
        plan.operations.push(Operation {
            entry: taken_over(candidates.own.as_ref(), global, Decision::Create, surroundings),
            expected: Expected::Absent,
            step: Step::Move { from: from.clone(), from_expected, from_entry: Box::new(removal.entry) },
            unit: git::unit_of(&path),
            path,
        });
    }
    Ok(())
}
