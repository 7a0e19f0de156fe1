//! Pipes, terminals and their absence.

use crate::environment::{Environment, finish};
use std::process::Stdio;

#[test]
fn k9_a_reader_that_goes_away_is_no_failure() {
    let environment = Environment::ready();
    for command in [
        &["config", "get"][..],
        &["status"],
        &["machine", "list", "--json"],
        &["completions", "bash"],
        &["--help"],
        &["prompt"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = environment.homesync().args(command).stdout(writer).stderr(Stdio::piped()).output();
        let output = output.expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{command:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{command:?}: {output:?}");
    }
}

#[test]
fn k9_a_full_disk_behind_standard_output_is_a_failure() {
    let environment = Environment::ready();
    for command in [&["config", "get"][..], &["status"], &["--version"], &["--help"], &["init", "--help"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = environment.homesync().args(command).stdout(full).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{command:?}");
    }
}

#[test]
fn k9_nobody_is_there_to_hear_or_to_ask() {
    let environment = Environment::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = environment.homesync().args(["init"]).stderr(writer).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "what is said cannot be heard, but what was asked is done");
    environment.write("older.yml", "sync_interval: 600\n");
    environment.run(["config", "set", "sync.interval", "2h"]).ends_with(0);
    environment.run(["import", "config", "older.yml"]).ends_with(3);
    environment.run(["--no-input", "import", "config", "older.yml"]).ends_with(3);
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let environment = Environment::ready();
    let colored = |arguments: &[&str]| {
        finish(environment.homesync().args(arguments).env_remove("NO_COLOR")).stdout.contains('\u{1b}')
    };
    assert!(!colored(&["status"]));
    assert!(colored(&["status", "--color", "always"]));
    assert!(!colored(&["status", "--color", "never"]));
    assert!(colored(&["--color=always", "--help"]));
    assert!(!colored(&["--color", "never", "--help"]));
}
