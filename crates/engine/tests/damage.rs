//! Damage: bytes on the disk that nobody wrote, and what the engine makes of them (rows A13 and C9 of the failure catalogue).

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{
    Action, Candidates, Event, Local, Meaning, Outcome, Rules, Seen, Stamp, Undone, record,
};
use homesync_protocol::{Entry, Relation, ShortId, Timestamp, Validity};
use support::rig::{Rig, operations, seen};
use support::trees::{
    DIRECTORY, GONE, Machine, NOW, THEM, US, at_time, device, entry, path, stamp_of, text, with_validity,
    words,
};

fn rules() -> Rules {
    Rules::new(ShortId(US))
}

fn candidates(own: Entry, others: Vec<Entry>) -> Candidates {
    let own = Some(Local { stamp: stamp_of(&own), entry: own, found: None });
    Candidates { own, others: others.into_iter().map(|entry| (device(THEM), entry)).collect() }
}

fn now_is(meaning: Meaning) -> Local {
    match meaning {
        Meaning::Now(local) => *local,
        other => panic!("{other:?}"),
    }
}

/// Our newest item, of which a disk has spoiled the bytes.
fn damaged(counters: &[(u64, u64)]) -> Entry {
    with_validity(entry("a", text("content"), counters), Validity::Suspect)
}

#[test]
fn a13_zeros_with_the_time_that_was_set_are_not_believed() {
    let whole = entry("a", text("content"), &[(THEM, 1)]);
    let remnant = Stamp { size: 0, inode: 7, ..stamp_of(&whole).unwrap() };
    let look = Seen::Present { stamp: remnant, content: text(""), blank: true, racy: false, metadata: None };
    let known = candidates(whole.clone(), vec![whole.clone()]);
    let Meaning::Suspect(suspect) = record(&path("a"), &look, &known, &rules(), NOW) else {
        panic!("it is believed")
    };
    assert_eq!((suspect.entry.validity, &suspect.entry.version), (Validity::Suspect, &whole.version));
    // It is fetched from whoever has it; the remnant goes to the recovery area.
    let plan = Machine::new().has(suspect.entry.clone()).hears(THEM, whole.clone()).plan();
    assert_eq!(words(&plan), ["a replaced"]);
    // Nobody has it: it waits for a person.
    let plan = Machine::new().has(suspect.entry).plan();
    assert_eq!(words(&plan), ["a held Suspect"]);
}

#[test]
fn a13_what_a_person_puts_in_the_place_of_a_remnant_is_believed() {
    let suspect = damaged(&[(THEM, 1)]);
    let known = candidates(suspect.clone(), vec![entry("a", text("content"), &[(THEM, 1)])]);
    // Another object, which happens to have the very same time.
    let mut other = stamp_of(&suspect).unwrap();
    other.inode += 1;
    let look =
        Seen::Present { stamp: other, content: text("theirs"), blank: false, racy: false, metadata: None };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!((local.entry.validity, local.entry.content), (Validity::Valid, text("theirs")));
    // The same object is still the remnant.
    let same = Stamp { changed: Timestamp::at(9_999), ..stamp_of(&suspect).unwrap() };
    let look =
        Seen::Present { stamp: same, content: text("zero"), blank: false, racy: false, metadata: None };
    assert!(matches!(record(&path("a"), &look, &known, &rules(), NOW), Meaning::Suspect(_)));
}

#[test]
fn a_damaged_file_that_a_person_removes_gets_a_version_of_its_own() {
    // The others remember an older removal. That our version was announced with a content must stay true for whoever heard it.
    let ours = damaged(&[(US, 19), (THEM, 14)]);
    let known = candidates(ours.clone(), vec![entry("a", GONE, &[(THEM, 14)])]);
    let local = now_is(record(&path("a"), &Seen::Absent, &known, &rules(), NOW));
    assert_eq!(local.entry.version.relation(&ours.version), Relation::Newer);
    // The same if what they have is there again.
    let older = entry("a", text("older"), &[(THEM, 14)]);
    let known = candidates(ours.clone(), vec![older.clone()]);
    let again = Stamp { inode: 99, ..stamp_of(&older).unwrap() };
    let look =
        Seen::Present { stamp: again, content: text("older"), blank: false, racy: false, metadata: None };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!(local.entry.version.relation(&ours.version), Relation::Newer);
}

#[test]
fn what_is_taken_over_in_place_of_a_damaged_file_has_not_seen_it() {
    // Another machine may still have the good content of ours, and resolve the conflict the other way.
    let theirs = entry("a", DIRECTORY, &[(US, 7), (THEM, 318)]);
    let plan = Machine::new().has(damaged(&[(US, 321)])).hears(THEM, theirs.clone()).plan();
    assert_eq!(plan.operations[0].entry.version, theirs.version);
    // Cut short before the index heard of it, the look afterwards says the same.
    let known = candidates(damaged(&[(US, 321)]), vec![theirs.clone()]);
    let look = Seen::Present {
        stamp: stamp_of(&theirs).unwrap(),
        content: DIRECTORY,
        blank: false,
        racy: false,
        metadata: None,
    };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!(local.entry.version, theirs.version);
}

#[test]
fn a_file_that_is_damaged_on_every_machine_waits_for_a_person() {
    let theirs = with_validity(entry("a", text("content"), &[(THEM, 2)]), Validity::Invalid);
    let plan = Machine::new().has(damaged(&[(US, 1)])).hears(THEM, theirs).plan();
    assert_eq!(words(&plan), ["a held Suspect"]);
}

#[test]
fn a_folder_that_only_sends_takes_back_what_its_disk_has_spoiled() {
    let whole = entry("a", text("content"), &[(US, 1)]);
    let mut machine = Machine::new().has(damaged(&[(US, 1)])).hears(THEM, whole);
    machine.rules.kind = homesync_engine::FolderKind::SendOnly;
    assert_eq!(words(&machine.plan()), ["a replaced"]);
    // What they changed since is no reason to change anything here; but nobody has ours any more.
    let mut machine = Machine::new()
        .has(damaged(&[(US, 1)]))
        .hears(THEM, entry("a", text("theirs"), &[(US, 1), (THEM, 2)]));
    machine.rules.kind = homesync_engine::FolderKind::SendOnly;
    assert_eq!(words(&machine.plan()), ["a held Suspect"]);
}

#[test]
fn overriding_does_not_spread_what_a_disk_has_spoiled() {
    let mut rules = rules();
    rules.kind = homesync_engine::FolderKind::SendOnly;
    let mut rig = Rig::new(rules);
    let file = entry("a", text("content"), &[]);
    rig.lists(vec![("a", seen(&file))]);
    let rotten = Seen::Present {
        stamp: stamp_of(&file).unwrap(),
        content: text("rotten!"),
        blank: false,
        racy: false,
        metadata: None,
    };
    rig.lists(vec![("a", rotten)]);
    let ours = rig.own("a").unwrap();
    let version = ours.version.changed(ShortId(THEM), NOW);
    rig.hears(THEM, vec![Entry { content: GONE, version, validity: Validity::Valid, ..ours }]);
    rig.event(Event::Command(homesync_engine::Command::Override));
    assert_eq!(rig.own("a").unwrap().validity, Validity::Suspect);
}

#[test]
fn what_a_person_takes_in_place_of_a_damaged_file_is_the_newest_of_all() {
    let mut rig = Rig::ours();
    let file = entry("a", text("newer"), &[]);
    rig.event(Event::Connected(device(THEM)));
    let older = entry("a", text("older"), &[(US, 1)]);
    rig.hears(THEM, vec![older.clone()]);
    rig.lists(vec![("a", seen(&file))]);
    let ours = rig.own("a").unwrap();
    assert_eq!(ours.version.relation(&older.version), Relation::Newer);
    let rotten = Seen::Present {
        stamp: stamp_of(&file).unwrap(),
        content: text("wrong"),
        blank: false,
        racy: false,
        metadata: None,
    };
    rig.lists(vec![("a", rotten)]);
    assert!(operations(&rig.event(Event::Tick)).is_empty(), "nobody has it: a person is asked");
    let actions = rig.event(Event::Command(homesync_engine::Command::DiscardDamaged));
    let Some(Action::Prepare(wanted)) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(wanted.content, older.content);
    assert_eq!(
        wanted.version.relation(&ours.version),
        Relation::Newer,
        "whoever heard of ours takes it over"
    );
}

#[test]
fn a_damaged_file_that_is_written_again_keeps_the_time_of_that() {
    let ours = damaged(&[(US, 1)]);
    let known = candidates(ours.clone(), vec![]);
    let again = Stamp { modified: Timestamp::at(9_000), ..stamp_of(&ours).unwrap() };
    let look =
        Seen::Present { stamp: again, content: text("content"), blank: false, racy: false, metadata: None };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!(local.entry.modified, again.modified);
    assert_eq!(local.entry.version.relation(&ours.version), Relation::Newer);
    // With its own time it is what was there: a backup was brought back.
    let look = Seen::Present {
        stamp: stamp_of(&ours).unwrap(),
        content: text("content"),
        blank: false,
        racy: false,
        metadata: None,
    };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!((local.entry.version, local.entry.validity), (ours.version, Validity::Valid));
}

#[test]
fn a_file_that_the_executor_finds_damaged_is_read_again_and_healed() {
    let file = entry("a", text("content"), &[(US, 1)]);
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&file))]);
    rig.event(Event::Connected(device(THEM)));
    let ours = rig.own("a").unwrap();
    let later = at_time(Entry { version: ours.version.changed(ShortId(THEM), NOW), ..ours }, 2_000);
    let asked = operations(&rig.hears(THEM, vec![later.clone()]));
    assert_eq!(asked.len(), 1, "only its time changes");
    let outcomes = asked
        .into_iter()
        .map(|operation| Outcome { operation, result: Err(Undone::Damaged), intents: Vec::new() })
        .collect();
    assert_eq!(rig.event(Event::Finished(outcomes)), [Action::Read(vec![path("a")])]);
    let rotten = Seen::Present {
        stamp: stamp_of(&file).unwrap(),
        content: text("rotten!"),
        blank: false,
        racy: false,
        metadata: None,
    };
    rig.later(2_000);
    let actions = rig.lists(vec![("a", rotten)]);
    assert_eq!(rig.own("a").unwrap().validity, Validity::Suspect);
    let is_fetched = |action: &Action| matches!(action, Action::Prepare(wanted) if **wanted == later);
    assert!(actions.iter().any(is_fetched), "{actions:?}");
}

#[test]
fn a13_a_spoiled_file_that_we_moved_before_anybody_noticed_is_fetched_and_not_given_to_others() {
    let (old, new) = (entry("a", text("content"), &[(US, 1)]), entry("b", text("content"), &[(THEM, 2)]));
    let look = |content: &str, stamp: Stamp| Seen::Present {
        stamp: Stamp { changed: Timestamp::at(9_999), ..stamp },
        content: text(content),
        blank: false,
        racy: false,
        metadata: None,
    };
    let moved = |at_new: &dyn Fn(Stamp) -> Seen| {
        let mut rig = Rig::ours();
        rig.lists(vec![("a", seen(&old))]);
        rig.folder.scanned();
        let gone = entry("a", GONE, &[(US, 1), (THEM, 2)]);
        rig.trees.apply(&homesync_engine::Changes {
            others: vec![(device(THEM), new.clone()), (device(THEM), gone)],
            ..homesync_engine::Changes::default()
        });
        // The move was done, and the index did not hear of it.
        rig.lists(vec![("b", at_new(stamp_of(&old).unwrap()))]);
        rig.own("b").map(|own| (own.content, own.validity, own.version))
    };
    let known = Some((text("content"), Validity::Suspect, new.version.clone()));
    assert_eq!(moved(&|stamp| look("spoiled", stamp)), known);
    // Another object, or one that was written meanwhile, is a person's.
    let inode = |stamp: Stamp| Stamp { inode: stamp.inode + 500, ..stamp };
    let time = |stamp: Stamp| Stamp { modified: Timestamp::at(9_999), ..stamp };
    for seen in
        [look("spoiled", inode(stamp_of(&old).unwrap())), look("spoiled", time(stamp_of(&old).unwrap()))]
    {
        let found = moved(&|_| seen.clone()).map(|(content, validity, _)| (content, validity));
        assert_eq!(found, Some((text("spoiled"), Validity::Valid)));
    }
}
