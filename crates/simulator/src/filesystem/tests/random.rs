//! Properties over random work and random power cuts.

use super::{choices, name, shown};
use crate::choices::{Choices, Tape};
use crate::filesystem::{Settings, SimFs};
use homesync_disk::Vfs;
use std::collections::BTreeSet;

const DIRECTORIES: [&str; 3] = ["a", "b", "c"];
const NAMES: [&str; 4] = ["f", "g", "h", "d"];

/// Some directories and files with content of their own, all durable.
fn prepared(settings: Settings) -> SimFs {
    let disk = SimFs::new(settings);
    for directory in DIRECTORIES {
        for file in ["f", "g"] {
            disk.user_write(format!("{directory}/{file}"), format!("<{directory}{file}>").as_bytes())
                .unwrap();
        }
        disk.user_mkdir(format!("{directory}/d")).unwrap();
    }
    disk.user_sync();
    disk
}

/// Moves things about; never takes away a file. Most of it succeeds.
fn move_something(disk: &SimFs, work: &mut dyn Choices) {
    let root = disk.root().unwrap();
    let mut place = || {
        let directory = DIRECTORIES[usize::try_from(work.choose(3, "directory")).unwrap()];
        let inner = work.choose(3, "inner") == 2;
        let chosen = NAMES[usize::try_from(work.choose(4, "name")).unwrap()];
        let outer = disk.open_directory(&root, name(directory)).unwrap_or_else(|_| disk.root().unwrap());
        let opened = if inner { disk.open_directory(&outer, name("d")).unwrap_or(outer) } else { outer };
        (opened, name(chosen))
    };
    let ((one, first), (two, second)) = (place(), place());
    // Each may fail, for example because nothing is there.
    let _ = match work.choose(8, "step") {
        0 | 1 => disk.rename_no_replace(&one, first, &two, second),
        2 | 3 => disk.exchange(&one, first, &two, second),
        4 => disk.create_directory(&one, first, 0o755),
        5 => disk.remove_directory(&one, first),
        6 => disk.synchronize_directory(&one),
        _ => disk.exchange(&root, name("a"), &one, first),
    };
}

/// Whatever a power cut leaves, it is a tree that holds each file that was never taken away exactly once, whole.
#[test]
fn files_that_were_only_moved_are_all_there_once() {
    for seed in 0..4_000 {
        let disk = prepared(Settings { ordered: seed % 3 == 0, ..Settings::default() });
        disk.set_choices(choices(seed));
        let mut work = Tape::from_seed(seed ^ 0xABCD, 400).reader();
        for _ in 0..20 {
            move_something(&disk, &mut work);
        }
        disk.reboot();
        let walk = disk.walk();
        let mut contents: Vec<_> = walk
            .iter()
            .map(|found| String::from_utf8_lossy(&found.content))
            .filter(|text| !text.is_empty())
            .collect();
        contents.sort_unstable();
        assert_eq!(contents.join(""), "<af><ag><bf><bg><cf><cg>", "seed {seed}: {}", shown(&disk));
        let numbers: BTreeSet<u64> = walk.iter().map(|found| found.status.inode).collect();
        assert_eq!(numbers.len(), walk.len(), "seed {seed}");
    }
}

/// What was durable stays, and a run with the same tapes is the same run.
#[test]
fn what_one_run_shows_the_next_shows_too() {
    let run = |seed| {
        let disk = prepared(Settings::default());
        disk.set_choices(choices(seed));
        let mut work = Tape::from_seed(seed, 400).reader();
        for _ in 0..3 {
            for _ in 0..10 {
                move_something(&disk, &mut work);
            }
            disk.reboot();
            assert_eq!(disk.walk(), disk.durable_walk());
        }
        disk.synchronize_everything().unwrap();
        let before = disk.walk();
        disk.reboot();
        assert_eq!(disk.walk(), before);
        (disk.trace_hash(), shown(&disk))
    };
    for seed in 0..500 {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
}

/// Each byte says where it is, or in which round it was written.
fn byte_at(at: u64, round: u8) -> u8 {
    if at.is_multiple_of(2) { 1 + u8::try_from(at / 2 % 100).expect("below 100") } else { 200 + round }
}

/// Bytes that a file holds after a power cut were written to that place, or are zeros where the length came first.
#[test]
fn no_byte_appears_where_it_was_not_written() {
    for seed in 0..2_000 {
        let ordered = seed % 2 == 0;
        let disk = SimFs::new(Settings { ordered, ..Settings::default() });
        disk.set_choices(choices(seed));
        let mut work = Tape::from_seed(seed, 400).reader();
        let root = disk.root().unwrap();
        let file = disk.create_file(&root, name("f"), 0o600).unwrap();
        disk.synchronize_directory(&root).unwrap();
        for round in 0..8_u8 {
            let offset = work.choose(4, "offset") * 300;
            let bytes: Vec<u8> = (offset..offset + 700).map(|at| byte_at(at, round)).collect();
            match work.choose(5, "step") {
                0 => disk.set_length(&file, offset).unwrap(),
                1 => disk.synchronize_file(&file).unwrap(),
                _ => assert_eq!(disk.write_at(&file, offset, &bytes).unwrap(), 700),
            }
        }
        disk.reboot();
        let content = disk.read("f").unwrap();
        for (at, byte) in content.iter().enumerate() {
            let fits = (0..8).any(|round| *byte == byte_at(at as u64, round));
            assert!(fits || *byte == 0, "seed {seed}: byte {at} is {byte}");
        }
    }
}
