//! The decision about one path is total, and nothing that forbids acting is ever passed over.

mod support {
    pub mod trees;
}

use homesync_engine::{Decision, Facts, FolderKind, Local, Rules, decide};
use homesync_protocol::{Content, Entry, Kind, ShortId, Validity, winner};
use support::trees::{DIRECTORY, US, at_time, entry, link, stamp_of, text};

type Input<'a> = arbtest::arbitrary::Unstructured<'a>;

fn any_entry(input: &mut Input<'_>, is_ours: bool) -> arbtest::arbitrary::Result<Entry> {
    let contents = [
        text("1"),
        text("2"),
        DIRECTORY,
        link("x"),
        Content::Deleted(Kind::File),
        Content::Deleted(Kind::Directory),
        Content::Deleted(Kind::Link),
    ];
    let content = input.choose(&contents)?.clone();
    let counters = [(1, input.int_in_range(0..=2)?), (2, input.int_in_range(0..=2)?)];
    let ours =
        [Validity::Valid, Validity::Ignored, Validity::Unsupported, Validity::Suspect, Validity::OnlyHere];
    let theirs = [Validity::Valid, Validity::Invalid];
    let mut entry = at_time(entry("d/a", content, &counters), input.int_in_range(0..=2)?);
    entry.validity = *input.choose(if is_ours { &ours[..] } else { &theirs[..] })?;
    if entry.content.is_deleted() && entry.validity == Validity::Suspect {
        // Only what is there can be something that nobody wrote.
        entry.validity = Validity::Valid;
    }
    entry.modified_by = ShortId(input.int_in_range(1..=2)?);
    Ok(entry)
}

#[test]
fn any_facts_give_a_decision_that_keeps_to_what_is_forbidden() {
    arbtest::arbtest(|input| {
        let own = match input.arbitrary()? {
            true => Some(any_entry(input, true)?),
            false => None,
        };
        let theirs = match input.arbitrary()? {
            true => Some(any_entry(input, false)?),
            false => None,
        };
        let own = own.map(|entry| Local {
            found: None,
            stamp: stamp_of(&entry).filter(|_| entry.validity != Validity::Ignored),
            entry,
        });
        let all: Vec<&Entry> = own.iter().map(|own| &own.entry).chain(&theirs).collect();
        let facts = Facts {
            own: own.as_ref(),
            global: winner(all),
            ignored: input.arbitrary()?,
            unknown: input.arbitrary()?,
            alive_below: input.arbitrary()?,
            ours_below: input.arbitrary()?,
            ignored_below: input.arbitrary()?,
            blocked: input.arbitrary()?,
            refused: input.arbitrary()?,
            reverting: input.arbitrary()?,
        };
        let kinds = [FolderKind::SendReceive, FolderKind::SendOnly, FolderKind::ReceiveOnly];
        let rules = Rules { kind: *input.choose(&kinds)?, ..Rules::new(ShortId(US)) };
        check(decide(&facts, &rules), &facts, &rules);
        Ok(())
    })
    .budget_ms(2_000);
}

fn check(decision: Decision, facts: &Facts<'_>, rules: &Rules) {
    let is_quiet = matches!(decision, Decision::Nothing | Decision::Hold(_) | Decision::Adopt);
    assert!(is_quiet || !facts.ignored, "S13: {decision:?} {facts:?}");
    assert!(is_quiet || !facts.unknown, "S10: {decision:?} {facts:?}");
    // What its own disk has spoiled, also a folder that only sends takes back.
    let heals = facts.own.is_some_and(|own| {
        let is_wanted = facts.global.is_some_and(|global| own.entry.version == global.version);
        own.entry.validity == Validity::Suspect && (is_wanted || facts.reverting)
    });
    assert!(is_quiet || heals || rules.kind != FolderKind::SendOnly, "E18: {decision:?} {facts:?}");
    let is_here = facts.own.is_some_and(|own| own.stamp.is_some());
    match decision {
        Decision::Create => assert!(!is_here && !facts.blocked && !facts.refused, "{facts:?}"),
        Decision::Replace | Decision::ReplaceKeeping | Decision::Adjust | Decision::Dress => {
            assert!(is_here, "{facts:?}")
        }
        // A person's bytes go only with a removal that had seen them, or on a person's word.
        Decision::Remove => {
            let (Some(own), Some(global)) = (facts.own, facts.global) else { panic!("of what? {facts:?}") };
            let has_seen = global.version.relation(&own.entry.version).has_seen();
            let is_no_bytes = own.entry.content == DIRECTORY || own.entry.validity == Validity::Suspect;
            assert!(has_seen || is_no_bytes || facts.reverting, "{facts:?}");
        }
        Decision::Revive => assert!(rules.kind == FolderKind::SendReceive, "{facts:?}"),
        Decision::KeepHere => assert!(rules.kind == FolderKind::ReceiveOnly && is_here, "{facts:?}"),
        Decision::Nothing | Decision::Hold(_) | Decision::Adopt | Decision::LeaveBehind => {}
    }
}
