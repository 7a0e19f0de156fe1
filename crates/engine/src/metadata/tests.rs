//! What looks mean for owner and attributes, one after the other and with values by chance.

use super::*;
use crate::{Meaning, Rules, Seen, Stamp, record};
use arbtest::arbitrary::{Result, Unstructured};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, Content, DeviceId, ShortId, Timestamp, Validity, Version};

const US: u64 = 1;
const THEM: u64 = 2;

fn owner(user: u32, group: u32) -> Owner {
    // The numbers from 100 on have no names here.
    let name =
        |letter: char, number: u32| if number < 100 { format!("{letter}{number}") } else { String::new() };
    Owner { user: name('u', user), group: name('g', group), user_number: user, group_number: group }
}

fn metadata(owner: Option<Owner>, attributes: Option<&[(&str, u8)]>) -> Metadata {
    let mut metadata = Metadata::new(owner, None);
    if let Some(attributes) = attributes {
        let all = attributes
            .iter()
            .map(|(name, value)| Attribute { name: format!("user.{name}"), value: vec![*value] });
        metadata.set_attributes(System::Linux, all.collect());
    }
    metadata
}

fn rules(owner: Carry, attributes: Carry) -> Rules {
    let metadata = MetadataRules { owner, attributes, system: System::Linux };
    Rules { metadata, is_catching_up: false, ..Rules::new(ShortId(US)) }
}

fn both() -> Rules {
    rules(Carry::Sync, Carry::Sync)
}

fn entry(by: u64, counters: &[(u64, u64)], said: Option<Metadata>) -> Entry {
    Entry {
        path: RelativePath::parse("a").unwrap(),
        content: Content::File(BlockList::of(b"content")),
        validity: Validity::Valid,
        version: Version::from_counters(counters.iter().map(|(id, count)| (ShortId(*id), *count))).unwrap(),
        modified: Timestamp::at(1_000),
        modified_by: ShortId(by),
        permissions: Some(0o644),
        sequence: 0,
        previous: None,
        metadata: said.map(Arc::new),
    }
}

fn stamp(changed: i64) -> Stamp {
    let modified = Timestamp::at(1_000);
    Stamp {
        kind: Kind::File,
        size: 7,
        modified,
        changed: Timestamp::at(changed),
        inode: 9,
        permissions: 0o644,
    }
}

fn found(metadata: Metadata, refused: Option<&str>) -> Option<Arc<Found>> {
    Some(Arc::new(Found { metadata: Arc::new(metadata), refused: refused.map(Into::into) }))
}

fn here(entry: Entry, found: Option<Arc<Found>>) -> Candidates {
    Candidates { own: Some(Local { entry, stamp: Some(stamp(1)), found }), others: Vec::new() }
}

fn other(number: u64) -> DeviceId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    DeviceId::from_bytes(bytes)
}

fn look(candidates: &Candidates, seen: Metadata, rules: &Rules) -> Meaning {
    let content = Content::File(BlockList::of(b"content"));
    let metadata = Some(Arc::new(seen));
    let seen = Seen::Present { stamp: stamp(2), content, blank: false, racy: false, metadata };
    record(&RelativePath::parse("a").unwrap(), &seen, candidates, rules, 5_000)
}

fn said(meaning: Meaning) -> Metadata {
    let Meaning::Now(local) = meaning else { panic!("it is no edit: {meaning:?}") };
    Metadata::clone(local.entry.metadata.as_deref().unwrap())
}

#[test]
fn d17_what_the_system_refused_to_set_is_no_edit_of_this_machine() {
    let wanted = metadata(Some(owner(5, 5)), Some(&[("a", 1)]));
    let as_it_is = metadata(Some(owner(0, 0)), Some(&[]));
    let candidates =
        here(entry(THEM, &[(THEM, 1)], Some(wanted)), found(as_it_is.clone(), Some("its owner: no")));
    let Meaning::Restamped(_, Some(still)) = look(&candidates, as_it_is, &both()) else {
        panic!("nobody edited anything")
    };
    let own = Local { found: Some(still), ..candidates.own.clone().unwrap() };
    assert_eq!(both().metadata.why_partial(&own), Some("its owner: no"));
    assert!(!both().metadata.is_untried(&own), "it is not tried over and over");
    assert!(!both().metadata.needs_setting(&own, &own.entry));
    // Another wish is another matter.
    let other = entry(THEM, &[(THEM, 2)], Some(metadata(Some(owner(6, 6)), None)));
    assert!(both().metadata.needs_setting(&own, &other));
}

#[test]
fn d17_an_edit_of_one_part_leaves_the_others_as_they_are_wanted() {
    let wanted = metadata(Some(owner(5, 5)), Some(&[("a", 1), ("b", 1)]));
    let before = metadata(Some(owner(0, 0)), Some(&[("b", 1)]));
    let candidates = here(entry(THEM, &[(THEM, 1)], Some(wanted)), found(before, Some("no")));
    let after = metadata(Some(owner(0, 7)), Some(&[("b", 2), ("c", 3)]));
    let expected = metadata(
        Some(Owner { group: "g7".into(), group_number: 7, ..owner(5, 5) }),
        Some(&[("a", 1), ("b", 2), ("c", 3)]),
    );
    assert_eq!(said(look(&candidates, after, &both())), expected);
}

#[test]
fn what_is_as_others_want_it_is_no_edit_however_it_came() {
    let before = metadata(Some(owner(1, 1)), Some(&[("a", 1), ("b", 1)]));
    let mut candidates = here(entry(US, &[(US, 1)], Some(before.clone())), found(before, None));
    let wanted = metadata(Some(owner(2, 2)), Some(&[("a", 2), ("c", 3)]));
    let theirs = entry(THEM, &[(US, 1), (THEM, 1)], Some(wanted));
    candidates.others.push((other(THEM), theirs.clone()));
    // We were stopped when a part of it was set.
    for half in [
        metadata(Some(owner(1, 2)), Some(&[("a", 2), ("c", 3)])),
        metadata(Some(owner(1, 1)), Some(&[("a", 1), ("b", 1), ("c", 3)])),
        metadata(Some(owner(1, 1)), Some(&[("a", 2), ("c", 3)])),
        metadata(Some(owner(2, 2)), Some(&[("a", 2), ("c", 3)])),
    ] {
        let Meaning::Restamped(_, now) = look(&candidates, half.clone(), &both()) else {
            panic!("{half:?} is no edit")
        };
        let own = Local { found: now, ..candidates.own.clone().unwrap() };
        let is_done = half == **theirs.metadata.as_ref().unwrap();
        assert_eq!(both().metadata.needs_setting(&own, &theirs), !is_done);
    }
}

#[test]
fn who_made_the_last_change_says_first_how_it_stands() {
    let seen = metadata(Some(owner(1, 1)), Some(&[("a", 1)]));
    let ours = here(entry(US, &[(US, 1)], None), None);
    assert_eq!(said(look(&ours, seen.clone(), &both())), seen);
    let mut theirs = here(entry(THEM, &[(THEM, 1)], None), None);
    assert_eq!(said(look(&theirs, seen.clone(), &both())), seen, "whoever made it has it no more");
    theirs.others.push((other(THEM), entry(THEM, &[(THEM, 1)], None)));
    assert!(matches!(look(&theirs, seen.clone(), &both()), Meaning::Restamped(..)));
    let sends = rules(Carry::Send, Carry::Send);
    assert_eq!(said(look(&theirs, seen.clone(), &sends)), seen, "who only sends is asked for its word");
    let receives = Rules { kind: FolderKind::ReceiveOnly, ..both() };
    assert!(matches!(look(&ours, seen, &receives), Meaning::Restamped(..)));
}

#[test]
fn what_others_said_before_anybody_looked_stands_and_is_then_set() {
    let candidates = here(entry(THEM, &[(THEM, 1)], Some(metadata(Some(owner(5, 5)), None))), None);
    let seen = metadata(Some(owner(0, 0)), Some(&[]));
    let Meaning::Restamped(_, now) = look(&candidates, seen, &both()) else { panic!("it is no edit") };
    let own = Local { found: now, ..candidates.own.unwrap() };
    assert!(both().metadata.is_untried(&own));
    assert!(!rules(Carry::Send, Carry::Send).metadata.is_untried(&own), "who only sends sets nothing");
}

#[test]
fn what_has_just_come_is_what_others_have_whoever_owns_it_here() {
    let mut candidates = Candidates::default();
    let theirs = entry(THEM, &[(THEM, 1)], Some(metadata(Some(owner(5, 5)), Some(&[("a", 1)]))));
    candidates.others.push((other(THEM), theirs.clone()));
    let catching_up = Rules { is_catching_up: true, ..both() };
    let Meaning::Now(local) = look(&candidates, metadata(Some(owner(0, 0)), Some(&[])), &catching_up) else {
        panic!("it is here now")
    };
    assert_eq!((&local.entry, both().metadata.is_untried(&local)), (&theirs, true));
}

#[test]
fn attributes_of_other_systems_and_those_that_do_not_travel_are_passed_on() {
    let mut wanted = metadata(None, Some(&[("a", 1)]));
    let secret = Attribute { name: "security.capability".into(), value: vec![1] };
    let mut linux = wanted.attributes(System::Linux).unwrap().to_vec();
    linux.push(secret);
    wanted.set_attributes(System::Linux, linux);
    wanted.set_attributes(System::Darwin, vec![Attribute { name: "org.x".into(), value: vec![3] }]);
    let before = metadata(None, Some(&[("a", 1)]));
    let rules = rules(Carry::No, Carry::Sync);
    assert!(rules.metadata.is_met(Kind::File, &before, Some(&wanted)), "what does not travel is not missed");
    let candidates = here(entry(THEM, &[(THEM, 1)], Some(wanted.clone())), found(before, None));
    let now = said(look(&candidates, metadata(None, Some(&[("b", 2)])), &rules));
    assert!(now.attributes(System::Darwin) == wanted.attributes(System::Darwin));
    let names: Vec<&str> =
        now.attributes(System::Linux).unwrap().iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["security.capability", "user.b"]);
}

#[test]
fn d19_an_owner_is_met_by_name_or_by_number_each_half_by_itself() {
    let wanted = Owner { user: "ann".into(), group: "staff".into(), user_number: 1_000, group_number: 50 };
    let is_met = |user: &str, user_number, group: &str, group_number| {
        is_owner(&Owner { user: user.into(), group: group.into(), user_number, group_number }, &wanted)
    };
    assert!(is_met("ann", 501, "staff", 20));
    assert!(is_met("", 1_000, "", 50), "nobody here is called so, and the numbers stand for them");
    assert!(is_met("ann", 501, "", 50));
    assert!(!is_met("bob", 501, "staff", 50) && !is_met("ann", 501, "", 51));
}

/// What a person could have set, of so few values that they often meet.
fn any(input: &mut Unstructured<'_>) -> Result<Metadata> {
    let owner = owner(input.int_in_range(0..=2)?, input.int_in_range(0..=2)?);
    let mut attributes = Vec::new();
    for name in ["a", "b"] {
        if input.arbitrary()? {
            attributes.push((name, input.int_in_range(1..=2)?));
        }
    }
    Ok(metadata(Some(owner), Some(&attributes)))
}

fn any_said(input: &mut Unstructured<'_>) -> Result<Option<Metadata>> {
    Ok(if input.arbitrary()? { Some(any(input)?) } else { None })
}

#[test]
fn a_look_says_what_a_person_changed_and_nothing_else() {
    arbtest::arbtest(|input| {
        let (before, seen) = (any(input)?, any(input)?);
        let own = entry(US, &[(US, 1)], any_said(input)?);
        let mut candidates = here(own.clone(), found(before.clone(), None));
        let theirs = entry(THEM, &[(US, 1), (THEM, 1)], any_said(input)?);
        if input.arbitrary()? {
            candidates.others.push((other(THEM), theirs));
        }
        let global = candidates.global().unwrap().metadata.clone();
        let meaning = look(&candidates, seen.clone(), &both());
        if own.metadata.is_none() && global.is_none() {
            // Nobody has said anything: we made it, and do so now.
            assert_eq!(said(meaning), seen);
            return Ok(());
        }
        // What is as others want it, or as it was wanted before, is none.
        let is_edit = |of: &dyn Fn(&Metadata) -> Vec<u8>| {
            let mut wanted = [&global, &own.metadata].into_iter().flatten();
            of(&seen) != of(&before) && wanted.all(|wanted| of(&seen) != of(wanted))
        };
        let value = |name: &'static str| {
            move |of: &Metadata| {
                let all = of.attributes(System::Linux).unwrap_or_default();
                all.iter()
                    .filter(|attribute| attribute.name == name)
                    .flat_map(|one| one.value.clone())
                    .collect()
            }
        };
        let user = |of: &Metadata| vec![of.owner.as_ref().unwrap().user_number as u8];
        let group = |of: &Metadata| vec![of.owner.as_ref().unwrap().group_number as u8];
        let edited = [is_edit(&value("user.a")), is_edit(&value("user.b")), is_edit(&user), is_edit(&group)];
        match meaning {
            Meaning::Unchanged | Meaning::Restamped(..) => assert_eq!(edited, [false; 4], "{candidates:?}"),
            Meaning::Now(local) => {
                assert!(edited.contains(&true), "{candidates:?} {seen:?}");
                let said = local.entry.metadata.as_deref().cloned().unwrap_or_default();
                for (part, name) in edited.iter().zip(["user.a", "user.b"]).filter(|(part, _)| **part) {
                    assert_eq!(value(name)(&said), value(name)(&seen), "{part}");
                }
                // Looking again finds nothing new.
                let again = Candidates { own: Some(*local), others: candidates.others.clone() };
                assert!(matches!(look(&again, seen, &both()), Meaning::Unchanged));
            }
            Meaning::Suspect(_) => panic!("the content is as it was"),
        }
        Ok(())
    });
}
