//! Disks that are full, read-only or away: nothing is lost, it is said, and everything goes on by itself when there is room again.

use crate::fleet::{Fleet, staged, tree};
use std::fs;
use std::io::Write;
use std::path::Path;

/// A fleet of two in which the folder of b is on a small disk.
fn with_small_disk(options: &str) -> (Fleet, usize) {
    let mut fleet = Fleet::new(2);
    let folder = fleet.folder(1);
    let disk = fleet.small_disk(&folder, options);
    (0..2).for_each(|machine| fleet.start(machine));
    (fleet, disk)
}

/// Why the folder stands still on b.
fn reason(fleet: &Fleet) -> String {
    fleet.standing(1)["reason"].as_str().unwrap_or_default().to_string()
}

#[test]
fn e14_a_disk_that_is_pulled_out_is_no_removal() {
    let (mut fleet, disk) = with_small_disk("size=64m");
    (0..30).for_each(|number| fleet.write(0, &format!("files/{number}"), format!("file {number}")));
    fleet.in_step();
    fleet.disk(disk).pull();
    fleet.until("b says so", || {
        let _ = fleet.run(1, &["folder", "scan", "work"]);
        fleet.standing(1)["state"] == "waiting-for-you"
    });
    fleet.write(0, "files/3", "edited meanwhile");
    fleet.write(0, "new", "made meanwhile");
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "3s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    assert_eq!(tree(&fleet.folder(0)).len(), 32, "nothing was removed on a");
    assert_eq!(
        fs::read_dir(fleet.folder(1)).unwrap().count(),
        0,
        "nothing is written where the disk should be"
    );
    fleet.disk(disk).plug();
    fleet.until("b goes on by itself", || fleet.read(1, "new").is_some());
    fleet.in_step();
    assert_eq!(fleet.read(1, "files/3").as_deref(), Some("edited meanwhile"));
    assert!(fleet.is_running(1));
    // The same while it is away at a start.
    fleet.stop(1);
    fleet.disk(disk).pull();
    fleet.start(1);
    fleet.until("b says so again", || fleet.standing(1)["state"] == "waiting-for-you");
    fleet.write(0, "newer", "made meanwhile");
    fleet.disk(disk).plug();
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 33);
}

/// Takes all the room that a disk has.
fn fill(path: &Path) -> fs::File {
    let mut file = fs::File::create(path).unwrap();
    let block = vec![1_u8; 4096];
    while file.write_all(&block).is_ok() {}
    file
}

#[test]
fn b1_a_disk_that_becomes_full_waits_for_room_and_keeps_what_came() {
    let (fleet, disk) = with_small_disk("size=32m");
    fleet.write(0, "before", "small");
    fleet.in_step();
    fleet.run(1, &["config", "set", "network.receive_limit", "1000"]).ends_with(0);
    let bytes: Vec<u8> = (0..4_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fleet.write(0, "large", &bytes);
    fleet.until("some of it has come", || staged(&fleet, 1) > 1_000_000);
    let filler = fleet.disk(disk).at().join("filler");
    let file = fill(&filler);
    fleet.until("b says that its disk is full", || reason(&fleet).contains("No space left"));
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "2s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    // What is on b is still told.
    fs::remove_file(fleet.folder(1).join("before")).unwrap();
    fleet.until("a hears of it", || fleet.read(0, "before").is_none());
    assert!(staged(&fleet, 1) > 1_000_000, "what came is kept");
    drop(file);
    fs::remove_file(filler).unwrap();
    fleet.run(1, &["config", "set", "network.receive_limit", "0"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fs::read(fleet.folder(1).join("large")).unwrap(), bytes);
    assert_eq!(fleet.standing(1)["state"], "idle");
}

#[test]
fn b3_what_does_not_fit_is_not_begun_and_holds_up_nothing_else() {
    let (fleet, disk) = with_small_disk("size=8m");
    fleet.write(0, "large", vec![7; 16_000_000]);
    fleet.until("b names it, with what it needs and what there is", || {
        let held = fleet.standing(1)["held"][0]["reason"].to_string();
        held.contains("16000000 bytes have to come") && held.contains("there is room for")
    });
    assert!(staged(&fleet, 1) < 100_000, "nothing of it has come");
    fleet.write(0, "small", "small");
    fleet.until("what fits comes", || fleet.read(1, "small").is_some());
    fleet.disk(disk).change("size=64m");
    fleet.in_step();
}

#[test]
fn b14_a_disk_without_room_for_more_names_is_a_full_disk() {
    let (fleet, disk) = with_small_disk("size=64m,nr_inodes=60");
    (0..200).for_each(|number| fleet.write(0, &format!("many/{number}"), format!("file {number}")));
    fleet.until("b says that its disk is full", || reason(&fleet).contains("space"));
    fleet.disk(disk).change("size=64m,nr_inodes=10000");
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 201);
}

#[test]
fn b8_a_disk_that_becomes_read_only_waits_until_it_is_not() {
    let (fleet, disk) = with_small_disk("size=64m");
    fleet.write(0, "one", "1");
    fleet.in_step();
    fleet.disk(disk).change("ro");
    fleet.write(0, "one", "edited");
    fleet.write(0, "two", "2");
    fleet.until("b says so", || reason(&fleet).contains("Read-only"));
    assert_eq!(fleet.read(1, "one").as_deref(), Some("1"));
    fleet.disk(disk).change("rw");
    fleet.in_step();
    assert_eq!(fleet.read(1, "one").as_deref(), Some("edited"));
}

#[test]
fn b2_a_full_disk_under_the_index_stops_orderly_and_goes_on() {
    let mut fleet = Fleet::new(2);
    let state = fleet.root(1).join("state");
    let disk = fleet.small_disk(&state, "size=24m");
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "before", "known");
    fleet.in_step();
    // Everything that is left is taken away.
    let filler = fleet.disk(disk).at().join("filler");
    let file = fill(&filler);
    (0..3_000)
        .for_each(|number| fleet.write(0, &format!("many/{}/{number}", number % 50), format!("{number}")));
    fleet.until("b says that its index cannot be written", || {
        let status = fleet.run(1, &["status", "--json"]);
        let text = status.stdout.to_lowercase();
        status.code == 1 && text.contains("space")
    });
    assert!(fleet.is_running(1));
    assert_eq!(fleet.read(1, "before").as_deref(), Some("known"));
    drop(file);
    fs::write(&filler, "").unwrap();
    fleet.until("b has its folder again", || fleet.run(1, &["status"]).code == 0);
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), tree(&fleet.folder(0)).len());
    assert!(fleet.is_running(1));
}
