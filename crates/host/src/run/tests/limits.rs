//! Programs that take too long, and what they leave behind.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, test_kill_process};

use super::*;
use crate::run::group::Group;
use crate::run::spawn;
use crate::testing::{DEADLINE, eventually};

const SHORT: Duration = Duration::from_millis(150);

/// The process id that a script wrote into a file.
fn written_pid(file: &Path) -> Pid {
    let mut pid = None;
    eventually("the script wrote a process id", || {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        pid = text.strip_suffix('\n').and_then(|text| text.parse().ok()).and_then(Pid::from_raw);
        pid.is_some()
    });
    pid.expect("seen above")
}

/// Waits until the process is gone, or dead and waiting for a parent that is not us.
fn assert_gone(pid: Pid) {
    eventually("the process is gone", || {
        let status =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        test_kill_process(pid) == Err(Errno::SRCH) || status.contains(") Z ")
    });
}

/// A script that starts another process, which ignores every polite request, and waits for it.
fn stubborn(file: &Path) -> Program {
    let text = "trap '' TERM HUP INT; (trap '' TERM HUP INT; while :; do sleep 1; done) & echo $! > \"$1\"; wait; wait";
    script(text).arguments([Path::new("sh"), file]).grace(SHORT)
}

#[test]
fn a_limit_stops_the_whole_group() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pid");
    let started = Instant::now();
    let error = stubborn(&file).limit(Limit::total(Duration::from_millis(1500))).run().expect_err("too long");
    assert!(matches!(error, RunError::TimedOut { .. }), "{error:?}");
    assert!(error.to_string().contains("took longer than 1.5s and was stopped"), "{error}");
    assert!(started.elapsed() < DEADLINE);
    assert_gone(written_pid(&file));
}

#[test]
fn a_program_may_say_goodbye_when_asked_to_end() {
    let text = "trap 'echo goodbye >&2; exit 0' TERM; echo ready; while :; do sleep 0.05; done";
    let error = script(text).limit(Limit::total(SHORT * 10)).run().expect_err("too long");
    let text = error.to_string();
    // The shell may report the end of its own child first.
    assert!(text.contains(" and was stopped: ") && text.ends_with("goodbye"), "{text}");
}

#[test]
fn silence_is_limited_but_talking_is_not() {
    let limit = Limit::silence(Duration::from_secs(2));
    let slow = "for i in 1 2 3 4 5 6 7 8; do sleep 0.3; echo $i >&2; done";
    let output = script(slow).limit(limit).run().expect("talks all the time");
    assert!(output.duration > Duration::from_secs(2), "{:?}", output.duration);
    let error = script("echo start; sleep 60").limit(Limit::silence(SHORT)).run().expect_err("silent");
    assert!(error.to_string().contains("made no progress for 150ms"), "{error}");
}

#[test]
fn a_pulled_switch_stops_it_and_starts_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pid");
    let cancel = Cancel::new();
    let program = stubborn(&file).cancel(&cancel).limit(Limit::total(DEADLINE));
    let running = std::thread::spawn(move || program.run());
    let pid = written_pid(&file);
    cancel.pull();
    let error = running.join().expect("no panic").expect_err("stopped");
    assert!(matches!(error, RunError::Cancelled { .. }), "{error:?}");
    assert_gone(pid);
    let error = Program::new("true").cancel(&cancel).run().expect_err("not started");
    assert_eq!(error.to_string(), "true was stopped on request");
}

#[test]
fn what_keeps_the_output_open_after_the_end_is_stopped() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pid");
    for behaviour in ["", "trap '' TERM;"] {
        let text = format!("echo out; ({behaviour} while :; do sleep 1; done) & echo $! > \"$1\"; exit 4");
        let output = script(&text).arguments([Path::new("sh"), &file]).grace(SHORT).run().expect("ended");
        assert_eq!((output.status.code(), &*output.stdout), (Some(4), &b"out\n"[..]));
        assert_gone(written_pid(&file));
    }
}

#[test]
fn what_left_the_group_is_not_waited_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("pid");
    let text = "setsid sh -c 'echo $$ > \"$1\"; exec sleep 60' sh \"$1\" & until test -s \"$1\"; do sleep 0.01; done";
    let output = script(text).arguments([Path::new("sh"), &file]).grace(SHORT).run().expect("ended");
    assert!(output.status.success() && output.truncated);
    rustix::process::kill_process(written_pid(&file), Signal::KILL).expect("still runs");
}

#[test]
fn a_dropped_group_leaves_nothing() {
    let child = spawn::supervised(&Program::new("sleep").argument("60")).expect("starts");
    let pid = Pid::from_child(&child);
    drop(Group::new(child));
    eventually("killed and reaped", || test_kill_process(pid) == Err(Errno::SRCH));
}

#[test]
fn no_zombie_stays() {
    let output = script("echo $$").run().expect("runs");
    let pid =
        String::from_utf8_lossy(&output.stdout).trim().parse().ok().and_then(Pid::from_raw).expect("a pid");
    assert_eq!(test_kill_process(pid), Err(Errno::SRCH));
}

#[test]
fn the_usual_limits_are_what_they_are() {
    assert_eq!(Limit::GIT_LOCAL, Limit::total(Duration::from_secs(30)));
    assert_eq!(Limit::TRANSFER, Limit::silence(Duration::from_secs(120)));
    assert_eq!(Limit::default(), Limit::GIT_LOCAL);
}
