//! Names, types and what peers may say (chapters D and F of the failure catalogue).

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{Action, Event, Reason, Step, View};
use homesync_protocol::{Entry, Validity};
use support::rig::{Rig, operations, seen};
use support::trees::{
    DIRECTORY, GONE, GONE_DIRECTORY, Machine, THEM, US, device, entry, link, path, text, version,
    with_validity, words,
};

fn folding(mut machine: Machine) -> Machine {
    machine.rules.folds_case = true;
    machine
}

#[test]
fn d5_a_name_that_differs_only_in_case_is_not_put_over_the_other() {
    let machine = folding(Machine::new())
        .has(entry("readme", text("ours"), &[(US, 1)]))
        .hears(THEM, entry("README", text("theirs"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), ["README held Refused"]);
}

#[test]
fn d5_of_two_such_names_that_come_together_one_waits() {
    let machine = folding(Machine::new())
        .hears(THEM, entry("a", text("1"), &[(THEM, 1)]))
        .hears(THEM, entry("A", DIRECTORY, &[(THEM, 1)]))
        .hears(THEM, entry("A/x", text("2"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), ["A put", "A/x put", "a held Refused"]);
}

#[test]
fn d6_a_rename_in_case_only_is_a_rename() {
    let machine = folding(Machine::new())
        .shares(entry("a", text("1"), &[(US, 1)]))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("A", text("1"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), ["A moved from a"]);
    // Where case is told apart it is one as well.
    let plan = Machine::new()
        .shares(entry("a", text("1"), &[(US, 1)]))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("A", text("1"), &[(THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["A moved from a"]);
}

#[test]
fn d6_with_another_content_the_old_name_goes_first() {
    let machine = folding(Machine::new())
        .shares(entry("a", text("1"), &[(US, 1)]))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("A", text("2"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), ["a removed", "A held Refused"]);
    let after = machine.has(entry("a", GONE, &[(US, 1), (THEM, 1)]));
    assert_eq!(words(&after.plan()), ["A put"]);
}

#[test]
fn d6_what_is_damaged_is_not_renamed_but_fetched() {
    let machine = folding(Machine::new())
        .has(with_validity(entry("a", text("1"), &[(US, 1)]), Validity::Suspect))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("A", text("1"), &[(THEM, 1)]));
    assert_eq!(words(&machine.plan()), ["a removed", "A held Refused"]);
}

#[test]
fn d6_what_waits_for_the_old_spelling_is_planned_when_that_goes() {
    let mut rules = homesync_engine::Rules::new(homesync_protocol::ShortId(US));
    rules.folds_case = true;
    let mut rig = Rig::new(rules);
    rig.lists(vec![("a", seen(&entry("a", text("1"), &[])))]);
    rig.event(Event::Connected(device(THEM)));
    let ours = rig.own("a").unwrap();
    // They speak of the new name first, and of the old one in another batch.
    let renamed = Entry { path: path("A"), version: version(&[(THEM, 9)]), ..ours.clone() };
    assert!(rig.hears(THEM, vec![renamed]).is_empty());
    let version = ours.version.changed(homesync_protocol::ShortId(THEM), 10);
    let asked = operations(&rig.hears(THEM, vec![Entry { content: GONE, version, ..ours }]));
    assert!(
        matches!(&asked[..], [one] if matches!(&one.step, Step::Move { from, .. } if *from == path("a")))
    );
    rig.done(asked);
    assert!(rig.own("A").unwrap().is_present() && rig.own("a").unwrap().content.is_deleted());
}

#[test]
fn d12_names_that_are_our_own_are_refused_on_receipt() {
    let mut rig = Rig::ours();
    for at in [".stfolder", ".homesync", ".homesync/recovery/x", ".stversions/a", ".stignore"] {
        let actions = rig.hears(THEM, vec![entry(at, text("x"), &[(THEM, 1)])]);
        assert!(actions.is_empty() && rig.trees.others(&path(at)).unwrap().is_empty(), "{at}");
    }
}

#[test]
fn d13_what_is_left_out_is_neither_changed_nor_announced() {
    let machine = Machine::ignoring("*.o\n").hears(THEM, entry("a.o", text("theirs"), &[(THEM, 9)]));
    assert!(machine.plan().is_empty());
    let left_out = with_validity(entry("a.o", text(""), &[(US, 1)]), Validity::Ignored);
    let machine =
        Machine::ignoring("*.o\n").has(left_out).hears(THEM, entry("a.o", GONE, &[(US, 1), (THEM, 9)]));
    assert!(machine.plan().is_empty());
}

#[test]
fn d13_a_directory_with_something_left_out_in_it_stays_and_counts_as_removed() {
    let mut machine = Machine::ignoring("*.o\n")
        .has(entry("d", DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry("d", GONE_DIRECTORY, &[(US, 1), (THEM, 1)]));
    machine.situation.left_out.insert(path("d"));
    let plan = machine.plan();
    assert_eq!(words(&plan), ["d recorded"]);
    assert!(plan.recorded[0].entry.content.is_deleted() && plan.recorded[0].stamp.is_none());
}

#[test]
fn d13_a_directory_that_stays_for_what_is_left_out_is_known_again_whatever_others_had_there() {
    let mut machine = Machine::ignoring("*.o\n")
        .has(entry("d", DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry("d", GONE, &[(US, 1), (THEM, 1)]));
    machine.situation.left_out.insert(path("d"));
    assert_eq!(machine.plan().recorded[0].entry.content, GONE_DIRECTORY);
}

#[test]
fn d13_nothing_takes_the_place_of_a_directory_with_something_left_out() {
    let mut machine = Machine::ignoring("*.o\n")
        .has(entry("d", DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry("d", text("file"), &[(US, 1), (THEM, 1)]));
    machine.situation.left_out.insert(path("d"));
    assert_eq!(words(&machine.plan()), ["d held IgnoredBelow"]);
}

#[test]
fn d21_a_directory_makes_place_for_a_file_only_when_all_in_it_goes() {
    let base = || {
        Machine::new()
            .shares(entry("d", DIRECTORY, &[(US, 1)]))
            .shares(entry("d/a", text("x"), &[(US, 1)]))
            .hears(THEM, entry("d", text("file"), &[(US, 1), (THEM, 1)]))
    };
    let gone = entry("d/a", GONE, &[(US, 1), (THEM, 1)]);
    assert_eq!(words(&base().hears(THEM, gone.clone()).plan()), ["d/a removed", "d replaced"]);
    // They had not seen the edit in it: the directory goes aside with all that is in it.
    let edited = base().has(entry("d/a", text("edited"), &[(US, 2)])).hears(THEM, gone.clone());
    assert_eq!(words(&edited.plan())[0], "d replaced, kept aside");
    // It cannot be read: nothing is displaced.
    let mut unread = base().hears(THEM, gone);
    unread.situation.unknown.insert(path("d/a"));
    assert_eq!(words(&unread.plan()), ["d held Unknown", "d/a held Unknown"]);
}

#[test]
fn d21_a_directory_is_not_moved_aside_with_what_cannot_be_read_or_is_at_work() {
    let base = || {
        Machine::new()
            .has(entry("d", DIRECTORY, &[(US, 1)]))
            .has(entry("d/a", text("edited"), &[(US, 2)]))
            .has(entry("d/.git", DIRECTORY, &[(US, 2)]))
            .hears(THEM, entry("d", text("file"), &[(US, 1), (THEM, 1)]))
    };
    assert_eq!(words(&base().plan()), ["d replaced, kept aside"]);
    let mut unread = base();
    unread.situation.unknown.insert(path("d/a"));
    assert_eq!(unread.plan().held[&path("d")], Reason::Unknown);
    let mut busy = base();
    busy.situation.busy.insert(path("d/.git"));
    assert_eq!(busy.plan().held[&path("d")], Reason::Busy);
}

#[test]
fn d21_a_link_and_a_file_change_places_and_a_lost_file_is_kept() {
    let plan = Machine::new()
        .shares(entry("l", link("x"), &[(US, 1)]))
        .shares(entry("f", text("x"), &[(US, 1)]))
        .has(entry("g", text("ours"), &[(US, 1)]))
        .hears(THEM, entry("l", text("x"), &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("f", link("x"), &[(US, 1), (THEM, 1)]))
        .hears(THEM, support::trees::at_time(entry("g", link("x"), &[(THEM, 1)]), 9_000))
        .plan();
    assert_eq!(words(&plan), ["f replaced", "g replaced, kept aside", "l replaced"]);
}

#[test]
fn d21_what_has_no_directory_yet_waits_and_comes_with_it() {
    let waiting = Machine::new().hears(THEM, entry("d/e/a", text("x"), &[(THEM, 1)]));
    assert_eq!(words(&waiting.plan()), ["d/e/a held Blocked"]);
    let told = waiting
        .hears(THEM, entry("d", DIRECTORY, &[(THEM, 1)]))
        .hears(THEM, entry("d/e", DIRECTORY, &[(THEM, 1)]));
    let plan = told.plan_for(&[path("d")].into());
    assert_eq!(words(&plan), ["d put", "d/e put", "d/e/a put"], "although nothing is new about it");
}

#[test]
fn f4_of_two_entries_for_one_path_the_later_counts() {
    let mut rig = Rig::ours();
    let entries = vec![entry("a", text("1"), &[(THEM, 1)]), entry("a", link("x"), &[(THEM, 2)])];
    let planned = operations(&rig.hears(THEM, entries));
    assert_eq!(planned.len(), 1);
    assert_eq!(planned[0].entry.content, link("x"));
    rig.done(planned);
    assert_eq!(rig.own("a").unwrap().content, link("x"));
}

#[test]
fn f13_what_a_peer_that_went_back_does_not_mention_is_not_removed() {
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&entry("a", text("x"), &[])))]);
    let ours = rig.own("a").unwrap();
    rig.hears(THEM, vec![ours.clone()]);
    let full = Event::Index { device: device(THEM), full: true, entries: Vec::new() };
    let actions = rig.event(full);
    assert!(operations(&actions).is_empty() && !actions.contains(&Action::Announce));
    assert_eq!(rig.own("a").unwrap(), ours);
    assert!(rig.trees.others(&path("a")).unwrap().is_empty());
}

#[test]
fn f6_a_counter_at_its_end_still_decides() {
    let plan = Machine::new()
        .has(entry("a", text("1"), &[(US, u64::MAX)]))
        .hears(THEM, entry("a", text("2"), &[(US, u64::MAX), (THEM, u64::MAX)]))
        .plan();
    assert_eq!(words(&plan), ["a replaced"]);
}

#[test]
fn an_invalid_item_is_nothing_to_fetch() {
    let offered = with_validity(entry("a", text("x"), &[(THEM, 5)]), Validity::Invalid);
    assert!(Machine::new().hears(THEM, offered.clone()).plan().is_empty());
    let plan = Machine::new().has(entry("a", text("ours"), &[(US, 1)])).hears(THEM, offered).plan();
    assert!(plan.is_empty());
}
