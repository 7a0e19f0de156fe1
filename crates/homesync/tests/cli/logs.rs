//! What is written down about a run, and that no secret is among it.

use crate::environment::{Environment, executable, finish, must_be_root};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;

const LOG: &str = ".local/state/homesync/logs/homesync.jsonl";

fn lines(environment: &Environment) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(environment.path(LOG)).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("every line is JSON")).collect()
}

#[test]
fn every_run_leaves_its_beginning_and_its_end_as_json() {
    let environment = Environment::ready();
    let said = |what: &str| lines(&environment).iter().any(|line| line["message"] == what);
    assert!(said("made an identity") && said("ended"), "also the very first run is heard");
    environment.run(["config", "set", "network.nonsense", "1"]).ends_with(2);
    let lines = lines(&environment);
    let last = lines.last().expect("a line");
    assert_eq!(
        (&last["level"], &last["fields"]["exit"], &last["fields"]["command"]),
        (&"ERROR".into(), &2.into(), &"config set".into())
    );
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["target"].is_string()));
    let mode =
        |path: &str| fs::metadata(environment.path(path)).expect("it exists").permissions().mode() & 0o777;
    assert_eq!((mode(LOG), mode(".local/state/homesync/logs")), (0o600, 0o700));
}

#[test]
fn the_settings_decide_what_is_written_and_where() {
    let environment = Environment::ready();
    environment.run(["config", "set", "log.level", "error"]).ends_with(0);
    let before = fs::read(environment.path(LOG)).unwrap_or_default();
    environment.run(["status"]).ends_with(0);
    assert_eq!(fs::read(environment.path(LOG)).unwrap_or_default(), before, "nothing below error is written");
    environment.run(["config", "set", "log.file", "false"]).ends_with(0);
    environment.run(["nonsense"]).ends_with(2);
    environment.run(["config", "get", "x"]).ends_with(2);
    assert_eq!(fs::read(environment.path(LOG)).unwrap_or_default(), before);
}

#[test]
fn on_a_terminal_more_is_said_when_asked() {
    let environment = Environment::ready();
    assert_eq!(environment.run(["config", "get", "log.level"]).stderr, "");
    environment.run(["-v", "config", "get", "log.level"]).ends_with(0).says("began").says("ended");
    let colored = finish(environment.homesync().args(["-v", "--color", "always", "status"])).stderr;
    assert!(colored.contains('\u{1b}'));
    assert!(!environment.run(["-v", "status"]).stderr.contains('\u{1b}'));
}

#[test]
fn k6_a_log_that_cannot_be_written_stops_nothing() {
    let environment = Environment::ready();
    let logs = environment.path(".local/state/homesync/logs");
    let _ = fs::rename(&logs, environment.path("old-logs"));
    fs::write(&logs, "a file in the place of the directory").expect("written");
    environment.run(["config", "set", "log.level", "debug"]).ends_with(0);
    assert_eq!(environment.run(["config", "get", "log.level"]).ends_with(0).stdout, "debug\n");
    fs::rename(&logs, environment.path("file")).expect("moved");
    fs::create_dir(&logs).expect("created");
    std::os::unix::fs::symlink("/dev/full", logs.join("homesync.jsonl")).expect("a link");
    environment.run(["config", "set", "log.level", "info"]).ends_with(0);
    assert_eq!(environment.run(["config", "get", "log.level"]).ends_with(0).stdout, "info\n");
}

/// Everything that is secret in an identity: the key's text and the age key.
fn secrets(environment: &Environment) -> Vec<String> {
    let read = |name: &str| {
        fs::read_to_string(environment.path(".local/share/homesync/identity").join(name)).expect("readable")
    };
    let key = read("key.pem").lines().find(|line| !line.starts_with('-')).expect("a line").to_owned();
    let age =
        read("age.txt").lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).expect("a key").to_owned();
    vec![key, age]
}

#[test]
fn g7_no_secret_of_the_identity_appears_in_any_output_log_or_directory_listing() {
    let environment = Environment::new();
    environment.configure("[log]\nlevel = \"trace\"\n");
    let mut said = String::new();
    for command in [
        &["-vvv", "init"][..],
        &["-vvv", "init"],
        &["-vvv", "status", "--json"],
        &["-vvv", "doctor", "--json"],
        &["-vvv", "machine", "list", "--json"],
        &["-vvv", "config", "get"],
    ] {
        let ran = finish(environment.homesync().args(command)).ends_with(0);
        said.push_str(&ran.stdout);
        said.push_str(&ran.stderr);
    }
    for path in environment.files("").iter().filter(|path| !path.contains("/identity/")) {
        said.push_str(&String::from_utf8_lossy(&fs::read(environment.path(path)).expect("readable")));
    }
    assert!(said.contains("began"), "the log was looked at");
    for secret in secrets(&environment) {
        assert!(!said.contains(&secret), "a secret was found");
    }
}

#[test]
fn the_journal_hears_of_a_run_when_the_settings_say_so() {
    let environment = Environment::ready();
    let socket = environment.path("journal.socket");
    let journal = UnixDatagram::bind(&socket).expect("a socket");
    environment.run(["config", "set", "log.system", "journald"]).ends_with(0);
    // The journal's own place, in a view of the file system that only this run sees.
    must_be_root();
    let script = "mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && : > /run/systemd/journal/socket \
        && mount --bind \"$1\" /run/systemd/journal/socket && exec \"$2\" config set log.level debug";
    let mut command = environment.program("unshare");
    command.args(["--mount", "sh", "-c", script, "journal"]).arg(&socket).arg(executable());
    finish(&mut command).ends_with(0);
    let mut bytes = [0; 4096];
    journal.set_nonblocking(true).expect("set");
    let length = journal.recv(&mut bytes).expect("a message");
    let message = String::from_utf8_lossy(&bytes[..length]).into_owned();
    assert!(message.contains("MESSAGE=") && message.contains("homesync"), "{message}");
}
