//! What the library under the index does by default and must not do here, one test for each.

use crate::disk::Disk;
use crate::world::{FOLDER, create, folder, local, locals, open};
use homesync_engine::{Changes, View};
use homesync_index::{Database, Index, IndexError, Options};

fn temporary() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("index.redb");
    (directory, path)
}

fn many(from: usize, count: usize) -> Changes {
    let paths: Vec<String> =
        (from..from + count).map(|item| format!("directory {}/{item}", item / 10)).collect();
    locals(&paths.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn trap_1_the_cache_is_small_unless_asked_otherwise() {
    assert_eq!(Options::default().cache_bytes, 32 << 20);
}

#[test]
fn trap_2_after_a_kill_opening_does_not_repair_by_walking_the_file() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.commit(&many(0, 2_000)).unwrap();
    // What the process had on the disk when it was killed.
    let killed = Disk::of(disk.image());
    let mut builder = redb::Builder::new();
    // Asked only when a walk through the file is needed.
    builder.set_repair_callback(|session| session.abort());
    let database = builder.create_with_backend(killed).unwrap();
    drop(database);
}

#[test]
fn durability_14_pages_are_checked_after_an_unclean_end() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    index.commit(&many(0, 500)).unwrap();
    let mut killed = disk.image();
    assert!(open(&Disk::of(killed.clone())).is_ok());
    // Damage to what is in use: the text of a path.
    let place = killed.windows(11).position(|window| window == b"directory 3").unwrap();
    for place in (place..killed.len() - 11).step_by(1) {
        if killed[place..].starts_with(b"directory") {
            killed[place] ^= 1;
        }
    }
    let error = open(&Disk::of(killed)).unwrap_err();
    assert!(matches!(error, IndexError::Broken { .. }), "{error}");
}

#[test]
fn trap_4_a_walk_holds_nothing_between_its_steps() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let index = folder(&database).unwrap();
    let mut other = database.folder("other", FOLDER).unwrap();
    other.commit(&many(0, 3)).unwrap();
    let mut visits = 0;
    let mut writer = database.folder("busy", FOLDER).unwrap();
    other
        .paths_below(None, &mut |_| {
            visits += 1;
            // Compaction is refused while anything is being read.
            writer.commit(&locals(&["a"])).is_ok() && database.compact().is_ok()
        })
        .unwrap();
    assert_eq!(visits, 3);
    drop(index);
}

#[test]
fn trap_5_a_second_process_is_told_what_to_do() {
    let (_directory, path) = temporary();
    let first = Database::open(&path, &Options::default()).unwrap();
    let error = Database::open(&path, &Options::default()).unwrap_err();
    assert!(matches!(error, IndexError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("stop it first"), "{error}");
    drop(first);
    Database::open(&path, &Options::default()).unwrap();
}

#[test]
fn trap_6_compaction_packs_what_random_order_left_half_full() {
    let disk = Disk::default();
    let mut index = folder(&create(&disk).unwrap()).unwrap();
    let mut paths: Vec<String> =
        (0..4_000).map(|item| format!("directory {}/{}", item % 97, item * 7_919 % 4_000)).collect();
    paths.sort_by_key(|path| path.len() * 31 + path.bytes().map(usize::from).sum::<usize>() * 7_919 % 1_000);
    for paths in paths.chunks(200) {
        let local = paths.iter().map(|path| local(path)).collect();
        index.commit(&Changes { local, ..Changes::default() }).unwrap();
    }
    index.compact().unwrap();
    index.check().unwrap();
    let bytes = disk.image().len() / 4_000;
    assert!(bytes < 250, "{bytes} bytes for each item");
}

#[test]
fn trap_7_only_a_missing_file_becomes_a_new_database() {
    let (_directory, path) = temporary();
    drop(Database::open(&path, &Options::default()).unwrap());
    let whole = std::fs::read(&path).unwrap();
    let foreign = b"SQLite format 3\0".repeat(1_000);
    for (bytes, reason) in
        [(&[][..], "empty"), (&whole[..100], "cut short"), (&whole[..4_096], ""), (&foreign, "not an index")]
    {
        std::fs::write(&path, bytes).unwrap();
        let error = Database::open(&path, &Options::default()).unwrap_err();
        assert!(matches!(&error, IndexError::Broken { kept: Some(kept), .. } if *kept == path), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it is kept as it was");
    }
}

#[test]
fn trap_8_no_experimental_feature_of_the_library_is_on() {
    let manifest = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let text = std::fs::read_to_string(manifest).unwrap();
    let line = text.lines().find(|line| line.starts_with("redb")).unwrap();
    assert!(line.starts_with("redb = \"4."), "{line}");
}
