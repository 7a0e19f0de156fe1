//! What happens every day.

use crate::fleet::{Fleet, tree};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

#[test]
fn machines_of_one_network_find_each_other_and_share_a_folder() {
    let mut fleet = Fleet::strangers(2);
    let (a, b) = (fleet.device(0), fleet.device(1));
    let listens = fleet.run(0, &["config", "get", "network.listen"]).ends_with(0).stdout;
    assert!(listens.contains("tcp://0.0.0.0:22000"), "{listens}");
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.run(0, &["machine", "add", "b", "--device", &b]).ends_with(0);
    // The other one sees a stranger, and lets it in.
    let unknown = || fleet.run(1, &["machine", "list", "--json"]).json()["unknown"].clone();
    fleet.until("b hears of a", || unknown()[0]["device_id"] == *a);
    fleet.run(1, &["machine", "approve", &a, "--name", "a"]).ends_with(0);
    let connected = |machine| {
        fleet.run(machine, &["machine", "list", "--json"]).json()["machines"][1]["link"]["connected"] == true
    };
    fleet.until("both are connected", || connected(0) && connected(1));

    let path = fleet.folder(0);
    fleet.run(0, &["folder", "add", "work", path.to_str().unwrap(), "--with", "b"]).ends_with(0);
    fleet.write(0, "notes/today.txt", "milk");
    fleet.until("b is offered the folder", || {
        fleet.run(1, &["status"]).stdout.contains("a shares folder work")
    });
    let path = fleet.folder(1);
    fleet.run(1, &["folder", "add", "work", path.to_str().unwrap(), "--with", "a"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fleet.read(1, "notes/today.txt").as_deref(), Some("milk"));
}

#[test]
fn everything_about_a_tree_arrives() {
    let mut fleet = Fleet::new(2);
    let root = fleet.folder(0);
    for number in 0..300 {
        fleet.write(0, &format!("many/{}/{number}", number % 7), format!("content {number}"));
    }
    fleet.write(0, "large", (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
    fleet.write(0, "empty", "");
    fleet.write(0, "grüße/ünïcode", "x");
    fleet.write(0, "run.sh", "#!/bin/sh\n");
    fs::set_permissions(root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(root.join("empty"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(root.join("nothing in it")).unwrap();
    std::os::unix::fs::symlink("large", root.join("link")).unwrap();
    std::os::unix::fs::symlink("/no/such/place", root.join("dangling")).unwrap();
    (0..2).for_each(|machine| fleet.start(machine));
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), tree(&fleet.folder(0)).len());
    let report = fleet.run(0, &["handoff", "b", "--json"]).ends_with(0).json();
    assert_eq!(report["safe_to_travel"], true);
    assert_eq!(report["folders"][0]["items"], tree(&root).len());
    assert_eq!(report["folders"][0]["complete"], true);
}

#[test]
fn edits_moves_and_removals_travel_both_ways_and_what_was_removed_can_be_brought_back() {
    let fleet = Fleet::running(2);
    fleet.write(0, "one", "first");
    fleet.write(0, "two", "second");
    fleet.in_step();
    fleet.write(1, "one", "first, edited on b");
    fs::rename(fleet.folder(0).join("two"), fleet.folder(0).join("three")).unwrap();
    fleet.in_step();
    assert_eq!(fleet.read(0, "one").as_deref(), Some("first, edited on b"));
    assert_eq!(fleet.read(1, "three").as_deref(), Some("second"));
    assert_eq!(fleet.read(1, "two"), None);

    fs::remove_file(fleet.folder(0).join("three")).unwrap();
    fleet.until("it is gone on b", || fleet.read(1, "three").is_none());
    let log = fleet.run(1, &["log", "--deletions", "--json"]).ends_with(0).json();
    assert_eq!(log["log"][0]["path"], "three", "{log}");
    assert_eq!(log["log"][0]["by"], "a", "{log}");
    let acts = fleet.run(1, &["recover", "list", "work", "--json"]).ends_with(0).json();
    let acts = acts["acts"].as_array().unwrap().clone();
    let act = acts.iter().find(|act| act["items"][0]["path"] == "three").unwrap()["act"].as_str().unwrap();
    fleet.run(1, &["recover", "restore", "work", act, "three"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fleet.read(0, "three").as_deref(), Some("second"));
}

#[test]
fn both_sides_of_a_conflict_are_kept() {
    let fleet = Fleet::running(2);
    fleet.write(0, "plan.txt", "the plan");
    fleet.in_step();
    fleet.network.pull(1);
    fleet.write(0, "plan.txt", "the plan of a");
    fleet.write(1, "plan.txt", "the plan of b");
    let is_known = |machine| fleet.standing(machine)["sequence"].as_u64() >= Some(2);
    fleet.until("both have noticed their own", || is_known(0) && is_known(1));
    fleet.network.plug(1);
    let copies = |machine| {
        let names: Vec<String> = tree(&fleet.folder(machine)).into_keys().collect();
        names.into_iter().filter(|name| name.contains(".sync-conflict-")).collect::<Vec<String>>()
    };
    fleet.until("both have a copy", || copies(0).len() == 1 && copies(1).len() == 1);
    fleet.in_step();
    let copy = copies(0).remove(0);
    let mut both = [fleet.read(0, "plan.txt").unwrap(), fleet.read(0, &copy).unwrap()];
    both.sort();
    assert_eq!(both, ["the plan of a", "the plan of b"]);
}

#[test]
fn three_machines_give_each_other_what_they_have() {
    let mut fleet = Fleet::running(3);
    fleet.write(0, "from-a", "a");
    fleet.write(1, "from-b", "b");
    fleet.write(2, "from-c", "c");
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(2)).len(), 3);
    // While c is away the others go on, and c gets it from whoever is there.
    fleet.stop(2);
    fleet.write(0, "later", "while c was away");
    fleet.until("b has it", || fleet.read(1, "later").is_some());
    fleet.stop(0);
    fleet.start(2);
    fleet.until("c has it from b", || fleet.read(2, "later").is_some());
    fleet.start(0);
    fleet.in_step();
}

#[test]
fn many_removals_wait_for_a_person() {
    let fleet = Fleet::running(2);
    (0..60).for_each(|number| fleet.write(0, &format!("photos/{number}"), format!("photo {number}")));
    fleet.in_step();
    fs::remove_dir_all(fleet.folder(0).join("photos")).unwrap();
    fleet.until("a asks", || fleet.standing(0)["state"] == "waiting-for-you");
    fleet.until("its prompt asks too", || fleet.run(0, &["prompt"]).stdout == "?\n");
    assert_eq!(fleet.read(1, "photos/7").as_deref(), Some("photo 7"));
    let report = fleet.run(0, &["handoff", "b", "--json"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    fleet.run(0, &["folder", "refuse", "work"]).ends_with(0);
    fleet.in_step();
    fleet.until("its prompt is content", || fleet.run(0, &["prompt"]).stdout == "✓\n");
    assert_eq!(fleet.read(0, "photos/7").as_deref(), Some("photo 7"));
    fs::remove_dir_all(fleet.folder(0).join("photos")).unwrap();
    fleet.until("a asks again", || fleet.standing(0)["state"] == "waiting-for-you");
    fleet.run(0, &["folder", "approve", "work"]).ends_with(0);
    fleet.until("they are gone", || {
        fleet.read(1, "photos/7").is_none() || fleet.standing(1)["state"] == "waiting-for-you"
    });
    if fleet.read(1, "photos/7").is_some() {
        fleet.run(1, &["folder", "approve", "work"]).ends_with(0);
    }
    fleet.in_step();
    assert_eq!(tree(&fleet.folder(1)).len(), 0);
}

#[test]
fn a_daemon_ends_soon_reads_its_settings_again_and_goes_on_after_a_kill() {
    let mut fleet = Fleet::running(2);
    fleet.write(0, "one", "1");
    fleet.in_step();
    assert!(fleet.stop(0) < Duration::from_secs(5));
    fleet.write(0, "two", "2");
    fleet.start(0);
    fleet.in_step();
    fleet.kill(0);
    fleet.write(0, "three", "3");
    fleet.start(0);
    fleet.in_step();
    // A setting that is changed behind its back is read at HUP.
    let file = fleet.root(0).join("config/config.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[folders.work]\n", "[folders.work]\npaused = true\n")).unwrap();
    fleet.signal(0, rustix::process::Signal::HUP);
    fleet.until("it is paused", || fleet.standing(0)["state"] == "paused");
    fleet.write(1, "four", "4");
    fleet.run(0, &["folder", "resume", "work"]).ends_with(0);
    fleet.in_step();
    assert_eq!(fleet.read(0, "four").as_deref(), Some("4"));
}

#[test]
fn k1_a_second_daemon_is_refused() {
    let fleet = Fleet::running(1);
    fleet.run(0, &["daemon"]).ends_with(4).says("runs here already");
    // Commands that change settings are not in its way.
    fleet.run(0, &["config", "set", "log.level", "debug"]).ends_with(0);
    fleet.run(0, &["up"]).ends_with(0);
}

#[test]
fn handoff_says_what_is_open() {
    let mut fleet = Fleet::running(2);
    fleet.write(0, "one", "1");
    fleet.in_step();
    fleet.stop(1);
    fleet.write(0, "two", "2");
    let report = fleet.run(0, &["handoff", "b", "--json", "--timeout", "2s"]).ends_with(3).json();
    assert_eq!(report["safe_to_travel"], false);
    assert_eq!(report["folders"][0]["open"][0]["path"], "two");
    fleet.run(0, &["handoff", "nobody"]).ends_with(2);
    fleet.start(1);
    fleet.run(0, &["handoff", "b"]).ends_with(0);
    assert_eq!(fleet.read(1, "two").as_deref(), Some("2"));
}
