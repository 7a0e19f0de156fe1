//! Rows of the failure catalogue that the index decides.

use crate::disk::Disk;
use crate::world::{FOLDER, Random, any_changes, create, device, dump, folder, locals, open};
use homesync_engine::{Changes, View};
use homesync_index::{Additions, Database, Index, IndexError, MemoryIndex, Options};

#[test]
fn a4_what_was_committed_but_not_announced_is_announced_after_the_restart() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.commit(&locals(&["told"])).unwrap();
    let told = index.sequence();
    index.commit(&locals(&["untold 1", "untold 2", "told"])).unwrap();
    // Killed here: what another machine has is up to `told`.
    let mut index = folder(&open(&Disk::of(disk.image())).unwrap()).unwrap();
    let announced = index.announce_since(told, 100).unwrap();
    let paths: Vec<&str> = announced.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["untold 1", "untold 2", "told"]);
    assert_eq!(index.commit(&locals(&["next"])).unwrap().sequence, 5, "no number is given twice");
}

#[test]
fn a9_a_damaged_index_is_kept_and_a_new_one_proves_no_deletion() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.redb");
    {
        let database = Database::open(&path, &Options::default()).unwrap();
        let mut index = folder(&database).unwrap();
        index.commit_with(&locals(&["a"]), &Additions { scanned: true, ..Additions::default() }).unwrap();
        assert!(!index.fresh());
    }
    let mut damaged = std::fs::read(&path).unwrap();
    damaged[16..8_192].fill(0xee);
    std::fs::write(&path, &damaged).unwrap();
    let error = Database::open(&path, &Options::default()).unwrap_err();
    assert!(matches!(&error, IndexError::Broken { kept: Some(kept), .. } if *kept == path), "{error}");
    for number in 1..=2 {
        let (database, kept) = Database::rebuild(&path, &Options::default()).unwrap();
        let kept = kept.unwrap();
        assert_eq!(kept, directory.path().join(format!("index.redb.broken-{number}")));
        let mut options = FOLDER;
        options.index_id_if_new = 1_234;
        let mut index = database.folder("folder", options).unwrap();
        assert_eq!((index.index_id(), index.fresh(), index.present()), (1_234, true, Ok(0)));
        index.commit(&locals(&["a"])).unwrap();
        assert!(index.fresh(), "until a full scan is stored");
    }
    let first = directory.path().join("index.redb.broken-1");
    assert_eq!(std::fs::read(first).unwrap(), damaged, "what was an index is kept");
}

#[test]
fn a10_an_index_from_an_older_backup_jumps_above_what_others_have_seen() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.commit(&locals(&["a", "b"])).unwrap();
    let backup = disk.image();
    index.commit(&locals(&["c", "d", "e"])).unwrap();
    let (seen_by_others, old_id) = (index.sequence(), index.index_id());
    // The backup comes back, and another machine says what it has seen.
    let restored = Disk::of(backup);
    let mut index = folder(&open(&restored).unwrap()).unwrap();
    assert!(index.sequence() < seen_by_others);
    index.raise(old_id + 1, 5_000, seen_by_others).unwrap();
    drop(index);
    let mut index = folder(&open(&restored).unwrap()).unwrap();
    assert_eq!((index.index_id(), index.counter_floor()), (old_id + 1, 5_000));
    let sequence = index.commit(&locals(&["f"])).unwrap().sequence;
    assert_eq!(sequence, seen_by_others + 1);
    assert_eq!(index.announce_since(0, 100).unwrap().len(), 3);
    index.check().unwrap();
}

#[test]
fn durability_12_raising_never_lowers() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.raise(1, 100, 100).unwrap();
    index.raise(2, 50, 50).unwrap();
    assert_eq!((index.sequence(), index.counter_floor(), index.index_id()), (100, 100, 2));
}

#[test]
fn b2_a_full_disk_stops_the_index_and_stores_no_part_of_a_commit() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    let mut model = MemoryIndex::new(FOLDER.index_id_if_new);
    let mut random = Random(3);
    disk.limit(Some(disk.image().len() as u64));
    let error = loop {
        let (mut changes, additions) = any_changes(&mut random);
        changes.others.clear();
        let before = random.below(u64::MAX);
        let paths: Vec<String> = (0..50).map(|item| format!("{before}/{item}")).collect();
        changes.local.extend(locals(&paths.iter().map(String::as_str).collect::<Vec<_>>()).local);
        match index.commit_with(&changes, &additions) {
            Ok(_) => drop(model.commit_with(&changes, &additions).unwrap()),
            Err(error) => break error,
        }
        assert!(model.sequence() < 2_000_000, "the disk is small");
    };
    assert_eq!(error, IndexError::Full);
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(index.commit(&Changes::default()).unwrap_err(), IndexError::Full, "no more work is taken");
    drop(index);
    disk.limit(None);
    let mut index = folder(&open(&disk).unwrap()).unwrap();
    assert!(dump(&index) == dump(&model), "all that was acknowledged and nothing else");
    index.commit(&locals(&["there is room again"])).unwrap();
    index.check().unwrap();
    assert_eq!(index.others_position(device(9)), Ok(None));
}
