//! Directories that are moved while they are listed: nothing in them counts as removed because the listing missed it.

use super::group::Group;
use homesync_simulator::filesystem::SimFs;
use std::cell::Cell;
use std::rc::Rc;

/// What is below the directory that moves.
const FILES: &[&str] = &["a", "b", "deep/c", "deep/deeper/d", "z"];

fn group_with(directory: &str) -> Group {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("e/stays", b"stays").expect("a file");
    for name in FILES {
        disk.user_write(format!("{directory}/{name}"), format!("text of {name}").as_bytes()).expect("a file");
    }
    group.settle();
    group.expect_equal();
    group
}

/// Each file's text stands somewhere in the machine's folder, where a person sees it.
fn expect_all(group: &Group, number: usize, when: &str) {
    let seen = group.seen(number);
    for name in FILES {
        let text = format!("text of {name}").into_bytes();
        assert!(
            seen.values().any(|(_, bytes)| *bytes == text),
            "{name} is gone on machine {number} {when}: {:?}",
            seen.keys()
        );
    }
}

/// From `from` to `to` in the middle of a scan, before its call with this number. Answers whether the scan has so many calls.
fn moved_at(call: u64, from: &'static str, to: &'static str) -> bool {
    let mut group = group_with(from);
    let disk: SimFs = group.disk(0);
    group.pass(5_000);
    let has_moved = Rc::new(Cell::new(false));
    let (first, moved) = (disk.calls(), has_moved.clone());
    disk.set_hook(Box::new(move |disk, number, _| {
        if number == first + call && !moved.get() {
            moved.set(true);
            disk.user_rename(from, to).expect("it moves");
        }
    }));
    group.scan(0);
    disk.clear_hook();
    if !has_moved.get() {
        return false;
    }
    let heard = group.arrived.len();
    while group.deliver() {
        expect_all(&group, 1, &format!("before a second look, call {call}"));
    }
    // A removal that is heard of by now belongs to something that was found at its new place.
    group.arrived.drain(..heard);
    for removed in group.entries().filter(|entry| entry.content.is_deleted()) {
        let elsewhere = removed.path.as_str().replacen(from, to, 1);
        let is_found = group.announced(&elsewhere).iter().any(|entry| entry.is_present());
        assert!(is_found, "{removed:?} before a second look, call {call}");
    }
    // The watcher has noticed it as well.
    group.pass(100);
    group.scan(0);
    while group.deliver() {
        expect_all(&group, 1, &format!("after the next look, call {call}"));
    }
    group.settle();
    expect_all(&group, 0, "at the end");
    group.expect_equal();
    assert_eq!(group.text(1, &format!("{to}/deep/c")).as_deref(), Some("text of deep/c"));
    assert_eq!(group.seen(1).len(), 2 + 3 + FILES.len(), "nothing is there twice");
    true
}

/// Once for each call of a scan.
fn moved_at_every_call(from: &'static str, to: &'static str) {
    let mut call = 1;
    while moved_at(call, from, to) {
        call += 1;
    }
    assert!(call > 20, "a scan has more than {call} calls");
}

#[test]
fn c8_a_directory_that_moves_behind_the_scanner_while_it_is_scanned_loses_nothing() {
    // When `d` is come to, `b` was passed already.
    moved_at_every_call("d", "b");
}

#[test]
fn c8_a_directory_that_moves_ahead_of_the_scanner_while_it_is_scanned_loses_nothing() {
    moved_at_every_call("d", "f");
}

#[test]
fn c8_a_directory_that_moves_into_another_while_it_is_scanned_loses_nothing() {
    moved_at_every_call("d", "e/d");
}
