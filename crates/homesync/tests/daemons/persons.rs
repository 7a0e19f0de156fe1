//! What a person can see, steer and take back.

use crate::fleet::{Fleet, tree};
use std::fs;

/// A fleet of two in which both have edited a text while they were apart.
fn in_conflict(base: &str, of_a: &str, of_b: &str) -> Fleet {
    let fleet = Fleet::running(2);
    fleet.write(0, "plan.txt", base);
    fleet.in_step();
    // The bytes that both agreed on are kept for the merge as soon as there is time for it.
    let kept =
        |machine| fs::read_dir(fleet.folder(machine).join(".homesync/base")).is_ok_and(|all| all.count() > 0);
    fleet.until("both have kept the base", || kept(0) && kept(1));
    fleet.network.pull(1);
    let before = [0, 1].map(|machine| fleet.standing(machine)["sequence"].as_u64());
    fleet.write(0, "plan.txt", of_a);
    fleet.write(1, "plan.txt", of_b);
    let has_noticed = |machine: usize| fleet.standing(machine)["sequence"].as_u64() > before[machine];
    fleet.until("both have noticed their own", || has_noticed(0) && has_noticed(1));
    fleet.network.plug(1);
    for machine in 0..2 {
        fleet.run(machine, &["sync", "--wait", "--timeout", "180s"]).ends_with(0);
    }
    // Whoever waits until both have everything has waited for the copy, too.
    for machine in 0..2 {
        assert_eq!(tree(&fleet.folder(machine)).len(), 2, "{:?}", tree(&fleet.folder(machine)).keys());
    }
    fleet
}

#[test]
fn a_conflict_of_different_lines_is_merged() {
    let lines = |first: &str, last: &str| format!("{first}\ntwo\nthree\nfour\nfive\nsix\n{last}\n");
    let fleet = in_conflict(&lines("one", "seven"), &lines("one of a", "seven"), &lines("one", "seven of b"));
    for machine in 0..2 {
        let list = fleet.run(machine, &["conflicts", "list", "--json"]).ends_with(0).json();
        assert_eq!(list["conflicts"][0]["path"], "plan.txt");
        let shown = fleet.run(machine, &["conflicts", "show", "work/plan.txt", "--json"]).ends_with(0).json();
        assert_eq!(shown["conflict"]["conflicts"], 0, "{shown}");
        assert_eq!(shown["conflict"]["merged"], lines("one of a", "seven of b"));
    }
    let path = fleet.folder(1).join("plan.txt");
    fleet.run(1, &["conflicts", "resolve", path.to_str().unwrap(), "--merge"]).ends_with(0);
    fleet.until("the merged text is on a", || {
        fleet.read(0, "plan.txt") == Some(lines("one of a", "seven of b"))
            && tree(&fleet.folder(0)).len() == 1
    });
    fleet.in_step();
    let list = fleet.run(0, &["conflicts", "list", "--json"]).ends_with(0).json();
    assert_eq!(list["conflicts"].as_array().unwrap().len(), 0);
    // Both sides can still be had.
    let recovery = fleet.run(1, &["recover", "list", "work"]).ends_with(0).stdout;
    assert!(recovery.contains("plan.txt") && recovery.contains("sync-conflict"), "{recovery}");
}

#[test]
fn of_a_conflict_of_the_same_lines_a_person_chooses_a_side() {
    for (how, on_a) in [("--keep-mine", "a"), ("--keep-theirs", "b")] {
        let fleet = in_conflict("the plan\n", "the plan of a\n", "the plan of b\n");
        fleet.run(0, &["conflicts", "resolve", "work/plan.txt", "--merge"]).ends_with(3);
        fleet.run(0, &["conflicts", "resolve", "work/plan.txt", how]).ends_with(0);
        let expected = format!("the plan of {on_a}\n");
        fleet.until("it is so on both", || {
            (0..2).all(|machine| {
                fleet.read(machine, "plan.txt").as_deref() == Some(&expected)
                    && tree(&fleet.folder(machine)).len() == 1
            })
        });
        fleet.in_step();
    }
    let fleet = in_conflict("the plan\n", "the plan of a\n", "the plan of b\n");
    fleet.run(0, &["conflicts", "resolve", "work/plan.txt", "--keep-both"]).ends_with(0);
    fleet.until("b has both", || fleet.read(1, "plan (other 1).txt").is_some());
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 2);
    fleet.run(0, &["conflicts", "resolve", "work/plan.txt", "--keep-mine"]).ends_with(2);
}

#[test]
fn the_last_thing_is_taken_back_on_all_machines() {
    let fleet = Fleet::running(2);
    fleet.run(1, &["undo", "--yes"]).ends_with(2);
    (0..5).for_each(|number| fleet.write(0, &format!("letters/{number}"), format!("letter {number}")));
    fleet.in_step();
    fs::remove_dir_all(fleet.folder(0).join("letters")).unwrap();
    let removed = || fleet.run(1, &["log", "--deletions", "--json"]).json()["log"].as_array().map(Vec::len);
    fleet.until("they are gone on b", || removed() == Some(6));
    let plan = fleet.run(1, &["undo", "--dry-run", "--json"]).ends_with(0).json();
    assert!(plan["plan"]["steps"].as_array().unwrap().len() >= 5, "{plan}");
    fleet.run(1, &["undo"]).ends_with(3);
    assert!(!fleet.folder(1).join("letters").exists());
    fleet.run(1, &["undo", "--yes"]).ends_with(0);
    fleet.until("they are back on a", || {
        (0..5).all(|number| fleet.read(0, &format!("letters/{number}")).is_some())
    });
    fleet.in_step();
    assert_eq!(fleet.read(0, "letters/3").as_deref(), Some("letter 3"));
}

#[test]
fn a_path_is_explained() {
    let fleet = Fleet::running(2);
    fleet.write(0, "one", "1");
    fleet.write(0, "build/out.o", "object");
    fleet.run(0, &["folder", "ignore", "work", "/build"]).ends_with(0);
    fleet.run(0, &["sync", "--wait", "--timeout", "60s"]).ends_with(0);
    let same = fleet.run(0, &["explain", "work/one", "--json"]).ends_with(0).json();
    assert_eq!(same["explained"]["says"][0], "it is the same everywhere", "{same}");
    let left_out = fleet.run(0, &["explain", "work/build/out.o"]).ends_with(0).stdout;
    assert!(left_out.contains("/build") && left_out.contains("line 1 of .stignore"), "{left_out}");
    let path = fleet.folder(0).join("nothing");
    let unknown = fleet.run(0, &["explain", path.to_str().unwrap()]).ends_with(0).stdout;
    assert!(unknown.contains("no machine has ever said anything"), "{unknown}");
    fleet.run(0, &["explain", "elsewhere/one"]).ends_with(2);
    fleet.run(0, &["folder", "ignore", "work", "["]).ends_with(2);
}

#[test]
fn everything_is_read_again_and_compared() {
    let fleet = Fleet::running(2);
    fleet.write(0, "photo", vec![7; 300_000]);
    fleet.in_step();
    let report = fleet.run(0, &["verify", "work", "--json"]).ends_with(0).json();
    assert_eq!(report["folders"][0]["files"], 1);
    assert_eq!(report["folders"][0]["bytes"], 300_000);
    assert_eq!(report["folders"][0]["index"], true);
}

#[test]
fn a_running_daemon_follows_its_settings_at_once() {
    let fleet = Fleet::running(1);
    let listens_at = |port: &str| {
        let listening = fleet.run(0, &["status", "--json"]).json()["daemon"]["listening"].to_string();
        listening.contains(port)
    };
    assert!(!listens_at("22077"));
    fleet.run(0, &["config", "set", "network.listen", "tcp://0.0.0.0:22077"]).ends_with(0);
    fleet.until("it listens there", || listens_at("22077"));
    let mut edit = fleet.command(0);
    let edited = edit.args(["config", "edit"]).env("VISUAL", "sed -i s/22077/22078/").output().unwrap();
    assert!(edited.status.success(), "{edited:?}");
    fleet.until("it listens at the other", || listens_at("22078") && !listens_at("22077"));
    // Who asks right after a change is told how it is after the change.
    fleet.run(0, &["folder", "remove", "work"]).ends_with(0);
    assert_eq!(fleet.run(0, &["status", "--json"]).json()["daemon"]["folders"], serde_json::json!([]));
}

#[test]
fn a_manual_folder_travels_only_when_it_is_told_to() {
    let fleet = Fleet::running(2);
    fleet.write(0, "one", "1");
    fleet.in_step();
    for machine in 0..2 {
        fleet.run(machine, &["folder", "set", "work", "mode", "manual"]).ends_with(0);
    }
    fleet.until("it rests on both", || {
        (0..2).all(|machine| fleet.standing(machine)["with"][0]["connected"] == false)
    });
    let shown = fleet.run(0, &["folder", "list"]).ends_with(0).stdout;
    assert!(shown.contains("work  idle") && shown.contains("it rests"), "{shown}");
    let waited = fleet.run(0, &["folder", "wait", "work"]).ends_with(5);
    assert!(waited.stdout.contains("`homesync sync` lets it travel"), "{waited:?}");
    fleet.write(0, "two", "2");
    fleet.until("a has noticed", || fleet.standing(0)["sequence"] == 2);
    assert_eq!(fleet.read(1, "two"), None);
    // Both have to travel at the same time.
    let other = fleet.command(1).args(["sync", "--wait", "--timeout", "60s"]).spawn().unwrap();
    fleet.run(0, &["sync", "--wait", "--timeout", "60s"]).ends_with(0);
    let _ = other.wait_with_output();
    assert_eq!(fleet.read(1, "two").as_deref(), Some("2"));
    // Also while it rests it says what is wrong.
    fleet.write(0, ".stignore", "[");
    fleet.run(0, &["folder", "scan", "work"]).ends_with(0);
    fleet.until("the patterns are a problem", || fleet.standing(0)["state"] == "error");
    let reason = fleet.standing(0)["reason"].to_string();
    assert!(reason.contains("ignore patterns cannot be used"), "{reason}");
}

#[test]
fn what_is_kept_to_a_network_does_not_travel_elsewhere() {
    let mut fleet = Fleet::new(2);
    let file = fleet.root(0).join("config/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    let kept = text.replace("[folders.work]\n", "[folders.work]\nnetworks = [\"home\"]\n");
    let named = |subnet: &str| format!("{kept}\n[networks.home]\nsubnets = [\"{subnet}\"]\n");
    fs::write(&file, named("10.77.0.0/16")).unwrap();
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.write(0, "one", "1");
    let connected =
        || fleet.run(0, &["machine", "list", "--json"]).json()["machines"][1]["link"]["connected"] == true;
    fleet.until("they are connected", connected);
    fleet.until("a has noticed", || fleet.standing(0)["sequence"] == 1);
    assert_eq!(fleet.standing(0)["with"][0]["connected"], false);
    assert_eq!(fleet.read(1, "one"), None);
    fs::write(&file, named("10.9.0.0/24")).unwrap();
    fleet.signal(0, rustix::process::Signal::HUP);
    fleet.in_step();
    assert_eq!(fleet.read(1, "one").as_deref(), Some("1"));
}
