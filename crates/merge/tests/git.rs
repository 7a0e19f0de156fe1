//! Compared with `git merge-file`: what it merges without a conflict, and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests run git and stop where something is wrong"
)]

use arbtest::arbtest;
use homesync_merge::{Names, merge};
use std::fs;
use std::process::Command;

/// A text of a few different lines, so that changes meet.
fn text(tape: &mut arbtest::arbitrary::Unstructured<'_>, from: &[u8]) -> arbtest::arbitrary::Result<Vec<u8>> {
    let mut lines = from.to_vec();
    for _ in 0..tape.int_in_range(0..=4)? {
        let at = tape.int_in_range(0..=lines.len())?;
        match tape.int_in_range(0..=2)? {
            0 => lines.insert(at, tape.int_in_range(b'a'..=b'z')?),
            1 if at < lines.len() => drop(lines.remove(at)),
            _ if at < lines.len() => lines[at] = tape.int_in_range(b'a'..=b'z')?,
            _ => {}
        }
    }
    Ok(lines)
}

fn joined(lines: &[u8]) -> String {
    lines.iter().map(|line| format!("{}\n", char::from(*line))).collect()
}

#[test]
fn what_git_merges_is_merged_the_same_way() {
    let place = tempfile::tempdir().unwrap();
    arbtest(|tape| {
        let base: Vec<u8> = (0..tape.int_in_range(0..=12)?).map(|at| b'A' + at).collect();
        let (ours, theirs) = (text(tape, &base)?, text(tape, &base)?);
        let (base, ours, theirs) = (joined(&base), joined(&ours), joined(&theirs));
        for (name, text) in [("base", &base), ("ours", &ours), ("theirs", &theirs)] {
            fs::write(place.path().join(name), text).unwrap();
        }
        let git = Command::new("git")
            .args(["merge-file", "-p", "ours", "base", "theirs"])
            .current_dir(place.path())
            .output()
            .unwrap();
        let merged = merge(&base, &ours, &theirs, Names { ours: "ours", theirs: "theirs" });
        // Where git sees a conflict it may make it smaller or larger than we do, but there is one.
        let conflicts = git.status.code().filter(|code| *code < 128).expect("git merges");
        let is_clean = conflicts == 0;
        assert_eq!(is_clean, merged.conflicts == 0, "{base:?} {ours:?} {theirs:?} {merged:?}");
        if is_clean {
            assert_eq!(String::from_utf8_lossy(&git.stdout), merged.text, "{base:?} {ours:?} {theirs:?}");
        }
        Ok(())
    })
    .budget_ms(4_000);
}

#[test]
fn a_side_that_changed_nothing_gives_way_and_nothing_is_made_up() {
    arbtest(|tape| {
        let base: Vec<u8> = (0..tape.int_in_range(0..=30)?).map(|at| b'A' + at).collect();
        let (ours, theirs) = (text(tape, &base)?, text(tape, &base)?);
        let (base, ours, theirs) = (joined(&base), joined(&ours), joined(&theirs));
        let names = Names { ours: "ours", theirs: "theirs" };
        assert_eq!(merge(&base, &base, &theirs, names).text, theirs);
        assert_eq!(merge(&base, &ours, &base, names).text, ours);
        assert_eq!(merge(&base, &ours, &ours, names).text, ours);
        let forth = merge(&base, &ours, &theirs, names);
        let back = merge(&base, &theirs, &ours, names);
        assert_eq!(forth.conflicts, back.conflicts);
        for line in forth.text.lines().filter(|line| line.len() == 1) {
            assert!([&base, &ours, &theirs].iter().any(|text| text.lines().any(|other| other == line)));
        }
        Ok(())
    })
    .budget_ms(2_000);
}
