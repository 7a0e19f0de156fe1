//! What must be true when all is at rest.

use super::case::Case;
use super::contents;
use super::machine::Machine;
use super::side_by_side::side_by_side;
use homesync_engine::{FolderKind, Local, Reason};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, Content, Timestamp, Validity};
use std::collections::BTreeSet;

impl Case {
    pub(super) fn check_end(&mut self) -> Result<(), String> {
        for number in 0..self.machines.len() {
            self.check_rest(number)?;
            self.check_index(number)?;
            self.check_owners(number)?;
        }
        for number in 1..self.machines.len() {
            self.check_same(number)?;
        }
        self.check_contents()
    }

    /// L3: looking and planning again gives nothing. What still waits does so for a reason that no machine can remove.
    fn check_rest(&mut self, number: usize) -> Result<(), String> {
        let before = self.machines[number].trees.sequence();
        self.machines[number].scan().map_err(|error| error.to_string())?;
        let machine = &self.machines[number];
        let everything = machine.everything().map_err(|error| error.to_string())?;
        let plan = machine.plan(&everything).map_err(|error| error.to_string())?;
        if machine.trees.sequence() != before || !plan.is_empty() {
            return Err(format!("L3: machine {number} does not rest: {plan:?}"));
        }
        let is_cause = |reason: &Reason| {
            matches!(reason, Reason::Refused | Reason::IgnoredBelow | Reason::Suspect | Reason::SendOnly)
        };
        let keeps =
            |other: &Machine| other.trees.locals().any(|own| own.entry.validity == Validity::OnlyHere);
        let others_wait = self.machines.iter().any(|other| other.held.values().any(is_cause) || keeps(other));
        let has_cause = plan.held.values().any(is_cause) || others_wait;
        // What waits for something that waits has the same cause.
        let is_explained = |reason: &Reason| is_cause(reason) || (has_cause && *reason == Reason::Blocked);
        match plan.held.iter().find(|(_, reason)| !is_explained(reason)) {
            Some((path, reason)) => {
                Err(format!("L1: machine {number} still waits at {}: {reason:?}", path.as_str()))
            }
            None => Ok(()),
        }
    }

    /// The index says what is on the disk.
    fn check_index(&self, number: usize) -> Result<(), String> {
        let machine = &self.machines[number];
        for own in machine.trees.locals() {
            let there = machine.disk.get(&own.entry.path);
            if own.stamp.is_some() && own.stamp != there.map(|object| object.stamp) {
                return Err(format!("machine {number}: {own:?} is not on the disk, but {there:?}"));
            }
            let is_believed = own.entry.validity == Validity::Valid && own.stamp.is_some();
            if is_believed && there.is_some_and(|object| !object.content.is_same(&own.entry.content)) {
                return Err(format!("S3: machine {number} says {own:?} and has {there:?}"));
            }
        }
        for (path, _) in machine.disk.objects().filter(|(path, _)| !machine.is_ignored(path)) {
            let is_known = machine.trees.get(path).is_some_and(|own| own.stamp.is_some());
            if !is_known && !machine.situation.left_out.iter().any(|left_out| left_out.is_at_or_below(path)) {
                return Err(format!("machine {number} does not know that it has {}", path.as_str()));
            }
        }
        Ok(())
    }

    /// L1: the machine has what the first one has, but for what each of them says that it cannot have.
    fn check_same(&self, number: usize) -> Result<(), String> {
        let (first, other) = (&self.machines[0], &self.machines[number]);
        if other.rules.kind == FolderKind::SendOnly && !self.swarm.overrides {
            return Ok(());
        }
        let excepted: BTreeSet<&RelativePath> = excepted(first).chain(excepted(other)).collect();
        let both = side_by_side(items(first, &excepted), items(other, &excepted));
        for (path, left, right) in both {
            let is_same = match (left, right) {
                (Some(left), Some(right)) => is_same(left, right),
                _ => false,
            };
            if !is_same && !first.is_ignored(path) && !other.is_ignored(path) {
                let path = path.as_str();
                return Err(format!("L1: {path} is {left:?} on machine 0 and {right:?} on machine {number}"));
            }
        }
        Ok(())
    }

    /// S1: no content that a person did not take away is lost. E1, E3, E7: and all of them can be seen.
    fn check_contents(&self) -> Result<(), String> {
        for number in (0..self.written).filter(|number| !self.superseded[*number]) {
            let content = contents::file(number);
            let Some(digest) = content.digest() else { continue };
            if self.machines.iter().any(|machine| machine.disk.holds(digest)) {
                continue;
            }
            if !self.machines.iter().any(|machine| machine.disk.recovery.contains(&digest)) {
                return Err(format!("S1: content {number} is lost"));
            }
            if !self.was_imposed {
                return Err(format!(
                    "E1: content {number} is in nobody's folder any more, and no person removed it"
                ));
            }
        }
        Ok(())
    }
}

/// What a machine is known not to have as the others have it.
fn excepted(machine: &Machine) -> impl Iterator<Item = &RelativePath> {
    let kept = machine.trees.locals().filter(|own| own.entry.validity == Validity::OnlyHere);
    kept.map(|own| &own.entry.path).chain(machine.held.keys())
}

/// The items of a machine, but for what is excepted, above it and below it.
fn items<'a>(
    machine: &'a Machine,
    excepted: &BTreeSet<&RelativePath>,
) -> impl Iterator<Item = (&'a RelativePath, &'a Local)> {
    let is_excepted = |path: &RelativePath| {
        excepted.iter().any(|other| path.is_at_or_below(other) || other.is_at_or_below(path))
    };
    let present =
        machine.trees.locals().filter(move |own| own.entry.is_present() && !is_excepted(&own.entry.path));
    present.map(|own| (&own.entry.path, own))
}

fn is_same(left: &Local, right: &Local) -> bool {
    let item = |local: &Local| -> (Option<BlocksHash>, Option<Timestamp>) {
        let blocks = local.entry.content.blocks();
        (blocks.map(homesync_protocol::BlockList::digest), blocks.map(|_| local.entry.modified))
    };
    let mode =
        |local: &Local| local.entry.permissions.filter(|_| !matches!(local.entry.content, Content::Link(_)));
    let is_same_mode = mode(left).is_none() || mode(right).is_none() || mode(left) == mode(right);
    let is_same_said = left.entry.metadata == right.entry.metadata;
    left.entry.content.is_same(&right.entry.content)
        && item(left) == item(right)
        && is_same_mode
        && is_same_said
}
