//! What staging reuses, and what it never reads or writes.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use homesync_disk::{Sources, Staging, serve_staged};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, Content, Entry, ShortId, Timestamp, Validity, Version};
use homesync_simulator::filesystem::{Settings, SimFs};

const BLOCK: usize = 128 << 10;

fn parse(path: &str) -> RelativePath {
    RelativePath::parse(path).unwrap()
}

fn entry(path: &str, bytes: &[u8]) -> Entry {
    Entry {
        path: parse(path),
        content: Content::File(BlockList::of(bytes)),
        validity: Validity::Valid,
        version: Version::empty(),
        modified: Timestamp::at(1),
        modified_by: ShortId(1),
        permissions: None,
        metadata: None,
        sequence: 0,
        previous: None,
    }
}

/// Blocks of these bytes, each full; the last one is half.
fn blocks(bytes: &str) -> Vec<u8> {
    let mut all: Vec<u8> = bytes.bytes().flat_map(|byte| vec![byte; BLOCK]).collect();
    all.truncate(all.len() - BLOCK / 2);
    all
}

fn disk(clones: bool, files: &[(&str, Vec<u8>)]) -> SimFs {
    let disk = SimFs::new(Settings { clones, ..Settings::default() });
    for (path, bytes) in files {
        disk.user_write(path, bytes).unwrap();
    }
    disk.keep_log();
    disk
}

fn count(disk: &SimFs, call: &str) -> usize {
    disk.log().iter().filter(|line| line.contains(call)).count()
}

/// The path of the first staged file.
fn staged_path(disk: &SimFs) -> String {
    let found = disk.walk().into_iter().find(|found| found.path.starts_with(b".homesync/staged/"));
    String::from_utf8(found.unwrap().path).unwrap()
}

fn staged(disk: &SimFs) -> (Vec<u8>, u64) {
    let path = staged_path(disk);
    (disk.read(&path).unwrap().to_vec(), disk.status_of(&path).unwrap().allocated)
}

fn prepare(disk: &SimFs, wanted: &Entry, files: &[&str]) -> Vec<u32> {
    let files: Vec<RelativePath> = files.iter().map(|path| parse(path)).collect();
    Staging::new(disk).prepare(wanted, &files).unwrap()
}

#[test]
fn a_new_staged_file_is_not_read_and_zeros_are_not_written() {
    let (disk, bytes) = (disk(false, &[]), blocks("a\0\0b\0"));
    assert_eq!(prepare(&disk, &entry("f", &bytes), &[]), [0, 3]);
    assert_eq!((count(&disk, "ReadAt"), count(&disk, "WriteAt")), (0, 0), "{:?}", disk.log());
    for number in [0, 3] {
        let at = number as usize * BLOCK;
        let block = &bytes[at..at + BLOCK];
        assert!(Staging::new(&disk).write_block(&entry("f", &bytes), number, block).unwrap());
    }
    assert_eq!(prepare(&disk, &entry("f", &bytes), &[]), [0_u32; 0]);
    assert_eq!(staged(&disk).0, bytes);
}

#[test]
fn files_of_zeros_and_empty_ones_are_complete_at_once_and_take_no_room() {
    for bytes in [blocks("\0\0\0"), vec![0; 100], Vec::new()] {
        let disk = disk(false, &[("source", blocks("xyz"))]);
        assert_eq!(prepare(&disk, &entry("f", &bytes), &["source"]), [0_u32; 0]);
        assert_eq!(staged(&disk), (bytes, 0));
    }
}

/// It is found as it was left: right blocks stay, and what is to be zeros is made so.
#[test]
fn what_an_earlier_run_left_is_looked_at() {
    let (disk, bytes) = (disk(false, &[]), blocks("a\0b"));
    let wanted = entry("f", &bytes);
    prepare(&disk, &wanted, &[]);
    Staging::new(&disk).write_block(&wanted, 0, &bytes[..BLOCK]).unwrap();
    let name = staged_path(&disk);
    let mut torn = disk.read(&name).unwrap().to_vec();
    torn[BLOCK + 7] = 1;
    disk.user_write(&name, &torn).unwrap();
    assert_eq!(prepare(&disk, &wanted, &[]), [2]);
    assert!(staged(&disk).0[BLOCK..2 * BLOCK].iter().all(|byte| *byte == 0));
}

#[test]
fn a_twin_is_cloned_and_a_changed_file_only_lacks_what_changed() {
    for clones in [true, false] {
        let files = [("twin", blocks("abcd")), ("old", blocks("aXcd"))];
        let disk = disk(clones, &files);
        assert_eq!(prepare(&disk, &entry("new", &blocks("abcd")), &["twin"]), [0_u32; 0]);
        assert_eq!(count(&disk, "WriteAt") == 0, clones);
        assert_eq!(staged(&disk).0, blocks("abcd"));
        let wanted = entry("old", &blocks("abcd\0\0e"));
        assert_eq!(prepare(&disk, &wanted, &["old"]), [1, 3, 6]);
        assert_eq!(prepare(&disk, &wanted, &["old", "twin"]), [3, 6]);
    }
}

#[test]
fn what_came_of_an_earlier_content_of_the_file_does_not_come_again() {
    let (disk, before, after) = (disk(false, &[]), blocks("abcd"), blocks("aXcdef"));
    let (earlier, wanted) = (entry("f", &before), entry("f", &after));
    prepare(&disk, &earlier, &[]);
    prepare(&disk, &entry("g", &before), &[]);
    for number in 0..3 {
        let at = number as usize * BLOCK;
        assert!(Staging::new(&disk).write_block(&earlier, number, &before[at..at + BLOCK]).unwrap());
    }
    assert_eq!(prepare(&disk, &wanted, &[]), [1, 3, 4, 5]);
    let names = || disk.walk().into_iter().filter(|found| found.path.starts_with(b".homesync/staged/"));
    assert_eq!(names().count(), 2, "the earlier one is gone, and the other file's is not");
    assert!(!Staging::new(&disk).write_block(&earlier, 3, &before[3 * BLOCK..]).unwrap_or_default());
}

#[test]
fn what_nobody_has_touched_for_a_week_is_let_go() {
    let disk = disk(false, &[("person's", blocks("a"))]);
    assert_eq!(Staging::new(&disk).let_go(i64::MAX).unwrap(), 0, "there is no area yet");
    prepare(&disk, &entry("f", &blocks("ab")), &[]);
    let touched = disk.status_of(staged_path(&disk)).unwrap().changed.seconds;
    assert_eq!(Staging::new(&disk).let_go(touched + 7 * 86_400 - 1).unwrap(), 0);
    assert_eq!(Staging::new(&disk).let_go(touched + 7 * 86_400).unwrap(), 1);
    assert_eq!(Staging::new(&disk).let_go(i64::MAX).unwrap(), 0);
    assert!(disk.read("person's").is_ok());
}

/// A clone is longer or shorter than what is wanted, or holds something where zeros are wanted.
#[test]
fn a_clone_of_something_else_does_no_harm() {
    for source in ["a", "abcdefgh", "\0x\0x", "xxxx"] {
        let disk = disk(true, &[("source", blocks(source))]);
        let bytes = blocks("a\0c\0");
        let wanted = entry("f", &bytes);
        for number in prepare(&disk, &wanted, &["source"]) {
            let at = number as usize * BLOCK;
            let block = &bytes[at..bytes.len().min(at + BLOCK)];
            assert!(Staging::new(&disk).write_block(&wanted, number, block).unwrap());
        }
        assert_eq!(staged(&disk).0, bytes, "{source:?}");
    }
}

#[test]
fn single_blocks_come_from_other_places_of_other_files_if_they_are_right() {
    let disk = disk(false, &[("one", blocks("xxbx")), ("two", blocks("dxx"))]);
    let bytes = blocks("abcd");
    let (a, b) = (BlockList::of(&bytes).hashes()[0], BlockList::of(&bytes).hashes()[1]);
    let places = |hash| match hash {
        // Not there any more, too far, and somewhere else by now.
        hash if hash == a => vec![(parse("gone"), 0), (parse("one"), 1 << 40), (parse("one"), 0)],
        hash if hash == b => vec![(parse("two"), 0), (parse("one"), 2 * BLOCK as u64)],
        _ => Vec::new(),
    };
    let sources = Sources { files: &[], places: &places };
    let missing = Staging::new(&disk).prepare_from(&entry("f", &bytes), &sources).unwrap();
    assert_eq!(missing, [0, 2, 3]);
    assert_eq!(staged(&disk).0[BLOCK..2 * BLOCK], bytes[BLOCK..2 * BLOCK]);
}

#[test]
fn others_are_served_from_what_is_there_already() {
    let (disk, bytes) = (disk(false, &[]), blocks("ab"));
    let wanted = entry("f", &bytes);
    assert_eq!(serve_staged(&disk, &wanted, 0).unwrap(), None);
    prepare(&disk, &wanted, &[]);
    assert_eq!(serve_staged(&disk, &wanted, 0).unwrap(), None);
    Staging::new(&disk).write_block(&wanted, 1, &bytes[BLOCK..]).unwrap();
    assert_eq!(serve_staged(&disk, &wanted, 0).unwrap(), None);
    assert_eq!(serve_staged(&disk, &wanted, 1).unwrap().as_deref(), Some(&bytes[BLOCK..]));
    assert_eq!(serve_staged(&disk, &wanted, 2).unwrap(), None, "there is no such block");
}

/// A kill or a power cut at any call, also in the middle of a clone: what comes next finds out what is right.
#[test]
fn a_staged_file_is_right_whatever_cut_it_short() {
    for (clones, power) in [(true, false), (true, true), (false, true)] {
        for call in 1..200 {
            let disk = disk(clones, &[("old", blocks("aXc\0"))]);
            disk.user_sync();
            let wanted = entry("old", &blocks("abc\0"));
            disk.set_crash_at(Some(disk.calls() + call));
            let is_through = Staging::new(&disk).prepare(&wanted, &[parse("old")]).is_ok();
            if power {
                disk.reboot();
            } else {
                disk.restart();
            }
            disk.set_crash_at(None);
            assert_eq!(prepare(&disk, &wanted, &["old"]), [1], "call {call}");
            if is_through {
                break;
            }
            assert!(call < 199, "it never comes through");
        }
    }
}
