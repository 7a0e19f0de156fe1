//! Power cuts.

use super::{choices, name, outcomes, shown, write};
use crate::filesystem::{Settings, SimFs};
use homesync_disk::Vfs;
use std::collections::BTreeSet;

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(ToString::to_string).collect()
}

/// The old file is durable; a new one is staged as `t`, perhaps durably, and takes its place.
fn replace(disk: &SimFs, file_first: bool, directory_after: bool) {
    write(disk, "f", b"old");
    disk.user_sync();
    let root = disk.root().unwrap();
    let staged = disk.create_file(&root, name("t"), 0o600).unwrap();
    disk.write_at(&staged, 0, b"new").unwrap();
    if file_first {
        disk.synchronize_file(&staged).unwrap();
    }
    disk.exchange(&root, name("t"), &root, name("f")).unwrap();
    if directory_after {
        disk.synchronize_directory(&root).unwrap();
    }
}

#[test]
fn a_replaced_file_may_be_empty_or_zeros_when_its_content_was_not_made_durable() {
    let unordered = outcomes(false, |disk| replace(disk, false, false));
    for remnant in ["f=old", "f=old t=", "f=old t=new", "f= t=old", "f=\0\0\0 t=old", "f=new t=old"] {
        assert!(unordered.contains(remnant), "{remnant:?} is missing in {unordered:?}");
    }
    let ordered = outcomes(true, |disk| replace(disk, false, false));
    assert!(ordered.contains("f= t=old"), "{ordered:?}");
    assert!(!ordered.iter().any(|outcome| outcome.contains('\0')), "{ordered:?}");
}

#[test]
fn content_made_durable_first_is_never_torn() {
    for ordered in [false, true] {
        let left = outcomes(ordered, |disk| replace(disk, true, false));
        let mut expected = texts(&["f=old t=new", "f=new t=old"]);
        if !ordered {
            // Its name may be lost, because nobody asked for the directory.
            expected.insert("f=old".into());
        }
        assert_eq!(left, expected);
    }
}

#[test]
fn file_then_names_then_directory_is_always_right() {
    for ordered in [false, true] {
        assert_eq!(outcomes(ordered, |disk| replace(disk, true, true)), texts(&["f=new t=old"]));
    }
}

#[test]
fn one_call_makes_everything_durable() {
    let left = outcomes(false, |disk| {
        replace(disk, false, false);
        disk.synchronize_everything().unwrap();
        assert_eq!(disk.waiting_effects(), 0);
    });
    assert_eq!(left, texts(&["f=new t=old"]));
}

/// An object that moves between two directories is in exactly one of them, whichever directory was made durable.
#[test]
fn a_move_between_directories_is_whole() {
    for synchronize in [None, Some("a"), Some("b")] {
        let left = outcomes(false, |disk| {
            disk.user_mkdir("a").unwrap();
            disk.user_write("a/f", b"content").unwrap();
            disk.user_sync();
            let root = disk.root().unwrap();
            let a = disk.open_directory(&root, name("a")).unwrap();
            disk.create_directory(&root, name("b"), 0o700).unwrap();
            let b = disk.open_directory(&root, name("b")).unwrap();
            disk.rename_no_replace(&a, name("f"), &b, name("g")).unwrap();
            if let Some(directory) = synchronize {
                disk.synchronize_directory(if directory == "a" { &a } else { &b }).unwrap();
            }
        });
        let mut expected = texts(&["a= b= b/g=content"]);
        if synchronize.is_none() {
            expected.extend(texts(&["a= a/f=content", "a= a/f=content b="]));
        }
        assert_eq!(left, expected, "after synchronizing {synchronize:?}");
    }
}

/// Directories that changed places again and again never form a ring, nothing is lost and nothing is twice.
#[test]
fn moved_directories_stay_a_tree() {
    let left = outcomes(false, |disk| {
        disk.user_write("a/d/f", b"x").unwrap();
        disk.user_sync();
        disk.user_rename("a/d", "d").unwrap();
        disk.user_rename("a", "d/a").unwrap();
        disk.user_rename("d/f", "d/a/g").unwrap();
    });
    assert!(left.len() > 2, "{left:?}");
    assert!(left.iter().all(|outcome| outcome.matches("=x").count() == 1), "{left:?}");
}

/// Taking away a directory needs that it was emptied.
#[test]
fn a_removed_directory_takes_nothing_along() {
    let left = outcomes(false, |disk| {
        disk.user_write("d/f", b"x").unwrap();
        disk.user_sync();
        disk.user_rename("d/f", "f").unwrap();
        let root = disk.root().unwrap();
        disk.remove_directory(&root, name("d")).unwrap();
    });
    assert_eq!(left, texts(&["d= d/f=x", "d= f=x", "f=x"]));
}

/// Sectors of a file written over in place are old or new each for itself.
#[test]
fn writes_in_place_can_be_torn_between_sectors_only() {
    let left = outcomes(false, |disk| {
        write(disk, "f", &[b'o'; 1024]);
        disk.user_sync();
        disk.user_write_at("f", 0, &[b'n'; 1024]).unwrap();
    });
    let pieces = ["o".repeat(512), "n".repeat(512)];
    let expected: BTreeSet<String> =
        (0..4).map(|which| format!("f={}{}", pieces[which & 1], pieces[which >> 1])).collect();
    assert_eq!(left, expected);
}

/// What is written after a cut is in other places of the disk: it never mixes with what was cut away.
#[test]
fn a_file_emptied_and_written_again_is_old_new_or_a_remnant() {
    let left = outcomes(false, |disk| {
        write(disk, "f", b"older");
        disk.user_sync();
        disk.user_write_in_place("f", b"new").unwrap();
    });
    assert_eq!(left, texts(&["f=older", "f=", "f=\0\0\0", "f=new"]));
    let ordered = outcomes(true, |disk| {
        write(disk, "f", b"older");
        disk.user_sync();
        disk.user_write_in_place("f", b"new").unwrap();
    });
    assert_eq!(ordered, texts(&["f=older", "f=", "f=new"]));
}

#[test]
fn benign_choices_lose_nothing_and_numbers_stay() {
    let disk = SimFs::default();
    disk.user_write("d/f", b"x").unwrap();
    disk.user_symlink("d/l", "f").unwrap();
    let before = disk.walk();
    assert!(disk.durable_walk().is_empty());
    disk.reboot();
    assert_eq!(disk.walk(), before);
    assert_eq!(disk.durable_walk(), before);
    disk.user_write("d/g", b"y").unwrap();
    assert_ne!(disk.status_of("d/g").unwrap().inode, disk.status_of("d/f").unwrap().inode);
}

#[test]
fn after_a_power_cut_everything_is_durable_and_room_is_counted_right() {
    for seed in 0..500 {
        let disk = SimFs::new(Settings { reuses_numbers: true, ..Settings::default() });
        disk.set_choices(choices(seed));
        replace(&disk, seed % 2 == 0, false);
        disk.user_write("d/e/g", &[1; 5000]).unwrap();
        disk.reboot();
        assert_eq!(disk.walk(), disk.durable_walk());
        let walk = disk.walk();
        let used: u64 = walk.iter().map(|found| found.status.allocated).sum();
        let space = disk.space().unwrap();
        assert_eq!(space.total - space.free, used, "{}", shown(&disk));
        disk.user_write("new", b"").unwrap();
        let numbers: BTreeSet<u64> = disk.walk().iter().map(|found| found.status.inode).collect();
        assert_eq!(numbers.len(), walk.len() + 1);
    }
}

/// Permissions that became durable with the directory are there when its name becomes durable later.
#[test]
fn metadata_may_be_durable_before_the_name() {
    for seed in 0..200 {
        let disk = SimFs::default();
        disk.set_choices(choices(seed));
        let root = disk.root().unwrap();
        disk.create_directory(&root, name("d"), 0o755).unwrap();
        let directory = disk.open_directory(&root, name("d")).unwrap();
        disk.synchronize_directory(&directory).unwrap();
        assert!(disk.durable_walk().is_empty(), "its own name was not asked for");
        disk.synchronize_directory(&root).unwrap();
        disk.reboot();
        assert_eq!(disk.status_of("d").unwrap().permissions, 0o755);
    }
}
