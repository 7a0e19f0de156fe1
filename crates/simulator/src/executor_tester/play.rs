//! Plays a scenario with the real staging and the real executor.

use super::check;
use super::ledger::{Ledger, hook, mark};
use super::scenario::{Content, Crash, Expectation, Planned, Scenario, Wish};
use super::thing::{ATTRIBUTE, MAKER, Marks, Sight, Thing, blocks_of, bytes_of, sight, target_of};
use crate::choices::SharedChoices;
use crate::filesystem::{Faults, SimFs};
use homesync_disk::{Executor, Staging};
use homesync_engine::{
    Carry, Displaced, Expected, Intent, Journal, MetadataRules, Operation, Outcome, Stamp, Step,
};
use homesync_paths::RelativePath;
use homesync_protocol::{
    Attribute, Content as Entrys, Entry, Kind, Metadata, Owner, ShortId, System, Timestamp, Validity, Version,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// What the plan's entries say about time.
pub(super) const WRITTEN: Timestamp = Timestamp { seconds: 1_500_000_000, nanoseconds: 5 };

/// Intents, durable with each call.
#[derive(Debug, Default)]
pub(super) struct Notes {
    next: u64,
    pub(super) open: Vec<Intent>,
    fails: bool,
}

impl Journal for Notes {
    type Error = &'static str;

    fn reserve(&mut self, many: u64) -> Result<u64, Self::Error> {
        self.next += many;
        Ok(self.next - many)
    }

    fn begin(&mut self, intents: &[Intent]) -> Result<(), Self::Error> {
        if self.fails {
            return Err("the journal is full");
        }
        self.open.extend_from_slice(intents);
        Ok(())
    }
}

/// How a run went.
pub(super) struct Played {
    pub(super) failure: Option<String>,
    pub(super) reached: std::collections::BTreeMap<&'static str, u64>,
    pub(super) trace: u64,
}

pub(super) fn play(scenario: &Scenario, choices: SharedChoices, log: bool) -> (Played, Vec<String>) {
    let fs = SimFs::new(scenario.settings);
    fs.set_choices(choices);
    if log {
        fs.keep_log();
    }
    build(&fs, scenario);
    let before = sight(&fs.walk());
    let operations: Vec<Operation> =
        scenario.batch.iter().map(|planned| operation(&fs, planned, scenario)).collect();
    let ledger = Rc::new(RefCell::new(Ledger::new(scenario, &before)));
    fs.set_hook(hook(&ledger));
    fs.set_faults(scenario.faults.clone());
    let mut notes = Notes { fails: scenario.journal_fails, ..Notes::default() };
    let mut crashes = scenario.crashes.iter().copied();
    arm(&fs, crashes.next());
    stage(&fs, scenario, &operations);
    let executor = Executor::new(&fs, &is_deletable, Timestamp::at(1_700_000_000));
    let executor = executor.with_metadata(rules(scenario));
    let outcomes = executor.execute(operations.clone(), &mut notes);
    drop(executor);
    let run = check::Run { fs: &fs, scenario, before: &before, ledger: &ledger };
    let failure = finish(&run, &outcomes, &mut notes, crashes);
    fs.clear_hook();
    let ledger = ledger.borrow();
    let failure = ledger.failure.clone().or(failure);
    (Played { failure, reached: ledger.reached.clone(), trace: fs.trace_hash() }, fs.log())
}

fn finish(
    run: &check::Run<'_>,
    outcomes: &[Outcome],
    notes: &mut Notes,
    mut crashes: impl Iterator<Item = Crash>,
) -> Option<String> {
    let fs = run.fs;
    if !fs.has_crashed() {
        // A crash that did not come in the batch is none.
        fs.set_crash_at(None);
        if let Err(failure) = run.outcomes_are_true(outcomes) {
            return Some(failure);
        }
        let settled: Vec<u64> = outcomes.iter().flat_map(|outcome| outcome.intents.clone()).collect();
        notes.open.retain(|intent| !settled.contains(&intent.number));
        if !notes.open.is_empty() {
            run.reached("an intent stayed open");
        }
        fs.set_faults(Faults::default());
        if let Err(error) = settle(fs, &notes.open) {
            return Some(format!("settling after a batch fails: {error}"));
        }
        let verdict = run.nothing_is_lost().and_then(|()| run.edits_are_in_place());
        return verdict.and_then(|()| run.each_is_before_or_after()).err();
    }
    fs.set_faults(Faults::default());
    let mut crash = run.scenario.crashes.first().copied();
    loop {
        start_again(run, crash);
        let staged = sight(&fs.walk()).staged;
        crash = crashes.next();
        arm(fs, crash);
        let result = settle(fs, &notes.open);
        if fs.has_crashed() {
            run.reached("crash in recovery");
            continue;
        }
        fs.set_crash_at(None);
        if let Err(error) = result {
            return Some(format!("recovery fails: {error}"));
        }
        if sight(&fs.walk()).staged > staged {
            run.reached("recovery resumed staged file");
        }
        break;
    }
    let once = sight(&fs.walk());
    run.after_recovery(&once).and_then(|()| is_repeatable(run, &notes.open, &once)).err()
}

fn is_repeatable(run: &check::Run<'_>, open: &[Intent], once: &Sight) -> Result<(), String> {
    run.ledger.borrow_mut().person_rests = true;
    let acts = run.ledger.borrow().acts;
    settle(run.fs, open).map_err(|error| format!("recovery fails the second time: {error}"))?;
    let twice = sight(&run.fs.walk());
    if acts == 0 && *once != twice {
        return Err(format!("recovery is not repeatable: {once:#?} became {twice:#?}"));
    }
    run.nothing_is_lost()
}

fn start_again(run: &check::Run<'_>, crash: Option<Crash>) {
    let power = crash.is_some_and(|crash| crash.power);
    if power {
        run.reached("power cut");
        run.ledger.borrow_mut().forget_what_is_not_durable(run.fs);
        run.fs.reboot();
    } else {
        run.reached("kill");
        run.fs.restart();
    }
}

fn arm(fs: &SimFs, crash: Option<Crash>) {
    fs.set_crash_at(crash.map(|crash| fs.calls() + crash.after));
}

pub(super) fn settle(fs: &SimFs, open: &[Intent]) -> std::io::Result<()> {
    Executor::new(fs, &is_deletable, Timestamp::at(1_700_000_100)).settle(open)
}

fn is_deletable(path: &RelativePath) -> bool {
    path.name() == "junk"
}

fn build(fs: &SimFs, scenario: &Scenario) {
    for (path, thing) in &scenario.tree {
        let _ = match thing.kind {
            Kind::Directory => fs.user_mkdir(path),
            Kind::File => fs.user_write(path, &bytes_of(thing.content)),
            Kind::Link => fs.user_symlink(path, target_of(thing.content)),
        };
        if thing.kind != Kind::Link {
            let _ = fs.user_chmod(path, thing.mode);
        }
        if thing.marks != Marks::default() {
            let _ = mark(fs, path, thing.marks);
        }
    }
    fs.user_sync();
}

fn operation(fs: &SimFs, planned: &Planned, scenario: &Scenario) -> Operation {
    let path = parse(&planned.path);
    let stamp = stamp(fs, &planned.path);
    let (step, mut entry) = match &planned.step {
        Wish::Put { wanted, copies } => {
            let displaced = copies.as_ref().map_or(Displaced::Recovery, |copies| {
                Displaced::Conflict(copies.iter().map(|copy| parse(copy)).collect())
            });
            (Step::Put { displaced }, entry(&path, *wanted))
        }
        Wish::Move { from } => {
            let expected = self::stamp(fs, from).unwrap_or(NOTHING);
            let thing = thing_at(fs, from);
            let from_entry = Box::new(deleted(&parse(from)));
            let expected = wrong(planned.expectation, Some(expected)).unwrap_or(expected);
            (Step::Move { from: parse(from), from_expected: expected, from_entry }, entry(&path, thing))
        }
        Wish::Remove => (Step::Remove, deleted(&path)),
        Wish::Adjust { mode } => {
            (Step::Adjust, entry(&path, Thing { mode: *mode, ..thing_at(fs, &planned.path) }))
        }
        Wish::Dress { marks } => {
            (Step::Dress, entry(&path, Thing { marks: *marks, ..thing_at(fs, &planned.path) }))
        }
    };
    entry.metadata.take_if(|_| !scenario.carries);
    let is_move = matches!(step, Step::Move { .. });
    let expected = if is_move { None } else { wrong(planned.expectation, stamp) };
    let unit = planned.unit.then(|| parse("unit"));
    Operation { path, expected: expected.map_or(Expected::Absent, Expected::Object), step, entry, unit }
}

const NOTHING: Stamp = Stamp {
    kind: Kind::File,
    size: 0,
    modified: Timestamp::at(0),
    changed: Timestamp::at(0),
    inode: 0,
    permissions: 0,
};

fn wrong(expectation: Expectation, stamp: Option<Stamp>) -> Option<Stamp> {
    let stamp = stamp?;
    Some(match expectation {
        Expectation::Right => stamp,
        Expectation::Nothing => return None,
        Expectation::OtherNumber => Stamp { inode: stamp.inode + 1_000, ..stamp },
        Expectation::OtherTime => Stamp { modified: Timestamp::at(77), ..stamp },
        Expectation::OtherSize => Stamp { size: stamp.size + 1, ..stamp },
    })
}

fn thing_at(fs: &SimFs, path: &str) -> Thing {
    let all = sight(&fs.walk());
    all.real.get(path).copied().unwrap_or(Thing {
        kind: Kind::File,
        content: 1,
        mode: 0o644,
        marks: Marks::default(),
    })
}

pub(super) fn stamp(fs: &SimFs, path: &str) -> Option<Stamp> {
    fs.status_of(path).ok()?.stamp()
}

pub(super) fn parse(path: &str) -> RelativePath {
    RelativePath::parse(path).unwrap_or_else(|error| unreachable!("{path}: {error}"))
}

fn deleted(path: &RelativePath) -> Entry {
    Entry {
        content: Entrys::Deleted(Kind::File),
        metadata: None,
        ..entry(path, Thing { kind: Kind::Directory, content: 0, mode: 0, marks: Marks::default() })
    }
}

pub(super) fn entry(path: &RelativePath, thing: Thing) -> Entry {
    let content = match thing.kind {
        Kind::File => Entrys::File(blocks_of(thing.content).0),
        Kind::Directory => Entrys::Directory,
        Kind::Link => Entrys::Link(target_of(thing.content).into()),
    };
    Entry {
        path: path.clone(),
        content,
        validity: Validity::Valid,
        version: Version::empty(),
        modified: WRITTEN,
        modified_by: ShortId(1),
        permissions: Some(thing.mode),
        sequence: 0,
        previous: None,
        metadata: Some(said(thing)),
    }
}

fn rules(scenario: &Scenario) -> MetadataRules {
    let carry = if scenario.carries { Carry::Sync } else { Carry::No };
    MetadataRules { owner: carry, attributes: carry, system: System::Linux }
}

fn said(thing: Thing) -> Arc<Metadata> {
    let Marks { owner, attribute } = thing.marks;
    let user_number = MAKER + u32::from(owner);
    let owner = Owner { user_number, group_number: MAKER, ..Owner::default() };
    let mut metadata = Metadata::new(Some(owner), None);
    let attribute = (attribute > 0).then(|| Attribute { name: ATTRIBUTE.into(), value: vec![attribute] });
    metadata.set_attributes(System::Linux, attribute.into_iter().collect());
    Arc::new(metadata)
}

fn stage(fs: &SimFs, scenario: &Scenario, operations: &[Operation]) {
    let staging = Staging::new(fs);
    for (planned, operation) in scenario.batch.iter().zip(operations) {
        let Wish::Put { wanted: Thing { kind: Kind::File, content, .. }, .. } = &planned.step else {
            continue;
        };
        if planned.staged == Content::None {
            continue;
        }
        let Ok(missing) = staging.prepare(&operation.entry, &[]) else { continue };
        let bytes = blocks_of(*content).1;
        let last = operation.entry.content.blocks().map_or(0, |blocks| blocks.hashes().len());
        for number in missing {
            if planned.staged == Content::LastBlockMissing && number as usize + 1 == last {
                continue;
            }
            let start = number as usize * (128 << 10);
            let end = (start + (128 << 10)).min(bytes.len());
            // What cannot be written is missing, which the executor finds out.
            let _ = staging.write_block(&operation.entry, number, &bytes[start..end]);
        }
    }
}
