//! Daemons that are ended, killed and hindered in the middle of their work.

use crate::fleet::{Fleet, staged, tree};
use std::fs;
use std::io::Write;
use std::time::Duration;

/// Bytes that a machine has received in the connections that it has.
fn received(fleet: &Fleet, machine: usize) -> u64 {
    let status = fleet.run(machine, &["status", "--json"]).json();
    status["daemon"]["machines"][0]["received"].as_u64().unwrap_or_default()
}

#[test]
fn k2_an_end_in_the_middle_of_a_large_file_is_quick_and_what_came_is_used_again() {
    let mut fleet = Fleet::running(2);
    fleet.in_step();
    fleet.run(1, &["config", "set", "network.receive_limit", "2000"]).ends_with(0);
    let bytes: Vec<u8> = (0..6_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fleet.write(0, "large", &bytes);
    fleet.until("most of it has come", || staged(&fleet, 1) > 14_000_000);
    assert!(fleet.stop(1) < Duration::from_secs(5), "the one that receives");
    assert_eq!(fleet.read(1, "large"), None, "nothing half is under its name");
    assert!(staged(&fleet, 1) > 14_000_000, "what came is kept");
    fleet.run(1, &["config", "set", "network.receive_limit", "0"]).ends_with(0);
    fleet.start(1);
    fleet.in_step();
    assert_eq!(fs::read(fleet.folder(1).join("large")).unwrap(), bytes);
    assert!(received(&fleet, 1) < 16_000_000, "what had come did not come again: {}", received(&fleet, 1));
    assert_eq!(staged(&fleet, 1), 0);
    // The one that sends.
    fleet.run(0, &["config", "set", "network.send_limit", "2000"]).ends_with(0);
    fleet.write(0, "larger", [&bytes[..], b"more"].concat().into_iter().rev().collect::<Vec<u8>>());
    fleet.until("some of it has come", || staged(&fleet, 1) > 1_000_000);
    assert!(fleet.stop(0) < Duration::from_secs(5), "the one that sends");
    fleet.run(0, &["config", "set", "network.send_limit", "0"]).ends_with(0);
    fleet.start(0);
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 2);
}

#[test]
fn what_came_of_a_file_that_is_still_being_written_does_not_come_again() {
    let fleet = Fleet::running(2);
    fleet.in_step();
    fleet.run(1, &["config", "set", "network.receive_limit", "2000"]).ends_with(0);
    let bytes: Vec<u8> = (0..6_000_000_u32).flat_map(u32::to_le_bytes).collect();
    fleet.write(0, "large", &bytes[..16_000_000]);
    fleet.until("much of it has come", || staged(&fleet, 1) > 10_000_000);
    let mut file = fs::File::options().append(true).open(fleet.folder(0).join("large")).unwrap();
    file.write_all(&bytes[16_000_000..]).unwrap();
    drop(file);
    fleet.run(1, &["config", "set", "network.receive_limit", "0"]).ends_with(0);
    fleet.in_step();
    assert!(fs::read(fleet.folder(1).join("large")).unwrap() == bytes);
    assert!(received(&fleet, 1) < 30_000_000, "it came again: {}", received(&fleet, 1));
    assert_eq!(staged(&fleet, 1), 0);
}

#[test]
fn k1_commands_while_a_daemon_is_killed_again_and_again() {
    let mut fleet = Fleet::running(2);
    for round in 0..5 {
        (0..40).for_each(|number| fleet.write(0, &format!("{round}/{number}"), format!("{round} {number}")));
        fleet.until("some of them have come", || {
            fs::read_dir(fleet.folder(1).join(round.to_string())).is_ok()
        });
        fleet.kill(round % 2);
        // Commands that need no daemon work without it, and others say that there is none.
        fleet.run(round % 2, &["config", "get", "log.level"]).ends_with(0);
        let status = fleet.run(round % 2, &["status"]);
        assert!(status.code == 0 && !status.stdout.contains("runs, process"), "{status:?}");
        fleet.start(round % 2);
    }
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 5 * 41);
    let conflicts = tree(&fleet.folder(1)).into_keys().filter(|name| name.contains("conflict")).count();
    assert_eq!(conflicts, 0);
}

#[test]
fn k8_thousands_of_errors_are_counted_and_not_listed_one_by_one() {
    let mut fleet = Fleet::new(2);
    let folder = fleet.folder(0);
    for number in 0..3_000 {
        fleet.write(0, &format!("many/{}/{number}", number % 30), format!("{number}"));
    }
    let name = |number: u32| [&b"bad\xff"[..], number.to_string().as_bytes()].concat();
    for number in 0..2_000 {
        let name = name(number);
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(&name[..]);
        fs::write(folder.join(name), "").unwrap();
    }
    fleet.as_user(0);
    for number in 0..3_000 {
        let path = folder.join(format!("many/{}/{number}", number % 30));
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    }
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.until("all are counted", || {
        let standing = fleet.standing(0);
        standing["unread"]["items"] == 3_000 && standing["unsyncable"]["items"] == 2_000
    });
    let status = fleet.run(0, &["status"]).stdout;
    assert!(status.lines().count() < 40, "{status}");
    assert!(status.contains("and 2995 more"), "{status}");
    assert!(fleet.run(0, &["status", "--json"]).stdout.len() < 200_000);
    let log = fs::metadata(fleet.place("daemon-a.log")).unwrap().len();
    assert!(log < 200_000, "{log} bytes of log");
    fleet.write(0, "good", "good");
    fleet.until("what is good travels", || fleet.read(1, "good").is_some());
}

#[test]
fn c14_a_deep_tree_and_a_large_directory() {
    let mut fleet = Fleet::new(2);
    // In memory, so that it takes little time.
    for machine in 0..2 {
        for place in [fleet.folder(machine), fleet.root(machine).join("state")] {
            fleet.small_disk(&place, "size=256m");
        }
        fleet.start(machine);
    }
    let deep = ["a-directory-with-a-long-name"; 120].join("/");
    // Longer than the system takes as one path: made from directory to directory.
    let script = "i=0; while [ $i -lt 120 ]; do mkdir a-directory-with-a-long-name && cd a-directory-with-a-long-name || exit 1; \
                  i=$((i+1)); done; echo deep > file";
    let made = std::process::Command::new("sh").args(["-c", script]).current_dir(fleet.folder(0)).status();
    assert!(made.unwrap().success());
    (0..5_000).for_each(|number| fleet.write(0, &format!("wide/{number}"), format!("{number}")));
    for machine in 0..2 {
        let waited = fleet.run(machine, &["sync", "--wait", "--timeout", "180s"]);
        assert_eq!(waited.code, 0, "{waited:?}");
    }
    assert_eq!(fs::read_dir(fleet.folder(1).join("wide")).unwrap().count(), 5_000);
    assert_eq!(fs::read_to_string(fleet.folder(1).join(&deep).join("file")).unwrap(), "deep\n");
    assert_eq!(fleet.standing(1)["items"], 5_000 + 1 + 120 + 1);
}

#[test]
fn e20_folders_in_one_another_are_refused() {
    let fleet = Fleet::running(1);
    let inner = fleet.folder(0).join("inner");
    let outer = fleet.place("");
    let beside = fleet.place("beside");
    for place in [fleet.folder(0), inner, outer] {
        let said = fleet.run(0, &["folder", "add", "other", place.to_str().unwrap()]).ends_with(2);
        assert!(said.stderr.contains("work"), "{said:?}");
    }
    // By a link it is the same place.
    std::os::unix::fs::symlink(fleet.folder(0), fleet.place("link")).unwrap();
    let link = fleet.place("link/inner");
    fleet.run(0, &["folder", "add", "other", link.to_str().unwrap()]).ends_with(2);
    fleet.run(0, &["folder", "add", "other", beside.to_str().unwrap()]).ends_with(0);
}

#[test]
fn b7_what_is_kept_in_memory_does_not_grow_with_what_travels() {
    let fleet = Fleet::running(2);
    let mut bytes: Vec<u8> = (0..16_000_000_u32).flat_map(u32::to_le_bytes).collect();
    for number in 0..4 {
        bytes[0] = number;
        fleet.write(0, &format!("large-{number}"), &bytes);
    }
    fleet.in_step();
    for machine in 0..2 {
        let status = fs::read_to_string(format!("/proc/{}/status", fleet.process(machine))).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 200_000, "{peak} kB for 256 MB");
    }
}
