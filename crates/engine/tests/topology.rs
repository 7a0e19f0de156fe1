//! Concurrent change and topology: what several machines do at once (chapter E of the failure catalogue).

mod support {
    pub mod trees;
}

use homesync_engine::{Changes, FolderKind, Guard, Local, Reason, Stamp, View};
use homesync_protocol::{Entry, Validity, Version};
use support::trees::{
    DIRECTORY, GONE, GONE_DIRECTORY, Machine, THEM, THIRD, US, at_time, copies, entry, path, text, version,
    with_validity, words,
};

const NONE: [&str; 0] = [];

#[test]
fn e1_edits_on_two_sides_keep_the_loser_under_the_same_name_everywhere() {
    let ours = at_time(entry("a.txt", text("ours"), &[(US, 2)]), 1_000);
    let theirs = at_time(entry("a.txt", text("theirs"), &[(US, 1), (THEM, 2)]), 2_000);
    let loser = Machine::new().has(ours.clone()).hears(THEM, theirs.clone());
    let plan = loser.plan();
    assert_eq!(words(&plan), ["a.txt replaced, kept aside"]);
    assert!(copies(&plan)[0].starts_with("a.sync-conflict-19700101-001640-"), "the loser's own time");
    // A third machine that had our content makes the same copy.
    let third = Machine::new().has(ours.clone()).hears(THIRD, theirs.clone());
    assert_eq!(copies(&third.plan()), copies(&plan));
    let winner = Machine::new().has(theirs).hears(THEM, ours);
    assert_eq!(words(&winner.plan()), NONE, "the winner's disk is right");
}

#[test]
fn e1_a_winner_made_from_what_is_here_is_no_conflict() {
    let ours = entry("a", text("ours"), &[(US, 2)]);
    let mut theirs = at_time(entry("a", text("theirs"), &[(THEM, 2)]), 2_000);
    theirs.previous = ours.content.digest();
    assert_eq!(words(&Machine::new().has(ours).hears(THEM, theirs).plan()), ["a replaced"]);
}

#[test]
fn e1_what_a_person_brought_back_is_kept_even_if_the_winner_was_once_made_from_it() {
    let previous = |content| text(content).digest();
    let mine = |base| Entry { previous: previous(base), ..entry("a", text("base"), &[(US, 2)]) };
    let theirs = at_time(
        Entry { previous: previous("base"), ..entry("a", text("edit"), &[(US, 1), (THEM, 1)]) },
        2_000,
    );
    let plan = |base| words(&Machine::new().has(mine(base)).hears(THEM, theirs.clone()).plan());
    assert_eq!(plan("base"), ["a replaced"], "only its times changed here");
    assert_eq!(plan("edit"), ["a replaced, kept aside"]);
}

#[test]
fn e2_the_same_bytes_on_two_sides_merge_in_silence() {
    let ours = entry("a", text("same"), &[(US, 2)]);
    let theirs = entry("a", text("same"), &[(THEM, 2)]);
    let plan = Machine::new().has(ours).hears(THEM, theirs).plan();
    assert!(plan.operations.is_empty());
    for local in &plan.recorded {
        assert_eq!(local.entry.version, version(&[(US, 2), (THEM, 2)]));
    }
}

#[test]
fn e3_an_edit_goes_before_a_removal_that_had_not_seen_it() {
    let edit = entry("a", text("edited"), &[(US, 2)]);
    let removal = at_time(entry("a", GONE, &[(US, 1), (THEM, 2)]), 2_000);
    let plan = Machine::new().has(edit.clone()).hears(THEM, removal.clone()).plan();
    assert_eq!(words(&plan), ["a recorded"]);
    assert_eq!(plan.recorded[0].entry.content, text("edited"));
    assert!(
        plan.recorded[0].entry.version.relation(&removal.version).has_seen(),
        "and says so to the others"
    );
    let remover = Machine::new().has(at_time(removal, 500)).hears(THEM, edit);
    assert_eq!(words(&remover.plan()), ["a put"]);
}

#[test]
fn e3_a_removal_that_had_seen_the_edit_takes_it() {
    let plan = Machine::new()
        .has(entry("a", text("x"), &[(US, 1)]))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["a removed"]);
}

#[test]
fn e4_removed_on_both_sides_is_one_tombstone() {
    let plan = Machine::new()
        .has(entry("a", GONE, &[(US, 2)]))
        .hears(THEM, at_time(entry("a", GONE, &[(THEM, 2)]), 2_000))
        .plan();
    assert_eq!(words(&plan), ["a recorded"]);
    assert_eq!(plan.recorded[0].entry.version, version(&[(US, 2), (THEM, 2)]));
}

#[test]
fn e5_a_file_and_a_directory_of_one_name_are_both_kept() {
    let theirs = at_time(entry("a", DIRECTORY, &[(THEM, 2)]), 2_000);
    let machine = Machine::new().has(entry("a", text("x"), &[(US, 2)])).hears(THEM, theirs);
    assert_eq!(words(&machine.plan()), ["a replaced, kept aside"]);
    let theirs = at_time(entry("a", text("x"), &[(THEM, 2)]), 2_000);
    let machine = Machine::new()
        .has(entry("a", DIRECTORY, &[(US, 2)]))
        .has(entry("a/b", text("y"), &[(US, 2)]))
        .hears(THEM, theirs);
    assert_eq!(words(&machine.plan()), ["a replaced, kept aside"], "with all that is in it");
}

#[test]
fn e6_a_conflict_on_a_conflict_copy_gets_a_further_name() {
    let name = "a.sync-conflict-20260101-000000-ABCDEFG.txt";
    let plan = Machine::new()
        .has(entry(name, text("ours"), &[(US, 2)]))
        .hears(THEM, at_time(entry(name, text("theirs"), &[(THEM, 2)]), 2_000))
        .plan();
    assert!(copies(&plan)[0].starts_with("a.sync-conflict-20260101-000000-ABCDEFG.sync-conflict-"));
}

#[test]
fn e7_of_three_edits_each_that_loses_is_kept() {
    let first = at_time(entry("a", text("1"), &[(US, 2)]), 1_000);
    let second = at_time(entry("a", text("2"), &[(THEM, 2)]), 2_000);
    let third = at_time(entry("a", text("3"), &[(THIRD, 2)]), 3_000);
    let one = Machine::new().has(first.clone()).hears(THEM, second.clone()).hears(THIRD, third.clone());
    assert_eq!(words(&one.plan()), ["a replaced, kept aside"]);
    let two = Machine::new().has(second.clone()).hears(THEM, first.clone()).hears(THIRD, third.clone());
    assert_eq!(words(&two.plan()), ["a replaced, kept aside"]);
    assert_ne!(copies(&one.plan()), copies(&two.plan()), "under names of their own");
    let three = Machine::new().has(third).hears(THEM, first).hears(THIRD, second);
    assert_eq!(words(&three.plan()), NONE);
}

#[test]
fn e8_copies_beyond_the_limit_go_to_the_recovery_area_oldest_first() {
    let copy = |year: u32| format!("a.sync-conflict-{year}0101-000000-ABCDEFG.txt");
    let mut machine = Machine::new()
        .has(at_time(entry("a.txt", text("ours"), &[(US, 2)]), 1_000))
        .hears(THEM, at_time(entry("a.txt", text("theirs"), &[(THEM, 2)]), 2_000))
        .has(entry("b.sync-conflict-19990101-000000-ABCDEFG.txt", text("of another"), &[(US, 1)]));
    for year in 2001..2005 {
        machine = machine.has(entry(&copy(year), text(&year.to_string()), &[(US, 1)]));
    }
    machine.rules.most_conflicts = 3;
    let plan = machine.plan();
    assert_eq!(
        words(&plan),
        [
            "a.txt replaced, kept aside".to_string(),
            format!("{} removed", copy(2002)),
            format!("{} removed", copy(2001))
        ],
        "with the new one three are left"
    );
    let tombstone = &plan.operations[1].entry;
    assert!(tombstone.content.is_deleted() && tombstone.version.counter(machine.rules.own) > 1);
    machine.rules.most_conflicts = 5;
    assert_eq!(words(&machine.plan()), ["a.txt replaced, kept aside"]);
    // In a folder that only receives nothing is announced, so nothing of it is removed either.
    (machine.rules.most_conflicts, machine.rules.kind) = (1, FolderKind::ReceiveOnly);
    assert_eq!(words(&machine.plan()), ["a.txt replaced, kept aside"]);
}

#[test]
fn e8_a_directory_stays_while_a_copy_goes_into_it() {
    let ours = at_time(entry("r/.git/HEAD", text("ours"), &[(US, 2)]), 1_000);
    let theirs = at_time(entry("r/.git/HEAD", text("theirs"), &[(THEM, 2)]), 2_000);
    let place = "r/.git/sync-conflicts";
    let plan = Machine::new()
        .shares(entry("r", DIRECTORY, &[(US, 1)]))
        .shares(entry("r/.git", DIRECTORY, &[(US, 1)]))
        .has(entry(place, DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry(place, GONE_DIRECTORY, &[(US, 1), (THEM, 1)]))
        .has(ours)
        .hears(THEM, theirs)
        .plan();
    assert_eq!(words(&plan), ["r/.git/HEAD replaced, kept aside", "r/.git/sync-conflicts held Backoff"]);
    assert!(plan.again.iter().any(|path| path.as_str() == place));
}

#[test]
fn e8_a_directory_with_the_name_of_a_copy_is_none_that_is_too_many() {
    let mut machine = Machine::new()
        .has(at_time(entry("a", text("ours"), &[(US, 2)]), 1_000))
        .hears(THEM, at_time(entry("a", text("theirs"), &[(THEM, 2)]), 2_000))
        .has(entry("a.sync-conflict-20010101-000000-ABCDEFG", DIRECTORY, &[(US, 1)]))
        .has(entry("a.sync-conflict-20010101-000000-ABCDEFG/x", text("x"), &[(US, 1)]));
    machine.rules.most_conflicts = 1;
    assert_eq!(words(&machine.plan()), ["a replaced, kept aside"]);
}

#[test]
fn a_machine_that_keeps_no_permissions_moves_as_well() {
    let without = |entry: Entry| Entry { permissions: None, ..entry };
    let mut machine = Machine::new()
        .has(without(entry("a", text("1"), &[(US, 1)])))
        .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("b", text("1"), &[(THEM, 1)]));
    machine.rules.permissions = false;
    assert_eq!(words(&machine.plan()), ["b moved from a"]);
}

#[test]
fn what_came_from_a_machine_that_keeps_no_permissions_moves_as_well() {
    let without = |entry: Entry| Entry { permissions: None, ..entry };
    let there = |mode| {
        let mut machine = Machine::new()
            .has(entry("a", text("1"), &[(US, 1)]))
            .hears(THEM, entry("a", GONE, &[(US, 1), (THEM, 1)]))
            .hears(THEM, entry("b", text("1"), &[(THEM, 1)]));
        let own = machine.trees.local(&path("a")).unwrap().unwrap();
        let stamp = own.stamp.map(|stamp| Stamp { permissions: mode, ..stamp });
        let local = vec![Local { entry: without(own.entry), stamp, found: None }];
        machine.trees.apply(&Changes { local, ..Changes::default() });
        words(&machine.plan())
    };
    assert_eq!(there(0o644), ["b moved from a"], "nobody said how it should stand, and it stands as wanted");
    assert_eq!(there(0o600), ["b put", "a removed"]);
}

#[test]
fn e9_a_rename_beside_an_edit_keeps_both() {
    // They renamed `a` to `b`; here `a` was edited.
    let plan = Machine::new()
        .has(entry("a", text("edited"), &[(US, 2)]))
        .hears(THEM, at_time(entry("a", GONE, &[(US, 1), (THEM, 1)]), 2_000))
        .hears(THEM, entry("b", text("before"), &[(THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["b put", "a recorded"]);
}

#[test]
fn e9_a_renamed_file_is_moved_and_not_fetched() {
    let plan = Machine::new()
        .shares(entry("d/a", text("x"), &[(US, 1)]))
        .shares(entry("d", DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry("d/a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("b", text("x"), &[(THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["b moved from d/a"]);
}

#[test]
fn e10_swapped_names_and_renames_to_two_names_lose_nothing() {
    // Swapped: each name has another content that had seen ours.
    let plan = Machine::new()
        .shares(entry("a", text("1"), &[(US, 1)]))
        .shares(entry("b", text("2"), &[(US, 1)]))
        .hears(THEM, entry("a", text("2"), &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("b", text("1"), &[(US, 1), (THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["a replaced", "b replaced"]);
    // Renamed to `b` here and to `c` there: both names stay.
    let plan = Machine::new()
        .has(entry("a", GONE, &[(US, 2)]))
        .has(entry("b", text("1"), &[(US, 2)]))
        .hears(THEM, at_time(entry("a", GONE, &[(US, 1), (THEM, 1)]), 2_000))
        .hears(THEM, entry("c", text("1"), &[(THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["c put", "a recorded"]);
}

#[test]
fn e12_a_directory_in_which_something_new_is_stays() {
    let plan = Machine::new()
        .has(entry("d", DIRECTORY, &[(US, 1)]))
        .has(entry("d/new", text("x"), &[(US, 2)]))
        .hears(THEM, entry("d", GONE_DIRECTORY, &[(US, 1), (THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["d recorded"]);
    assert_eq!(plan.recorded[0].entry.content, DIRECTORY);
    // The other way round: removed here, something new comes.
    let plan = Machine::new()
        .has(entry("d", GONE_DIRECTORY, &[(US, 2)]))
        .hears(THEM, entry("d", DIRECTORY, &[(US, 1)]))
        .hears(THEM, entry("d/new", text("x"), &[(THEM, 1)]))
        .plan();
    assert_eq!(words(&plan), ["d put", "d/new put"]);
}

#[test]
fn e13_many_removals_wait_and_nothing_else_does() {
    let mut machine = Machine::new().hears(THEM, entry("new", text("n"), &[(THEM, 1)]));
    for number in 0..30 {
        let at = format!("f{number:02}");
        machine = machine
            .has(entry(&at, text(&at), &[(US, 1)]))
            .hears(THEM, entry(&at, GONE, &[(US, 1), (THEM, 1)]));
    }
    let plan = machine.plan();
    assert_eq!((plan.operations.len(), plan.guarded.len()), (1, 30));
    assert!(plan.held.values().all(|reason| *reason == Reason::Guard));
    machine.situation.approved = plan.guarded.into_iter().collect();
    assert_eq!(machine.plan().operations.len(), 31, "a person said yes");
}

#[test]
fn e13_what_replaces_a_directory_waits_with_the_removals_below_it() {
    let mut machine = Machine::new()
        .shares(entry("d", DIRECTORY, &[(US, 1)]))
        .shares(entry("d/a", text("x"), &[(US, 1)]))
        .shares(entry("d/b", text("y"), &[(US, 1)]))
        .hears(THEM, entry("d", text("file"), &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("d/a", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("d/b", GONE, &[(US, 1), (THEM, 1)]));
    machine.rules.guard = Guard::MoreThan(1);
    assert_eq!(words(&machine.plan()), ["d held Guard", "d/a held Guard", "d/b held Guard"]);
    machine.rules.guard = Guard::Off;
    assert_eq!(words(&machine.plan()), ["d/b removed", "d/a removed", "d replaced"]);
}

#[test]
fn e16_an_old_version_brings_nothing_back_that_was_removed() {
    let plan = Machine::new()
        .has(entry("a", GONE, &[(US, 9)]))
        .hears(THEM, entry("a", text("a year old"), &[(US, 3)]))
        .plan();
    assert_eq!(words(&plan), NONE);
    // The machine that was away removes its old file; it has seen nothing that is newer.
    let away = Machine::new()
        .has(entry("a", text("a year old"), &[(THEM, 3)]))
        .hears(THEM, entry("a", GONE, &[(THEM, 9)]));
    assert_eq!(words(&away.plan()), ["a removed"]);
    // Where the tombstone is forgotten on all sides, nothing is overwritten: the file is an item like any other.
    let beyond = Machine::new().hears(THEM, entry("a", text("a year old"), &[(US, 3)]));
    assert_eq!(words(&beyond.plan()), ["a put"]);
}

#[test]
fn e18_a_folder_that_only_sends_changes_nothing_here() {
    let mut machine = Machine::new()
        .shares(entry("a", text("1"), &[(US, 1)]))
        .shares(entry("b", text("1"), &[(US, 1)]))
        .hears(THEM, entry("a", text("2"), &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("b", GONE, &[(US, 1), (THEM, 1)]))
        .hears(THEM, entry("c", text("3"), &[(THEM, 1)]));
    machine.rules.kind = FolderKind::SendOnly;
    assert_eq!(words(&machine.plan()), ["a held SendOnly", "b held SendOnly", "c held SendOnly"]);
}

#[test]
fn e18_a_folder_that_only_receives_keeps_its_changes_until_a_person_reverts_them() {
    let only_here = |entry| with_validity(entry, Validity::OnlyHere);
    let mut machine = Machine::new()
        .has(only_here(entry("a", text("mine"), &[(US, 2), (THEM, 1)])))
        .has(only_here(entry("d", DIRECTORY, &[(US, 1)])))
        .has(only_here(entry("d/b", text("mine too"), &[(US, 1)])))
        .hears(THEM, entry("a", text("theirs"), &[(THEM, 1)]));
    machine.rules.kind = FolderKind::ReceiveOnly;
    assert_eq!(words(&machine.plan()), NONE);
    // What the command does: the items count as never seen by anybody.
    machine = machine
        .has(only_here(entry("a", text("mine"), &[])))
        .has(only_here(entry("d", DIRECTORY, &[])))
        .has(only_here(entry("d/b", text("mine too"), &[])));
    machine.situation.reverting = ["a", "d", "d/b"].map(path).into();
    let plan = machine.plan();
    assert_eq!(words(&plan), ["a replaced", "d/b removed", "d removed"], "all into the recovery area");
    let removal = &plan.operations[1].entry;
    assert!(removal.content.is_deleted() && removal.validity == Validity::OnlyHere, "and nobody hears of it");
}

#[test]
fn e18_a_folder_that_only_receives_makes_no_versions() {
    let mut machine = Machine::new()
        .has(with_validity(entry("a", text("edited"), &[(US, 2)]), Validity::OnlyHere))
        .hears(THEM, entry("a", GONE, &[(THEM, 2)]));
    machine.rules.kind = FolderKind::ReceiveOnly;
    assert_eq!(words(&machine.plan()), NONE);
}

#[test]
fn e18_what_others_removed_without_having_seen_it_is_kept_to_this_machine_and_can_be_reverted() {
    let mut machine = Machine::new()
        .has(entry("a", text("of a third"), &[(THIRD, 2)]))
        .hears(THEM, entry("a", GONE, &[(THEM, 2)]));
    machine.rules.kind = FolderKind::ReceiveOnly;
    let plan = machine.plan();
    assert_eq!(words(&plan), ["a recorded"]);
    let kept = plan.recorded[0].entry.clone();
    assert_eq!((kept.validity, &kept.version), (Validity::OnlyHere, &version(&[(THIRD, 2)])));
    machine = machine.has(kept.clone());
    assert_eq!(words(&machine.plan()), NONE, "it is said once");
    machine = machine.has(Entry { version: Version::empty(), ..kept });
    machine.situation.reverting = [path("a")].into();
    assert_eq!(words(&machine.plan()), ["a removed"]);
}

#[test]
fn what_all_have_is_news_to_nobody() {
    let merged = &[(US, 1), (THEM, 2), (THIRD, 3)];
    let mut machine = Machine::new().shares(entry("a", text("x"), merged));
    machine = machine.hears(THIRD, entry("a", text("x"), &[(US, 1)]));
    assert!(machine.plan().is_empty(), "late news of an older version go round no ring");
}

#[test]
fn a_directory_in_the_place_of_a_moved_file_leaves_nobody_elses_file_nameless() {
    // They moved the file away and made a directory; here a person moved it back meanwhile.
    let ours = entry("a", text("content"), &[(US, 2)]);
    let previous = ours.content.digest();
    let theirs = Entry { previous, ..at_time(entry("a", DIRECTORY, &[(THEM, 3)]), 2_000) };
    let plan = Machine::new().has(ours).hears(THEM, theirs).plan();
    assert_eq!(words(&plan), ["a replaced, kept aside"]);
}

#[test]
fn what_wins_over_another_content_gets_a_version_that_means_nothing_else() {
    // From {1: 2} and {2: 3} another machine may make something else than we do, knowing a third entry.
    let plan = || {
        let ours = at_time(entry("a", text("ours"), &[(US, 2)]), 1_000);
        let theirs = at_time(entry("a", text("theirs"), &[(THEM, 3)]), 2_000);
        let mut machine = Machine::new().has(ours).hears(THEM, theirs);
        machine.situation.now += 77;
        machine.plan()
    };
    let taken = plan().operations[0].entry.version.clone();
    assert_eq!(taken, version(&[(US, 4), (THEM, 3)]));
    assert_eq!(taken, plan().operations[0].entry.version, "whenever it is planned");
    // With the same content there is nothing to tell apart.
    let same = |counters: &[(u64, u64)]| entry("a", text("same"), counters);
    let plan = Machine::new().has(same(&[(US, 2)])).hears(THEM, same(&[(THEM, 3)])).plan();
    assert!(plan.recorded.iter().all(|local| local.entry.version == version(&[(US, 2), (THEM, 3)])));
}
