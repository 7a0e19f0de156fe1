//! The recovery area and the base store.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{Bench, NOW};
use homesync_disk::{BaseStore, Limits, Recovery, is_base};
use homesync_protocol::{BlockList, Timestamp};
use homesync_simulator::filesystem::{Settings, SimFs};
use std::collections::BTreeSet;

/// Three files, each replaced by an act of its own, a day apart.
fn replaced_thrice(exchange: bool) -> Bench {
    let mut bench =
        Bench { fs: SimFs::new(Settings { exchange, ..Settings::default() }), ..Bench::default() };
    for (day, name) in ["a", "b", "d/c"].into_iter().enumerate() {
        bench.fs.user_write(name, format!("old {name}").as_bytes()).unwrap();
        bench.fs.user_set_mtime(name, Timestamp::at(1_000)).unwrap();
        let operation = bench.put_file(name, "new");
        let now = Timestamp::at(NOW.seconds + 86_400 * day as i64);
        let outcomes = homesync_disk::Executor::new(&bench.fs, &|_| false, now)
            .execute(vec![operation], &mut bench.notes);
        assert!(outcomes[0].result.is_ok());
    }
    bench.notes.open.clear();
    bench
}

#[test]
fn acts_are_listed_with_what_they_hold() {
    let bench = replaced_thrice(true);
    let acts = Recovery::new(&bench.fs).acts().unwrap();
    let days: Vec<i64> = acts.iter().map(|act| (act.at.unwrap() - NOW.seconds) / 86_400).collect();
    assert_eq!(days, [0, 1, 2]);
    assert_eq!((acts[2].items[0].path.as_str(), acts[2].size()), ("d/c", 7));
    assert!(!acts[2].is_late());
}

#[test]
fn restoring_displaces_what_is_in_place_and_loses_nothing_at_any_crash() {
    for exchange in [true, false] {
        let act = |bench: &mut Bench| {
            let recovery = Recovery::new(&bench.fs);
            let Ok(acts) = recovery.acts() else { return };
            let displaced = recovery.restore(&acts[2].name, "d/c", Timestamp::at(NOW.seconds + 900_000), 77);
            assert!(bench.fs.has_crashed() || displaced.unwrap().is_some());
        };
        Bench::at_every_call(
            || replaced_thrice(exchange),
            false,
            act,
            |bench, call| {
                let mut texts: BTreeSet<String> = bench.kept().into_iter().collect();
                texts.extend(bench.text("d/c"));
                for text in ["old a", "old b", "old d/c", "new"] {
                    assert!(texts.contains(text), "call {call}: {text} is not in {texts:?}");
                }
            },
        );
        let mut bench = replaced_thrice(exchange);
        act(&mut bench);
        assert_eq!(bench.text("d/c").as_deref(), Some("old d/c"));
    }
}

#[test]
fn what_is_gone_comes_back_with_its_directories() {
    let bench = replaced_thrice(true);
    bench.fs.user_remove_tree("d").unwrap();
    let recovery = Recovery::new(&bench.fs);
    let act = recovery.acts().unwrap().remove(2);
    assert_eq!(recovery.restore(&act.name, "d/c", NOW, 78).unwrap(), None);
    assert_eq!(bench.text("d/c").as_deref(), Some("old d/c"));
    assert!(recovery.restore(&act.name, "../outside", NOW, 79).is_err());
}

#[test]
fn what_a_person_sets_aside_or_replaces_is_somewhere_at_any_crash() {
    let path = |text: &str| homesync_paths::RelativePath::parse(text).unwrap();
    for exchange in [true, false] {
        let act = |bench: &mut Bench| {
            let recovery = Recovery::new(&bench.fs);
            let Ok(act) = recovery.set_aside(&path("a"), &path("d/c"), NOW, 70) else { return };
            let Ok(_) = recovery.restore(&act, "d/c", NOW, 71) else { return };
            let Ok(act) = recovery.add(&path("b"), b"merged", 0o640, NOW, 72) else { return };
            let Ok(_) = recovery.restore(&act, "b", NOW, 73) else { return };
            let _ = recovery.rename(&path("b"), &path("d/e"));
        };
        Bench::at_every_call(
            || replaced_thrice(exchange),
            false,
            act,
            |bench, call| {
                let mut texts = bench.kept();
                texts.extend(["a", "b", "d/c", "d/e"].iter().filter_map(|name| bench.text(name)));
                let news = texts.iter().filter(|text| *text == "new").count();
                assert_eq!(news, 3, "call {call}: {texts:?}");
            },
        );
        let mut bench = replaced_thrice(exchange);
        act(&mut bench);
        assert_eq!(bench.text("a"), None);
        assert_eq!(bench.text("b"), None);
        assert_eq!(bench.text("d/c").as_deref(), Some("new"));
        assert_eq!(bench.text("d/e").as_deref(), Some("merged"));
    }
}

#[test]
fn collecting_takes_the_oldest_by_time_by_budget_and_for_the_floor() {
    let month = NOW.seconds + 30 * 86_400;
    let cases = [
        (month, Limits::default(), 2),
        (month, Limits { retention: i64::MAX, ..Limits::default() }, 3),
        (NOW.seconds, Limits { budget: Some(8), ..Limits::default() }, 1),
        (NOW.seconds, Limits { floor: u64::MAX, ..Limits::default() }, 0),
    ];
    for (now, limits, left) in cases {
        let bench = replaced_thrice(true);
        Recovery::new(&bench.fs).collect(now, limits).unwrap();
        let acts = Recovery::new(&bench.fs).acts().unwrap();
        assert_eq!(acts.len(), left, "{limits:?}");
        assert!(left == 0 || acts.last().unwrap().items[0].path == "d/c", "the newest stays");
    }
}

#[test]
fn a_collection_that_is_cut_short_is_gone_on_with_and_takes_nothing_young() {
    let act = |bench: &mut Bench| {
        let limits = Limits { budget: Some(8), ..Limits::default() };
        let _ = Recovery::new(&bench.fs).collect(NOW.seconds, limits);
    };
    Bench::at_every_call(
        || replaced_thrice(true),
        true,
        act,
        |bench, call| {
            let mut again = Bench { fs: bench.fs.clone(), ..Bench::default() };
            act(&mut again);
            assert_eq!(again.kept(), ["old d/c"], "call {call}");
            assert_eq!(again.text("a").as_deref(), Some("new"));
        },
    );
}

#[test]
fn a_base_comes_back_unless_it_is_damaged() {
    let fs = SimFs::default();
    let store = BaseStore::new(&fs);
    let digest = BlockList::of(b"text").digest();
    assert_eq!(store.get(digest), None);
    assert!(store.keep(digest, b"text").unwrap());
    assert_eq!(store.get(digest).as_deref(), Some(&b"text"[..]));
    let path = fs.walk().into_iter().find(|found| **found.content == *b"text").unwrap().path;
    fs.user_write_in_place(&path, b"texx").unwrap();
    assert_eq!(store.get(digest), None);
    assert!(store.keep(digest, b"text").unwrap());
    assert_eq!(store.get(digest).as_deref(), Some(&b"text"[..]));
    assert!(!store.keep(digest, b"other").unwrap(), "not the bytes of that digest");
    assert!(!is_base(b"a\0b") && !is_base(b"\xff") && !is_base(&vec![b'a'; (256 << 10) + 1]));
}

#[test]
fn bases_that_were_kept_longest_ago_go_first() {
    let fs = SimFs::default();
    let store = BaseStore::new(&fs);
    let digest = |text: &str| BlockList::of(text.as_bytes()).digest();
    for text in ["one", "two", "three", "one"] {
        assert!(store.keep(digest(text), text.as_bytes()).unwrap());
    }
    store.trim(8).unwrap();
    assert_eq!(store.get(digest("two")), None);
    assert!(store.get(digest("three")).is_some() && store.get(digest("one")).is_some());
}

#[test]
fn a_base_is_whole_or_none_after_a_crash_at_any_call() {
    let digest = BlockList::of(b"text").digest();
    for power in [false, true] {
        let act = |bench: &mut Bench| {
            let _ = BaseStore::new(&bench.fs).keep(digest, b"text");
        };
        Bench::at_every_call(Bench::default, power, act, |bench, _| {
            let store = BaseStore::new(&bench.fs);
            assert!(store.get(digest).is_none_or(|bytes| bytes == b"text"));
            store.trim(0).unwrap();
            assert!(store.keep(digest, b"text").unwrap());
        });
    }
}
