//! How programs start and end.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

use super::*;

#[test]
fn arguments_arrive_untouched_and_paths_come_last() {
    let strange = ["a b", "", "line\nbreak", "$HOME `x` * 'q' \"d\"", "-n"];
    let output = script("printf '<%s>' \"$@\"")
        .argument("sh")
        .paths(["--file"])
        .arguments(strange)
        .paths(["other"])
        .run()
        .expect("runs");
    let expected = "<a b><><line\nbreak><$HOME `x` * 'q' \"d\"><-n><--><--file><other>";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn the_locale_is_fixed_and_variables_can_be_set_and_taken() {
    let program = Program::new("env").variable("ONE", "1").variable("TWO", "2").without_variable("TWO");
    let output = program.run().expect("runs").check().expect("succeeds");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.contains(&"LC_ALL=C") && lines.contains(&"ONE=1"), "{text}");
    assert!(!lines.iter().any(|line| line.starts_with("LANGUAGE=") || line.starts_with("TWO=")), "{text}");
}

#[test]
fn it_runs_where_it_is_told_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Program::new("pwd").directory(directory.path()).run().expect("runs");
    assert!(
        String::from_utf8_lossy(&output.stdout).trim_end().ends_with(&*directory.path().to_string_lossy())
    );
    let error = Program::new("pwd").directory(directory.path().join("none")).run().expect_err("not there");
    assert!(matches!(error, RunError::Directory { .. }), "{error:?}");
    assert!(error.to_string().ends_with("/none"), "{error}");
    let error = Program::new("pwd").directory("/etc/passwd").run().expect_err("a file");
    assert!(matches!(error, RunError::Directory { .. }), "{error:?}");
}

#[test]
fn a_status_is_reported_with_the_programs_own_words() {
    let output = script("echo first >&2; printf 'last\\033[2J\\n' >&2; exit 3").run().expect("runs");
    assert_eq!(output.status.code(), Some(3));
    let error = output.check().expect_err("failed");
    assert!(matches!(error, RunError::Failed { code: Some(3), .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.starts_with("sh -c 'echo first"), "{text}");
    assert!(text.ends_with(" ended with status 3: first | last\\u{1b}[2J"), "{text}");
}

#[test]
fn a_signal_is_reported() {
    let output = script("kill -9 $$").run().expect("runs");
    assert_eq!(output.status.signal(), Some(9));
    let error = output.check().expect_err("failed");
    assert!(error.to_string().ends_with("was killed by signal 9"), "{error}");
}

#[test]
fn git_is_run_as_any_other_program() {
    let directory = tempfile::tempdir().expect("a directory");
    let git = || Program::new("git").directory(directory.path()).limit(Limit::GIT_LOCAL);
    git().arguments(["init", "--quiet"]).run().expect("runs").check().expect("succeeds");
    std::fs::write(directory.path().join("--all"), "x").expect("writes");
    git().argument("add").paths(["--all"]).run().expect("runs").check().expect("succeeds");
    let error =
        git().arguments(["rev-parse", "--verify", "none"]).run().expect("runs").check().expect_err("fails");
    assert!(
        error.to_string().starts_with("git rev-parse --verify none ended with status 128: fatal:"),
        "{error}"
    );
}

#[test]
fn a_missing_program_is_told_from_one_that_cannot_run() {
    for name in ["homesync-no-such-program", "/nowhere/program", ""] {
        let error = Program::new(name).argument("x").run().expect_err("missing");
        assert!(matches!(&error, RunError::Missing { program } if program == name), "{error:?}");
    }
    let file = tempfile::NamedTempFile::new().expect("a file");
    for mode in [0o600, 0o644] {
        file.as_file().set_permissions(std::fs::Permissions::from_mode(mode)).expect("sets");
        let error = Program::new(file.path()).run().expect_err("not executable");
        assert!(matches!(error, RunError::NotExecutable { .. }), "{error:?}");
    }
    let error = Program::new("/etc").run().expect_err("a directory");
    assert!(matches!(error, RunError::NotExecutable { .. }), "{error:?}");
}

#[test]
fn a_script_without_its_interpreter_is_not_called_missing() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("script");
    std::fs::write(&script, "#!/nowhere/interpreter\n").expect("writes");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("sets");
    let error = Program::new(&script).run().expect_err("no interpreter");
    assert!(matches!(error, RunError::Start { .. }), "{error:?}");
}

#[test]
fn a_file_without_a_known_form_is_not_given_to_a_shell() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("script");
    std::fs::write(&script, "echo a shell ran this\n").expect("writes");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("sets");
    for program in [Program::new(&script), Program::new(&script).directory(directory.path())] {
        let error = program.run().expect_err("no program");
        assert!(matches!(error, RunError::NotExecutable { .. }), "{error:?}");
    }
    let error = Program::new("script").variable("PATH", directory.path()).run().expect_err("no program");
    assert!(matches!(error, RunError::NotExecutable { .. }), "{error:?}");
}

#[test]
fn a_script_that_was_just_written_is_not_too_busy_to_run() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("script");
    std::fs::write(&script, "#!/bin/sh\necho ran\n").expect("writes");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).expect("sets");
    let writer = std::fs::OpenOptions::new().append(true).open(&script).expect("opens");
    let release = std::thread::spawn(move || {
        std::thread::park_timeout(std::time::Duration::from_millis(10));
        drop(writer);
    });
    let output = Program::new(&script).run().expect("runs as soon as nobody writes it");
    assert_eq!(output.stdout, b"ran\n");
    release.join().expect("no panic");
}

#[test]
fn a_zero_byte_cannot_be_passed() {
    let error = Program::new("echo").argument("a\0b").run().expect_err("impossible");
    assert!(matches!(error, RunError::Start { .. }), "{error:?}");
    assert_eq!(error.program(), "echo a\\u{0}b");
}

#[test]
fn a_long_command_is_cut_in_messages() {
    let error = script("exit 1").argument("ä".repeat(5000)).run().expect("runs").check().expect_err("fails");
    assert!(error.program().ends_with("ä…") && error.program().chars().count() == 401, "{error}");
}

#[test]
fn an_interactive_program_stays_in_our_process_group() {
    // Field 5 of /proc/PID/stat is the process group; the test's own streams are whatever the test was started with.
    let ours = rustix::process::getpgrp().as_raw_nonzero();
    let check = format!("test \"$(ps -o pgid= -p $$ | tr -d ' ')\" = {ours}");
    assert!(script(&check).interactive().expect("runs").success());
    let error = Program::new("homesync-no-such-editor").interactive().expect_err("missing");
    assert!(matches!(error, RunError::Missing { .. }), "{error:?}");
}
