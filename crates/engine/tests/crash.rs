//! Crashes: what the engine makes of a disk that is ahead of the index, or damaged (chapter A of the failure catalogue).

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{Candidates, Local, Meaning, Rules, Seen, Stamp, record};
use homesync_protocol::{Relation, ShortId, Timestamp, Validity};
use support::rig::seen;
use support::trees::{
    GONE, Machine, NOW, THEM, US, device, entry, path, stamp_of, text, version, with_validity, words,
};

fn rules() -> Rules {
    Rules::new(ShortId(US))
}

fn candidates(own: Option<homesync_protocol::Entry>, others: Vec<homesync_protocol::Entry>) -> Candidates {
    let own = own.map(|entry| Local { stamp: stamp_of(&entry), entry });
    Candidates { own, others: others.into_iter().map(|entry| (device(THEM), entry)).collect() }
}

fn now_is(meaning: Meaning) -> Local {
    match meaning {
        Meaning::Now(local) => *local,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a3_what_was_put_in_place_before_a_kill_is_adopted_without_a_new_version() {
    let (old, new) = (entry("a", text("old"), &[(US, 1)]), entry("a", text("newer"), &[(US, 1), (THEM, 1)]));
    let known = candidates(Some(old.clone()), vec![new.clone()]);
    let local = now_is(record(&path("a"), &seen(&new), &known, &rules(), NOW));
    assert_eq!(local.entry.version, new.version);
    assert_eq!(local.entry.modified_by, new.modified_by);
    // The same for a new file, and for a removal.
    let local = now_is(record(&path("a"), &seen(&new), &candidates(None, vec![new.clone()]), &rules(), NOW));
    assert_eq!(local.entry.version, new.version);
    let removal = entry("a", GONE, &[(US, 1), (THEM, 2)]);
    let known = candidates(Some(old), vec![removal.clone()]);
    let local = now_is(record(&path("a"), &Seen::Absent, &known, &rules(), NOW));
    assert_eq!(local.entry.version, removal.version);
}

#[test]
fn a10_after_an_older_index_our_counter_goes_on_above_what_others_remember() {
    // Others have our version 500; our restored index knows 300 only, and the clock was put back.
    let remembered = entry("a", text("later"), &[(US, 500)]);
    let known = candidates(Some(entry("a", text("old"), &[(US, 300)])), vec![remembered.clone()]);
    let edited = entry("a", text("edited since"), &[]);
    let local = now_is(record(&path("a"), &seen(&edited), &known, &rules(), 400));
    assert_eq!(local.entry.version, version(&[(US, 501)]));
    assert_eq!(local.entry.version.relation(&remembered.version), Relation::Newer);
}

#[test]
fn a10_what_an_older_index_calls_old_may_be_an_edit_and_is_kept_aside() {
    let plan = Machine::new()
        .has(entry("a", text("edited since"), &[(US, 300)]))
        .hears(THEM, entry("a", text("later"), &[(US, 500)]))
        .plan();
    assert_eq!(words(&plan), ["a replaced, kept aside"]);
}

#[test]
fn a13_zeros_with_the_time_that_was_set_are_not_believed() {
    let whole = entry("a", text("content"), &[(THEM, 1)]);
    let remnant = Stamp { size: 0, inode: 7, ..stamp_of(&whole).unwrap() };
    let look = Seen::Present { stamp: remnant, content: text(""), blank: true, racy: false };
    let known = candidates(Some(whole.clone()), vec![whole.clone()]);
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
    let suspect = with_validity(entry("a", text("content"), &[(THEM, 1)]), Validity::Suspect);
    let known = candidates(Some(suspect.clone()), vec![entry("a", text("content"), &[(THEM, 1)])]);
    // Another object, which happens to have the very same time.
    let mut other = stamp_of(&suspect).unwrap();
    other.inode += 1;
    let look = Seen::Present { stamp: other, content: text("theirs"), blank: false, racy: false };
    let local = now_is(record(&path("a"), &look, &known, &rules(), NOW));
    assert_eq!((local.entry.validity, local.entry.content), (Validity::Valid, text("theirs")));
    // The same object is still the remnant.
    let same = Stamp { changed: Timestamp::at(9_999), ..stamp_of(&suspect).unwrap() };
    let look = Seen::Present { stamp: same, content: text("zero"), blank: false, racy: false };
    assert!(matches!(record(&path("a"), &look, &known, &rules(), NOW), Meaning::Suspect(_)));
}
