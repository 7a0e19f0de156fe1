//! Things in a folder that are not plain files, or not readable, or never at rest: they are named, hold up nothing else, and nobody claims
//! that they are elsewhere.

use crate::fleet::{Fleet, tree};
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn d8_a_name_that_cannot_travel_is_named_and_nobody_says_that_it_is_safe() {
    let fleet = Fleet::running(2);
    fleet.write(0, "notes/good", "good");
    fleet.in_step();
    let bad = fleet.folder(0).join("notes").join(OsStr::from_bytes(b"caf\xe9.txt"));
    fs::write(&bad, "bytes of somebody").unwrap();
    fleet.write(0, "notes/also good", "good");
    let report = fleet.run(0, &["handoff", "b", "--json"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false, "{report}");
    assert_eq!(report["folders"][0]["complete"], false);
    assert!(report["open"][0].as_str().unwrap().contains("notes/caf\\xe9.txt"), "{report}");
    assert_eq!(fleet.read(1, "notes/also good").as_deref(), Some("good"), "the others travel");
    let status = fleet.run(0, &["status"]).ends_with(0).stdout;
    assert!(status.contains("cannot travel: notes/caf\\xe9.txt") && status.contains("UTF-8"), "{status}");
    fs::rename(&bad, fleet.folder(0).join("notes/café.txt")).unwrap();
    fleet.run(0, &["handoff", "b"]).ends_with(0);
    assert_eq!(fleet.read(1, "notes/café.txt").as_deref(), Some("bytes of somebody"));
    assert_eq!(fleet.standing(0)["unsyncable"]["items"], 0);
}

#[test]
fn c11_a_file_that_grows_all_the_time_holds_up_no_other_and_is_not_claimed() {
    let fleet = Fleet::running(2);
    let path = fleet.folder(0).join("growing.log");
    fleet.write(0, "growing.log", vec![b'x'; 30_000_000]);
    let is_over = Arc::new(AtomicBool::new(false));
    let (ends, of_writer) = (is_over.clone(), path.clone());
    let writer = std::thread::spawn(move || {
        let mut file = fs::File::options().append(true).open(of_writer).unwrap();
        while !ends.load(Ordering::Relaxed) {
            file.write_all(b"one more line\n").unwrap();
        }
        // Whoever opens it next finds it at rest.
        file.sync_all().unwrap();
    });
    (0..20).for_each(|number| fleet.write(0, &format!("others/{number}"), format!("other {number}")));
    fleet
        .until("the others are there", || (0..20).all(|at| fleet.read(1, &format!("others/{at}")).is_some()));
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "3s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    assert_eq!(report["folders"][0]["complete"], false);
    is_over.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    fleet.in_step();
    assert_eq!(fs::read(fleet.folder(1).join("growing.log")).unwrap(), fs::read(path).unwrap());
}

#[test]
fn d16_pipes_sockets_and_devices_are_listed_and_never_opened() {
    let fleet = Fleet::running(2);
    let at = |name: &str| fleet.folder(0).join(name);
    fleet.write(0, "good", "good");
    // Whoever opened the pipe would wait for ever.
    for arguments in [&["mkfifo"][..], &["mknod", "c", "1", "3"], &["mknod", "b", "7", "0"]] {
        let name = format!("odd-{}", arguments.last().unwrap());
        let status = Command::new(arguments[0]).arg(at(&name)).args(&arguments[1..]).status().unwrap();
        assert!(status.success());
    }
    let _socket = std::os::unix::net::UnixListener::bind(at("odd-socket")).unwrap();
    fleet.in_step_but(&["odd-mkfifo", "odd-3", "odd-0", "odd-socket"]);
    let special = fleet.standing(0)["special"].clone();
    assert_eq!(special["items"], 4, "{special}");
    assert!(fleet.run(0, &["status"]).stdout.contains("4 pipes, sockets and devices"));
    assert_eq!(
        fs::read_dir(fleet.folder(1))
            .unwrap()
            .flatten()
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            .count(),
        1
    );
    assert!(fs::symlink_metadata(at("odd-mkfifo")).unwrap().file_type().is_fifo());
    fleet.run(0, &["handoff", "b"]).ends_with(0);
    // What comes for their places does not destroy them.
    fleet.write(1, "odd-socket", "a file of b");
    fleet.until("b's file waits on a, or stands beside", || {
        fleet.standing(0)["held_items"] != 0
            || tree(&fleet.folder(0)).keys().any(|name| name.contains("odd-socket."))
    });
    assert!(fs::symlink_metadata(at("odd-socket")).unwrap().file_type().is_socket());
}

#[test]
fn d15_holes_of_a_large_file_neither_travel_nor_take_room() {
    let fleet = Fleet::running(2);
    let path = fleet.folder(0).join("image");
    let file = fs::File::create(&path).unwrap();
    file.set_len(2 << 30).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"in the middle", 1 << 30).unwrap();
    drop(file);
    fleet.in_step();
    let there = fs::metadata(fleet.folder(1).join("image")).unwrap();
    assert_eq!(there.len(), 2 << 30);
    assert!(there.blocks() * 512 < 64 << 20, "{} blocks", there.blocks());
    let received = fleet.run(1, &["status", "--json"]).json()["daemon"]["machines"][0]["received"].clone();
    assert!(received.as_u64().unwrap() < 64 << 20, "{received}");
}

#[test]
fn d14_hard_links_travel_as_files_and_an_edit_by_one_name_is_seen_at_the_other() {
    let fleet = Fleet::running(2);
    fleet.write(0, "one", "linked");
    fs::hard_link(fleet.folder(0).join("one"), fleet.folder(0).join("two")).unwrap();
    fleet.in_step();
    let mut file = fs::File::options().append(true).open(fleet.folder(0).join("two")).unwrap();
    file.write_all(b", and edited").unwrap();
    drop(file);
    // The system tells only of the name by which it was written to; the next look at everything finds the other.
    fleet.in_step();
    for name in ["one", "two"] {
        assert_eq!(fleet.read(1, name).as_deref(), Some("linked, and edited"));
    }
    // What comes breaks the link for its own name alone.
    fleet.write(1, "one", "b's");
    fleet.in_step();
    assert_eq!(fleet.read(0, "one").as_deref(), Some("b's"));
    assert_eq!(fleet.read(0, "two").as_deref(), Some("linked, and edited"));
}

#[test]
fn d18_bits_of_power_do_not_travel_and_a_directory_keeps_its_own() {
    let fleet = Fleet::running(2);
    let at = |machine, name: &str| fleet.folder(machine).join(name);
    fleet.write(0, "program", "#!/bin/sh\n");
    mode(&at(0, "program"), 0o6755);
    fleet.write(0, "closed/file", "in it");
    fleet.write(0, "shared/file", "in it");
    mode(&at(0, "closed"), 0o555);
    mode(&at(0, "shared"), 0o1777);
    // The folders are not the same then: bits of power stay behind.
    fleet.run(0, &["sync", "--wait", "--timeout", "60s"]).ends_with(0);
    assert_eq!(fs::metadata(at(1, "closed")).unwrap().mode() & 0o7777, 0o555);
    assert_eq!(fs::metadata(at(1, "program")).unwrap().mode() & 0o7777, 0o755);
    assert_eq!(fs::metadata(at(1, "shared")).unwrap().mode() & 0o7000, 0);
    // Those that a person here gave stay when others' permissions come.
    mode(&at(1, "shared"), 0o2770);
    fleet.until("a has b's permissions", || fs::metadata(at(0, "shared")).unwrap().mode() & 0o777 == 0o770);
    mode(&at(0, "shared"), 0o1755);
    fleet.until("b has a's permissions", || fs::metadata(at(1, "shared")).unwrap().mode() & 0o777 == 0o755);
    assert_eq!(fs::metadata(at(1, "shared")).unwrap().mode() & 0o7000, 0o2000, "its own bit stays");
    fs::write(at(0, "closed/file"), "edited in it").unwrap();
    fs::write(at(0, "closed/new"), "new in it").unwrap();
    fleet.until("b has it", || fleet.read(1, "closed/new").is_some());
    fleet.run(0, &["sync", "--wait", "--timeout", "60s"]).ends_with(0);
    assert_eq!(fleet.read(1, "closed/file").as_deref(), Some("edited in it"));
    assert_eq!(fs::metadata(at(1, "closed")).unwrap().mode() & 0o7777, 0o555);
}

#[test]
fn d11_names_that_would_upset_a_terminal_travel_and_are_shown_harmlessly() {
    let fleet = Fleet::running(2);
    let names = ["two\nlines", "tab\there", "red\u{1b}[31m", "left\u{202e}right", "bell\u{7}", " spaces "];
    names.iter().for_each(|name| fleet.write(0, name, *name));
    fleet.in_step();
    for name in names {
        assert_eq!(fleet.read(1, name).as_deref(), Some(name));
        fs::remove_file(fleet.folder(0).join(name)).unwrap();
    }
    fleet.until("they are gone", || names.iter().all(|name| fleet.read(1, name).is_none()));
    for arguments in [&["log"][..], &["log", "--deletions"], &["recover", "list", "work"], &["status"]] {
        let said = fleet.run(1, arguments).ends_with(0);
        let is_harmless = |text: &str| !text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\t']);
        assert!(is_harmless(&said.stdout) && is_harmless(&said.stderr), "{said:?}");
    }
    let log = fs::read(fleet.place("daemon-b.log")).unwrap();
    assert!(!log.iter().any(|byte| matches!(byte, 0x1b | 7)), "the log is harmless as well");
}

#[test]
fn d21_a_directory_with_something_below_becomes_a_file_and_back() {
    let fleet = Fleet::running(2);
    (0..5).for_each(|number| fleet.write(0, &format!("thing/below/{number}"), format!("below {number}")));
    fleet.in_step();
    fs::remove_dir_all(fleet.folder(0).join("thing")).unwrap();
    fleet.write(0, "thing", "a file now");
    fleet.in_step();
    assert_eq!(fleet.read(1, "thing").as_deref(), Some("a file now"));
    // Everything that went can be had back.
    let kept = fleet.run(1, &["recover", "list", "work"]).ends_with(0).stdout;
    assert!((0..5).all(|number| kept.contains(&format!("thing/below/{number}"))), "{kept}");
    // Where nobody knew of something below, it stays, and the file does not take its place.
    fs::remove_file(fleet.folder(0).join("thing")).unwrap();
    std::os::unix::fs::symlink("elsewhere", fleet.folder(0).join("thing")).unwrap();
    fleet.in_step();
    fs::remove_file(fleet.folder(1).join("thing")).unwrap();
    fleet.write(1, "thing/again/below", "deep");
    fleet.in_step();
    assert_eq!(fleet.read(0, "thing/again/below").as_deref(), Some("deep"));
}

#[test]
fn d13_what_is_left_out_stays_when_its_directory_is_removed_elsewhere() {
    let fleet = Fleet::running(2);
    for machine in 0..2 {
        fleet.run(machine, &["folder", "ignore", "work", "*.secret"]).ends_with(0);
    }
    fleet.write(0, "project/code", "code");
    fleet.write(1, "project/own.secret", "only for b");
    fleet.in_step_but(&["project/own.secret"]);
    fs::remove_dir_all(fleet.folder(0).join("project")).unwrap();
    fleet.until("the code is gone on b", || fleet.read(1, "project/code").is_none());
    fleet.run(1, &["folder", "scan", "work"]).ends_with(0);
    assert_eq!(fleet.read(1, "project/own.secret").as_deref(), Some("only for b"));
    assert_eq!(fleet.read(0, "project/own.secret"), None);
}
