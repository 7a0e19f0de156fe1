//! What people and programs do in a folder.

#![expect(clippy::disallowed_methods, reason = "the test is the person who removes things")]

use super::listener::Listener;
use homesync_disk::{Noticed, Settle, Watcher};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

fn write(path: impl AsRef<Path>, text: &str) {
    fs::write(path, text).expect("written");
}

#[test]
fn a_saved_file_is_told_within_a_moment() {
    let listener = Listener::after(|root| fs::create_dir_all(root.join("a/b")).expect("directories"));
    let begin = Instant::now();
    write(listener.path("a/b/f"), "text");
    assert_eq!(listener.expect(&["a/b/f"]).len(), 1);
    assert!(begin.elapsed() < Duration::from_secs(5), "it took {:?}", begin.elapsed());
}

#[test]
fn c5_an_editor_that_saves_by_renaming_changes_one_file() {
    let listener = Listener::after(|root| write(root.join("f"), "old"));
    write(listener.path("f.new"), "new");
    fs::rename(listener.path("f"), listener.path("f~")).expect("renamed");
    fs::rename(listener.path("f.new"), listener.path("f")).expect("renamed");
    fs::remove_file(listener.path("f~")).expect("removed");
    listener.expect(&["f", "f~"]);
}

/// Files come into directories before anybody can watch them: the directory itself is told, and stands for them.
#[test]
fn a_new_tree_is_told_from_its_top_and_then_watched() {
    let listener = Listener::new();
    for number in 0..50 {
        let directory = listener.path(&format!("a{number}/b/c"));
        fs::create_dir_all(&directory).expect("directories");
        write(directory.join("f"), "text");
    }
    let tops: Vec<String> = (0..50).map(|number| format!("a{number}")).collect();
    listener.expect(&tops.iter().map(String::as_str).collect::<Vec<_>>());
    write(listener.path("a7/b/c/later"), "text");
    listener.expect(&["a7/b/c/later"]);
}

#[test]
fn a_moved_directory_is_told_at_both_places_and_watched_at_the_new_one() {
    let listener = Listener::after(|root| {
        fs::create_dir_all(root.join("old/below")).expect("directories");
        fs::create_dir_all(root.join("deep/er")).expect("directories");
    });
    fs::rename(listener.path("old"), listener.path("deep/er/new")).expect("renamed");
    listener.expect(&["old", "deep/er/new"]);
    write(listener.path("deep/er/new/below/f"), "text");
    assert_eq!(listener.expect(&["deep/er/new/below/f"]).len(), 1);
    // A directory in which the old one came, and back again.
    fs::rename(listener.path("deep/er/new"), listener.path("top")).expect("renamed");
    fs::rename(listener.path("deep"), listener.path("top/deep")).expect("renamed");
    listener.expect(&["top", "deep"]);
    write(listener.path("top/deep/er/f"), "text");
    listener.expect(&["top/deep/er/f"]);
}

#[test]
fn a_directory_that_leaves_or_goes_is_told_and_forgotten() {
    let listener = Listener::after(|root| {
        fs::create_dir_all(root.join("leaves/below")).expect("directories");
        fs::create_dir_all(root.join("goes/below")).expect("directories");
    });
    let elsewhere = tempfile::tempdir().expect("a directory");
    fs::rename(listener.path("leaves"), elsewhere.path().join("left")).expect("renamed");
    fs::remove_dir_all(listener.path("goes")).expect("removed");
    listener.expect(&["leaves", "goes"]);
    write(elsewhere.path().join("left/below/f"), "text");
    fs::create_dir(listener.path("goes")).expect("a directory");
    listener.expect(&["goes"]);
    write(listener.path("goes/f"), "text");
    assert_eq!(listener.expect(&["goes/f"]).len(), 1, "nothing from elsewhere");
}

#[test]
fn what_is_ours_or_left_out_or_temporary_is_not_told() {
    let listener = Listener::after(|root| {
        for directory in [".homesync/staged", "left-out/below", "kept"] {
            fs::create_dir_all(root.join(directory)).expect("directories");
        }
    });
    write(listener.path(".homesync/staged/f"), "text");
    write(listener.path("left-out/below/f"), "text");
    write(listener.path("kept/.syncthing.f.tmp"), "text");
    write(listener.path(".stignore"), "*.o");
    write(listener.path("kept/f"), "text");
    let told = listener.expect(&[".stignore", "kept/f"]);
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn names_are_told_as_they_travel_and_what_cannot_travel_is_not() {
    let decomposed = "A\u{308}pfel";
    let listener = Listener::after(|root| fs::create_dir(root.join(decomposed)).expect("a directory"));
    write(listener.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9")), "text");
    write(listener.path(decomposed).join("f"), "text");
    assert_eq!(listener.expect(&["Äpfel/f"]).len(), 1);
}

/// A link to a directory is an item of its own: what happens behind it is not the folder's.
#[test]
fn a_link_to_a_directory_is_not_followed() {
    let elsewhere = tempfile::tempdir().expect("a directory");
    let listener = Listener::after(|root| symlink(elsewhere.path(), root.join("before")).expect("a link"));
    symlink(elsewhere.path(), listener.path("after")).expect("a link");
    listener.expect(&["after"]);
    write(elsewhere.path().join("f"), "text");
    write(listener.path("f"), "text");
    assert_eq!(listener.expect(&["f"]).len(), 1);
}

#[test]
fn a_directory_that_becomes_readable_is_watched() {
    let listener = Listener::after(|root| fs::create_dir(root.join("a")).expect("a directory"));
    fs::set_permissions(listener.path("a"), fs::Permissions::from_mode(0o755)).expect("set");
    listener.expect(&["a"]);
    write(listener.path("a/f"), "text");
    listener.expect(&["a/f"]);
}

#[test]
fn a_root_that_goes_is_a_reason_to_look_at_everything() {
    let parent = tempfile::tempdir().expect("a directory");
    let (root, (tell, told)) = (parent.path().join("root"), channel());
    fs::create_dir(&root).expect("a directory");
    let notice = Box::new(move |noticed| drop(tell.send(noticed)));
    let watcher = Watcher::start(&root, Arc::new(|_| false), Settle::default(), notice).expect("a watcher");
    fs::rename(&root, parent.path().join("elsewhere")).expect("renamed");
    let noticed = told.recv_timeout(Duration::from_secs(20)).expect("told");
    assert!(matches!(noticed, Noticed::Everything(_)), "{noticed:?}");
    watcher.stop();
}

#[test]
fn a_root_that_is_not_there_is_an_error() {
    let parent = tempfile::tempdir().expect("a directory");
    let notice = Box::new(|_| {});
    let started = Watcher::start(&parent.path().join("no"), Arc::new(|_| false), Settle::default(), notice);
    assert_eq!(started.expect_err("no root").kind(), std::io::ErrorKind::NotFound);
}

/// After it was stopped nobody holds the other end any more: its thread has ended.
#[test]
fn it_ends_at_once_when_it_is_stopped() {
    let mut listener = Listener::new();
    let begin = Instant::now();
    listener.watcher.take().expect("a watcher").stop();
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert_eq!(listener.next(Instant::now() + Duration::from_secs(20)), None);
    assert!(begin.elapsed() < Duration::from_secs(10), "the thread lives on");
}

/// The one who is told does not listen for a while, so that the system has to throw events away. Afterwards everything is looked at, and what was
/// made in between is watched.
#[test]
fn c6_a_flood_of_changes_is_a_reason_to_look_at_everything() {
    let directory = tempfile::tempdir().expect("a directory");
    let ((tell, told), (release, wait)) = (channel(), channel::<()>());
    let notice = Box::new(move |noticed| {
        let _ = tell.send(noticed);
        // Until the other end is dropped.
        let _ = wait.recv();
    });
    let root = directory.path();
    let watcher = Watcher::start(root, Arc::new(|_| false), Settle::default(), notice).expect("a watcher");
    write(root.join("first"), "text");
    let deadline = Duration::from_secs(60);
    assert!(matches!(told.recv_timeout(deadline), Ok(Noticed::Paths(_))));
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("a limit");
    let limit: usize = limit.trim().parse().expect("a number");
    for number in 0..limit / 2 + 1_000 {
        write(root.join(["x", "y"][number % 2]), "text");
    }
    fs::create_dir(root.join("made")).expect("a directory");
    drop(release);
    loop {
        match told.recv_timeout(deadline).expect("everything is told") {
            Noticed::Everything(_) => break,
            Noticed::Paths(_) => {}
            other @ Noticed::Unwatched { .. } => panic!("{other:?}"),
        }
    }
    write(root.join("made/f"), "text");
    loop {
        match told.recv_timeout(deadline).expect("the file is told") {
            Noticed::Paths(paths) if paths.iter().any(|path| path.as_str() == "made/f") => break,
            _ => {}
        }
    }
    watcher.stop();
}
