//! The published rules, as properties of random histories.

use super::*;
use arbtest::arbitrary::Result;
use arbtest::arbtest;

const NOW: i64 = 1_700_000_000;

fn versioning(kind: VersioningKind) -> Versioning {
    Versioning { kind, utc_offset: 3_600 }
}

fn simple() -> Versioning {
    versioning(VersioningKind::Simple { keep: 5, cleanout_days: 0 })
}

fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).expect("a path")
}

#[test]
fn versions_have_the_names_that_syncthing_gives() {
    let at = Timestamp::at(1_767_319_445);
    for (name, version) in [
        ("a.tar.gz", ".stversions/a.tar~20260102-030405.gz"),
        ("Makefile", ".stversions/Makefile~20260102-030405"),
        ("d/e/f.txt", ".stversions/d/e/f~20260102-030405.txt"),
        (".bashrc", ".stversions/~20260102-030405.bashrc"),
        ("d.d/f", ".stversions/d.d/f~20260102-030405"),
    ] {
        assert_eq!(simple().version_of(&path(name), at), Some(path(version)));
    }
    let can = versioning(VersioningKind::TrashCan { cleanout_days: 0 });
    assert_eq!(can.version_of(&path("d/f.txt"), at), Some(path(".stversions/d/f.txt")));
}

#[test]
fn what_is_no_version_is_left_alone() {
    for name in ["a.txt", "a~b.txt", "a~20261302-030405.txt", "a~20260102-030405x.txt", "a~20260102.txt", "~"]
    {
        assert_eq!(simple().original_of(name), None, "{name}");
    }
    let old = Some(("a.txt".to_string(), 1_767_319_445));
    assert_eq!(simple().original_of("a.txt~20260102-030405"), old, "as old programs wrote it");
}

#[test]
fn a_version_tells_of_which_file_it_is_and_when_it_was_made() {
    arbtest(|random| {
        let stem: String = random.arbitrary::<String>()?.replace(['/', '\0'], "");
        let text = format!("x{stem}{}", random.choose(&["", ".txt", ".tar.gz"])?);
        let Ok(original) = RelativePath::parse(&text) else { return Ok(()) };
        let at = random.int_in_range(0..=4_000_000_000_i64)?;
        let version = simple().version_of(&original, Timestamp::at(at)).expect("a version");
        assert_eq!(simple().original_of(version.name()), Some((text, at)));
        Ok(())
    })
    .budget_ms(500);
}

/// Ages in order, the oldest first, of all sizes.
fn history(random: &mut arbtest::arbitrary::Unstructured<'_>) -> Result<Vec<i64>> {
    let mut made = Vec::new();
    for _ in 0..random.int_in_range(0..=60)? {
        let most = *random.choose(&[100, 5_000, 200_000, 5_000_000, 80_000_000])?;
        made.push(NOW - random.int_in_range(0..=most)?);
    }
    made.sort_unstable();
    Ok(made)
}

fn kept(versioning: &Versioning, made: &[i64]) -> Vec<i64> {
    let expired = versioning.expired(made, NOW);
    assert!(expired.is_sorted());
    (0..made.len()).filter(|number| !expired.contains(number)).map(|number| made[number]).collect()
}

#[test]
fn the_newest_are_kept_and_none_that_is_too_old() {
    arbtest(|random| {
        let (made, keep, days) =
            (history(random)?, random.int_in_range(1..=9)?, random.int_in_range(0..=60)?);
        let kept = kept(&versioning(VersioningKind::Simple { keep, cleanout_days: days }), &made);
        let young: Vec<i64> = made[made.len().saturating_sub(keep as usize)..]
            .iter()
            .copied()
            .filter(|at| days == 0 || NOW - at <= i64::from(days) * DAY)
            .collect();
        assert_eq!(kept, young);
        Ok(())
    })
    .budget_ms(500);
}

#[test]
fn staggered_versions_are_far_enough_apart_and_the_oldest_is_among_them() {
    arbtest(|random| {
        let max_age = *random.choose(&[0, 3_600, 2_592_000, 31_536_000])?;
        let made = history(random)?;
        let versioning = versioning(VersioningKind::Staggered { max_age });
        let kept = kept(&versioning, &made);
        let young = |at: &i64| max_age == 0 || NOW - at <= i64::from(max_age);
        assert_eq!(kept.first(), made.iter().find(|at| young(at)), "the oldest that is not too old");
        assert!(kept.iter().all(young));
        let step = |age: i64| match age {
            ..3_600 => 30,
            3_600..86_400 => 3_600,
            86_400..2_592_000 => 86_400,
            _ => 604_800,
        };
        assert!(kept.windows(2).all(|pair| pair[1] - pair[0] >= step(NOW - pair[1])), "{kept:?}");
        // None is missing without one that is close before it.
        for at in made.iter().filter(|at| young(at) && !kept.contains(at)) {
            assert!(kept.iter().any(|other| other <= at && at - other < step(NOW - at)), "{at} in {kept:?}");
        }
        // Nothing more goes when it is done again at the same moment.
        assert!(versioning.expired(&kept, NOW).is_empty());
        Ok(())
    })
    .budget_ms(1_000);
}

#[test]
fn the_trash_can_is_cleaned_by_age_alone() {
    let made = [NOW - 3 * DAY, NOW - 2 * DAY, NOW];
    let can = |cleanout_days| versioning(VersioningKind::TrashCan { cleanout_days });
    assert_eq!(can(0).expired(&made, NOW), [0_usize; 0]);
    assert_eq!(can(2).expired(&made, NOW), [0]);
}
