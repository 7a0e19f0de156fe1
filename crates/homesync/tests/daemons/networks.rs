//! Cables that are pulled, machines that are let go, and what must not get lost meanwhile.

use crate::fleet::{Fleet, tree};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The bytes of every file that a machine has, in its folder and in its recovery area.
fn contents(fleet: &Fleet, machine: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    gather(&fleet.folder(machine), &mut found);
    found
}

fn gather(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => gather(&entry.path(), found),
            _ => found.extend(fs::read_to_string(entry.path())),
        }
    }
}

/// A machine is connected to another, as it sees it.
fn is_connected(fleet: &Fleet, machine: usize) -> bool {
    fleet.standing(machine)["with"][0]["connected"] == true
}

#[test]
fn e15_a_link_that_flaps_while_files_change_loses_nothing() {
    let fleet = Fleet::running(2);
    fleet.write(0, "shared", "the beginning");
    fleet.in_step();
    let mut last = BTreeSet::new();
    for round in 0..8 {
        fleet.network.pull(round % 2);
        for machine in 0..2 {
            let name = ["a", "b"][machine];
            fleet.write(machine, &format!("of-{name}/{round}"), format!("{name} wrote {round}"));
            fleet.write(machine, "shared", format!("shared, by {name} in round {round}"));
            last.insert(format!("{name} wrote {round}"));
        }
        fs::rename(fleet.folder(0).join("of-a/0"), fleet.folder(0).join("of-a/moved")).ok();
        fleet.network.plug(round % 2);
        // Now and then they have the time to find each other again.
        if round % 3 == 0 {
            fleet.until("they are connected again", || is_connected(&fleet, 0) && is_connected(&fleet, 1));
        }
    }
    fleet.in_step();
    let found: BTreeSet<String> = contents(&fleet, 0).union(&contents(&fleet, 1)).cloned().collect();
    for content in &last {
        assert!(found.contains(content), "{content} is gone: {found:?}");
    }
    // What each wrote last into the file that both wrote is somewhere: in place, as a conflict copy, or kept for recovery.
    for name in ["a", "b"] {
        assert!(found.contains(&format!("shared, by {name} in round 7")), "{name}: {found:?}");
    }
    let copies = tree(&fleet.folder(0)).into_keys().filter(|name| name.contains(".sync-conflict-")).count();
    assert!(copies > 0, "both wrote the same file");
}

#[test]
fn e15_a_partition_heals_on_three_machines() {
    let fleet = Fleet::running(3);
    (0..40).for_each(|number| fleet.write(0, &format!("files/{number}"), format!("first {number}")));
    fleet.in_step();
    fleet.network.pull(2);
    for number in 0..10 {
        fleet.write(0, &format!("files/{number}"), format!("a's {number}"));
        fleet.write(2, &format!("files/{}", number + 20), format!("c's {number}"));
    }
    // What c edits without a removal, a and b remove; the edit stays.
    fs::remove_file(fleet.folder(1).join("files/20")).unwrap();
    fleet.until("a and b agree", || {
        fleet.read(1, "files/9").as_deref() == Some("a's 9") && fleet.read(0, "files/20").is_none()
    });
    fs::rename(fleet.folder(2).join("files/30"), fleet.folder(2).join("files/thirty")).unwrap();
    fleet.network.plug(2);
    fleet.in_step();
    assert_eq!(fleet.read(0, "files/20").as_deref(), Some("c's 0"));
    assert_eq!(fleet.read(1, "files/29").as_deref(), Some("c's 9"));
    assert_eq!(fleet.read(2, "files/0").as_deref(), Some("a's 0"));
    assert_eq!(fleet.read(0, "files/thirty").as_deref(), Some("first 30"));
    let conflicts = tree(&fleet.folder(0)).into_keys().filter(|name| name.contains("conflict")).count();
    assert_eq!(conflicts, 0);
}

#[test]
fn e15_a_cable_that_is_pulled_in_the_middle_of_a_large_file() {
    let fleet = Fleet::running(2);
    fleet.in_step();
    // So slowly that it is certain to be in the middle.
    fleet.run(1, &["config", "set", "network.receive_limit", "1000"]).ends_with(0);
    let bytes: Vec<u8> = (0..2_500_000_u32).flat_map(u32::to_le_bytes).collect();
    fleet.write(0, "large", &bytes);
    let received = || {
        let status = fleet.run(1, &["status", "--json"]).json();
        status["daemon"]["machines"][0]["received"].as_u64().unwrap_or_default()
    };
    fleet.until("some of it has come", || received() > 1_000_000);
    fleet.network.pull(0);
    assert_eq!(fleet.read(1, "large"), None);
    fleet.run(1, &["config", "set", "network.receive_limit", "0"]).ends_with(0);
    fleet.network.plug(0);
    fleet.in_step();
    assert_eq!(fs::read(fleet.folder(1).join("large")).unwrap(), bytes);
}

#[test]
fn f10_a_machine_that_was_removed_hears_nothing_more_and_all_files_stay() {
    let fleet = Fleet::running(2);
    fleet.write(0, "before", "known to both");
    fleet.in_step();
    fleet.run(0, &["machine", "remove", "b"]).ends_with(0);
    fleet.until("the connection has ended", || !is_connected(&fleet, 1));
    fleet.write(0, "after-a", "only for a");
    fleet.write(1, "after-b", "only for b");
    fleet.write(1, "before", "edited by b");
    // It tries again, and is a stranger now.
    let device = fleet.device(1);
    fleet.until("a has refused it", || {
        let list = fleet.run(0, &["machine", "list", "--json"]).json();
        list["unknown"].as_array().is_some_and(|all| all.iter().any(|one| one["device_id"] == *device))
    });
    for machine in 0..2 {
        // Everything was looked at, and nobody to tell it to.
        fleet.run(machine, &["folder", "scan", "work"]).ends_with(0);
    }
    assert_eq!(fleet.read(0, "before").as_deref(), Some("known to both"));
    assert_eq!(fleet.read(1, "before").as_deref(), Some("edited by b"));
    assert_eq!((fleet.read(0, "after-b"), fleet.read(1, "after-a")), (None, None));
    fleet.run(0, &["handoff", "b"]).ends_with(2);
    // Let in again, both go on where they were.
    fleet.run(0, &["machine", "approve", &device, "--name", "b"]).ends_with(0);
    let path = fleet.folder(0);
    let _ = fleet.run(0, &["folder", "remove", "work"]).ends_with(0);
    fleet.run(0, &["folder", "add", "work", path.to_str().unwrap(), "--with", "b"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fleet.read(0, "before").as_deref(), Some("edited by b"));
    assert_eq!(tree(&path).len(), 3);
}

#[test]
fn f5_a_machine_that_tells_of_more_than_it_may_is_turned_away() {
    let fleet = Fleet::running(2);
    fleet.write(0, "early", "early");
    fleet.in_step();
    fleet.run(1, &["folder", "set", "work", "most_items", "20"]).ends_with(0);
    (0..60).for_each(|number| fleet.write(0, &format!("many/{number}"), format!("{number}")));
    let turned_away = || fleet.standing(1)["with"][0]["turned_away"].as_str().map(str::to_string);
    fleet.until("it is turned away", || turned_away().is_some_and(|why| why.contains("more than 20 items")));
    let status = fleet.run(1, &["status"]).ends_with(0).stdout;
    assert!(status.contains("a  turned away: it tells of more than 20 items"), "{status}");
    let waited = fleet.run(1, &["sync", "--wait", "--timeout", "60s"]).ends_with(5);
    assert!(waited.stdout.contains("a is turned away"), "{waited:?}");
    let items = fleet.standing(1)["items"].as_u64().unwrap();
    assert!(items <= 20, "{items}");
    // What is here stays here as well, and nothing of it is lost.
    fleet.write(1, "of b", "of b");
    fleet.until("a sees that it is not heard", || fleet.standing(0)["with"][0]["connected"] == false);
    fleet.run(1, &["folder", "set", "work", "most_items", "1000"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fleet.read(0, "of b").as_deref(), Some("of b"));
    assert_eq!(fleet.read(1, "many/59").as_deref(), Some("59"));
    // What is known counts, and not only what is new.
    fleet.run(1, &["folder", "set", "work", "most_items", "61"]).ends_with(0);
    fleet.write(0, "one more", "one more");
    fleet.until("it is turned away again", || turned_away().is_some());
}
