//! The planner: from the three trees to what is to be done, as a value that nobody changes afterwards.
//!
//! It is a pure function. [`decide`] says what happens to each path; here the decisions become operations that hold together: a moved file is
//! moved, a large removal waits for a person, a repository is one unit, and everything is in an order in which each step finds what it needs.
//! The work is proportional to the paths that changed (and what is below a removed directory), never to the folder.

mod copies;
mod directories;
mod moves;
mod objects;
mod order;
mod spellings;

use crate::canary::{Bug, planted};
use crate::conflict::copies_of;
use crate::decide::{Decision, Reason, decide};
use crate::git;
use crate::operation::{Displaced, Expected, Operation, Step};
use crate::record::is_same_item;
use crate::rules::{FolderKind, Rules};
use crate::surroundings::Surroundings;
use crate::trees::{Candidates, Local, Unreadable};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Entry, Kind, Relation, Timestamp, Validity, Version};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Changes of the disk, in the order in which they are done.
    pub operations: Vec<Operation>,
    /// Items whose disk is right and of which only the index changes.
    pub recorded: Vec<Local>,
    /// What differs but has to wait, and why.
    pub held: BTreeMap<RelativePath, Reason>,
    /// Of those, the ones that wait for another operation: they are planned again with whatever is planned next.
    pub again: BTreeSet<RelativePath>,
    /// Removals that wait for a person, with the version of the tombstone.
    pub guarded: Vec<(RelativePath, Version)>,
}

impl Plan {
    /// Nothing is to be done now.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.recorded.is_empty()
    }
}

/// What is to be done about these paths, the directories above them, and what is in directories that come or go.
///
/// The decisions are made one by one, each knowing only the trees. The steps after that see the plan as a whole, and take away from it or
/// change how something is done; the order of the steps matters:
///
/// 1. `complete` and `bring_back` add what belongs to the same change although nothing is new about it, so that the steps below see all of it.
/// 2. `spellings`, `hold_without_place`: what cannot be put anywhere waits, before anything is made to depend on it; unless all that is wanted is
///    another spelling of what is there.
/// 3. `keep_apart`, `keep_places`, `limit`: the names of conflict copies, while it is known what else arrives.
/// 4. `pair`: what goes and comes is moved; only what is still to be done can be paired.
/// 5. `guard`: what is left of the removals is counted. Moves are none.
/// 6. `hold`, `hold_without_objects`: a directory stays when something in it stays, for whatever reason that was found above.
pub fn plan(surroundings: &Surroundings<'_>, dirty: &BTreeSet<RelativePath>) -> Result<Plan, Unreadable> {
    let mut plan = Plan::default();
    let mut considered = with_directories_above(dirty);
    for path in &considered {
        consider(surroundings, path, &mut plan)?;
    }
    directories::complete(&mut plan, surroundings, &mut considered)?;
    objects::bring_back(&mut plan, surroundings)?;
    spellings::rename(&mut plan, surroundings)?;
    spellings::hold(&mut plan, surroundings);
    directories::hold_without_place(&mut plan, surroundings)?;
    copies::keep_apart(&mut plan, surroundings)?;
    copies::keep_places(&mut plan);
    copies::limit(&mut plan, surroundings)?;
    moves::pair(&mut plan, surroundings)?;
    guard(&mut plan, surroundings)?;
    directories::hold(&mut plan, surroundings)?;
    objects::hold_without_objects(&mut plan, surroundings)?;
    order::sort(&mut plan.operations);
    Ok(plan)
}

fn with_directories_above(dirty: &BTreeSet<RelativePath>) -> BTreeSet<RelativePath> {
    if planted(Bug::NothingAbovePlanned) {
        return dirty.clone();
    }
    let mut all = BTreeSet::new();
    for path in dirty {
        let mut next = Some(path.clone());
        // Above one that is in it already all are.
        while let Some(path) = next.filter(|path| !all.contains(path)) {
            next = path.parent();
            all.insert(path);
        }
    }
    all
}

/// Turns the decision about one path into its operation or its record.
fn consider(surroundings: &Surroundings<'_>, path: &RelativePath, plan: &mut Plan) -> Result<(), Unreadable> {
    let rules = surroundings.rules;
    let candidates = Candidates::read(surroundings.view, path)?;
    let facts = surroundings.facts(path, &candidates)?;
    let Some(global) = facts.global else { return Ok(()) };
    let own = candidates.own.as_ref();
    let mut decision = objects::decide(decide(&facts, rules), path, &candidates, surroundings)?;
    if let Some(reason) = surroundings.hold(path).filter(|_| !matches!(decision, Decision::Nothing)) {
        decision = Decision::Hold(reason);
    }
    let put = |displaced| Some(Step::Put { displaced });
    // Only where something is to be done: for most paths nothing is.
    let entry = || taken_over(own, global, decision, surroundings);
    let step = match decision {
        Decision::Nothing => None,
        Decision::Hold(reason) => {
            plan.held.insert(path.clone(), reason);
            None
        }
        Decision::Adopt => {
            plan.recorded.push(standing(entry(), own));
            None
        }
        Decision::LeaveBehind => {
            plan.recorded.push(Local { entry: entry(), stamp: None, found: None });
            None
        }
        Decision::Revive => {
            revive(path, own, global, surroundings, plan);
            None
        }
        Decision::KeepHere => {
            let kept = own.map(|own| Entry { validity: Validity::OnlyHere, ..own.entry.clone() });
            plan.recorded.extend(kept.map(|entry| standing(entry, own)));
            None
        }
        Decision::Create | Decision::Replace => put(Displaced::Recovery),
        Decision::ReplaceKeeping => put(keep_aside(surroundings, own, global)?),
        Decision::Remove => Some(Step::Remove),
        Decision::Adjust => Some(Step::Adjust),
        Decision::Dress => Some(Step::Dress),
    };
    if let Some(step) = step {
        plan.operations.push(operation(path, own, entry(), step));
    }
    Ok(())
}

/// What our entry is when the decision is carried out: the global one.
///
/// If neither had seen the other, ours has seen both from then on. Otherwise something that our version had settled already (an older removal,
/// say) would look like news again when it arrives late by way of a third machine. If the two differ, ours is a further version: what has
/// seen both could otherwise come from other pairs as well, for which another machine decided otherwise, and one version must never mean two
/// things. A folder that only receives makes no versions.
fn taken_over(
    own: Option<&Local>,
    global: &Entry,
    decision: Decision,
    surroundings: &Surroundings<'_>,
) -> Entry {
    let mut entry = global.clone();
    if matches!(decision, Decision::Remove | Decision::LeaveBehind) && !entry.content.is_deleted() {
        // A reverted item that nobody else has becomes a tombstone that nobody hears of.
        entry.content = Content::Deleted(entry.content.kind());
        entry.validity = Validity::OnlyHere;
        entry.version = Version::empty();
        entry.modified = Timestamp::at(surroundings.situation.now as i64);
    } else if let Some(own) = own.filter(|own| has_history(own))
        && surroundings.rules.kind != FolderKind::ReceiveOnly
        && !planted(Bug::HistoryForgotten)
    {
        entry.version = entry.version.merged(&own.entry.version);
        let is_concurrent = own.entry.version.relation(&global.version).is_concurrent();
        if is_concurrent && !is_same_item(&own.entry, global) {
            entry.version = further(&entry.version, surroundings.rules);
        }
    }
    let is_newer = |own: &&Local| own.entry.version.relation(&global.version) == Relation::Newer;
    if let Some(own) = own.filter(is_newer).filter(|own| own.entry.validity == Validity::Suspect) {
        // A person wants the older content back, in place of a damaged newer one: that is a change, and the newest.
        entry.version = further(&own.entry.version, surroundings.rules);
        entry.modified_by = surroundings.rules.own;
    }
    let is_remnant = own.is_some_and(|own| own.entry.content.kind() == Kind::Directory)
        && surroundings.situation.has_left_out_below(&entry.path);
    if is_remnant && entry.content.is_deleted() {
        // The directory still stands there. Whatever others had in its place when they removed it, the next look must know it as a remnant.
        entry.content = Content::Deleted(Kind::Directory);
    }
    entry
}

/// A version after this one, made here. It is the same whenever the plan is made again: content is fetched for it, and people say yes to it.
fn further(version: &Version, rules: &Rules) -> Version {
    let highest = version.counters().iter().map(|counter| counter.1).max().unwrap_or(0);
    version.changed(rules.own, highest.saturating_add(1).max(rules.counter_floor))
}

/// Another entry for what stands there as it did.
fn standing(entry: Entry, own: Option<&Local>) -> Local {
    Local { entry, stamp: own.and_then(|own| own.stamp), found: own.and_then(|own| own.found.clone()) }
}

/// Others may count with its version. What takes no part here they do not know, or may resolve in another way
/// than we do, and one version must not mean two things.
fn has_history(own: &Local) -> bool {
    own.entry.validity == Validity::Valid
}

fn operation(path: &RelativePath, own: Option<&Local>, entry: Entry, step: Step) -> Operation {
    let expected = own.and_then(|own| own.stamp).map_or(Expected::Absent, Expected::Object);
    let unit = git::unit_of(path).filter(|_| !planted(Bug::RepositoryTorn));
    Operation { path: path.clone(), expected, step, entry, unit }
}

/// The losing side gets a name of its own, unless a copy with the same content is there already.
fn keep_aside(
    surroundings: &Surroundings<'_>,
    own: Option<&Local>,
    global: &Entry,
) -> Result<Displaced, Unreadable> {
    let Some(own) = own else { return Ok(Displaced::Recovery) };
    let copies = copies_of(&own.entry, global);
    if own.entry.content.kind() == Kind::File {
        for copy in &copies {
            let there = surroundings.view.local(copy)?;
            if there.is_some_and(|there| {
                there.entry.is_present() && there.entry.content.is_same(&own.entry.content)
            }) {
                return Ok(Displaced::Recovery);
            }
        }
    }
    Ok(Displaced::Conflict(copies))
}

/// A version that has seen both sides, with what is here; or, for a directory that is gone, the directory again.
fn revive(
    path: &RelativePath,
    own: Option<&Local>,
    global: &Entry,
    surroundings: &Surroundings<'_>,
    plan: &mut Plan,
) {
    let rules = surroundings.rules;
    let seen =
        own.map(|own| own.entry.version.merged(&global.version)).unwrap_or_else(|| global.version.clone());
    let base = own.filter(|own| own.stamp.is_some()).map(|own| own.entry.clone());
    let is_here = base.is_some();
    let mut entry = base.unwrap_or_else(|| Entry {
        content: Content::Directory,
        permissions: global.permissions.or(Some(0o755)),
        ..global.clone()
    });
    entry.version = seen.changed(rules.own, surroundings.situation.now.max(rules.counter_floor));
    entry.validity = Validity::Valid;
    entry.modified_by = rules.own;
    if is_here {
        plan.recorded.push(standing(entry, own));
    } else {
        plan.operations.push(operation(path, None, entry, Step::Put { displaced: Displaced::Recovery }));
    }
}

/// Holds the removals of this plan back if they are so many that a person must say yes.
fn guard(plan: &mut Plan, surroundings: &Surroundings<'_>) -> Result<(), Unreadable> {
    let situation = surroundings.situation;
    let is_approved =
        |operation: &Operation| situation.approved.get(&operation.path) == Some(&operation.entry.version);
    let waits = |operation: &Operation| {
        operation.step == Step::Remove
            && !is_approved(operation)
            && operation.entry.validity != Validity::OnlyHere
    };
    let mut tidied_up = BTreeSet::new();
    for operation in plan.operations.iter().filter(|operation| waits(operation)) {
        // What git does with the objects of a repository that stays is no act of a person, and often thousands of files.
        if let Some(head) = git::head_of_object(&operation.path)
            && Candidates::read(surroundings.view, &head)?.global().is_some_and(Entry::is_present)
        {
            tidied_up.insert(operation.path.clone());
        }
    }
    let waits = |operation: &Operation| waits(operation) && !tidied_up.contains(&operation.path);
    let many = plan.operations.iter().filter(|operation| waits(operation)).count() as u64;
    // What was removed a moment ago belongs to the same act, and so to what it is compared with.
    let earlier = situation.recently_removed;
    if many == 0 || !surroundings.rules.guard.holds(many + earlier, surroundings.view.present()? + earlier) {
        return Ok(());
    }
    let (held, free) =
        std::mem::take(&mut plan.operations).into_iter().partition(|operation| waits(operation));
    plan.operations = free;
    for operation in held {
        plan.held.insert(operation.path.clone(), Reason::Guard);
        plan.guarded.push((operation.path, operation.entry.version));
    }
    Ok(())
}
