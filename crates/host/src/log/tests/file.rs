//! The log file: its lines, its rotation, several writers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::testing::{AGAIN, again};

#[test]
fn every_line_is_an_object_with_the_usual_members() {
    let place = tempfile::tempdir().expect("a directory");
    let (_, lost) = logged(to_file(place.path()), || {
        let folder = tracing::info_span!("folder", name = "photos").entered();
        let scan = tracing::info_span!("scan", depth = 2).entered();
        tracing::info!(
            path = "/a\"b\\\u{1b}\u{9b}\u{2028}\nc",
            size = 7_u64,
            left = -3,
            new = true,
            "done\ttwice"
        );
        drop((scan, folder));
        tracing::trace!(target: "homesync", "plain");
    });
    assert_eq!(lost, 0);
    let file = place.path().join("homesync.jsonl");
    assert!(
        !fs::read_to_string(&file).expect("text").trim_end().replace('\n', "").contains(char::is_control)
    );
    let objects = objects(&file);
    let [first, second] = objects.as_slice() else { panic!("two lines: {objects:?}") };
    first["timestamp"].as_str().expect("text").parse::<jiff::Timestamp>().expect("RFC 3339");
    assert_eq!(first["level"], "INFO");
    assert_eq!(first["target"], "homesync_host::log::tests::file");
    assert_eq!(first["message"], "done\ttwice");
    assert_eq!(first["pid"], std::process::id());
    let fields =
        serde_json::json!({"path": "/a\"b\\\u{1b}\u{9b}\u{2028}\nc", "size": 7, "left": -3, "new": true});
    assert_eq!(first["fields"], fields);
    let spans = serde_json::json!([
        {"name": "folder", "fields": {"name": "photos"}},
        {"name": "scan", "fields": {"depth": 2}},
    ]);
    assert_eq!(first["spans"], spans);
    assert_eq!((&second["message"], second.get("spans")), (&"plain".into(), None));
}

#[test]
fn the_files_are_for_their_owner_only() {
    let place = tempfile::tempdir().expect("a directory");
    let logs = place.path().join("logs");
    logged(to_file(&logs), || tracing::info!("x"));
    let mode = |path: PathBuf| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(logs.clone()), mode(logs.join("homesync.jsonl"))), (0o700, 0o600));
}

/// Settings that rotate every few lines.
fn small(directory: &Path, keep: u32) -> LogSettings {
    let file = FileLog { max_bytes: 1024, keep, level: LevelFilter::TRACE, ..FileLog::new(directory) };
    LogSettings { file: Some(file), ..to_file(directory) }
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("there").flatten();
    let mut names: Vec<String> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn rotation_keeps_so_many_files_and_the_newest_lines() {
    for keep in [1_u32, 2, 4] {
        let place = tempfile::tempdir().expect("a directory");
        let (_, lost) =
            logged(small(place.path(), keep), || (0..100).for_each(|number| tracing::info!(number, "line")));
        assert_eq!(lost, 0);
        let mut expected = vec!["homesync.jsonl".to_owned()];
        expected.extend((1..keep).map(|number| format!("homesync.jsonl.{number}")));
        assert_eq!(names(place.path()), expected);
        // Read from oldest to newest, the lines follow each other up to the last.
        let mut numbers = Vec::new();
        for name in expected.iter().rev() {
            let path = place.path().join(name);
            assert!(fs::metadata(&path).expect("there").len() <= 1024);
            numbers.extend(
                objects(&path).iter().map(|object| object["fields"]["number"].as_u64().expect("a number")),
            );
        }
        let first = 100 - numbers.len() as u64;
        assert_eq!(numbers, (first..100).collect::<Vec<u64>>());
    }
}

#[test]
fn a_line_larger_than_a_file_is_written_all_the_same() {
    let place = tempfile::tempdir().expect("a directory");
    let (_, lost) = logged(small(place.path(), 2), || {
        tracing::info!("{}", "x".repeat(3000));
        tracing::info!("{}", "y".repeat(3000));
    });
    assert_eq!((lost, names(place.path()).len()), (0, 2));
}

#[test]
fn a_file_that_was_moved_or_removed_is_made_again() {
    let place = tempfile::tempdir().expect("a directory");
    let file = place.path().join("logs/homesync.jsonl");
    let (_, lost) = logged(to_file(&place.path().join("logs")), || {
        tracing::info!("one");
        fs::rename(&file, place.path().join("logs/taken")).expect("moves");
        tracing::info!("two");
        fs::remove_dir_all(place.path().join("logs")).expect("removes");
        tracing::info!("three");
    });
    assert_eq!(lost, 0);
    let objects = objects(&file);
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0]["message"], "three");
}

const LINES: usize = 400;

/// Not a test by itself: one of the processes that write to the same log.
#[test]
fn writing_process() {
    let Some(directory) = std::env::var_os(AGAIN) else { return };
    let mut settings = small(Path::new(&directory), 1000);
    settings.file = settings.file.map(|file| FileLog { max_bytes: 8 * 1024, ..file });
    let (_, lost) = logged(settings, || {
        (0..LINES).for_each(|number| tracing::info!(number, padding = "x".repeat(number), "from a process"));
    });
    assert_eq!(lost, 0);
}

#[test]
fn lines_of_several_processes_stay_whole_and_none_is_lost() {
    let place = tempfile::tempdir().expect("a directory");
    let start = || {
        let program = again("log::tests::file::writing_process", place.path().as_os_str());
        std::thread::spawn(move || program.run().and_then(crate::run::Output::check).expect("succeeds"))
    };
    let processes = [start(), start(), start()];
    processes.into_iter().for_each(|process| drop(process.join().expect("no panic")));
    let files = names(place.path());
    assert!(files.len() > 3, "rotated: {files:?}");
    let mut seen: Vec<(u64, u64)> = Vec::new();
    for name in files {
        let lines = objects(&place.path().join(name));
        let number = |object: &serde_json::Value| object["fields"]["number"].as_u64().expect("a number");
        seen.extend(lines.iter().map(|object| (object["pid"].as_u64().expect("a number"), number(object))));
    }
    seen.sort_unstable();
    let lines = seen.len();
    seen.dedup();
    assert_eq!((lines, seen.len()), (3 * LINES, 3 * LINES));
}
