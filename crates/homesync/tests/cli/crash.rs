//! What a kill, a failing system call, or a power cut leaves behind. A tracer stops the program at every call that changes something.

use crate::environment::{Environment, Ran, executable, finish};
use std::fs;

/// Every call by which the program can change something on disk. The tracer counts each of them on its own.
const CHANGES: [&str; 18] = [
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "write",
    "fsync",
    "fdatasync",
    "fchmod",
    "chmod",
    "ftruncate",
    "unlink",
    "unlinkat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
];

/// Runs the program with something done to its n-th call of that name.
fn run_injected(environment: &Environment, fault: &str, call: &str, number: u32, arguments: &[&str]) -> Ran {
    let mut command = environment.program("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")]);
    command.args(["-e", &format!("inject={call}:{fault}:when={number}")]);
    finish(command.arg(executable()).args(arguments))
}

/// The changing calls of a run that nothing disturbs, each with its number among those of its name.
fn changes_of(environment: &Environment, arguments: &[&str]) -> Vec<(&'static str, u32)> {
    let trace = environment.path("trace");
    let mut command = environment.program("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={}", CHANGES.join(",")), "-o"]).arg(&trace);
    finish(command.arg(executable()).args(arguments)).ends_with(0);
    let trace = fs::read_to_string(trace).expect("readable");
    let count = |call: &str| trace.lines().filter(|line| line.contains(&format!(" {call}("))).count() as u32;
    CHANGES.into_iter().flat_map(|call| (1..=count(call)).map(move |number| (call, number))).collect()
}

/// The identity is whole or absent, and the configuration right.
fn check_whole(environment: &Environment, what: &str) {
    environment.run(["config", "check"]).ends_with(0);
    let ran = environment.run(["status", "--json"]).ends_with(0);
    let state = &ran.json()["state"];
    assert!(state == "ready" || state == "not-set-up", "{what}: {ran:#?}");
}

fn nothing_stray(environment: &Environment, what: &str) {
    let stray: Vec<String> = environment.files("").into_iter().filter(|path| path.contains("new")).collect();
    assert!(stray.is_empty(), "{what}: {stray:?}");
}

const INIT: [&str; 4] = ["init", "-q", "--name", "attic"];

#[test]
fn init_killed_at_any_change_is_finished_by_the_next_one() {
    let changes = changes_of(&Environment::new(), &INIT);
    assert!(changes.len() > 30, "only these changes were seen: {changes:?}");
    for (call, number) in changes {
        let what = format!("killed at {call} {number}");
        let environment = Environment::new();
        let ran = run_injected(&environment, "signal=KILL", call, number, &INIT);
        assert_ne!(ran.code, 0, "{what}");
        check_whole(&environment, &what);
        environment.run(["--no-input", "init", "--name", "attic"]).ends_with(0);
        environment.run(["doctor"]).ends_with(0);
        nothing_stray(&environment, &what);
    }
}

#[test]
fn init_whose_changes_fail_says_so_and_leaves_nothing_half_made() {
    for error in ["ENOSPC", "EIO"] {
        let mut failures = 0;
        for (call, number) in changes_of(&Environment::new(), &INIT) {
            let what = format!("{error} at {call} {number}");
            let environment = Environment::new();
            let ran = run_injected(&environment, &format!("error={error}"), call, number, &INIT);
            assert!(ran.code == 0 || ran.code == 1, "{what}: {ran:#?}");
            check_whole(&environment, &what);
            failures += u32::from(ran.code == 1);
            environment.run(["init", "--name", "attic"]).ends_with(0);
            environment.run(["doctor"]).ends_with(0);
            nothing_stray(&environment, &what);
        }
        assert!(failures > 10, "only {failures} calls failed with {error}");
    }
}

#[test]
fn a15_settings_killed_at_any_change_are_the_old_or_the_new_ones() {
    let set = ["config", "set", "log.level", "debug"];
    let environment = Environment::ready();
    let old = fs::read(environment.configuration()).expect("readable");
    // The first run in a new home also makes the directory of its log.
    environment.run(["status"]).ends_with(0);
    let changes = changes_of(&environment, &set);
    let mut seen_old = 0;
    for (call, number) in changes {
        let what = format!("killed at {call} {number}");
        fs::write(environment.configuration(), &old).expect("written");
        assert_ne!(run_injected(&environment, "signal=KILL", call, number, &set).code, 0, "{what}");
        let now = fs::read(environment.configuration()).expect("readable");
        match environment.run(["config", "get", "log.level"]).ends_with(0).stdout.as_str() {
            "info\n" => assert_eq!(now, old, "{what}"),
            "debug\n" => {}
            other => panic!("{what}: {other}"),
        }
        seen_old += u32::from(now == old);
        environment.run(set).ends_with(0);
        nothing_stray(&environment, &what);
    }
    assert!(seen_old > 3, "the old settings were seen after {seen_old} kills");
}

/// The order that makes a replacement survive a power cut: the new bytes durable, then the name, then the directory durable.
#[test]
fn a15_settings_are_durable_before_they_get_their_name_and_the_name_before_success() {
    let environment = Environment::ready();
    let trace = environment.path("trace");
    let mut command = environment.program("strace");
    command
        .args(["-f", "-y", "-qq", "-e", "trace=write,fsync,fdatasync,rename,renameat,renameat2", "-o"])
        .arg(&trace);
    finish(command.arg(executable()).args(["config", "set", "log.level", "debug"])).ends_with(0);
    let trace = fs::read_to_string(trace).expect("readable");
    let place = |what: &dyn Fn(&str) -> bool| {
        trace.lines().position(what).unwrap_or_else(|| panic!("a step is missing in\n{trace}"))
    };
    let temporary = ".config.toml.homesync-new";
    let written = place(&|line| line.contains("write(") && line.contains(temporary));
    let durable = place(&|line| line.contains("sync(") && line.contains(temporary));
    let named =
        place(&|line| line.contains("rename") && line.contains(temporary) && line.contains("config.toml\""));
    let kept = place(&|line| line.contains("fsync(") && line.contains("/.config/homesync>"));
    assert!(written < durable && durable < named && named < kept, "{trace}");
}
