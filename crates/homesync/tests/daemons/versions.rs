//! Folders that keep versions of what others' changes replace or remove.

use crate::fleet::Fleet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

/// Makes a program of a script on the second machine, which keeps the versions of its folder from now on.
fn keep_with(fleet: &Fleet, script: &str) {
    let program = fleet.place("keep");
    fs::write(&program, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let command = format!("{} %FOLDER_PATH% %FILE_PATH%", program.to_str().unwrap());
    fleet.run(1, &["folder", "set", "work", "version_command", &command]).ends_with(0);
    fleet.run(1, &["folder", "set", "work", "versioning", "external"]).ends_with(0);
}

/// A script that moves the file to its place below `kept`.
fn moves(fleet: &Fleet) -> String {
    let kept = fleet.place("kept");
    format!("mkdir -p \"$(dirname '{0}'/\"$2\")\"; mv -- \"$1/$2\" '{0}'/\"$2\"", kept.to_str().unwrap())
}

fn kept(fleet: &Fleet, path: &str) -> Option<String> {
    fs::read_to_string(fleet.place("kept").join(path)).ok()
}

/// Why the first item waits on the second machine.
fn why_it_waits(fleet: &Fleet) -> String {
    fleet.standing(1)["held"][0]["reason"].as_str().unwrap_or_default().to_string()
}

#[test]
fn a_program_keeps_what_is_replaced_and_removed() {
    let fleet = Fleet::running(2);
    keep_with(&fleet, &moves(&fleet));
    fleet.write(0, "notes/one $(touch gone).txt", "first");
    fleet.write(0, "two", "second");
    fleet.in_step();
    fleet.write(0, "notes/one $(touch gone).txt", "first, edited");
    fs::remove_file(fleet.folder(0).join("two")).unwrap();
    fleet.in_step();
    assert_eq!(kept(&fleet, "notes/one $(touch gone).txt").as_deref(), Some("first"));
    assert_eq!(kept(&fleet, "two").as_deref(), Some("second"));
    assert_eq!(fleet.read(1, "notes/one $(touch gone).txt").as_deref(), Some("first, edited"));
    assert_eq!((fleet.read(1, "two"), fleet.read(1, "gone")), (None, None));
    // It is not kept twice, and who wants to have it back hears who has it.
    let acts = fleet.run(1, &["recover", "list", "work", "--json"]).ends_with(0).json();
    assert_eq!(acts["acts"].as_array().unwrap().len(), 0, "{acts}");
    let plan = fleet.run(1, &["undo", "work", "--dry-run"]).ends_with(0);
    assert!(plan.stdout.contains("leave") && plan.stdout.contains("keep has taken it"), "{plan:?}");
}

#[test]
fn what_its_program_does_not_take_away_waits_and_says_why() {
    let fleet = Fleet::running(2);
    keep_with(&fleet, "echo 'no tape in the drive' >&2; exit 3");
    fleet.write(0, "one", "first");
    fleet.write(0, "other", "other");
    fleet.in_step();
    fleet.write(0, "one", "first, edited");
    fleet.write(0, "new", "new");
    fleet.until("b says why", || why_it_waits(&fleet).contains("ended with status 3: no tape in the drive"));
    fleet.until("what displaces nothing is not held up", || fleet.read(1, "new").is_some());
    assert_eq!(fleet.read(1, "one").as_deref(), Some("first"));
    keep_with(&fleet, "echo done");
    fleet.until("b says that it was left", || {
        why_it_waits(&fleet).contains("ended with status 0: done, and it did not take the file away")
    });
    assert_eq!(fleet.read(1, "one").as_deref(), Some("first"));
    keep_with(&fleet, &moves(&fleet));
    fleet.in_step();
    assert_eq!(kept(&fleet, "one").as_deref(), Some("first"));
    assert_eq!(fleet.read(1, "one").as_deref(), Some("first, edited"));
    // Without a program nothing would be kept, so the folder does not run.
    fleet.run(1, &["folder", "set", "work", "version_command", ""]).ends_with(0);
    fleet
        .until("b says so", || fleet.run(1, &["status"]).stdout.contains("version_command names no program"));
}

#[test]
fn k2_a_kill_and_an_end_while_the_program_runs_lose_nothing() {
    let mut fleet = Fleet::running(2);
    let (begun, go) = (fleet.place("begun"), fleet.place("go"));
    let waits = format!(
        "touch '{}'; while [ ! -e '{}' ]; do sleep 0.05; done",
        begun.to_str().unwrap(),
        go.to_str().unwrap()
    );
    keep_with(&fleet, &format!("{waits}; {}", moves(&fleet)));
    fleet.write(0, "one", "first");
    fleet.in_step();
    fleet.write(0, "one", "first, edited");
    fleet.until("the program runs", || begun.is_file());
    assert!(fleet.stop(1).as_secs() < 10, "an end stops it");
    assert_eq!(fleet.read(1, "one").as_deref(), Some("first"));
    fs::rename(&begun, fleet.place("begun before")).unwrap();
    fleet.start(1);
    fleet.until("it runs again", || begun.is_file());
    fleet.kill(1);
    assert_eq!(fleet.read(1, "one").as_deref(), Some("first"));
    // What a killed daemon has started goes on: the file is gone before anything is there in its place.
    fs::write(&go, "").unwrap();
    fleet.until("it has taken the file", || kept(&fleet, "one").is_some());
    assert_eq!(fleet.read(1, "one"), None);
    fleet.start(1);
    fleet.in_step();
    for machine in 0..2 {
        assert_eq!(fleet.read(machine, "one").as_deref(), Some("first, edited"));
    }
    assert_eq!(kept(&fleet, "one").as_deref(), Some("first"));
}

/// What can be brought back on the second machine, with the version that it is: the newest first.
fn displaced(fleet: &Fleet) -> Vec<(String, String, String)> {
    let acts = fleet.run(1, &["recover", "list", "work", "--json"]).ends_with(0).json();
    let mut found = Vec::new();
    for act in acts["acts"].as_array().unwrap() {
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_string();
        let items = act["items"].as_array().unwrap().iter();
        found.extend(items.map(|item| (text(&act["act"]), text(&item["path"]), text(&item["version"]))));
    }
    found
}

/// Waits until what happens now does not belong to what was done last.
fn another_act(fleet: &Fleet) {
    let log = fleet.run(1, &["log", "work", "--json"]).ends_with(0).json();
    let last = log["log"][0]["at"].as_u64().unwrap();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    fleet.until("it is another act", || now() > last + 4);
}

#[test]
fn versions_are_listed_and_undone_and_brought_back() {
    for versioning in ["simple", "trash-can"] {
        let fleet = Fleet::running(2);
        fleet.run(1, &["folder", "set", "work", "versioning", versioning]).ends_with(0);
        fleet.write(0, "notes/one.txt", "first");
        fleet.write(0, "two", "second");
        fleet.in_step();
        another_act(&fleet);
        fleet.write(0, "notes/one.txt", "first, edited");
        fs::remove_file(fleet.folder(0).join("two")).unwrap();
        fleet.in_step();
        let there = displaced(&fleet);
        let mut paths: Vec<&str> = there.iter().map(|(_, path, _)| path.as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["notes/one.txt", "two"]);
        assert!(there.iter().all(|(_, _, version)| version.starts_with(".stversions/")), "{there:?}");

        let plan = fleet.run(1, &["undo", "work", "--dry-run"]).ends_with(0);
        assert!(plan.stdout.contains("bring back  notes/one.txt  from .stversions/notes/one"), "{plan:?}");
        fleet.run(1, &["undo", "work", "--yes"]).ends_with(0);
        fleet.in_step();
        for machine in 0..2 {
            assert_eq!(fleet.read(machine, "notes/one.txt").as_deref(), Some("first"), "{versioning}");
            assert_eq!(fleet.read(machine, "two").as_deref(), Some("second"));
        }
        // What stood there is in the recovery area now.
        let there = displaced(&fleet);
        assert_eq!(there.len(), 1, "{there:?}");
        assert_eq!((there[0].1.as_str(), there[0].2.as_str()), ("notes/one.txt", ""));

        // One of them by its own command.
        another_act(&fleet);
        fleet.write(0, "notes/one.txt", "third");
        fs::remove_file(fleet.folder(0).join("two")).unwrap();
        fleet.in_step();
        let there = displaced(&fleet);
        let (act, ..) = there.iter().find(|(_, path, _)| path == "two").unwrap();
        fleet.run(1, &["recover", "restore", "work", act, "two"]).ends_with(0);
        fleet.in_step();
        assert_eq!(fleet.read(0, "two").as_deref(), Some("second"));
        // A version that is gone by now is said to be.
        fs::rename(fleet.folder(1).join(".stversions"), fleet.place("elsewhere")).unwrap();
        let undone = fleet.run(1, &["undo", "work", "--yes"]).ends_with(1);
        assert!(undone.stdout.contains("it is not kept any more"), "{undone:?}");
    }
}
