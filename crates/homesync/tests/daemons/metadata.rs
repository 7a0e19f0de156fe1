//! Owner, group, extended attributes and access control lists, where folders carry them.

use crate::fleet::Fleet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// An ordinary user's number, as which daemons of tests run.
const USER: u32 = 65534;

fn set(program: &str, arguments: &[&str], path: &Path) {
    let output = Command::new(program).args(arguments).arg("--").arg(path).output();
    let output = output.unwrap_or_else(|_| panic!("{program} is there: `cargo xtask setup` installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What the system says of an object: owner and group by number, attributes, and the access control list.
fn told(path: &Path) -> String {
    let status = fs::symlink_metadata(path).map(|it| format!("{} {} {:o}", it.uid(), it.gid(), it.mode()));
    let Ok(status) = status else { return "nothing".to_owned() };
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).arg("--").arg(path).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let attributes = said("getfattr", &["--no-dereference", "--dump", "--absolute-names", "--match=^user"]);
    let attributes: Vec<&str> = attributes.lines().filter(|line| !line.starts_with('#')).collect();
    let list = said("getfacl", &["--physical", "--numeric", "--omit-header", "--absolute-names"]);
    format!("{status}\n{}\n{list}", attributes.join("\n"))
}

/// Machines whose folders carry everything.
fn carrying(machines: usize) -> Fleet {
    let fleet = Fleet::new(machines);
    (0..machines).for_each(|machine| carry(&fleet, machine, "sync"));
    fleet
}

fn carry(fleet: &Fleet, machine: usize, word: &str) {
    for key in ["owner", "attributes"] {
        fleet.run(machine, &["folder", "set", "work", key, word]).ends_with(0);
    }
}

fn at(fleet: &Fleet, machine: usize, name: &str) -> PathBuf {
    fleet.folder(machine).join(name)
}

#[track_caller]
fn alike(fleet: &Fleet, names: &[&str]) {
    for name in names {
        fleet.until(&format!("{name} is alike on both"), || {
            told(&at(fleet, 0, name)) == told(&at(fleet, 1, name))
        });
    }
}

/// Looks at everything again, and expects that nothing of it is news.
#[track_caller]
fn rests(fleet: &Fleet, machines: usize) {
    let sequences =
        || -> Vec<_> { (0..machines).map(|machine| fleet.standing(machine)["sequence"].clone()).collect() };
    let before = sequences();
    for _ in 0..2 {
        for machine in 0..machines {
            fleet.run(machine, &["folder", "scan", "work"]).ends_with(0);
        }
        fleet.in_step();
    }
    assert_eq!(sequences(), before, "{}", fleet.logs());
}

#[test]
fn owner_group_attributes_and_lists_come_along_both_ways() {
    let mut fleet = carrying(2);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "file", "content");
    fleet.write(0, "kept/inside", "inside");
    symlink("elsewhere", at(&fleet, 0, "link")).unwrap();
    set("setfattr", &["-n", "user.comment", "-v", "a note"], &at(&fleet, 0, "file"));
    set("setfattr", &["-n", "user.comment", "-v", "of a directory"], &at(&fleet, 0, "kept"));
    set("setfacl", &["-m", "u:4321:rw,g:77:r"], &at(&fleet, 0, "file"));
    set("setfacl", &["-d", "-m", "u:4321:rwx"], &at(&fleet, 0, "kept"));
    chown(at(&fleet, 0, "file"), Some(1_234), Some(2_345)).unwrap();
    chown(at(&fleet, 0, "kept"), Some(1_234), Some(2_345)).unwrap();
    lchown(at(&fleet, 0, "link"), Some(1_235), Some(2_346)).unwrap();
    let names = ["file", "kept", "kept/inside", "link"];
    fleet.in_step();
    alike(&fleet, &names);
    let file = told(&at(&fleet, 1, "file"));
    assert!(
        file.starts_with("1234 2345") && file.contains("a note") && file.contains("user:4321:rw-"),
        "{file}"
    );
    assert_eq!(fs::symlink_metadata(at(&fleet, 1, "link")).unwrap().uid(), 1_235);
    rests(&fleet, 2);
    // And back, without any content: of the file, its directory and the link.
    let inode = |name: &str| fs::metadata(at(&fleet, 0, name)).unwrap().ino();
    let before = (inode("kept"), inode("kept/inside"));
    set("setfattr", &["-x", "user.comment"], &at(&fleet, 1, "file"));
    set("setfattr", &["-n", "user.other", "-v", "b's"], &at(&fleet, 1, "kept"));
    set("setfacl", &["-b"], &at(&fleet, 1, "file"));
    chown(at(&fleet, 1, "file"), Some(7), None).unwrap();
    chown(at(&fleet, 1, "kept/inside"), Some(6), None).unwrap();
    lchown(at(&fleet, 1, "link"), Some(8), None).unwrap();
    fleet.until("a has b's owner", || {
        let owner = |name: &str| fs::symlink_metadata(at(&fleet, 0, name)).unwrap().uid();
        (owner("kept/inside"), owner("file"), owner("link")) == (6, 7, 8)
    });
    fleet.in_step();
    alike(&fleet, &names);
    assert!(!told(&at(&fleet, 0, "file")).contains("a note"));
    assert_eq!((inode("kept"), inode("kept/inside")), before, "what keeps its content is not copied");
    // Whoever edits the content takes nothing of it away.
    fleet.write(1, "kept/inside", "edited");
    set("setfattr", &["-n", "user.late", "-v", "too"], &at(&fleet, 0, "file"));
    fleet.in_step();
    alike(&fleet, &names);
    rests(&fleet, 2);
    // What happened while nobody looked is noticed.
    fleet.stop(1);
    chown(at(&fleet, 1, "kept/inside"), Some(9), Some(9)).unwrap();
    fleet.start(1);
    fleet.until("a has it, too", || fs::metadata(at(&fleet, 0, "kept/inside")).unwrap().gid() == 9);
    fleet.in_step();
    rests(&fleet, 2);
}

#[test]
fn d17_attributes_that_a_file_system_cannot_hold_keep_no_content_back() {
    let mut fleet = carrying(2);
    let bare = fleet.folder(1);
    fleet.bare_disk(&bare);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "plain", "plain");
    fleet.write(0, "noted", "content");
    set("setfattr", &["-n", "user.comment", "-v", "a note"], &at(&fleet, 0, "noted"));
    chown(at(&fleet, 0, "noted"), Some(1_234), None).unwrap();
    fleet.in_step();
    assert_eq!(fleet.read(1, "noted").as_deref(), Some("content"));
    assert_eq!(fs::metadata(at(&fleet, 1, "noted")).unwrap().uid(), 1_234, "what can be set is");
    fleet.until("it is named", || fleet.standing(1)["partial"]["items"] == 1);
    let partial = fleet.standing(1)["partial"]["first"][0].clone();
    assert_eq!(partial["path"], "noted");
    assert!(partial["reason"].as_str().unwrap().contains("attribute user.comment"), "{partial}");
    assert!(fleet.run(1, &["status"]).ends_with(0).stdout.contains("partial: noted"));
    let explained = fleet.run(1, &["explain", "work/noted"]).ends_with(0).stdout;
    assert!(explained.contains("partial: attribute user.comment"), "{explained}");
    // No loop, and nobody's attributes are taken away because they are not there.
    rests(&fleet, 2);
    assert!(told(&at(&fleet, 0, "noted")).contains("a note"));
    fleet.stop(1);
    fleet.start(1);
    rests(&fleet, 2);
    assert_eq!(fleet.standing(1)["partial"]["items"], 1, "it is not forgotten");
    // Nor by an edit that is made there: they travel on.
    fleet.write(1, "noted", "edited on the bare disk");
    fleet.in_step();
    assert_eq!(fleet.read(0, "noted").as_deref(), Some("edited on the bare disk"));
    assert!(told(&at(&fleet, 0, "noted")).contains("a note"), "{}", told(&at(&fleet, 0, "noted")));
    rests(&fleet, 2);
}

#[test]
fn d17_owners_that_an_ordinary_user_may_not_give_keep_no_content_back() {
    let mut fleet = carrying(2);
    fs::create_dir_all(fleet.folder(1)).unwrap();
    fleet.as_user(1);
    (0..2).for_each(|machine| fleet.start(machine));
    for number in 0..20 {
        fleet.write(0, &format!("dir/{number}"), format!("content {number}"));
    }
    set("setfattr", &["-n", "user.comment", "-v", "a note"], &at(&fleet, 0, "dir/1"));
    fleet.in_step();
    assert_eq!(fs::metadata(at(&fleet, 1, "dir/1")).unwrap().uid(), USER);
    assert!(told(&at(&fleet, 1, "dir/1")).contains("a note"), "what it may set it does");
    fleet.until("all are named", || fleet.standing(1)["partial"]["items"] == 21);
    assert_eq!(fleet.standing(1)["state"], "idle");
    rests(&fleet, 2);
    assert_eq!(fs::metadata(at(&fleet, 0, "dir/1")).unwrap().uid(), 0, "nobody is robbed");
    // What the user edits is an edit, and still root's elsewhere.
    fleet.write(1, "dir/2", "edited by the user");
    set("setfattr", &["-n", "user.comment", "-v", "the user's"], &at(&fleet, 1, "dir/1"));
    fleet.until("a has both", || {
        fleet.read(0, "dir/2").as_deref() == Some("edited by the user")
            && told(&at(&fleet, 0, "dir/1")).contains("the user's")
    });
    assert_eq!(fs::metadata(at(&fleet, 0, "dir/2")).unwrap().uid(), 0);
    rests(&fleet, 2);
    // Who does not want owners any more misses none.
    fleet.run(1, &["folder", "set", "work", "owner", "none"]).ends_with(0);
    fleet.until("none is missed", || fleet.standing(1)["partial"]["items"] == 0);
}

/// Runs a machine's daemon where these users are known, of all that there are.
fn start_knowing(fleet: &mut Fleet, machine: usize, users: &[(&str, u32)]) {
    let passwd = fleet.place(&format!("passwd-{machine}"));
    let line = |(name, number): &(&str, u32)| format!("{name}:x:{number}:{number}::/:/bin/false\n");
    let own: String = users.iter().map(line).collect();
    fs::write(&passwd, format!("root:x:0:0:root:/root:/bin/sh\n{own}")).unwrap();
    let groups = fleet.place(&format!("group-{machine}"));
    let line = |(name, number): &(&str, u32)| format!("{name}:x:{number}:\n");
    let own: String = users.iter().map(line).collect();
    fs::write(&groups, format!("root:x:0:\n{own}")).unwrap();
    // In a mount namespace of its own: nothing outside of the test sees these files.
    let script =
        "mount --bind \"$1\" /etc/passwd && mount --bind \"$2\" /etc/group && shift 2 && exec \"$@\"";
    let (passwd, groups) = (passwd.to_str().unwrap(), groups.to_str().unwrap());
    fleet.start_with(machine, &["unshare", "--mount", "sh", "-c", script, "sh", passwd, groups]);
}

#[test]
fn d19_an_owner_is_known_by_name_and_a_stranger_by_number() {
    let mut fleet = carrying(2);
    start_knowing(&mut fleet, 0, &[("ann", 7_001), ("carl", 7_003)]);
    start_knowing(&mut fleet, 1, &[("ann", 8_001)]);
    fleet.write(0, "of ann", "hers");
    fleet.write(0, "of carl", "his");
    fleet.write(0, "of nobody", "nobody's");
    chown(at(&fleet, 0, "of ann"), Some(7_001), Some(7_001)).unwrap();
    chown(at(&fleet, 0, "of carl"), Some(7_003), Some(7_003)).unwrap();
    chown(at(&fleet, 0, "of nobody"), Some(7_009), Some(7_009)).unwrap();
    fleet.in_step();
    let owner =
        |name: &str| fs::metadata(at(&fleet, 1, name)).map(|it| (it.uid(), it.gid())).unwrap_or_default();
    fleet.until("ann has hers", || owner("of ann") == (8_001, 8_001));
    fleet.until("carl's number has his", || owner("of carl") == (7_003, 7_003));
    fleet.until("nobody's is nobody's", || owner("of nobody") == (7_009, 7_009));
    let explained = fleet.run(1, &["explain", "work/of carl"]).ends_with(0).stdout;
    assert!(explained.contains("kept by number: user carl as number 7003"), "{explained}");
    let explained = fleet.run(1, &["explain", "work/of ann"]).ends_with(0).stdout;
    assert!(!explained.contains("number"), "{explained}");
    assert_eq!(fleet.standing(1)["partial"]["items"], 0);
    rests(&fleet, 2);
}

#[test]
fn d18_who_gives_a_program_away_gives_no_power_with_it() {
    let mut fleet = carrying(2);
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "program", "#!/bin/sh\n");
    fs::set_permissions(at(&fleet, 0, "program"), fs::Permissions::from_mode(0o4755)).unwrap();
    // The right to send any packet.
    const CAPABILITY: &str = "0x0100000200200000000000000000000000000000";
    set("setfattr", &["-n", "security.capability", "-v", CAPABILITY], &at(&fleet, 0, "program"));
    fleet.in_step_but(&["program"]);
    fleet.until("it is on b", || fs::metadata(at(&fleet, 1, "program")).is_ok());
    let mode = |machine| fs::metadata(at(&fleet, machine, "program")).unwrap().mode() & 0o7777;
    assert_eq!((mode(1), fs::metadata(at(&fleet, 1, "program")).unwrap().uid()), (0o755, 0));
    let capabilities = |machine| {
        let path = at(&fleet, machine, "program");
        let output = Command::new("getfattr").args(["-n", "security.capability", "--"]).arg(path).output();
        output.unwrap().status.success()
    };
    assert_eq!((capabilities(0), capabilities(1)), (true, false));
    // A power that a person here gave does not go to whomever another machine names.
    fs::set_permissions(at(&fleet, 1, "program"), fs::Permissions::from_mode(0o4755)).unwrap();
    chown(at(&fleet, 0, "program"), Some(1_234), Some(1_234)).unwrap();
    fleet.until("b has the owner", || fs::metadata(at(&fleet, 1, "program")).unwrap().uid() == 1_234);
    assert_eq!(mode(1), 0o755);
    rests(&fleet, 2);
}

#[test]
fn who_only_sends_is_heard_and_sets_nothing_and_who_carries_none_passes_them_on() {
    let mut fleet = Fleet::new(3);
    carry(&fleet, 0, "send");
    carry(&fleet, 2, "sync");
    // The second machine stands between the others.
    (0..3).for_each(|machine| fleet.start(machine));
    fleet.write(0, "file", "content");
    set("setfattr", &["-n", "user.comment", "-v", "a note"], &at(&fleet, 0, "file"));
    chown(at(&fleet, 0, "file"), Some(1_234), Some(1_234)).unwrap();
    fleet.until("c has it", || told(&at(&fleet, 2, "file")) == told(&at(&fleet, 0, "file")));
    assert_eq!(fs::metadata(at(&fleet, 1, "file")).unwrap().uid(), 0);
    assert_eq!(fleet.standing(1)["partial"]["items"], 0, "who wants none misses none");
    // An edit by who carries none leaves them as they are said.
    fleet.write(1, "file", "edited by b");
    fleet.in_step_but(&["file"]);
    fleet.until("c has b's edit", || fleet.read(2, "file").as_deref() == Some("edited by b"));
    assert_eq!(fs::metadata(at(&fleet, 2, "file")).unwrap().uid(), 1_234);
    assert!(told(&at(&fleet, 2, "file")).contains("a note"));
    assert!(told(&at(&fleet, 0, "file")).contains("a note"), "they stay where they are, under a new content");
    // What another machine sets is not set by who only sends.
    chown(at(&fleet, 2, "file"), Some(4_321), Some(4_321)).unwrap();
    fleet.write(2, "after", "so that everybody has heard of it");
    fleet.until("everybody has heard", || (0..2).all(|machine| fleet.read(machine, "after").is_some()));
    assert_eq!(fs::metadata(at(&fleet, 0, "file")).unwrap().uid(), 1_234);
    assert_eq!(fs::metadata(at(&fleet, 2, "file")).unwrap().uid(), 4_321);
}

#[test]
fn a_folder_that_begins_to_carry_them_brings_everything_that_is_there_together() {
    let mut fleet = Fleet::running(2);
    for number in 0..30 {
        fleet.write(0, &format!("dir/{number}"), format!("content {number}"));
    }
    fleet.in_step();
    for number in 0..10 {
        chown(at(&fleet, 0, &format!("dir/{number}")), Some(1_000 + number), None).unwrap();
    }
    set("setfattr", &["-n", "user.comment", "-v", "a note"], &at(&fleet, 0, "dir/1"));
    (0..2).for_each(|machine| carry(&fleet, machine, "sync"));
    let names: Vec<String> =
        (0..30).map(|number| format!("dir/{number}")).chain(["dir".to_owned()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    fleet.until("a's are told of", || fs::metadata(at(&fleet, 1, "dir/9")).unwrap().uid() == 1_009);
    fleet.in_step();
    alike(&fleet, &names);
    assert_eq!(
        fs::metadata(at(&fleet, 0, "dir/5")).unwrap().uid(),
        1_005,
        "whoever made them says whose they are"
    );
    rests(&fleet, 2);
    fleet.kill(1);
    fleet.start(1);
    rests(&fleet, 2);
}

#[test]
fn d19_an_ordinary_user_gets_the_attributes_of_what_may_not_be_written_to() {
    let mut fleet = Fleet::new(2);
    fleet.as_user(1);
    for machine in 0..2 {
        fleet.run(machine, &["folder", "set", "work", "attributes", "sync"]).ends_with(0);
        fleet.start(machine);
    }
    let names = ["closed", "closed/file"];
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(at(&fleet, 0, name), fs::Permissions::from_mode(mode)).unwrap();
    };
    let note = |text: &str| {
        let set_it = |name: &&str| set("setfattr", &["-n", "user.comment", "-v", text], &at(&fleet, 0, name));
        names.iter().for_each(set_it);
    };
    let is_alike = |name: &str| {
        // But for the owners.
        let told = [0, 1].map(|machine| told(&at(&fleet, machine, name)));
        told[0].splitn(3, ' ').nth(2) == told[1].splitn(3, ' ').nth(2)
    };
    let arrives = || {
        fleet.until("it is alike on both", || names.iter().all(|name| is_alike(name)));
        fleet.run(0, &["sync", "--wait", "--timeout", "60s"]).ends_with(0);
        assert!(names.iter().all(|name| is_alike(name)));
        assert_eq!(fleet.standing(1)["partial"]["items"], 0, "{}", fleet.logs());
    };
    fleet.write(0, "closed/file", "content");
    note("at first");
    set("setfacl", &["-m", "u:4321:r"], &at(&fleet, 0, "closed/file"));
    set("setfacl", &["-d", "-m", "u:4321:rx"], &at(&fleet, 0, "closed"));
    mode("closed/file", 0o444);
    mode("closed", 0o555);
    arrives();
    note("and another one");
    arrives();
    // Together with other permissions, and with something inside.
    mode("closed", 0o500);
    note("the last one");
    fleet.write(0, "closed/other", "inside");
    arrives();
}
