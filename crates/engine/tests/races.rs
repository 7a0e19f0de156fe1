//! Local races: what is concluded from looks at a disk that people change (chapters C and J of the failure catalogue).

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{
    Action, Candidates, Command, Displaced, Done, Event, Guard, Local, Meaning, Outcome, Question, Reason,
    RootIdentity, RootLook, Rules, Seen, Stamp, Step, View, record,
};
use homesync_protocol::{Content, Entry, Relation, ShortId, Timestamp, Validity};
use support::rig::{Rig, operations, seen};
use support::trees::{
    DIRECTORY, Machine, NOW, THEM, US, at_time, device, entry, link, path, stamp_of, text, words,
};

#[test]
fn c5_a_file_that_is_gone_for_a_moment_is_edited_and_not_removed() {
    let (old, new) = (entry("a", text("old"), &[]), at_time(entry("a", text("newer"), &[]), 2_000));
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&old))]);
    let before = rig.own("a").unwrap();
    rig.later(10);
    assert!(rig.lists(vec![]).is_empty(), "nothing is announced");
    assert_eq!(rig.own("a").unwrap(), before);
    rig.later(10);
    rig.lists(vec![("a", seen(&new))]);
    let after = rig.own("a").unwrap();
    assert_eq!((after.content, after.previous.is_some()), (text("newer"), true));
    assert_eq!(after.version.relation(&before.version), Relation::Newer);
}

#[test]
fn c13_what_disappears_counts_as_removed_only_at_a_second_look() {
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&entry("a", text("x"), &[])))]);
    rig.lists(vec![]);
    rig.later(5_000);
    let looks = rig.event(Event::Tick);
    assert_eq!(looks, [Action::Scan(vec![path("a")])]);
    assert!(rig.own("a").unwrap().is_present(), "time alone removes nothing");
    rig.lists(vec![]);
    assert!(rig.own("a").unwrap().content.is_deleted());
    // Back within the settle time: nothing happened.
    let mut rig = Rig::ours();
    let file = entry("a", text("x"), &[]);
    rig.lists(vec![("a", seen(&file))]);
    let sequence = rig.trees.sequence();
    rig.lists(vec![]);
    rig.later(500);
    rig.lists(vec![("a", seen(&file))]);
    rig.later(5_000);
    rig.event(Event::Tick);
    assert_eq!(rig.trees.sequence(), sequence);
}

#[test]
fn e13_what_waits_for_a_person_is_looked_at_once_more_when_they_agree() {
    let (file, other) = (entry("a", text("x"), &[]), entry("b", text("y"), &[]));
    let mut rig = Rig::new(Rules { guard: Guard::MoreThan(1), ..Rules::new(ShortId(US)) });
    rig.lists(vec![("a", seen(&file)), ("b", seen(&other))]);
    rig.lists(vec![]);
    rig.later(5_000);
    rig.lists(vec![]);
    assert_eq!(rig.folder.questions(), [Question::RemovedHere(2)]);
    // Days later, and one of the two is back.
    let looks = rig.event(Event::Command(Command::ApproveRemovals));
    assert_eq!(looks, [Action::Scan(vec![path("a"), path("b")])]);
    assert!(rig.own("a").unwrap().is_present(), "nothing is believed without a look");
    rig.lists(vec![("b", seen(&other))]);
    assert!(rig.own("a").unwrap().content.is_deleted());
    assert!(rig.own("b").unwrap().is_present());
}

#[test]
fn e10_what_others_say_about_a_missing_file_is_not_seen_by_its_removal() {
    let file = entry("a", text("x"), &[]);
    let mut rig = Rig::ours();
    rig.event(Event::Connected(device(THEM)));
    rig.lists(vec![("a", seen(&file))]);
    let own = rig.own("a").unwrap();
    rig.lists(vec![]);
    // While it is not sure yet that it is gone, another machine says that a person has just put the same there.
    let again = Entry { version: own.version.changed(ShortId(THEM), NOW), ..own };
    rig.hears(THEM, vec![again.clone()]);
    rig.later(5_000);
    rig.lists(vec![]);
    let removal = rig.own("a").unwrap();
    assert!(removal.content.is_deleted());
    assert!(removal.version.relation(&again.version).is_concurrent(), "so the other machine keeps the file");
}

#[test]
fn e1_what_was_moved_away_is_not_what_a_new_file_in_its_place_was_made_from() {
    let (old, new) = (entry("a", text("old"), &[]), at_time(entry("a", text("new"), &[]), 2_000));
    let previous = |kept: Option<Entry>| {
        let mut rig = Rig::ours();
        rig.lists(vec![("a", seen(&old))]);
        let listed = [Some(new.clone()), kept].into_iter().flatten();
        let listed: Vec<Entry> = listed.collect();
        rig.lists(listed.iter().map(|entry| (entry.path.as_str(), seen(entry))).collect());
        rig.own("a").unwrap().previous
    };
    assert_eq!(previous(None), old.content.digest(), "an edit");
    assert_eq!(previous(Some(entry("b", text("old"), &[]))), None, "the old content is kept elsewhere");
}

#[test]
fn what_others_say_is_taken_over_only_for_what_is_still_there() {
    let file = entry("a", text("x"), &[]);
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&file))]);
    let own = rig.own("a").unwrap();
    let theirs = Entry { version: own.version.changed(ShortId(THEM), NOW), ..own.clone() };
    let asks = |rig: &mut Rig| {
        let heard = Event::Index { device: device(THEM), full: false, entries: vec![theirs.clone()] };
        for action in rig.folder.handle(heard, &rig.trees, rig.now).unwrap() {
            let Action::Store(changes) = action else { panic!("{action:?}") };
            rig.trees.apply(&changes);
        }
        rig.folder.poll(&rig.trees, rig.now).unwrap()
    };
    assert_eq!(asks(&mut rig), [Action::Confirm(vec![path("a")])]);
    assert!(rig.folder.poll(&rig.trees, rig.now).unwrap().is_empty(), "until the answer is there");
    // A person has just taken it away, and nobody has noticed yet.
    let gone = Event::Confirmed(vec![(path("a"), None)]);
    let looks = rig.folder.handle(gone, &rig.trees, rig.now).unwrap();
    assert_eq!(looks, [Action::Scan(vec![path("a")])]);
    assert_eq!(rig.own("a"), Some(own));
    rig.lists(vec![("a", seen(&file))]);
    rig.later(60_000);
    rig.event(Event::Tick);
    assert_eq!(rig.own("a").map(|own| own.version), Some(theirs.version.clone()), "it was there after all");
}

#[test]
fn c13_what_is_in_a_directory_that_is_back_has_to_be_missed_anew() {
    let (directory, file) = (entry("d", DIRECTORY, &[]), entry("d/a", text("x"), &[]));
    let mut rig = Rig::new(Rules { guard: Guard::MoreThan(1), ..Rules::new(ShortId(US)) });
    rig.lists(vec![("d", seen(&directory))]);
    rig.lists_in("d", vec![("d/a", seen(&file))]);
    rig.lists(vec![]);
    rig.later(5_000);
    rig.lists(vec![]);
    assert_eq!(rig.folder.questions(), [Question::RemovedHere(2)]);
    // One removal is few enough, but that it was missing is long ago.
    rig.lists(vec![("d", seen(&directory))]);
    assert!(rig.own("d/a").unwrap().is_present());
    rig.lists_in("d", vec![("d/a", seen(&file))]);
    rig.later(100_000);
    rig.event(Event::Tick);
    assert!(rig.own("d/a").unwrap().is_present());
}

#[test]
fn what_stands_in_a_directory_that_is_not_known_yet_waits_for_a_look_at_that_one() {
    let (top, directory) = (entry("t", DIRECTORY, &[]), entry("t/d", DIRECTORY, &[]));
    let file = entry("t/d/a", text("x"), &[]);
    let mut rig = Rig::ours();
    let looked = |rig: &Rig, file: &Entry| {
        let as_of = rig.folder.epoch();
        Event::Looked { as_of, seen: vec![(file.path.clone(), seen(file))] }
    };
    assert_eq!(rig.event(looked(&rig, &file)), [Action::Scan(vec![path("t")])]);
    assert_eq!(rig.own("t/d/a"), None, "were `t` to go now, nobody would look for it any more");
    rig.lists(vec![("t", seen(&top))]);
    assert_eq!(rig.event(looked(&rig, &file)), [Action::Scan(vec![path("t/d")])]);
    rig.lists_in("t", vec![("t/d", seen(&directory))]);
    rig.event(looked(&rig, &file));
    assert!(rig.own("t/d/a").is_some());
}

#[test]
fn what_takes_the_place_of_a_directory_is_read_once_its_removals_are_settled_and_not_before() {
    let (directory, file) = (entry("d", DIRECTORY, &[]), entry("d/a", text("x"), &[]));
    let (second, now_a_file) = (entry("d/b", text("y"), &[]), entry("d", text("large"), &[]));
    let mut rig = Rig::new(Rules { guard: Guard::MoreThan(1), ..Rules::new(ShortId(US)) });
    rig.lists(vec![("d", seen(&directory))]);
    rig.lists_in("d", vec![("d/a", seen(&file)), ("d/b", seen(&second))]);
    rig.lists(vec![("d", seen(&now_a_file))]);
    rig.later(5_000);
    rig.lists(vec![("d", seen(&now_a_file))]);
    assert_eq!(rig.folder.questions(), [Question::RemovedHere(2)]);
    assert_eq!(rig.folder.next_wake(), None, "as long as a person thinks, nothing is read again");
    rig.event(Event::Command(Command::ApproveRemovals));
    let looks = rig.lists(vec![("d", seen(&now_a_file))]);
    assert!(looks.contains(&Action::Scan(vec![path("d")])), "{looks:?}");
    rig.lists(vec![("d", seen(&now_a_file))]);
    assert_eq!(rig.own("d").map(|own| own.content), Some(text("large")));
}

#[test]
fn a_directory_that_is_back_before_anybody_missed_what_was_in_it_waits_for_nothing() {
    let (directory, file) = (entry("d", DIRECTORY, &[]), entry("d/a", text("x"), &[]));
    let now_a_file = entry("d", text("large"), &[]);
    let mut rig = Rig::ours();
    rig.lists(vec![("d", seen(&directory))]);
    rig.lists_in("d", vec![("d/a", seen(&file))]);
    rig.lists(vec![("d", seen(&now_a_file))]);
    let theirs =
        Entry { permissions: Some(0o700), ..entry("d", DIRECTORY, &[(US, 1 << 40), (THEM, 1 << 40)]) };
    assert!(operations(&rig.hears(THEM, vec![theirs.clone()])).is_empty(), "a file is there");
    let actions = rig.lists(vec![("d", seen(&directory))]);
    assert_eq!(operations(&actions).first().map(|operation| operation.entry.clone()), Some(theirs));
}

#[test]
fn locks_go_with_the_directory_that_held_them() {
    let directory = |at| seen(&entry(at, DIRECTORY, &[]));
    let mut rig = Rig::ours();
    rig.lists(vec![("r", directory("r"))]);
    rig.lists_in("r", vec![("r/.git", directory("r/.git"))]);
    rig.lists_in("r/.git", vec![("r/.git/refs", directory("r/.git/refs"))]);
    rig.lists_in("r/.git/refs", vec![("r/.git/refs/main.lock", Seen::Ignored)]);
    rig.hears(THEM, vec![entry("r/.git/HEAD", text("ref"), &[(THEM, 1)])]);
    assert_eq!(rig.folder.held().next(), Some((&path("r/.git/HEAD"), Reason::Busy)));
    // Git takes away the directory that it has emptied, and nobody lists it any more.
    let looks =
        rig.lists_in("r/.git", vec![("r/.git/config", seen(&entry("r/.git/config", text("c"), &[])))]);
    assert!(
        looks
            .iter()
            .any(|action| matches!(action, Action::Prepare(wanted) if wanted.path == path("r/.git/HEAD"))),
        "{looks:?}"
    );
    assert_eq!(
        rig.event(Event::Tick)[..1],
        [Action::Scan(vec![path("r/.git")])],
        "what was not looked at meanwhile"
    );
}

fn known(content: &str) -> (Candidates, Stamp) {
    let entry = entry("a", text(content), &[(US, 1)]);
    let stamp = stamp_of(&entry).expect("a file has a stamp");
    (Candidates { own: Some(Local { entry, stamp: Some(stamp), found: None }), others: Vec::new() }, stamp)
}

fn meaning(candidates: &Candidates, stamp: Stamp, content: &str, racy: bool) -> Meaning {
    let look = Seen::Present { stamp, content: text(content), blank: false, racy, metadata: None };
    record(&path("a"), &look, candidates, &Rules::new(ShortId(US)), NOW)
}

#[test]
fn c9_an_edit_within_the_same_second_is_an_edit() {
    let (candidates, stamp) = known("before");
    // The same size and times of writing; the time of change, which no program sets, tells.
    let edited = Stamp { changed: Timestamp::at(5_001), ..stamp };
    assert!(matches!(meaning(&candidates, edited, "edited", false), Meaning::Now(_)));
    // Another size with the same time is an edit, too.
    let longer = Stamp { size: 7, ..stamp };
    assert!(matches!(meaning(&candidates, longer, "edited!", false), Meaning::Now(_)));
}

#[test]
fn c9_a_file_that_was_just_written_is_read_again_whatever_its_times_say() {
    let (candidates, stamp) = known("before");
    let Meaning::Restamped(racy, _) = meaning(&candidates, stamp, "before", true) else {
        panic!("it is trusted")
    };
    assert_ne!(racy.changed, stamp.changed, "no object looks like this, so the next look reads it");
    let own = Local { stamp: Some(racy), ..candidates.own.unwrap() };
    let candidates = Candidates { own: Some(own), others: Vec::new() };
    assert!(matches!(meaning(&candidates, stamp, "edited", false), Meaning::Now(_)), "an edit, not rot");
}

#[test]
fn c9_other_bytes_under_an_unchanged_stamp_are_rot() {
    let (candidates, stamp) = known("before");
    assert!(matches!(meaning(&candidates, stamp, "rotten", false), Meaning::Suspect(_)));
}

#[test]
fn c10_versions_decide_and_not_clocks() {
    for seconds in [i64::MIN, -5_000_000_000, 0, 5_000_000_000, i64::MAX] {
        let newer = at_time(entry("a", text("newer"), &[(US, 1), (THEM, 1)]), seconds);
        let plan = Machine::new().has(entry("a", text("older"), &[(US, 1)])).hears(THEM, newer).plan();
        assert_eq!(words(&plan), ["a replaced"], "{seconds}");
        // Such a time in a conflict makes a name, too.
        let ours = at_time(entry("a", text("ours"), &[(US, 2)]), seconds.min(1_999));
        let theirs = at_time(entry("a", text("theirs"), &[(THEM, 2)]), 2_000);
        assert_eq!(words(&Machine::new().has(ours).hears(THEM, theirs).plan()), ["a replaced, kept aside"]);
    }
}

#[test]
fn e14_what_was_seen_in_the_place_of_a_root_that_is_away_says_nothing() {
    let (file, other) = (entry("a", text("x"), &[]), entry("a", text("of another disk"), &[]));
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&file))]);
    let looks = |rig: &mut Rig, seen: Seen| {
        let as_of = rig.folder.epoch();
        rig.event(Event::Looked { as_of, seen: vec![(path("a"), seen)] })
    };
    rig.event(Event::Root(RootLook::Missing));
    looks(&mut rig, Seen::Absent);
    looks(&mut rig, seen(&other));
    assert_eq!(rig.own("a").map(|own| own.content), Some(text("x")));
    let identity = RootIdentity { device: 1, inode: 1 };
    let names = ["a".to_string(), ".stfolder".to_string()].into();
    rig.event(Event::Root(RootLook::Read { identity, marker: true, names }));
    rig.later(60_000);
    looks(&mut rig, Seen::Absent);
    assert!(rig.own("a").unwrap().is_present(), "it is missing for the first time");
}

#[test]
fn what_lost_a_conflict_is_told_of_together_with_what_won() {
    let ours = entry("a", text("ours"), &[]);
    let mut rig = Rig::ours();
    rig.lists(vec![("a", seen(&ours))]);
    let asked = rig.hears(THEM, vec![at_time(entry("a", text("theirs"), &[(THEM, 2)]), 9_000)]);
    let Some(Action::Prepare(wanted)) = asked.first() else { panic!("{asked:?}") };
    let whole = Event::Prepared { wanted: wanted.clone(), missing: Vec::new() };
    let [conflict] = <[_; 1]>::try_from(operations(&rig.event(whole))).unwrap();
    let Step::Put { displaced: Displaced::Conflict(copies) } = &conflict.step else { panic!("{conflict:?}") };
    let copy = copies[0].clone();
    let done = Done { stamp: stamp_of(&conflict.entry), copy: Some(copy.clone()), ..Done::default() };
    let outcome = Outcome { operation: conflict, result: Ok(done), intents: Vec::new() };
    let actions = rig.event(Event::Finished(vec![outcome]));
    let kept = rig.own(copy.as_str()).expect("nobody had to look first");
    assert_eq!((kept.content, kept.modified), (text("ours"), ours.modified));
    // A person may have written to it in that moment: it is read once more.
    assert!(actions.contains(&Action::Scan(vec![copy.clone()])), "{actions:?}");
    let own = rig.trees.local(&copy).unwrap().unwrap();
    assert!(own.stamp.is_some_and(|stamp| stamp.is_distrusted()));
}

#[test]
fn c10_a_clock_that_was_set_back_makes_no_older_version() {
    let (candidates, stamp) = known("before");
    let mut own = candidates.own.unwrap();
    own.entry.version = own.entry.version.changed(ShortId(US), NOW);
    let before = own.entry.version.clone();
    let candidates = Candidates { own: Some(own), others: Vec::new() };
    let look = Seen::Present {
        stamp: Stamp { changed: Timestamp::at(1), ..stamp },
        content: text("edited"),
        blank: false,
        racy: false,
        metadata: None,
    };
    let Meaning::Now(local) = record(&path("a"), &look, &candidates, &Rules::new(ShortId(US)), 0) else {
        panic!("it is no edit")
    };
    assert_eq!(local.entry.version.relation(&before), Relation::Newer);
}

#[test]
fn j7_a_folder_that_was_rolled_back_enters_as_ordinary_edits() {
    let mut rig = Rig::ours();
    let (monday, friday) =
        (entry("a", text("monday"), &[]), at_time(entry("a", text("friday!"), &[]), 2_000));
    rig.lists(vec![("a", seen(&monday))]);
    rig.lists(vec![("a", seen(&friday))]);
    let later = rig.own("a").unwrap();
    rig.hears(THEM, vec![later.clone()]);
    // A snapshot of monday is put back: the old bytes, the old time, another number in the file system.
    let mut old = stamp_of(&monday).unwrap();
    old.inode += 100;
    let look = Seen::Present {
        stamp: old,
        content: monday.content.clone(),
        blank: false,
        racy: false,
        metadata: None,
    };
    rig.later(60_000);
    rig.lists(vec![("a", look)]);
    let restored = rig.own("a").unwrap();
    assert_eq!((restored.content, restored.validity), (text("monday"), Validity::Valid));
    assert_eq!(restored.version.relation(&later.version), Relation::Newer, "counters are never reset");
}

#[test]
fn a_directory_waits_only_as_long_as_something_in_it_cannot_be_read() {
    let mut rig = Rig::ours();
    let directory = entry("d", DIRECTORY, &[]);
    let child = entry("d/a", text("x"), &[]);
    rig.lists(vec![("d", seen(&directory))]);
    rig.lists_in("d", vec![("d/a", seen(&child))]);
    rig.event(Event::Connected(device(THEM)));
    rig.lists_in("d", vec![("d/a", Seen::Unknown("EIO".into()))]);
    let gone = |rig: &Rig, at: &str| {
        let own = rig.own(at).unwrap();
        let content = Content::Deleted(own.content.kind());
        Entry { version: own.version.changed(ShortId(THEM), NOW), content, ..own }
    };
    let link = Entry { content: link("elsewhere"), ..gone(&rig, "d") };
    assert!(
        operations(&rig.hears(THEM, vec![gone(&rig, "d/a"), link])).is_empty(),
        "it could displace anything"
    );
    // A person took it away: when that is sure, nothing is unknown any more.
    assert!(operations(&rig.lists_in("d", vec![])).is_empty());
    rig.later(5_000);
    let asked = operations(&rig.lists_in("d", vec![]));
    assert!(asked.iter().any(|operation| operation.path.as_str() == "d"), "{asked:?}");
}
