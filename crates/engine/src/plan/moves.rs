//! A file that goes at one place and comes at another is moved: no byte of it travels or is written again.

use crate::git::unit_of;
use crate::operation::{Expected, Operation, Step};
use crate::plan::Plan;
use crate::rules::Rules;
use crate::surroundings::Surroundings;
use crate::trees::{Local, Unreadable};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, Content, Entry, Validity};
use std::collections::{BTreeMap, BTreeSet};

/// Turns pairs of "take away here" and "put there" with the same content into moves.
pub(super) fn pair(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    let mut leaving = leaving(plan, surroundings)?;
    if leaving.is_empty() {
        return Ok(());
    }
    let mut moved: BTreeSet<RelativePath> = BTreeSet::new();
    let mut removals: BTreeMap<RelativePath, Operation> = plan
        .operations
        .iter()
        .filter(|operation| operation.step == Step::Remove)
        .map(|operation| (operation.path.clone(), operation.clone()))
        .collect();
    for operation in &mut plan.operations {
        let Some(digest) = arriving(operation) else { continue };
        let Some(paths) = leaving.get_mut(&digest) else { continue };
        let Some(from) = take_best(paths, operation, surroundings)? else { continue };
        let Some(removal) = removals.remove(&from) else { continue };
        let Expected::Object(from_expected) = removal.expected else { continue };
        operation.step =
            Step::Move { from: from.clone(), from_expected, from_entry: Box::new(removal.entry) };
        moved.insert(from);
    }
    plan.operations.retain(|operation| operation.step != Step::Remove || !moved.contains(&operation.path));
    Ok(())
}

/// Files that go, by their content. Empty ones are all alike: making one is cheaper than choosing.
fn leaving(
    plan: &Plan,
    surroundings: &Surroundings<'_>,
) -> Result<BTreeMap<BlocksHash, Vec<RelativePath>>, Unreadable> {
    let mut leaving: BTreeMap<BlocksHash, Vec<RelativePath>> = BTreeMap::new();
    for operation in plan.operations.iter().filter(|operation| operation.step == Step::Remove) {
        let Some(own) = surroundings.view.local(&operation.path)? else { continue };
        if let Content::File(blocks) = &own.entry.content
            && blocks.size() > 0
        {
            leaving.entry(blocks.digest()).or_default().push(operation.path.clone());
        }
    }
    Ok(leaving)
}

/// The content of a file that comes where nothing was.
fn arriving(operation: &Operation) -> Option<BlocksHash> {
    let is_new = matches!(operation.step, Step::Put { .. }) && operation.expected == Expected::Absent;
    operation
        .entry
        .content
        .blocks()
        .filter(|blocks| is_new && blocks.size() > 0)
        .map(|blocks| blocks.digest())
}

/// One that also has the wanted time, permissions, owner and attributes; of those the one with the same name, or in the same directory, before any other: so a moved
/// tree is moved as a person would have.
fn take_best(
    paths: &mut Vec<RelativePath>,
    to: &Operation,
    surroundings: &Surroundings<'_>,
) -> Result<Option<RelativePath>, Unreadable> {
    let mut best: Option<(usize, (bool, bool))> = None;
    for (place, path) in paths.iter().enumerate() {
        let Some(own) = surroundings.view.local(path)? else { continue };
        let likeness = (path.name() == to.path.name(), path.parent() == to.path.parent());
        if is_movable_as(&own, &to.entry, surroundings.rules)
            && best.is_none_or(|(_, known)| likeness > known)
        {
            best = Some((place, likeness));
        }
    }
    Ok(best.map(|(place, _)| paths.remove(place)))
}

/// A file here is all that is wanted elsewhere, but for its name.
pub(super) fn is_movable_as(own: &Local, wanted: &Entry, rules: &Rules) -> bool {
    // What counts is how the file stands there: whoever told us of it may have said nothing about its permissions.
    let mode = own.stamp.map(|stamp| stamp.permissions);
    // What is kept to this machine is whole, too; a remnant is not.
    matches!(own.entry.validity, Validity::Valid | Validity::OnlyHere)
        && own.entry.content.blocks().is_some()
        && own.entry.content.is_same(&wanted.content)
        && own.entry.modified == wanted.modified
        && (!rules.permissions || wanted.permissions.is_none() || mode == wanted.permissions)
        && !rules.metadata.needs_setting(own, wanted)
        // A unit changes all together or not at all, so nothing is moved across its border.
        && unit_of(&own.entry.path) == unit_of(&wanted.path)
}
