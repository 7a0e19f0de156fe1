//! Crashes: what the engine makes of a disk that is ahead of the index (chapter A of the failure catalogue).

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{Candidates, Local, Meaning, Rules, Seen, record};
use homesync_protocol::{Relation, ShortId};
use support::rig::seen;
use support::trees::{GONE, Machine, NOW, THEM, US, device, entry, path, stamp_of, text, version, words};

fn rules() -> Rules {
    Rules::new(ShortId(US))
}

fn candidates(own: Option<homesync_protocol::Entry>, others: Vec<homesync_protocol::Entry>) -> Candidates {
    let own = own.map(|entry| Local { stamp: stamp_of(&entry), entry, found: None });
    Candidates { own, others: others.into_iter().map(|entry| (device(THEM), entry)).collect() }
}

fn now_is(meaning: Meaning) -> Local {
    match meaning {
        Meaning::Now(local) => *local,
        other => panic!("{other:?}"),
    }
}

#[test]
fn e10_what_a_person_moves_here_is_not_what_a_removal_on_its_way_had_seen() {
    let there = entry("a", text("x"), &[(THEM, 1)]);
    let rules = Rules { is_catching_up: false, ..rules() };
    let candidates = candidates(None, vec![there.clone()]);
    let local = now_is(record(&path("a"), &seen(&there), &candidates, &rules, NOW));
    assert_eq!(
        local.entry.version.relation(&there.version),
        Relation::Newer,
        "the same file, moved here by a person"
    );
    let removal = entry("a", GONE, &[(THEM, 2)]);
    assert!(local.entry.version.relation(&removal.version).is_concurrent(), "so it goes before the removal");
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
