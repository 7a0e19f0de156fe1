//! Owner and attributes in plans, and through a folder's state machine.

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{
    Action, Carry, Command, Done, Event, FolderKind, Found, Local, MetadataRules, Operation, Outcome, Rules,
    Step,
};
use homesync_protocol::{Entry, Metadata, Owner, ShortId, System};
use std::sync::Arc;
use support::rig::{Rig, operations, seen};
use support::trees::{DIRECTORY, Machine, THEM, US, entry, link, stamp_of, text, words};

fn owned(number: u32) -> Arc<Metadata> {
    let owner = Owner { user_number: number, group_number: number, ..Owner::default() };
    Arc::new(Metadata::new(Some(owner), None))
}

fn of(number: u32, entry: Entry) -> Entry {
    Entry { metadata: Some(owned(number)), ..entry }
}

fn rules() -> Rules {
    let metadata = MetadataRules { owner: Carry::Sync, attributes: Carry::No, system: System::Linux };
    Rules { metadata, ..Rules::new(ShortId(US)) }
}

/// Has it, with this owner on the disk.
fn has(mut machine: Machine, entry: Entry, number: u32, refused: Option<&str>) -> Machine {
    let found = Found { metadata: owned(number), refused: refused.map(Into::into) };
    machine.trees.put(Local { stamp: stamp_of(&entry), entry, found: Some(Arc::new(found)) });
    machine
}

fn machine() -> Machine {
    let mut machine = Machine::new();
    machine.rules = rules();
    machine
}

#[test]
fn another_owner_alone_fetches_nothing() {
    for content in [text("same"), DIRECTORY, link("there")] {
        let ours = of(1, entry("a", content.clone(), &[(US, 1)]));
        let theirs = of(2, entry("a", content, &[(US, 1), (THEM, 1)]));
        let machine = has(machine(), ours, 1, None).hears(THEM, theirs);
        assert_eq!(words(&machine.plan()), ["a dressed"]);
    }
}

#[test]
fn who_carries_no_owners_only_takes_over_what_is_said() {
    for carry in [Carry::No, Carry::Send] {
        let ours = of(1, entry("a", text("same"), &[(US, 1)]));
        let theirs = of(2, entry("a", text("same"), &[(US, 1), (THEM, 1)]));
        let mut machine = has(machine(), ours, 1, None).hears(THEM, theirs);
        machine.rules.metadata.owner = carry;
        let plan = machine.plan();
        assert!(plan.operations.is_empty() && plan.recorded.len() == 1, "{plan:?}");
        assert_eq!(plan.recorded[0].entry.metadata, Some(owned(2)));
        assert_eq!(
            plan.recorded[0].found.as_ref().unwrap().metadata,
            owned(1),
            "and knows how it stands here"
        );
    }
}

#[test]
fn d17_what_was_refused_is_planned_again_only_when_something_else_is_said() {
    let said = of(2, entry("a", text("same"), &[(THEM, 1)]));
    let stands = has(machine(), said.clone(), 1, Some("no")).hears(THEM, said.clone());
    assert!(stands.plan().is_empty());
    let same = of(2, entry("a", text("same"), &[(THEM, 2)]));
    let plan = has(machine(), said.clone(), 1, Some("no")).hears(THEM, same).plan();
    assert!(plan.operations.is_empty() && plan.recorded.len() == 1, "another version of the same: {plan:?}");
    let other = of(3, entry("a", text("same"), &[(THEM, 2)]));
    let plan = has(machine(), said.clone(), 1, Some("no")).hears(THEM, other).plan();
    assert_eq!(words(&plan), ["a dressed"]);
    // Nobody has tried it yet.
    let plan = has(machine(), said.clone(), 1, None).hears(THEM, said).plan();
    assert_eq!(words(&plan), ["a dressed"]);
}

#[test]
fn e18_a_folder_that_only_sends_gives_nothing_away() {
    let ours = of(1, entry("a", text("same"), &[(US, 1)]));
    let theirs = of(2, entry("a", text("same"), &[(US, 1), (THEM, 1)]));
    let mut machine = has(machine(), ours, 1, None).hears(THEM, theirs);
    machine.rules.kind = FolderKind::SendOnly;
    assert_eq!(words(&machine.plan()), ["a held SendOnly"]);
}

#[test]
fn a_file_of_another_owner_is_not_moved_into_place() {
    let gone = |at: &str| entry(at, support::trees::GONE, &[(US, 1), (THEM, 1)]);
    let ours = of(1, entry("old", text("moved"), &[(US, 1)]));
    for (number, expected) in [(1, "new moved from old"), (2, "new put")] {
        let new = of(number, entry("new", text("moved"), &[(THEM, 1)]));
        let machine = has(machine(), ours.clone(), 1, None).hears(THEM, gone("old")).hears(THEM, new);
        let plan = words(&machine.plan());
        assert!(plan.iter().any(|word| word.starts_with(expected)), "{plan:?}");
    }
}

/// The operations that a folder asks for, which are refused as far as owners go.
fn refused(rig: &mut Rig, asked: Vec<Operation>) -> Vec<Action> {
    let outcome = |operation: Operation| {
        let found = Found { metadata: owned(0), refused: Some("no".into()) };
        let (stamp, found) = (stamp_of(&operation.entry), Some(Arc::new(found)));
        Outcome { operation, result: Ok(Done { stamp, found, ..Done::default() }), intents: Vec::new() }
    };
    rig.event(Event::Finished(asked.into_iter().map(outcome).collect()))
}

#[test]
fn d17_a_person_who_asks_anew_has_it_tried_once_more() {
    let mut rig = Rig::new(rules());
    let theirs = of(2, entry("d", DIRECTORY, &[(THEM, 1)]));
    let asked = operations(&rig.hears(THEM, vec![theirs.clone()]));
    assert!(matches!(asked[0].step, Step::Put { .. }), "{asked:?}");
    assert!(operations(&refused(&mut rig, asked)).is_empty());
    // Looking again, and starting again, leave it alone.
    assert!(operations(&rig.lists(vec![("d", seen(&theirs))])).is_empty());
    rig.folder.consider_everything(&rig.trees).unwrap();
    assert!(operations(&rig.event(Event::Tick)).is_empty());
    let off = Rules { metadata: MetadataRules::default(), ..rules() };
    assert!(operations(&rig.event(Event::Command(Command::Rules(off)))).is_empty());
    let asked = operations(&rig.event(Event::Command(Command::Rules(rules()))));
    assert!(matches!(asked[..], [Operation { step: Step::Dress, .. }]), "{asked:?}");
    assert!(operations(&refused(&mut rig, asked)).is_empty());
    assert!(operations(&rig.event(Event::Tick)).is_empty());
}
