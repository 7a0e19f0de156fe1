//! Hearing, planning and doing, with a check of everything that a plan promises.

use super::case::Case;
use super::disk::Object;
use crate::choices::Generator;
use crate::tidying::is_tidied_up;
use homesync_engine::{Displaced, Expected, FolderKind, Guard, Operation, Plan, Reason, Step};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, Content, Kind, Validity};
use std::collections::BTreeSet;
use std::rc::Rc;

impl Case {
    /// A machine hears the beginning of what another has to say.
    pub(super) fn hear_some(&mut self, number: usize) -> Result<(), String> {
        let from = self.choose(self.machines.len() as u64) as usize;
        if from == number {
            return Ok(());
        }
        let mut news = self.machines[from].news_for(number);
        let many = news.len() - self.choose(news.len() as u64 + 1) as usize;
        news.truncate(many);
        let Some(last) = news.last().map(|entry| entry.sequence) else { return Ok(()) };
        self.machines[from].told[number] = last;
        self.say(|| format!("{number}: hears {many} items from {from}"));
        let device = self.machines[from].device;
        self.machines[number].hear(device, news).map_err(|error| error.to_string())
    }

    /// A machine hears all that is new from another: in any order, and in two parts with work between them (L5).
    pub(super) fn hear_all(&mut self, number: usize, from: usize) -> Result<bool, String> {
        let mut news = self.machines[from].news_for(number);
        let Some(last) = news.last().map(|entry| entry.sequence) else { return Ok(false) };
        self.machines[from].told[number] = last;
        let device = self.machines[from].device;
        if let Some(order) = &mut self.order {
            shuffle(&mut news, order);
            let rest = news.split_off(order.next_number() as usize % (news.len() + 1));
            self.machines[number].hear(device, news).map_err(|error| error.to_string())?;
            self.work(number, true)?;
            news = rest;
        }
        self.machines[number].hear(device, news).map_err(|error| error.to_string())?;
        Ok(true)
    }

    /// Plans and does what is planned, until nothing is left that can be done now.
    pub(super) fn work(&mut self, number: usize, is_recorded: bool) -> Result<(), String> {
        for _ in 0..8 {
            let plan = self.machines[number].plan_news().map_err(|error| error.to_string())?;
            self.count_held(&plan);
            if !plan.recorded.is_empty() {
                self.count_recorded(number, &plan);
                continue;
            }
            if plan.operations.is_empty() {
                return Ok(());
            }
            self.check_plan(number, &plan)?;
            let is_untouched = self.guarded_objects(number);
            self.execute(number, plan.operations, is_recorded)?;
            if self.guarded_objects(number) != is_untouched {
                return Err(format!(
                    "S10/S13: machine {number} touched what it could not read or leaves out: {is_untouched:?}"
                ));
            }
            if !is_recorded {
                return Ok(());
            }
        }
        Ok(())
    }

    fn execute(
        &mut self,
        number: usize,
        operations: Vec<Operation>,
        is_recorded: bool,
    ) -> Result<(), String> {
        let is_missing = |operation: &Operation| {
            let is_put = matches!(operation.step, Step::Put { .. });
            let digest = operation.entry.content.digest();
            is_put && digest.is_some_and(|digest| !self.machines.iter().any(|any| any.disk.holds(digest)))
        };
        // A unit is done when all of it can be.
        let missing: Vec<bool> = operations.iter().map(is_missing).collect();
        let torn: BTreeSet<RelativePath> = operations
            .iter()
            .zip(&missing)
            .filter_map(|(operation, missing)| operation.unit.clone().filter(|_| *missing))
            .collect();
        for (operation, missing) in operations.into_iter().zip(missing) {
            if missing || operation.unit.as_ref().is_some_and(|unit| torn.contains(unit)) {
                self.machines[number].dirty.extend(operation.paths().cloned());
                continue;
            }
            self.say(|| format!("{number}: does {}", describe(&operation)));
            self.count(&operation);
            let left = self.machines[number].operate(&operation, is_recorded);
            let left =
                left.map_err(|error| format!("machine {number}: {error} (at {})", describe(&operation)))?;
            if left.copy.is_some() {
                self.reach("conflict copy");
            }
        }
        Ok(())
    }

    /// What the machine may not touch now: what it cannot read, and what it leaves out.
    fn guarded_objects(&self, number: usize) -> Vec<(RelativePath, Rc<Object>)> {
        let machine = &self.machines[number];
        if machine.situation.unknown.is_empty() && machine.situation.ignore.pattern_count() == 0 {
            return Vec::new();
        }
        let is_guarded = |path: &RelativePath| {
            let verdict = machine.situation.ignore.decide(path);
            machine.situation.is_unknown(path) || (verdict.ignored && !verdict.deletable)
        };
        let guarded = machine.disk.objects().filter(|(path, _)| is_guarded(path));
        guarded.map(|(path, object)| (path.clone(), Rc::clone(object))).collect()
    }

    /// S11, S15, E18, and that what moves is moved.
    fn check_plan(&mut self, number: usize, plan: &Plan) -> Result<(), String> {
        self.plans += 1;
        let machine = &self.machines[number];
        // What its own disk has spoiled, it takes back.
        let heals = |operation: &Operation| !machine.is_believed(&operation.path);
        if machine.rules.kind == FolderKind::SendOnly && !plan.operations.iter().all(heals) {
            return Err(format!("E18: machine {number} only sends, and its disk is to change"));
        }
        let removals: Vec<&Operation> =
            plan.operations.iter().filter(|operation| operation.step == Step::Remove).collect();
        let is_unasked = |operation: &&&Operation| {
            machine.situation.approved.get(&operation.path) != Some(&operation.entry.version)
                && operation.entry.validity != Validity::OnlyHere
                && !is_tidied_up(&operation.path, &machine.trees)
        };
        let unasked = removals.iter().filter(is_unasked).count() as u64;
        if let Guard::MoreThan(most) = machine.rules.guard
            && unasked > most
        {
            return Err(format!("S11: machine {number} removes {unasked} items unasked"));
        }
        let leaving: BTreeSet<_> = removals
            .iter()
            // Of whom it is to be may be another matter.
            .filter(|operation| machine.is_believed(&operation.path) && !machine.rules.metadata.sets())
            .filter_map(|operation| Some((&operation.unit, alike(machine.disk.get(&operation.path)?)?)))
            .collect();
        let is_fetched_for_nothing = |operation: &&Operation| {
            let blocks = operation.entry.content.blocks();
            matches!(operation.step, Step::Put { .. })
                && operation.expected == Expected::Absent
                && blocks.zip(operation.entry.permissions).is_some_and(|(blocks, mode)| {
                    let item = (blocks.digest(), operation.entry.modified.seconds, mode);
                    leaving.contains(&(&operation.unit, item))
                })
        };
        if let Some(operation) = plan.operations.iter().find(is_fetched_for_nothing) {
            return Err(format!("{} is fetched, and could be moved", operation.path.as_str()));
        }
        // Planning once more costs as much as the plan, so only some are compared.
        if !self.plans.is_multiple_of(8) {
            return Ok(());
        }
        if machine.plan(&machine.planned).map_err(|error| error.to_string())? != *plan {
            return Err("S15: the same trees gave two plans".to_string());
        }
        Ok(())
    }

    fn count_held(&mut self, plan: &Plan) {
        for reason in plan.held.values() {
            self.reach(match reason {
                Reason::Unknown => "held: unread",
                Reason::SendOnly => "held: only sends",
                Reason::Blocked => "held: blocked",
                Reason::Refused => "held: spelled otherwise",
                Reason::IgnoredBelow => "held: left out below",
                Reason::Suspect => "held: suspect",
                Reason::Guard => "held: guard",
                Reason::Busy => "held: git at work",
                Reason::Backoff => "held: backoff",
            });
        }
    }

    fn count_recorded(&mut self, number: usize, plan: &Plan) {
        let own = self.machines[number].rules.own;
        for local in &plan.recorded {
            let path = local.entry.path.as_str();
            let is_revived = local.entry.modified_by == own && local.stamp.is_some();
            let what = match local.entry.content {
                Content::Deleted(Kind::Directory)
                    if self.machines[number].disk.get(&local.entry.path).is_some() =>
                {
                    "left behind"
                }
                Content::Directory if is_revived => "parent kept alive",
                _ if is_revived => "revive",
                _ => "adopt",
            };
            self.reach(what);
            self.say(|| format!("{number}: {what} {path} as {:?}", local.entry.version));
        }
    }

    fn count(&mut self, operation: &Operation) {
        if operation.unit.is_some() {
            self.reach("unit");
        }
        let is_over = matches!(operation.expected, Expected::Object(_));
        self.reach(match &operation.step {
            Step::Put { displaced: Displaced::Recovery } if is_over => "replaced",
            Step::Put { displaced: Displaced::Conflict(_) } => "replaced, kept aside",
            Step::Put { .. } => "created",
            Step::Move { .. } => "move",
            Step::Remove if operation.entry.validity == Validity::OnlyHere => "revert of what nobody has",
            Step::Remove => "remove",
            Step::Adjust => "adjust",
            Step::Dress => "dress",
        });
    }
}

/// By what a file that goes is known as one that comes.
fn alike(object: &Object) -> Option<(BlocksHash, i64, u16)> {
    let digest = object.content.blocks()?.digest();
    Some((digest, object.stamp.modified.seconds, object.stamp.permissions))
}

fn describe(operation: &Operation) -> String {
    let step = match &operation.step {
        Step::Put { displaced: Displaced::Recovery } => "put".to_string(),
        Step::Put { displaced: Displaced::Conflict(copies) } => format!("put, keeping {:?}", copies.first()),
        Step::Move { from, .. } => format!("move from {}", from.as_str()),
        Step::Remove => "remove".to_string(),
        Step::Adjust => "adjust".to_string(),
        Step::Dress => "dress".to_string(),
    };
    format!("{} {step} {:?} {:?}", operation.path.as_str(), operation.entry.content, operation.entry.version)
}

pub(super) fn shuffle<T>(list: &mut [T], order: &mut Generator) {
    for at in (1..list.len()).rev() {
        list.swap(at, order.next_number() as usize % (at + 1));
    }
}
