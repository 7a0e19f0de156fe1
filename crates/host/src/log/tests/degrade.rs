//! Logs that cannot be written: the work goes on, the person is told once.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;

use super::*;
use crate::run::Program;
use crate::testing::{AGAIN, again};

fn both(directory: &Path) -> LogSettings {
    LogSettings { terminal: LevelFilter::WARN, ..to_file(directory) }
}

/// Logs three lines into a log that cannot be written, for the reason that `break_it` makes.
fn assert_degrades(break_it: impl FnOnce(&Path)) {
    let place = tempfile::tempdir().expect("a directory");
    let logs = place.path().join("logs");
    break_it(&logs);
    let (text, lost) = logged(both(&logs), || (0..3).for_each(|number| tracing::info!(number, "work")));
    assert_eq!(lost, 3);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("warning: the log file cannot be written, work goes on without it ("), "{text}");
}

#[test]
fn k6_a_log_that_cannot_be_opened_degrades() {
    assert_degrades(|logs| fs::write(logs, "a file where the directory should be").expect("writes"));
    assert_degrades(|logs| fs::create_dir_all(logs.join("homesync.jsonl")).expect("creates"));
    assert_degrades(|logs| {
        fs::create_dir(logs).expect("creates");
        symlink("/dev/full", logs.join("homesync.jsonl")).expect("links");
    });
    assert_degrades(|logs| symlink("nowhere/at/all", logs).expect("links"));
    assert_degrades(|logs| {
        fs::create_dir(logs).expect("creates");
        crate::testing::make_pipe(&logs.join("homesync.jsonl"));
    });
}

#[test]
fn k6_a_log_that_cannot_be_rotated_stops_growing() {
    let place = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(place.path().join("homesync.jsonl.1/full")).expect("creates");
    fs::create_dir_all(place.path().join("homesync.jsonl.2/full")).expect("creates");
    let mut settings = both(place.path());
    settings.file = settings.file.map(|file| FileLog { max_bytes: 1024, ..file });
    let (text, lost) = logged(settings, || (0..100).for_each(|number| tracing::info!(number, "work")));
    assert!(lost > 0 && text.lines().count() == 1, "{lost} {text}");
    assert!(fs::metadata(place.path().join("homesync.jsonl")).expect("there").len() <= 1024);
}

#[test]
fn k6_a_quiet_terminal_stays_quiet() {
    let place = tempfile::NamedTempFile::new().expect("a file");
    assert_eq!(logged(to_file(place.path()), || tracing::error!("work")), (String::new(), 1));
}

/// Not a test by itself: logs onto a tiny file system of its own until that is full, then makes room.
#[test]
fn full_disk_process() {
    let Some(directory) = std::env::var_os(AGAIN) else { return };
    let disk = Path::new(&directory);
    let (subscriber, guard) = build(both(&disk.join("logs")), Box::new(Screen::default()));
    with_default(subscriber, || {
        fs::write(disk.join("filler"), vec![0; 32 * 1024]).expect("there is room");
        let mut number = 0;
        while guard.lost_lines() < 100 {
            number += 1;
            tracing::info!(number, padding = "x".repeat(number % 700), "work");
        }
        fs::remove_file(disk.join("filler")).expect("removes");
        let lost = guard.lost_lines();
        tracing::info!("room again");
        assert_eq!(guard.lost_lines(), lost, "it recovers by itself");
    });
    let text = fs::read_to_string(disk.join("logs/homesync.jsonl")).expect("a log");
    let whole = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_ok();
    assert!(text.lines().filter(|line| !whole(line)).count() <= 100, "at most the lost lines are torn");
    let last = text.lines().last().filter(whole).expect("the last line is whole");
    assert!(last.contains("room again"), "{last}");
}

#[test]
fn k6_a_full_log_disk_does_not_stop_the_work() {
    let place = tempfile::tempdir().expect("a directory");
    let mount = || {
        let unshare = Program::new("unshare").argument("--mount");
        // Who is not root gets a name space in which it is.
        let unshare =
            if rustix::process::geteuid().is_root() { unshare } else { unshare.argument("--map-root-user") };
        let script = "mount -t tmpfs -o size=64k tmpfs \"$1\" && shift && exec \"$@\"";
        unshare.arguments(["sh", "-c", script, "sh"]).argument(place.path())
    };
    let ourselves = std::env::current_exe().expect("the path of this program");
    let arguments: [OsString; 4] = [
        ourselves.into(),
        "log::tests::degrade::full_disk_process".into(),
        "--exact".into(),
        "--nocapture".into(),
    ];
    let output = mount().arguments(arguments).variable(AGAIN, place.path()).run().expect("runs");
    let output = output.check().expect("the work is done");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// The child processes of these tests find themselves by these names.
#[test]
fn the_names_of_the_child_tests_are_right() {
    let output = again("log::tests::degrade::full_disk_process", "".as_ref())
        .without_variable(AGAIN)
        .run()
        .expect("runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
