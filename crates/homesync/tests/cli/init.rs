//! `init` and `up`

use crate::environment::Environment;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_fresh_machine_gets_a_name_an_identity_and_private_files() {
    let environment = Environment::new();
    environment.run(["init"]).ends_with(0).says("Set this machine up as pia@");
    assert_eq!(
        environment.files(""),
        [
            ".config/homesync/config.toml",
            ".local/share/homesync/identity/age.txt",
            ".local/share/homesync/identity/cert.pem",
            ".local/share/homesync/identity/key.pem",
            ".local/state/homesync/lock",
            ".local/state/homesync/logs/homesync.jsonl",
            ".local/state/homesync/prompt",
        ]
    );
    for path in environment.files("") {
        let mode = fs::metadata(environment.path(&path)).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{path} is private");
    }
    let identity = environment.path(".local/share/homesync/identity");
    assert_eq!(fs::metadata(identity).expect("it exists").permissions().mode() & 0o7777, 0o700);
}

#[test]
fn run_twice_it_changes_nothing() {
    let environment = Environment::ready();
    let snapshot = || -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
        let kept = environment
            .files("")
            .into_iter()
            .filter(|path| !path.contains("/logs/") && !path.ends_with("/lock"));
        kept.map(|path| {
            let full = environment.path(&path);
            let changed = fs::metadata(&full).and_then(|metadata| metadata.modified()).expect("a time");
            (path, fs::read(full).expect("readable"), changed)
        })
        .collect()
    };
    let before = snapshot();
    environment.run(["init"]).ends_with(0).says("This machine is set up: attic");
    environment.run(["init", "--name", "attic"]).ends_with(0);
    assert_eq!(snapshot(), before);
}

#[test]
fn another_name_is_refused_with_the_way_to_change_it() {
    let environment = Environment::ready();
    environment
        .run(["init", "--name", "cellar"])
        .ends_with(2)
        .says("homesync config set machine.name cellar");
    environment.run(["config", "set", "machine.name", "cellar"]).ends_with(0);
    environment.run(["init"]).ends_with(0).says("cellar");
}

#[test]
fn a_dry_run_creates_nothing() {
    let environment = Environment::new();
    environment.run(["init", "--dry-run"]).ends_with(0).says("Would set this machine up");
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
    environment.run(["init"]).ends_with(0);
    environment.run(["init", "-n"]).ends_with(0).says("Nothing would change");
}

#[test]
fn kind_and_name_can_be_chosen_and_wrong_ones_are_usage_errors() {
    let environment = Environment::new();
    environment.run(["init", "--kind", "Work Mac"]).ends_with(2).says("lower-case");
    environment.run(["init", "--name", "a/b"]).ends_with(2).says("letters, digits");
    assert_eq!(fs::read_dir(environment.home()).expect("readable").count(), 0);
    environment.run(["init", "--kind", "work-mac", "--name", "desk"]).ends_with(0);
    let listed = environment.run(["machine", "list", "--json"]).ends_with(0).json();
    assert_eq!(listed["machines"][0]["kind"], "work-mac");
    assert_eq!(listed["machines"][0]["name"], "desk");
}

#[test]
fn up_says_what_it_would_do() {
    let untouched = Environment::new();
    untouched.run(["up", "--dry-run"]).ends_with(0).says("Would set this machine up");
    assert_eq!(fs::read_dir(untouched.home()).expect("readable").count(), 0);
}

#[test]
fn everything_is_below_the_root_when_there_is_one() {
    for by_environment in [false, true] {
        let environment = Environment::new();
        let root = environment.path("elsewhere");
        let mut command = environment.homesync();
        match by_environment {
            true => command.env("HOMESYNC_ROOT", &root),
            false => command.arg("--root").arg(&root),
        };
        crate::environment::finish(command.arg("init").env_remove("HOME")).ends_with(0);
        assert!(environment.files("").iter().all(|path| path.starts_with("elsewhere/")));
        assert!(root.join("data/identity/cert.pem").exists());
    }
}

#[test]
fn a_damaged_identity_is_named_and_never_replaced() {
    let environment = Environment::ready();
    let certificate = environment.path(".local/share/homesync/identity/cert.pem");
    fs::write(&certificate, "").expect("written");
    environment.run(["init"]).ends_with(1).says("cert.pem").says("put the files back from a backup");
    assert_eq!(fs::read(certificate).expect("readable"), b"");
}

#[test]
fn the_older_tools_settings_are_taken_over() {
    let environment = Environment::new();
    environment.write(".config/home-sync/config.yml", "sync_interval: 600\n");
    environment.run(["init"]).ends_with(0).says("taken over from");
    assert_eq!(environment.run(["config", "get", "sync.interval"]).stdout, "10m\n");
}

#[test]
fn a_file_with_other_line_ends_is_not_rewritten() {
    let environment = Environment::ready();
    let text = fs::read_to_string(environment.configuration()).expect("readable").replace('\n', "\r\n");
    fs::write(environment.configuration(), &text).expect("written");
    environment.run(["init"]).ends_with(0).says("This machine is set up");
    assert_eq!(fs::read_to_string(environment.configuration()).expect("readable"), text);
    environment.run(["config", "set", "log.level", "debug"]).ends_with(0);
    let text = fs::read_to_string(environment.configuration()).expect("readable");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{text:?}");
}

#[test]
fn a_user_name_is_never_made_up() {
    let environment = Environment::new();
    let nameless = || {
        let mut command = environment.homesync();
        command.env_remove("USER").env_remove("LOGNAME").env("PATH", environment.home()).args(["init"]);
        command
    };
    crate::environment::finish(&mut nameless()).ends_with(1).says("user name").says("USER");
    let interrupted = environment.write("id", "#!/bin/sh\nkill -INT $PPID\n/bin/sleep 60\n");
    fs::set_permissions(&interrupted, fs::Permissions::from_mode(0o755)).expect("a mode");
    let ran = crate::environment::finish(&mut nameless());
    assert_eq!(ran.code, -1, "ended by the signal: {ran:?}");
    assert!(
        !environment.path(".local/share/homesync/identity").exists() && !environment.configuration().exists()
    );
}
