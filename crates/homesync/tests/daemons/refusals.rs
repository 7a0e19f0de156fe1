//! Files that the system does not let us read or change: named with its words, unknown and never removed, and no obstacle for the others.

use crate::fleet::{Fleet, tree};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What is said about the first thing that could not be read.
fn unread(fleet: &Fleet, machine: usize) -> String {
    fleet.standing(machine)["unread"]["first"][0].to_string()
}

#[test]
fn b5_what_may_not_be_read_is_unknown_and_the_others_travel() {
    let mut fleet = Fleet::new(2);
    fleet.write(0, "closed/known", "known");
    fleet.write(0, "open", "1");
    fleet.as_user(0);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.in_step();
    // A directory and a file become unreadable for the daemon, which is no root.
    fleet.write(0, "mine", "1");
    mode(&fleet.folder(0).join("mine"), 0o000);
    mode(&fleet.folder(0).join("closed"), 0o000);
    fleet.write(0, "open", "2");
    fleet.run(0, &["folder", "scan", "work"]).ends_with(0);
    fleet.until("a says so", || fleet.standing(0)["unread"]["items"] == 2);
    assert!(unread(&fleet, 0).contains("Permission denied"), "{}", unread(&fleet, 0));
    fleet.until("the others travel", || fleet.read(1, "open").as_deref() == Some("2"));
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "2s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    assert_eq!(fleet.read(1, "closed/known").as_deref(), Some("known"), "unknown is not absent");
    mode(&fleet.folder(0).join("closed"), 0o755);
    mode(&fleet.folder(0).join("mine"), 0o644);
    fleet.in_step();
    assert_eq!(fleet.read(1, "mine").as_deref(), Some("1"));
}

#[test]
fn b5_what_may_not_be_written_in_anothers_directory_waits_alone_and_says_why() {
    let mut fleet = Fleet::new(2);
    fleet.as_user(1);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "closed/known", "1");
    fleet.in_step();
    // It belongs to somebody else on b.
    let closed = fleet.folder(1).join("closed");
    let user = fs::metadata(&closed).unwrap().uid();
    chown(&closed, Some(0), None).unwrap();
    fleet.write(0, "closed/file", "1");
    fleet.write(0, "beside", "1");
    fleet.until("what is beside it travels", || fleet.read(1, "beside").is_some());
    let held = || fleet.standing(1)["held"][0].clone();
    fleet.until("b names the file, in the system's words", || {
        held()["path"] == "closed/file" && held()["reason"].to_string().contains("Permission denied")
    });
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "1s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    chown(&closed, Some(user), None).unwrap();
    fleet.in_step();
    assert_eq!(fleet.read(1, "closed/file").as_deref(), Some("1"));
}

/// Sets the modes of a tree as tools do that keep what they downloaded: nothing in it may be written.
fn close(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => close(&entry.path()),
            false => mode(&entry.path(), 0o444),
        }
    }
    mode(directory, 0o555);
}

#[test]
fn d20_directories_that_their_owner_may_not_write_in_are_kept_in_step_for_an_ordinary_user() {
    let mut fleet = Fleet::new(2);
    fleet.as_user(1);
    (0..2).for_each(|machine| fleet.start(machine));
    for number in 0..40 {
        fleet.write(0, &format!("mod/{}/{}/file-{number}", number % 3, number % 5), format!("{number}"));
    }
    close(&fleet.folder(0).join("mod"));
    fleet.in_step();
    let in_mod = |below: &str| fleet.folder(0).join("mod").join(below);
    // In closed directories something is made, edited, moved and removed, by somebody who is above permissions.
    fleet.write(0, "mod/1/1/new", "made");
    fs::write(in_mod("0/0/file-0"), "edited").unwrap();
    fs::rename(in_mod("2/2/file-2"), in_mod("0/moved")).unwrap();
    fs::remove_dir_all(in_mod("1/4")).unwrap();
    fs::create_dir(in_mod("2/closed")).unwrap();
    mode(&in_mod("2/closed"), 0o500);
    fleet.in_step();
    assert_eq!(fleet.read(1, "mod/0/moved").as_deref(), Some("2"));
    // A conflict in one, and a file where a closed directory was.
    fleet.network.pull(0);
    fs::write(in_mod("1/1/new"), "by a").unwrap();
    fs::write(fleet.folder(1).join("mod/1/1/new"), "by b").unwrap();
    fs::remove_dir_all(in_mod("2/closed")).unwrap();
    fleet.write(0, "mod/2/closed", "a file now");
    fleet.network.plug(0);
    fleet.in_step();
    assert_eq!(fleet.read(1, "mod/2/closed").as_deref(), Some("a file now"));
    let conflicts = tree(&fleet.folder(1)).into_keys().filter(|name| name.contains("sync-conflict")).count();
    assert_eq!(conflicts, 1);
    // All of it goes.
    fs::remove_dir_all(fleet.folder(0).join("mod")).unwrap();
    for machine in 0..2 {
        fleet.until("it asks", || fleet.standing(machine)["state"] == "waiting-for-you");
        fleet.run(machine, &["folder", "approve", "work"]).ends_with(0);
    }
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 0);
}

#[test]
fn d20_what_was_lent_when_a_daemon_was_killed_gets_its_permissions_back() {
    let mut fleet = Fleet::new(2);
    fleet.as_user(1);
    (0..2).for_each(|machine| fleet.start(machine));
    for round in 0..4 {
        for number in 0..150 {
            fleet.write(0, &format!("{round}/{number}/file"), format!("{round} {number}"));
        }
        close(&fleet.folder(0).join(round.to_string()));
        fleet.until("some of it has come", || {
            fs::read_dir(fleet.folder(1).join(round.to_string())).is_ok_and(|all| all.count() > 10)
        });
        fleet.kill(1);
        fleet.start(1);
    }
    fleet.in_step();
    let closed = |machine| {
        let tree = tree(&fleet.folder(machine));
        assert_eq!(tree.len(), 4 * 301);
        tree
    };
    assert_eq!(closed(0), closed(1), "also in their permissions");
    let conflicts = tree(&fleet.folder(0)).into_keys().filter(|name| name.contains("conflict")).count();
    assert_eq!(conflicts, 0);
    let a_directory = fs::metadata(fleet.folder(0).join("3/7")).unwrap();
    assert_eq!(
        a_directory.permissions().mode() & 0o777,
        0o555,
        "nobody took it for a change of the person's"
    );
}

#[test]
fn b13_a_file_that_may_not_be_changed_waits_alone_and_says_why() {
    let mut fleet = Fleet::new(2);
    let folder = fleet.folder(1);
    fleet.small_disk(&folder, "size=64m");
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "fixed", "1");
    fleet.write(0, "other", "1");
    fleet.in_step();
    let fixed = |how: &str| {
        let status = Command::new("chattr").arg(how).arg(folder.join("fixed")).status();
        assert!(status.expect("`chattr` runs: `cargo xtask setup` installs e2fsprogs").success());
    };
    fixed("+i");
    fleet.write(0, "fixed", "2");
    fleet.write(0, "other", "2");
    fleet.until("the other one travels", || fleet.read(1, "other").as_deref() == Some("2"));
    let held = || fleet.standing(1)["held"][0].clone();
    fleet.until("b names the file", || {
        held()["path"] == "fixed" && held()["reason"].to_string().contains("not permitted")
    });
    assert_eq!(fleet.read(1, "fixed").as_deref(), Some("1"));
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "1s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    fixed("-i");
    fleet.in_step();
    assert_eq!(fleet.read(1, "fixed").as_deref(), Some("2"));
}

#[test]
fn b6_few_open_files_are_enough() {
    let mut fleet = Fleet::new(2);
    for number in 0..600 {
        fleet.write(0, &format!("many/{}/{}/{number}", number % 40, number % 7), format!("file {number}"));
    }
    // Neither more at the start nor more when it asks.
    fleet.start_with(1, &["prlimit", "--nofile=256:256"]);
    fleet.start_with(0, &["prlimit", "--nofile=256:256"]);
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), tree(&fleet.folder(0)).len());
    assert!(fleet.is_running(0) && fleet.is_running(1));
}

#[test]
fn b9_what_the_disk_cannot_read_is_unknown_and_not_changed() {
    let mut fleet = Fleet::new(2);
    fleet.write(0, "good", "good");
    fleet.write(0, "bad", "bad sectors");
    let bad = fleet.folder(0).join("bad");
    let trace = fleet.place("trace");
    let arguments = ["strace", "-D", "-f", "-qq", "-o", trace.to_str().unwrap(), "-P", bad.to_str().unwrap()];
    let inject = ["-e", "trace=pread64", "-e", "inject=pread64:error=EIO"];
    fleet.start_with(0, &[&arguments[..], &inject[..]].concat());
    fleet.start(1);
    fleet.until("the good one travels", || fleet.read(1, "good").is_some());
    fleet.until("the bad one is named", || unread(&fleet, 0).contains("bad"));
    assert!(unread(&fleet, 0).contains("Input/output error"), "{}", unread(&fleet, 0));
    assert_eq!(fleet.read(1, "bad"), None);
    fleet.stop(0);
    fleet.start(0);
    fleet.in_step();
    assert_eq!(fleet.read(1, "bad").as_deref(), Some("bad sectors"));
}
