//! What must be somewhere, kept up to date while a run goes on; and the person who acts between two calls.

use super::scenario::{Act, Scenario, Wish};
use super::thing::{ATTRIBUTE, MAKER, Marks, Sight, Thing, UNKNOWN, bytes_of, sight, target_of};
use crate::filesystem::{Call, Hook, SimFs};
use homesync_protocol::{Kind, Timestamp};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

pub(super) struct Ledger {
    pub(super) failure: Option<String>,
    pub(super) reached: BTreeMap<&'static str, u64>,
    /// Contents that people have and did not take away.
    pub(super) required: BTreeSet<u32>,
    /// What people did to names: what stood there afterwards.
    pub(super) edits: Vec<(String, u32)>,
    /// Names under which a power cut may leave what a person had not made durable.
    pub(super) touched: BTreeSet<String>,
    pub(super) acts: usize,
    pub(super) person_rests: bool,
    person: Vec<(u64, Act)>,
    /// The mode that goes with a content which the batch brings.
    modes: BTreeMap<u32, (u16, Marks)>,
    /// From where to where the batch moves files.
    moves: Vec<(String, String)>,
    last_call: Option<Call>,
    power_was_cut: bool,
    pub(super) exchanges: u64,
}

impl Ledger {
    pub(super) fn new(scenario: &Scenario, before: &Sight) -> Self {
        let brought = scenario.batch.iter().filter_map(|planned| match &planned.step {
            Wish::Put { wanted, .. } if wanted.kind == Kind::File => {
                Some((wanted.content, (wanted.mode & 0o777, wanted.marks)))
            }
            _ => None,
        });
        let is_chmod = |(_, act): &(u64, Act)| matches!(act, Act::Chmod(..) | Act::Mark(..));
        let modes = if scenario.person.iter().any(is_chmod) { BTreeMap::new() } else { brought.collect() };
        let moves = scenario.batch.iter().filter_map(|planned| match &planned.step {
            Wish::Move { from } => Some((from.clone(), planned.path.clone())),
            _ => None,
        });
        let mut person = scenario.person.clone();
        person.reverse();
        Self {
            failure: None,
            reached: BTreeMap::new(),
            required: before.contents(),
            edits: Vec::new(),
            touched: BTreeSet::new(),
            acts: 0,
            person_rests: false,
            person,
            modes,
            moves: moves.collect(),
            last_call: None,
            power_was_cut: false,
            exchanges: 0,
        }
    }

    pub(super) fn reach(&mut self, what: &'static str) {
        *self.reached.entry(what).or_insert(0) += 1;
    }

    /// What no power cut can take away must be there afterwards; the rest of people's work need not.
    pub(super) fn forget_what_is_not_durable(&mut self, fs: &SimFs) {
        let durable = sight(&fs.durable_walk()).contents();
        self.required.retain(|content| durable.contains(content));
        self.power_was_cut = true;
    }

    /// S3 and S4: under people's names is only what somebody wrote, whole, and with its mode from the first moment.
    pub(super) fn look(&mut self, sight: &Sight, when: &str) {
        for (path, thing) in &sight.real {
            let is_torn = thing.content == UNKNOWN && !(self.power_was_cut && self.is_persons(path));
            let is_wrong_mode = thing.kind == Kind::File
                && self.modes.get(&thing.content).is_some_and(|mode| *mode != (thing.mode, thing.marks));
            if (is_torn || is_wrong_mode) && self.failure.is_none() {
                self.failure = Some(format!("{when}: {path} is {thing:?}, which nobody made"));
            }
        }
    }

    /// A power cut may leave anything of what a person had not made durable under this name.
    fn is_persons(&self, path: &str) -> bool {
        // A move takes along what a person saves under the old name in its last moment, and a power cut takes back a move with what they saved under
        // the new one.
        let mut other_names =
            self.moves.iter().flat_map(|(from, to)| [(from, to), (to, from)]).filter(|(one, _)| *one == path);
        let is_touched = |path: &str| self.touched.iter().any(|touched| name_of(touched) == name_of(path));
        is_touched(path)
            || other_names.any(|(_, other)| is_touched(other))
            || path.ends_with(".draft of an editor~")
    }

    fn before_call(&mut self, fs: &SimFs, number: u64, call: Call) {
        if self.last_call.replace(call).is_some_and(Call::mutates) {
            self.look(&sight(&fs.walk()), "between two calls");
        }
        self.exchanges += u64::from(call == Call::Exchange);
        while !self.person_rests && self.person.last().is_some_and(|(at, _)| *at <= number) {
            let Some((_, act)) = self.person.pop() else { return };
            self.act(fs, &act);
        }
    }

    fn act(&mut self, fs: &SimFs, act: &Act) {
        let before = sight(&fs.walk());
        if carry_out(fs, act).is_err() {
            // What a person cannot do they do not do; half of it may be done.
            self.reach("an act was refused");
        }
        let after = sight(&fs.walk());
        let is_moved = matches!(act, Act::Rename(from, _)
            if before.real.get(from).is_some_and(|thing| thing.kind == Kind::Directory));
        let (had, has) = (before.contents(), after.contents());
        // What was in place and is not any more they took away; a copy that we are about to put there does not count.
        self.required.retain(|content| after.is_real(*content) || !before.is_real(*content));
        self.required.extend(has.difference(&had));
        for (path, thing) in &after.real {
            // Whose it is, and what is written on it, is no content that could be lost.
            let before = before.real.get(path).map(|before| Thing { marks: thing.marks, ..*before });
            if before != Some(*thing) {
                self.touched.insert(path.clone());
                // What is in a directory that only got another name is no edit: it may have been on its way out.
                if is_moved {
                    continue;
                }
                self.edits.push((path.clone(), thing.content));
            }
        }
        self.acts += 1;
        self.reach("a person acted");
    }
}

/// What stands somewhere is known by its own name: the directory that it is in may have become a conflict copy meanwhile.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn hook(ledger: &Rc<RefCell<Ledger>>) -> Hook {
    let ledger = Rc::clone(ledger);
    Box::new(move |fs, number, call| ledger.borrow_mut().before_call(fs, number, call))
}

fn carry_out(fs: &SimFs, act: &Act) -> io::Result<()> {
    match act {
        Act::Save(path, content) => fs.user_write(path, &bytes_of(*content)),
        Act::WriteInPlace(path, content) => fs.user_write_in_place(path, &bytes_of(*content)),
        Act::Remove(path) => fs.user_remove_tree(path),
        Act::ReplaceByDirectory(path, content) => {
            fs.user_remove_tree(path)?;
            fs.user_write(format!("{path}/new"), &bytes_of(*content))
        }
        Act::MakeInside(path, content) => fs.user_write(format!("{path}/new"), &bytes_of(*content)),
        Act::ReplaceByLink(path, content) => {
            fs.user_remove_tree(path)?;
            fs.user_symlink(path, target_of(*content))
        }
        Act::Rename(from, to) => fs.user_rename(from, to),
        Act::Chmod(path, mode) => fs.user_chmod(path, *mode),
        Act::Touch(path, seconds) => fs.user_set_mtime(path, Timestamp::at(*seconds)),
        Act::Mark(path, marks) => mark(fs, path, *marks),
    }
}

/// As a person, or as it was made.
pub(super) fn mark(fs: &SimFs, path: &str, marks: Marks) -> io::Result<()> {
    fs.user_chown(path, MAKER + u32::from(marks.owner), MAKER)?;
    let value = [marks.attribute];
    fs.user_set_attribute(path, ATTRIBUTE, (marks.attribute > 0).then_some(&value[..]))
}

#[cfg(test)]
mod tests {
    use super::super::play::play;
    use super::super::scenario::{Content, Crash, Expectation, Planned};
    use super::*;
    use crate::choices::Tape;

    /// The person loses what they had not made durable, under whichever of both names it is by then; nobody tore it.
    #[test]
    fn what_a_person_saves_just_before_a_move_may_be_torn_under_the_new_name() {
        let file = Thing { kind: Kind::File, content: 1, mode: 0o644, marks: Marks::default() };
        let moved = Planned {
            path: "new".to_string(),
            step: Wish::Move { from: "old".to_string() },
            expectation: Expectation::Right,
            staged: Content::Whole,
            unit: false,
        };
        for (seed, after) in (0..20).flat_map(|seed| (1..12).map(move |after| (seed, after))) {
            let scenario = Scenario {
                tree: [("old".to_string(), file)].into(),
                batch: vec![moved.clone()],
                person: vec![(5, Act::Save("old".to_string(), 2))],
                crashes: vec![Crash { after, power: true }],
                ..Scenario::default()
            };
            let choices = Rc::new(RefCell::new(Tape::from_seed(seed, 400).reader()));
            let failure = play(&scenario, choices, false).0.failure;
            assert_eq!(failure, None, "seed {seed}, a power cut after {after} calls");
        }
    }
}
