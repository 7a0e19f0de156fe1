//! What must be true after a run.

use super::ledger::Ledger;
use super::play::stamp;
use super::scenario::{Planned, Scenario, Wish};
use super::thing::{MAKER, Marks, Sight, Thing, View, sight};
use crate::filesystem::SimFs;
use homesync_engine::{Done, Kept, Outcome, Undone};
use homesync_protocol::Kind;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

type Verdict = Result<(), String>;

/// A run and what it began with.
pub(super) struct Run<'a> {
    pub(super) fs: &'a SimFs,
    pub(super) scenario: &'a Scenario,
    pub(super) before: &'a Sight,
    pub(super) ledger: &'a Rc<RefCell<Ledger>>,
}

impl Run<'_> {
    pub(super) fn reached(&self, what: &'static str) {
        self.ledger.borrow_mut().reach(what);
    }

    fn initial(&self, path: &str) -> Option<Thing> {
        self.before.real.get(path).copied()
    }

    /// S2: every content that people had and did not take away is in place or in the recovery area.
    pub(super) fn nothing_is_lost(&self) -> Verdict {
        let now = sight(&self.fs.walk());
        self.ledger.borrow_mut().look(&now, "at the end");
        let there = now.contents();
        let lost: Vec<u32> = self.ledger.borrow().required.difference(&there).copied().collect();
        if lost.is_empty() { Ok(()) } else { Err(format!("lost: {lost:?}; there is {now:?}")) }
    }

    /// S5, S6: what the outcomes say is so.
    pub(super) fn outcomes_are_true(&self, outcomes: &[Outcome]) -> Verdict {
        let now = sight(&self.fs.walk());
        let durable = sight(&self.fs.durable_walk());
        for (planned, outcome) in self.scenario.batch.iter().zip(outcomes) {
            self.count(planned, outcome);
            if let Ok(done) = &outcome.result {
                self.is_done(planned, done, &now, &durable)?;
            }
        }
        self.count_exchanges(outcomes);
        let has_failed = outcomes.iter().any(|outcome| matches!(outcome.result, Err(Undone::Failed(_))));
        if self.scenario.person.is_empty() && !has_failed {
            let model = self.model(outcomes);
            if model != now.real {
                return Err(format!("{}\nmean {model:?}\nbut there is {:?}", told(outcomes), now.real));
            }
            // What was swept before an operation changed its mind, and nothing else, is not made durable.
            if durable.real != now.real {
                return Err(format!("durable is {:?}\nbut there is {:?}", durable.real, now.real));
            }
        }
        if self.scenario.is_quiet() {
            self.units_are_whole(outcomes)?;
        }
        Ok(())
    }

    fn is_done(&self, planned: &Planned, done: &Done, now: &Sight, durable: &Sight) -> Verdict {
        let path = &planned.path;
        // A stamp that fits the disk hides what is there from the next look: then it must be what was wanted.
        let wanted = self.wanted(planned);
        let is_hidden = done.stamp.is_some() && done.stamp == stamp(self.fs, path);
        let there = now.real.get(path).copied();
        // Where case is folded a person may have given the directory another spelling, under which it is listed.
        let is_respelled = self.scenario.settings.folds_case && there.is_none();
        if is_hidden
            && !is_respelled
            && !there.zip(wanted).is_some_and(|(there, wanted)| is_wanted(there, wanted))
        {
            return Err(format!("{path} is {there:?}, and the stamp says that it is {wanted:?}"));
        }
        if self.scenario.is_undisturbed() && wanted.is_some() && there.is_some() && !is_hidden {
            return Err(format!(
                "{path}: the stamp is {:?}, but there is {:?}",
                done.stamp,
                stamp(self.fs, path)
            ));
        }
        // And so must be what is told of its owner and attributes, but for directories, whose stamp tells nothing of them.
        if is_hidden
            && there.is_some_and(|there| there.kind != Kind::Directory)
            && let (Some(found), Some(there)) = (&done.found, there)
        {
            let owner = found.metadata.owner.as_ref().map(|owner| owner.user_number);
            if owner != Some(MAKER + u32::from(there.marks.owner)) {
                return Err(format!("{path} is {there:?}, and it is told that it was found as {found:?}"));
            }
        }
        // What was displaced is exactly what was expected.
        if let (Some(Kept::Recovery(kept)), Some(expected)) = (&done.kept, self.initial(path)) {
            for (what, sight) in [("now", now), ("durable", durable)] {
                let found = sight.kept.get(kept);
                if found.is_none_or(|found| found.kind != expected.kind || found.content != expected.content)
                {
                    return Err(format!("{path} was {expected:?}; {kept} is {found:?} ({what})"));
                }
            }
        }
        Ok(())
    }

    /// What an operation brings.
    fn wanted(&self, planned: &Planned) -> Option<Thing> {
        match &planned.step {
            Wish::Put { wanted, .. } => Some(*wanted),
            Wish::Move { from } => self.initial(from),
            Wish::Remove => None,
            Wish::Adjust { mode } => self.initial(&planned.path).map(|thing| Thing { mode: *mode, ..thing }),
            Wish::Dress { marks } => {
                self.initial(&planned.path).map(|thing| Thing { marks: *marks, ..thing })
            }
        }
        .map(granted)
    }

    /// What the outcomes say that there should be.
    fn model(&self, outcomes: &[Outcome]) -> View {
        let mut view = self.before.real.clone();
        for (planned, outcome) in self.scenario.batch.iter().zip(outcomes) {
            let Ok(done) = &outcome.result else { continue };
            let path = &planned.path;
            let below = format!("{path}/");
            match &planned.step {
                Wish::Put { .. } | Wish::Adjust { .. } | Wish::Dress { .. } => {
                    let Some(wanted) = self.wanted(planned) else { continue };
                    let is_adopted = wanted.kind == Kind::Directory
                        && outcome.operation.expected == homesync_engine::Expected::Absent;
                    if let Some(copy) = &done.copy {
                        let moved: Vec<(String, Thing)> = at_or_below(&view, path);
                        view.extend(
                            moved
                                .into_iter()
                                .map(|(name, thing)| (name.replacen(path.as_str(), copy.as_str(), 1), thing)),
                        );
                    }
                    let is_put = matches!(planned.step, Wish::Put { .. });
                    view.retain(|name, _| !is_put || is_adopted || !name.starts_with(&below));
                    view.insert(path.clone(), wanted);
                }
                Wish::Move { from } => {
                    if let Some(thing) = view.remove(from) {
                        view.insert(path.clone(), thing);
                    }
                }
                Wish::Remove => view.retain(|name, _| name != path && !name.starts_with(&below)),
            }
        }
        view
    }

    fn units_are_whole(&self, outcomes: &[Outcome]) -> Verdict {
        let unit: Vec<bool> = outcomes
            .iter()
            .filter(|outcome| outcome.operation.unit.is_some())
            .map(|outcome| outcome.result.is_ok())
            .collect();
        if unit.iter().any(|done| *done) && !unit.iter().all(|done| *done) {
            return Err(format!("a unit is torn: {}", told(outcomes)));
        }
        Ok(())
    }

    /// Every name holds what it did before or what an operation was to bring.
    pub(super) fn each_is_before_or_after(&self) -> Verdict {
        if !self.scenario.person.is_empty() {
            return Ok(());
        }
        let now = sight(&self.fs.walk());
        let names: BTreeSet<&String> = now.real.keys().chain(self.before.real.keys()).collect();
        for name in names {
            let there = now.real.get(name).copied();
            if !self.allowed(name).contains(&there) {
                return Err(format!(
                    "{name} is {there:?}, allowed is {:?}; there is {now:?}",
                    self.allowed(name)
                ));
            }
        }
        Ok(())
    }

    fn allowed(&self, name: &str) -> Vec<Option<Thing>> {
        let mut allowed = vec![self.initial(name)];
        for planned in &self.scenario.batch {
            let path = planned.path.as_str();
            if name == path {
                allowed.push(self.wanted(planned));
            }
            let is_above = name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
            if is_above && !matches!(planned.step, Wish::Adjust { .. } | Wish::Dress { .. }) {
                allowed.push(None);
            }
            match &planned.step {
                Wish::Dress { marks } if name == path => {
                    let thing = self.initial(name);
                    allowed.extend(thing.into_iter().flat_map(|thing| half_dressed(thing, *marks)));
                }
                // A directory that is there already is as good as one that is made.
                Wish::Put { wanted, .. } if name == path && wanted.kind == Kind::Directory => {
                    let thing = self.initial(name).filter(|thing| thing.kind == Kind::Directory);
                    let in_mode = thing.map(|thing| granted(Thing { mode: wanted.mode, ..thing }));
                    // It gets its owner and attributes first, because its mode may forbid that.
                    let dressed = thing.map(|thing| Thing { marks: wanted.marks, ..thing });
                    allowed.extend([in_mode, dressed]);
                    let whole = thing.into_iter().chain(in_mode);
                    allowed.extend(whole.flat_map(|thing| half_dressed(thing, wanted.marks)));
                }
                // A link can be given to nobody before it is there.
                Wish::Put { wanted, .. } if name == path && wanted.kind == Kind::Link => {
                    allowed.push(Some(Thing { marks: Marks::default(), ..*wanted }));
                }
                Wish::Move { from } if from == name => allowed.push(None),
                Wish::Put { copies: Some(copies), .. } => {
                    for copy in copies {
                        if let Some(rest) = name
                            .strip_prefix(copy.as_str())
                            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                        {
                            allowed.extend(self.allowed(&format!("{path}{rest}")));
                        }
                    }
                }
                _ => {}
            }
        }
        // What has gone is made again where a conflict copy is to be in it.
        if allowed.contains(&None) && self.has_copies(name) {
            allowed.push(Some(Thing {
                kind: Kind::Directory,
                content: 0,
                mode: 0o700,
                marks: Marks::default(),
            }));
        }
        allowed
    }

    fn has_copies(&self, directory: &str) -> bool {
        let is_inside =
            |copy: &String| copy.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'));
        self.scenario.batch.iter().any(|planned| match &planned.step {
            Wish::Put { copies: Some(copies), .. } => copies.iter().any(is_inside),
            _ => false,
        })
    }

    /// After a crash and recovery.
    pub(super) fn after_recovery(&self, now: &Sight) -> Verdict {
        let ledger = self.ledger.borrow();
        let is_back = |(path, content): &(String, u32)| {
            now.real.get(path).is_some_and(|thing| thing.content == *content)
        };
        let many = ledger.edits.iter().filter(|edit| is_back(edit)).count();
        drop(ledger);
        if many > 0 {
            self.reached("an edit is in place after recovery");
        }
        self.nothing_is_lost()?;
        self.each_is_before_or_after()
    }

    /// A person's edit made during the batch is in place afterwards; only who acts more than once may have to look into the recovery area.
    pub(super) fn edits_are_in_place(&self) -> Verdict {
        let now = sight(&self.fs.walk());
        let ledger = self.ledger.borrow();
        let hidden: Vec<u32> = ledger
            .edits
            .iter()
            .map(|(_, content)| *content)
            .filter(|content| ledger.required.contains(content) && !now.is_real(*content))
            .collect();
        // What goes aside with a directory is in its copy, and in the recovery area if every name for one is taken.
        let goes_aside = self.scenario.batch.iter().any(|planned| {
            let below = format!("{}/", planned.path);
            matches!(planned.step, Wish::Put { copies: Some(_), .. })
                && ledger.edits.iter().any(|(path, _)| path.starts_with(&below))
        });
        let (acts, is_swept) = (
            ledger.acts,
            ledger.edits.iter().any(|(path, _)| path.contains("junk") || path.contains(".syncthing")),
        );
        drop(ledger);
        if hidden.is_empty() {
            return Ok(());
        }
        self.reached("an edit ended in the recovery area");
        if acts == 1 && !self.scenario.has_faults() && !is_swept && !goes_aside {
            return Err(format!("a person's only edit {hidden:?} is not in place: {now:?}"));
        }
        Ok(())
    }

    fn count(&self, planned: &Planned, outcome: &Outcome) {
        let what = match &outcome.result {
            Ok(_) => "done",
            Err(Undone::Changed) => "changed",
            Err(Undone::NotEmpty) => "not empty",
            Err(Undone::Missing) => "missing",
            Err(Undone::Damaged) => "damaged",
            Err(Undone::Failed(_)) => "failed",
        };
        self.reached(what);
        let Ok(done) = &outcome.result else { return };
        if let (Wish::Put { copies: Some(copies), .. }, Some(copy)) = (&planned.step, &done.copy) {
            self.reached("conflict copy");
            if copies.first().is_some_and(|first| first != copy.as_str()) {
                self.reached("conflict name taken");
            }
        }
        if let (Wish::Put { copies: Some(_), .. }, Some(_)) = (&planned.step, &done.kept) {
            self.reached("no conflict name free");
        }
        let has_displaced = done.copy.is_some() || done.kept.is_some();
        if has_displaced && matches!(planned.step, Wish::Put { .. }) && !self.scenario.settings.exchange {
            self.reached("displaced in two steps");
        }
        if let (Wish::Move { from }, false) = (&planned.step, outcome.intents.is_empty()) {
            self.reached(if from.is_empty() { "moved" } else { "moved to another spelling" });
        }
    }

    fn count_exchanges(&self, outcomes: &[Outcome]) {
        let done = outcomes.iter().filter(|outcome| {
            let is_exchange = !matches!(outcome.operation.step, homesync_engine::Step::Remove);
            is_exchange
                && outcome.result.as_ref().is_ok_and(|done| done.kept.is_some() || done.copy.is_some())
        });
        let (many, done) = (self.ledger.borrow().exchanges, done.count() as u64);
        if many > done && self.scenario.settings.exchange {
            self.reached("exchange returned unexpected object");
            if many >= done + 2 {
                self.reached("put back");
            }
        }
    }
}

fn at_or_below(view: &View, path: &str) -> Vec<(String, Thing)> {
    let below = format!("{path}/");
    view.iter()
        .filter(|(name, _)| *name == path || name.starts_with(&below))
        .map(|(name, thing)| (name.clone(), *thing))
        .collect()
}

/// Owner and attributes of what stands there are set one after the other. The engine takes what is as others want it for no edit.
fn half_dressed(thing: Thing, marks: Marks) -> [Option<Thing>; 2] {
    let halves =
        [Marks { owner: marks.owner, ..thing.marks }, Marks { attribute: marks.attribute, ..thing.marks }];
    halves.map(|marks| Some(Thing { marks, ..thing }))
}

/// What is given from outside never has more than these bits.
fn granted(thing: Thing) -> Thing {
    if thing.kind == Kind::Link { thing } else { Thing { mode: thing.mode & 0o777, ..thing } }
}

fn is_wanted(there: Thing, wanted: Thing) -> bool {
    (there.kind, there.content) == (wanted.kind, wanted.content)
}

fn told(outcomes: &[Outcome]) -> String {
    let line = |outcome: &Outcome| format!("{:?}: {:?}", outcome.operation.path, outcome.result);
    outcomes.iter().map(line).collect::<Vec<_>>().join("\n")
}
