//! The lock seen from outside: two owners, killed holders, and things that are no lock file.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use rustix::fs::{Gid, Uid};
use rustix::process::{Pid, Signal, kill_process};

use super::*;
use crate::run::Limit;
use crate::testing::{AGAIN, DEADLINE, again, eventually};

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("lock");
    (directory, path)
}

fn try_once(path: &Path) -> Result<Lock, LockError> {
    let unexpected = &mut |held: &Held| panic!("one try does not wait: {held}");
    Lock::acquire(path, &HolderNote::new("homesync second"), Patience::NONE, unexpected)
}

fn holder_of(result: Result<Lock, LockError>) -> Option<Holder> {
    match result {
        Err(LockError::Held(held)) => held.holder,
        other => panic!("not held: {other:?}"),
    }
}

/// Not a test by itself: the process that [`in_another_process`] starts. It holds the lock until it is killed.
#[test]
fn holder_process() {
    let Some(path) = std::env::var_os(AGAIN) else { return };
    let note = HolderNote::new("homesync config edit");
    // With patience, because the one who waits for us to hold the lock tries it now and then.
    let patience = Patience::of(DEADLINE);
    let _lock = Lock::acquire(Path::new(&path), &note, patience, &mut |_| {}).expect("freed soon");
    // Parking alone may end early for no reason.
    let deadline = Instant::now() + DEADLINE * 2;
    while Instant::now() < deadline {
        thread::park_timeout(DEADLINE);
    }
}

/// Lets another process hold the lock, does something, kills that process.
fn in_another_process(path: &Path, act: impl FnOnce(&Holder)) {
    let message = OsString::from(path);
    let limit = Limit::total(DEADLINE * 2);
    let other = thread::spawn(move || again("lock::tests::holder_process", &message).limit(limit).run());
    let mut holder = None;
    eventually("the other process holds the lock", || {
        assert!(!other.is_finished(), "the other process ended too soon");
        holder = match try_once(path) {
            Err(LockError::Held(held)) => held.holder.filter(|holder| holder.pid != std::process::id()),
            _ => None,
        };
        holder.is_some()
    });
    let holder = holder.expect("seen above");
    act(&holder);
    let pid = Pid::from_raw(holder.pid.cast_signed()).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it runs");
    let output = other.join().expect("no panic").expect("it ran");
    assert!(!output.status.success());
}

#[test]
fn k1_second_run_is_told_who_holds_the_lock() {
    let (_directory, path) = place();
    in_another_process(&path, |holder| {
        assert_eq!(holder.command, "homesync config edit");
        let message = try_once(&path).expect_err("held").to_string();
        let start =
            format!("another run holds the lock: process {} (homesync config edit), for ", holder.pid);
        assert!(message.starts_with(&start), "{message}");
    });
}

#[test]
fn k1_looking_at_a_lock_does_not_take_it() {
    let (directory, path) = place();
    assert_eq!(Lock::look(&path).expect("absent is free"), None);
    in_another_process(&path, |holder| {
        assert_eq!(Lock::look(&path).expect("readable").as_ref(), Some(holder))
    });
    let text = fs::read(&path).expect("the file stays");
    assert_eq!(Lock::look(&path).expect("readable"), None, "a killed holder holds nothing");
    assert_eq!(fs::read(&path).expect("the file stays"), text, "nothing is written");
    assert!(matches!(Lock::look(directory.path()), Err(LockError::NotAFile { .. })));
    assert!(matches!(Lock::look(&path.join("below")), Err(LockError::Open { .. })));
}

#[test]
fn k1_a_killed_holder_frees_the_lock() {
    let (_directory, path) = place();
    in_another_process(&path, |_| {});
    let stale = fs::read_to_string(&path).expect("the file stays");
    assert!(stale.contains("config edit"), "a killed holder cannot clean up: {stale:?}");
    let lock = try_once(&path).expect("free again");
    assert!(fs::read_to_string(&path).expect("readable").contains("homesync second"));
    drop(lock);
    assert_eq!(fs::read(&path).expect("the file stays"), b"");
}

#[test]
fn k1_the_text_of_a_killed_holder_is_not_believed() {
    let (_directory, path) = place();
    in_another_process(&path, |_| {});
    // Somebody has the lock and has not signed yet: the old text is all that can be read.
    let file = file::open(&path).expect("opens");
    file.try_lock().expect("free");
    assert_eq!(holder_of(try_once(&path)), None);
}

#[test]
fn k1_waiting_ends_when_the_holder_lets_go() {
    let (_directory, path) = place();
    let mut first = Some(try_once(&path).expect("free"));
    let mut told = 0;
    let second = Lock::acquire(&path, &HolderNote::new("second"), Patience::of(DEADLINE), &mut |held| {
        told += 1;
        assert_eq!(held.holder.as_ref().map(|holder| holder.pid), Some(std::process::id()));
        first = None;
    });
    assert_eq!(second.expect("freed").path(), path);
    assert_eq!(told, 1);
}

#[test]
fn k1_waiting_ends_when_patience_does() {
    let (_directory, path) = place();
    let _first = try_once(&path).expect("free");
    let patience = Patience::of(Duration::from_millis(500));
    let mut told = 0;
    let result = Lock::acquire(&path, &HolderNote::new("second"), patience, &mut |_| told += 1);
    let Err(LockError::Held(held)) = result else { panic!("held: {result:?}") };
    assert_eq!((held.waited, held.path), (Duration::from_millis(500), path));
    assert_eq!(told, 1);
}

#[test]
fn k1_a_lock_file_that_was_removed_while_waiting_protects_nothing() {
    let (_directory, path) = place();
    let mut first = Some(try_once(&path).expect("free"));
    let (sender, receiver) = mpsc::channel();
    let second = Lock::acquire(&path, &HolderNote::new("second"), Patience::of(DEADLINE), &mut |_| {
        fs::remove_file(&path).expect("removes");
        first = None;
        sender.send(()).expect("received below");
    });
    let second = second.expect("free");
    receiver.try_recv().expect("had to wait");
    assert!(file::is_still_at(&second.file, &path));
    assert_eq!(holder_of(try_once(&path)).map(|holder| holder.command).as_deref(), Some("second"));
}

#[test]
fn k1_children_do_not_keep_the_lock() {
    let (_directory, path) = place();
    let lock = try_once(&path).expect("free");
    let cancel = crate::run::Cancel::new();
    let program = crate::run::Program::new("sleep").argument("60").cancel(&cancel);
    let child = thread::spawn(move || program.run());
    drop(lock);
    try_once(&path).expect("free at once, whatever the child is doing");
    cancel.pull();
    child.join().expect("no panic").expect_err("stopped");
}

#[test]
fn a_half_written_note_names_nobody() {
    let (_directory, path) = place();
    let _lock = try_once(&path).expect("free");
    for text in ["", "pid 1\nsince", "\u{0}\u{0}", &"x".repeat(10_000)] {
        fs::write(&path, text).expect("writes");
        assert_eq!(holder_of(try_once(&path)), None);
    }
    fs::write(&path, b"\xff\xfe").expect("writes");
    let error = try_once(&path).expect_err("held");
    assert_eq!(error.to_string(), format!("another run holds the lock {}", path.display()));
}

#[test]
fn the_file_is_for_its_owner_only() {
    let (_directory, path) = place();
    let _lock = try_once(&path).expect("free");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
}

#[test]
fn things_that_are_no_lock_file_are_refused() {
    let (directory, path) = place();
    fs::create_dir(&path).expect("creates");
    assert!(matches!(try_once(&path), Err(LockError::NotAFile { .. })));
    fs::remove_dir(&path).expect("removes");

    let target = directory.path().join("precious");
    fs::write(&target, "precious").expect("writes");
    symlink(&target, &path).expect("links");
    let error = try_once(&path).expect_err("a link");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(fs::read(&target).expect("there"), b"precious");
    fs::remove_file(&path).expect("removes");

    crate::testing::make_pipe(&path);
    assert!(matches!(try_once(&path), Err(LockError::NotAFile { .. })));
}

#[test]
fn a_missing_directory_is_named() {
    let (directory, _) = place();
    let error = try_once(&directory.path().join("none/lock")).expect_err("no directory");
    assert!(error.to_string().ends_with("none/lock"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn k5_the_file_of_another_user_is_refused() {
    let (_directory, path) = place();
    fs::write(&path, "").expect("writes");
    rustix::fs::chown(&path, Some(Uid::from_raw(4711)), None::<Gid>)
        .expect("only root can give files away: run the tests as root, in a container");
    let error = try_once(&path).expect_err("not ours");
    assert!(error.to_string().contains("belongs to user 4711"), "{error}");
}

#[test]
fn a_file_system_without_locks_is_an_error_of_its_own() {
    let failure = Err(TryLockError::Error(std::io::Error::other("no locks")));
    let error = is_ours(failure, Path::new("/x/lock")).expect_err("an error");
    assert_eq!(error.to_string(), "the file system cannot lock /x/lock");
}
