//! Folders that keep versions: what is displaced is there, or in the recovery area, and never nowhere.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{Bench, NOW, file, parse};
use homesync_disk::{Executor, Recovery, Versioning, VersioningKind};
use homesync_engine::{Displaced, Kept, Operation, Outcome, Step};
use homesync_protocol::Timestamp;
use homesync_simulator::filesystem::{Call, Calls, Fault, Faults, When};
use rustix::io::Errno;

/// The time of the batches in UTC.
const VERSION: &str = ".stversions/d/a~20231114-221320.txt";
const DAY: i64 = 86_400;

const SIMPLE: Versioning =
    Versioning { kind: VersioningKind::Simple { keep: 5, cleanout_days: 0 }, utc_offset: 0 };
const TRASH_CAN: Versioning =
    Versioning { kind: VersioningKind::TrashCan { cleanout_days: 2 }, utc_offset: 0 };

fn execute(bench: &mut Bench, versioning: Versioning, operation: Operation, now: Timestamp) -> Vec<Outcome> {
    Executor::new(&bench.fs, &|_| false, now)
        .with_versions(Some(versioning))
        .execute(vec![operation], &mut bench.notes)
}

/// Where these bytes are, the recovery area as one place.
fn places(bench: &Bench, text: &str) -> Vec<String> {
    let found = bench.fs.walk().into_iter().filter(|found| **found.content == *text.as_bytes());
    let place = |path: String| match path.starts_with(".homesync/recovery/") {
        true => "recovery".to_string(),
        false => path,
    };
    found.map(|found| place(String::from_utf8(found.path).unwrap())).collect()
}

fn bench() -> Bench {
    Bench::with(&[("d/a.txt", "old")])
}

fn replacing(bench: &Bench) -> Operation {
    bench.put_file("d/a.txt", "new")
}

#[test]
fn what_is_replaced_or_removed_becomes_a_version_and_is_not_kept_twice() {
    for remove in [false, true] {
        let mut bench = bench();
        let operation = if remove { bench.remove("d/a.txt") } else { replacing(&bench) };
        let outcome = execute(&mut bench, SIMPLE, operation, NOW).remove(0);
        assert_eq!(outcome.result.unwrap().kept, Some(Kept::Version(parse(VERSION))));
        assert_eq!(places(&bench, "old"), [VERSION]);
        assert_eq!(bench.text("d/a.txt").as_deref(), if remove { None } else { Some("new") });
    }
}

#[test]
fn a_kill_or_power_cut_at_any_call_leaves_the_old_bytes_in_one_place() {
    let kinds = [(SIMPLE, false), (SIMPLE, true), (TRASH_CAN, false), (TRASH_CAN, true)];
    // Without a seed it is a kill, after which nothing is missing.
    let runs = kinds.into_iter().flat_map(|kind| [None, Some(1), Some(2), Some(3)].map(|seed| (kind, seed)));
    for ((versioning, remove), seed) in runs {
        let new = || {
            let bench = bench();
            bench.fs.user_write(".stversions/d/a.txt", b"older").unwrap();
            bench.fs.user_sync();
            seed.iter().for_each(|seed| super::crashes::cut_by(&bench, *seed));
            bench
        };
        let act = |bench: &mut Bench| {
            let text = if remove { None } else { Some("new") };
            if let Some(operation) = bench.put_or_remove("d/a.txt", text) {
                execute(bench, versioning, operation, NOW);
            }
        };
        Bench::at_every_call(new, seed.is_some(), act, |bench, call| {
            let old = places(bench, "old");
            assert_eq!(old.len(), 1, "call {call}: {old:?}");
            assert_eq!(places(bench, "older").len(), 1, "call {call}");
            let is_in_place = old == ["d/a.txt"];
            let text = bench.text("d/a.txt");
            assert!(is_in_place || text.as_deref() == if remove { None } else { Some("new") }, "{text:?}");
        });
    }
}

#[test]
fn the_trash_can_holds_the_last_one_and_the_one_before_is_recovered_from() {
    let mut bench = bench();
    let operation = replacing(&bench);
    execute(&mut bench, TRASH_CAN, operation, NOW).remove(0).result.unwrap();
    let later = Timestamp::at(NOW.seconds + 60);
    let operation = bench.remove("d/a.txt");
    execute(&mut bench, TRASH_CAN, operation, later).remove(0).result.unwrap();
    assert_eq!(places(&bench, "new"), [".stversions/d/a.txt"]);
    assert_eq!(places(&bench, "old"), ["recovery"]);
    let status = bench.fs.status_of(".stversions/d/a.txt").unwrap();
    assert_eq!(status.modified, later, "its days are counted from now on");
    let clean = |days| TRASH_CAN.clean(&bench.fs, later.seconds + days * DAY).unwrap();
    assert_eq!((clean(1), clean(3)), (Vec::<String>::new(), vec!["d/a.txt".to_string()]));
    assert!(bench.fs.status_of(".stversions/d").is_err(), "nothing is left in it");
}

/// A full disk, somebody's file of that name, a name that is too long: the recovery area is there for that.
#[test]
fn what_cannot_become_a_version_stays_in_the_recovery_area() {
    let taken: [&dyn Fn(&Bench); 3] = [
        &|bench| bench.fs.user_write(".stversions", b"mine").unwrap(),
        &|bench| bench.fs.user_write(VERSION, b"of the same second").unwrap(),
        &|bench| {
            let calls = Calls::of(&[Call::CreateDirectory]);
            let fault = Fault { calls, errno: Errno::ACCESS, when: When::From(0), stays: false };
            let mut is_displaced = false;
            bench.fs.set_hook(Box::new(move |fs, _, call| {
                is_displaced |= call == Call::Exchange;
                if is_displaced {
                    fs.set_faults(Faults { faults: vec![fault], ..Faults::default() });
                }
            }));
        },
    ];
    for prepare in taken {
        let mut bench = bench();
        let operation = replacing(&bench);
        prepare(&bench);
        let outcome = execute(&mut bench, SIMPLE, operation, NOW).remove(0);
        assert!(matches!(outcome.result.unwrap().kept, Some(Kept::Recovery(_))));
        assert_eq!(places(&bench, "old"), ["recovery"]);
        assert_eq!(bench.text("d/a.txt").as_deref(), Some("new"));
        // As if it had been killed then: the next start must come to an end too.
        bench.settle();
    }
}

#[test]
fn conflicts_and_new_permissions_make_no_versions() {
    let mut bench = bench();
    let mut operation = replacing(&bench);
    operation.step = Step::Put { displaced: Displaced::Conflict(vec![parse("d/a.copy.txt")]) };
    execute(&mut bench, SIMPLE, operation, NOW).remove(0).result.unwrap();
    assert_eq!(places(&bench, "old"), ["d/a.copy.txt"]);
    let mut operation = bench.put("d/a.txt", file("new"));
    operation.step = Step::Adjust;
    operation.entry.permissions = Some(0o600);
    execute(&mut bench, SIMPLE, operation, NOW).remove(0).result.unwrap();
    assert!(bench.fs.status_of(".stversions").is_err());
}

#[test]
fn cleaning_thins_out_and_leaves_what_is_no_version() {
    let bench = Bench::default();
    let staggered = Versioning { kind: VersioningKind::Staggered { max_age: 0 }, utc_offset: 7_200 };
    let mut versions = Vec::new();
    for age in [0, 10, 40, 7_200, 7_300, 3 * DAY] {
        let made = Timestamp::at(NOW.seconds - age);
        let version = staggered.version_of(&parse("d/a.txt"), made).unwrap();
        bench.fs.user_write(version.as_str(), b"bytes").unwrap();
        versions.push(version.as_str().trim_start_matches(".stversions/").to_string());
    }
    bench.fs.user_write(".stversions/d/notes.txt", b"mine").unwrap();
    let mut gone = staggered.clean(&bench.fs, NOW.seconds).unwrap();
    gone.sort();
    // The second of the two that are 100 seconds apart at two hours, and the one within 30 seconds of the one before it.
    let mut expected = vec![versions[3].clone(), versions[0].clone()];
    expected.sort();
    assert_eq!(gone, expected);
    assert_eq!(bench.text(".stversions/d/notes.txt").as_deref(), Some("mine"));
    assert!(staggered.clean(&bench.fs, NOW.seconds).unwrap().is_empty());
}

#[test]
fn versions_are_listed_by_the_files_that_they_were_and_come_back() {
    for (versioning, remove) in [(SIMPLE, false), (SIMPLE, true), (TRASH_CAN, false), (TRASH_CAN, true)] {
        let mut bench = bench();
        let operation = if remove { bench.remove("d/a.txt") } else { replacing(&bench) };
        execute(&mut bench, versioning, operation, NOW).remove(0).result.unwrap();
        // What is no file of the folder, or no text, is nobody's version.
        bench.fs.user_write(".stversions/.stignore", b"*").unwrap();
        bench.fs.user_write(b".stversions/\xff".as_slice(), b"x").unwrap();
        let found = versioning.list(&bench.fs).unwrap();
        let [version] = &found[..] else { panic!("{found:?}") };
        assert_eq!((version.path.as_str(), version.made, version.size), ("d/a.txt", NOW.seconds, 3));
        assert!(!version.is_late);
        let recovery = Recovery::new(&bench.fs);
        let later = Timestamp::at(NOW.seconds + 60);
        let displaced = recovery.restore_version(&version.version, &version.path, later, 77).unwrap();
        assert_eq!(displaced.is_some(), !remove);
        assert_eq!(bench.text("d/a.txt").as_deref(), Some("old"));
        assert_eq!((places(&bench, "old").len(), places(&bench, "new").len()), (1, usize::from(!remove)));
        assert_eq!(versioning.list(&bench.fs).unwrap(), []);
        assert!(recovery.restore_version(&version.version, &version.path, later, 78).is_err());
    }
    let bench = Bench::default();
    assert_eq!(SIMPLE.list(&bench.fs).unwrap(), []);
    bench.fs.user_write(".stversions", b"mine").unwrap();
    assert_eq!(SIMPLE.list(&bench.fs).unwrap(), []);
}

#[test]
fn a_name_that_looks_like_a_version_is_one_where_versions_have_tags() {
    let bench = Bench::with(&[(VERSION, "old"), (".stversions/plain", "can")]);
    let listed = |versioning: Versioning| {
        let found = versioning.list(&bench.fs).unwrap();
        let mut paths: Vec<String> = found.iter().map(|version| version.path.as_str().to_string()).collect();
        paths.sort();
        paths
    };
    assert_eq!(listed(SIMPLE), ["d/a.txt", "plain"]);
    assert_eq!(listed(TRASH_CAN), ["d/a~20231114-221320.txt", "plain"]);
}

#[test]
fn a_version_that_comes_back_is_somewhere_after_a_kill_or_power_cut_at_any_call() {
    for (there, seed) in
        [true, false].into_iter().flat_map(|there| [None, Some(1), Some(2)].map(|seed| (there, seed)))
    {
        let new = || {
            let bench = Bench::with(&[(VERSION, "old")]);
            if there {
                bench.fs.user_write("d/a.txt", b"new").unwrap();
                bench.fs.user_sync();
            }
            seed.iter().for_each(|seed| super::crashes::cut_by(&bench, *seed));
            bench
        };
        let act = |bench: &mut Bench| {
            let recovery = Recovery::new(&bench.fs);
            let back = recovery.restore_version(&parse(VERSION), &parse("d/a.txt"), NOW, 7);
            assert!(bench.fs.has_crashed() || back.is_ok());
        };
        Bench::at_every_call(new, seed.is_some(), act, |bench, call| {
            assert!(!places(bench, "old").is_empty(), "call {call}: {:?}", bench.fs.walk());
            assert_eq!(places(bench, "new").is_empty(), !there, "call {call}");
        });
    }
}
