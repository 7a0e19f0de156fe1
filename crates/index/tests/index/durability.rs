//! `DURABILITY.md`, as far as no other file here tries it; and that each of its sentences has a test.

use crate::disk::Disk;
use crate::world::{FOLDER, Random, any_entry, any_intent, create, device, folder, locals, open, path};
use homesync_engine::{Changes, Journal, View};
use homesync_index::{Additions, Database, Index, Options, Position};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn durability_03_nothing_is_visible_before_it_is_durable() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.commit(&locals(&["a"])).unwrap();
    let syncs = disk.syncs();
    disk.cut_after(disk.calls() % 3);
    index.commit(&locals(&["b"])).unwrap_err();
    assert_eq!(index.sequence(), 1, "a number that may be lost is not shown");
    assert!(index.announce_since(0, 9).is_err() || index.announce_since(1, 9).unwrap().is_empty());
    assert_eq!(disk.syncs(), syncs);
    let index = folder(&open(&Disk::of(disk.after_power_cut(&mut Random(1)))).unwrap()).unwrap();
    assert!(index.local(&path("a")).unwrap().is_some());
}

#[test]
fn durability_08_a_commit_that_fails_stops_the_index_until_it_is_opened_again() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    disk.cut_after(0);
    let first = index.commit(&locals(&["a"])).unwrap_err();
    disk.cut_after(u64::MAX);
    assert_eq!(index.commit(&locals(&["b"])).unwrap_err(), first);
    assert_eq!(index.reserve(1).unwrap_err(), first);
    drop(index);
    let mut index = folder(&open(&Disk::of(disk.image())).unwrap()).unwrap();
    index.commit(&locals(&["c"])).unwrap();
}

#[test]
fn durability_09_a_folder_that_is_new_or_begun_anew_is_fresh_until_a_full_scan_is_stored() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let mut index = folder(&database).unwrap();
    index.commit(&locals(&["a"])).unwrap();
    assert!(index.fresh());
    index.commit_with(&Changes::default(), &Additions { scanned: true, ..Additions::default() }).unwrap();
    drop((index, database));
    assert!(!folder(&open(&disk).unwrap()).unwrap().fresh());
}

#[test]
fn durability_10_forgetting_comes_before_what_is_new_in_the_same_commit() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    let said = |text: &str| vec![(device(1), any_entry(&mut Random(1), path(text)))];
    let position = |sequence| Additions {
        positions: vec![(device(1), Position { index_id: 8, sequence })],
        scanned: false,
    };
    index.commit_with(&Changes { others: said("old"), ..Changes::default() }, &position(5)).unwrap();
    let anew = Changes { forget: vec![device(1)], others: said("new"), ..Changes::default() };
    index.commit_with(&anew, &position(2)).unwrap();
    assert_eq!(index.others(&path("old")).unwrap().len(), 0);
    assert_eq!(index.others(&path("new")).unwrap().len(), 1);
    assert_eq!(index.others_position(device(1)), Ok(Some(Position { index_id: 8, sequence: 2 })));
    index.commit(&Changes { forget: vec![device(1)], ..Changes::default() }).unwrap();
    assert_eq!(index.others_position(device(1)), Ok(None));
    index.check().unwrap();
}

#[test]
fn durability_11_an_intent_leaves_with_the_outcome_that_settles_it() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    let number = index.reserve(1).unwrap();
    index.begin(&[any_intent(&mut Random(1), number)]).unwrap();
    assert_eq!(folder(&open(&Disk::of(disk.image())).unwrap()).unwrap().open_intents().unwrap().len(), 1);
    let mut outcome = locals(&["done"]);
    outcome.settled.push(number);
    index.commit(&outcome).unwrap();
    let index = folder(&open(&Disk::of(disk.image())).unwrap()).unwrap();
    assert_eq!(index.open_intents(), Ok(vec![]));
    assert!(index.local(&path("done")).unwrap().is_some());
}

#[test]
fn durability_13_nothing_that_was_an_index_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("index.redb");
    assert_eq!(Database::rebuild(&file, &Options::default()).unwrap().1, None);
    for number in 1..4 {
        std::fs::write(&file, format!("index {number}")).unwrap();
        let kept = Database::rebuild(&file, &Options::default()).unwrap().1.unwrap();
        assert_eq!(std::fs::read_to_string(kept).unwrap(), format!("index {number}"));
        drop(Database::rebuild(&file, &Options::default()).unwrap());
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 7);
}

#[test]
fn durability_15_a_folder_is_open_once() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let first = folder(&database).unwrap();
    assert!(folder(&database).is_err());
    drop(first);
    database.folder("folder", FOLDER).unwrap();
}

/// The numbers of all test functions `durability_NN_…` in this crate.
fn tested(directory: &Path, found: &mut BTreeSet<u32>) {
    for item in std::fs::read_dir(directory).unwrap() {
        let item = item.unwrap().path();
        if item.is_dir() {
            tested(&item, found);
        } else if item.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&item).unwrap();
            let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn durability_"));
            found.extend(names.map(|name| name[..2].parse::<u32>().unwrap()));
        }
    }
}

#[test]
fn each_numbered_sentence_has_its_test_and_each_test_its_sentence() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("DURABILITY.md")).unwrap();
    let numbers = text.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok());
    let said: BTreeSet<u32> = numbers.collect();
    let mut found = BTreeSet::new();
    tested(&root.join("src"), &mut found);
    tested(&root.join("tests"), &mut found);
    assert_eq!(said, found);
    assert!(said.len() >= 15);
}

#[test]
fn durability_17_what_is_durable_soon_is_seen_here_at_once_and_by_others_when_it_is_durable() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let mut index = folder(&database).unwrap();
    index.commit(&locals(&["a"])).unwrap();
    let syncs = disk.syncs();
    for name in ["b", "c"] {
        index.commit_soon(&locals(&[name]), &Additions::default()).unwrap();
        assert!(index.local(&path(name)).unwrap().is_some());
    }
    assert_eq!(disk.syncs(), syncs, "nothing waits for the disk");
    assert_eq!(index.sequence(), 3);
    assert_eq!(index.announce_since(0, 9).unwrap().len(), 1, "others hear what cannot be lost");
    for seed in 0..20 {
        let image = disk.after_power_cut(&mut Random(seed));
        let after = folder(&open(&Disk::of(image)).unwrap()).unwrap();
        assert!(after.local(&path("a")).unwrap().is_some());
        assert_eq!(after.sequence(), 1, "all of it is lost or none");
    }
    index.flush().unwrap();
    assert_eq!(index.announce_since(0, 9).unwrap().len(), 3);
    let image = disk.after_power_cut(&mut Random(1));
    assert_eq!(folder(&open(&Disk::of(image)).unwrap()).unwrap().sequence(), 3);
    index.commit_soon(&locals(&["d"]), &Additions::default()).unwrap();
    index.commit(&locals(&["e"])).unwrap();
    let image = disk.after_power_cut(&mut Random(2));
    assert_eq!(folder(&open(&Disk::of(image)).unwrap()).unwrap().sequence(), 5);
    index.check().unwrap();
}

#[test]
fn a_walk_meets_every_path_once_with_what_everybody_says() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    let mut random = Random(3);
    for _ in 0..30 {
        index.commit(&crate::world::any_changes(&mut random).0).unwrap();
    }
    let mut met = Vec::new();
    index.walk(&mut |path, candidates| met.push((path.clone(), candidates.clone()))).unwrap();
    let mut all = Vec::new();
    index
        .paths_below(None, &mut |path| {
            all.push(path.clone());
            true
        })
        .unwrap();
    assert!(!all.is_empty());
    assert_eq!(met.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>(), all);
    for (path, candidates) in met {
        let read = homesync_engine::Candidates::read(&index, &path).unwrap();
        assert_eq!((candidates.own, candidates.others), (read.own, read.others));
    }
}
