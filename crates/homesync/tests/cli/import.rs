//! `import config`, and reading the older tool's file

use crate::environment::{Environment, executable, finish};
use std::fs;
use std::io::Write;
use std::process::Stdio;

const OLDER: &str = ".config/home-sync/config.yml";

#[test]
fn the_older_file_is_read_when_it_is_the_only_one() {
    let environment = Environment::new();
    environment.write(OLDER, "log_level: DEBUG\n");
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "debug\n");
    assert_eq!(environment.run(["config", "get", "sync.interval"]).stdout, "1h\n", "its default, not ours");
    assert!(environment.run(["doctor"]).ends_with(0).stdout.contains("homesync import config"));
    environment.configure("");
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "info\n");
}

#[test]
fn its_settings_become_ours_and_it_stays_as_it_is() {
    let environment = Environment::new();
    let text = "sync_interval: 600\nbackup_retention: 14\nauto_push: false\nlog_level: WARNING\ndotfiles_dir: ~/dotfiles\n";
    let older = environment.write(OLDER, text);
    let ran = environment.run(["import", "config", "--dry-run"]).ends_with(0).says("Would write");
    assert!(ran.stdout.contains("interval = \"10m\""), "{ran:?}");
    assert!(!environment.configuration().exists());
    environment.run(["import", "config"]).ends_with(0).says("Took 5 settings over");
    for (key, value) in [
        ("sync.interval", "10m\n"),
        ("backup.retention_days", "14\n"),
        ("sync.auto_push", "false\n"),
        ("log.level", "warn\n"),
        ("repository.path", "~/dotfiles\n"),
    ] {
        assert_eq!(environment.run(["config", "get", key]).stdout, value);
    }
    environment.run(["import", "config"]).ends_with(0).says("Nothing to take over");
    assert_eq!(fs::read_to_string(older).expect("readable"), text);
}

#[test]
fn settings_of_ours_that_differ_need_a_decision() {
    let environment = Environment::new();
    environment.write(OLDER, "sync_interval: 600\n");
    let ours = "[sync]\ninterval = \"2h\"\n";
    environment.configure(ours);
    environment.run(["import", "config"]).ends_with(3).says("sync.interval: 10m instead of 2h").says("--yes");
    assert_eq!(fs::read_to_string(environment.configuration()).expect("readable"), ours);
    environment.run(["import", "config", "--yes"]).ends_with(0);
    assert_eq!(environment.run(["config", "get", "sync.interval"]).stdout, "10m\n");
}

/// On a terminal the question is asked, and only a clear yes replaces anything.
#[test]
fn on_a_terminal_the_decision_is_asked_for() {
    for (typed, code, interval) in [("n\n", 3, "2h\n"), ("what\ny\n", 0, "10m\n"), ("\n", 3, "2h\n")] {
        let environment = Environment::new();
        environment.write(OLDER, "sync_interval: 600\n");
        environment.configure("[sync]\ninterval = \"2h\"\n");
        let line = format!("{} import config", executable());
        let mut terminal = environment.program("script");
        terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        let mut running =
            terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("`script` runs");
        running.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("written");
        let output = running.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("sync.interval: 10m instead of 2h") && said.contains("[y/N]"), "{said}");
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(environment.run(["config", "get", "sync.interval"]).stdout, interval);
    }
}

#[test]
fn one_bad_value_holds_back_only_itself_and_the_run_ends_with_5() {
    let environment = Environment::new();
    environment.write(OLDER, "sync_interval: 5\nbackup_retention: 7\n");
    environment
        .run(["config", "get"])
        .ends_with(2)
        .says("config.yml:1:16: `sync_interval`: it must be at least 60 seconds");
    environment.run(["config", "set", "log.level", "debug"]).ends_with(2).says("`homesync import config`");
    let shown = environment.run(["status"]).ends_with(1).stdout;
    assert!(shown.contains("config.yml (cannot be used)"), "{shown}");
    environment
        .run(["import", "config"])
        .ends_with(5)
        .says("not taken over")
        .says("config.yml:1:16")
        .says("Took 1 setting over");
    assert_eq!(environment.run(["config", "get", "backup.retention_days"]).stdout, "7\n");
    assert_eq!(
        environment.run(["config", "get", "sync.interval"]).stdout,
        "5m\n",
        "no default is put in its place"
    );
}

#[test]
fn settings_of_ours_that_the_older_file_does_not_mention_stay() {
    let environment = Environment::new();
    environment.write(OLDER, "log_level: DEBUG\n");
    environment.configure("[sync]\ninterval = \"10m\"\n");
    environment.run(["import", "config"]).ends_with(0).says("Took 1 setting over");
    assert_eq!(environment.run(["config", "get", "sync.interval"]).stdout, "10m\n");
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "debug\n");
}

#[test]
fn without_such_a_file_the_places_are_named() {
    let environment = Environment::new();
    environment
        .run(["import", "config"])
        .ends_with(1)
        .says("home-sync/config.yml")
        .says("import config FILE");
    environment.run(["import", "config", "/nowhere.yml"]).ends_with(1).says("there is no file /nowhere.yml");
    let elsewhere = environment.write("elsewhere.yml", "log_level: ERROR\n");
    finish(environment.homesync().args(["import", "config"]).arg(elsewhere)).ends_with(0);
    assert_eq!(environment.run(["config", "get", "log.level"]).stdout, "error\n");
    let wrong = environment.write("wrong.yml", "a: [\n");
    finish(environment.homesync().args(["import", "config"]).arg(wrong)).ends_with(2).says("wrong.yml:");
}
