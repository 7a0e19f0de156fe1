//! What only the real file system can show: masks, pipes, what it can do, and where its root is.

use homesync_disk::{LocalFs, Name, Vfs};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn name(text: &str) -> Name<'_> {
    Name::new(text.as_bytes()).expect("it is a name")
}

/// The process's mask neither takes nor leaves anything. In one test, because the mask is the whole process's.
#[test]
fn permissions_are_exact_whatever_the_mask() {
    let directory = tempfile::tempdir().expect("a directory");
    let calls = LocalFs::open(directory.path()).expect("a root");
    let root = calls.root().expect("a root");
    for (mask, index) in [0o000, 0o022, 0o077].into_iter().zip(0..) {
        let before = rustix::process::umask(rustix::fs::Mode::from_bits_retain(mask));
        for permissions in [0o644, 0o600, 0o777, 0o400] {
            let text = format!("{index}-{permissions}");
            calls.create_file(&root, name(&text), permissions).expect("a file");
            let status = calls.status(&root, name(&text)).expect("a status");
            assert_eq!(status.permissions, permissions);
            let text = format!("{index}-{permissions}-directory");
            calls.create_directory(&root, name(&text), permissions).expect("a directory");
            assert_eq!(calls.status(&root, name(&text)).expect("a status").permissions, permissions);
        }
        rustix::process::umask(before);
    }
}

/// Nobody is at the other end: opening it in the usual way would wait for ever.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_never_opened() {
    use homesync_disk::ObjectKind;
    use rustix::fs::{CWD, Mode, mkfifoat};
    use rustix::io::Errno;
    let directory = tempfile::tempdir().expect("a directory");
    mkfifoat(CWD, directory.path().join("pipe"), Mode::RUSR | Mode::WUSR).expect("a pipe");
    let calls = LocalFs::open(directory.path()).expect("a root");
    let root = calls.root().expect("a root");
    let refused = Some(Errno::NXIO.raw_os_error());
    assert_eq!(calls.open_file(&root, name("pipe")).expect_err("a pipe").raw_os_error(), refused);
    assert_eq!(calls.open_file_for_writing(&root, name("pipe")).expect_err("a pipe").raw_os_error(), refused);
    assert_eq!(calls.list(&root).expect("a list"), [(b"pipe".to_vec(), ObjectKind::Special)]);
}

#[test]
fn what_it_can_do_is_tried_out_in_our_own_directory_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    LocalFs::open(directory.path()).expect("a root");
    assert_eq!(fs::read_dir(directory.path()).expect("a list").count(), 0);
    let ours = directory.path().join(".homesync");
    // What a killed program left is no obstacle.
    fs::create_dir_all(ours.join("probe")).expect("a directory");
    fs::write(ours.join("probe/a"), "left").expect("a file");
    let calls = LocalFs::open(directory.path()).expect("a root");
    assert_eq!(fs::read_dir(&ours).expect("a list").count(), 0);
    let root = calls.root().expect("a root");
    for file in ["x", "y"] {
        calls.create_file(&root, name(file), 0o600).expect("a file");
    }
    let exchanged = calls.exchange(&root, name("x"), &root, name("y"));
    assert_eq!(calls.abilities().exchange, exchanged.is_ok());
    assert_eq!(calls.abilities().folds_case, calls.status(&root, name("X")).is_ok());
}

/// A link at our own directory's place must not lead the attempt elsewhere.
#[test]
fn nothing_is_tried_out_behind_a_link() {
    let directory = tempfile::tempdir().expect("a directory");
    let elsewhere = tempfile::tempdir().expect("another directory");
    std::os::unix::fs::symlink(elsewhere.path(), directory.path().join(".homesync")).expect("a link");
    let before = fs::metadata(elsewhere.path()).expect("metadata").ctime_nsec();
    LocalFs::open(directory.path()).expect("a root");
    assert_eq!(fs::metadata(elsewhere.path()).expect("metadata").ctime_nsec(), before);
}

#[test]
fn the_root_stays_the_same_directory_when_its_name_goes_elsewhere() {
    let parent = tempfile::tempdir().expect("a directory");
    let (old, new) = (parent.path().join("old"), parent.path().join("new"));
    fs::create_dir(&old).expect("a directory");
    let calls = LocalFs::open(&old).expect("a root");
    fs::rename(&old, &new).expect("renamed");
    fs::create_dir(&old).expect("another directory");
    let root = calls.root().expect("a root");
    calls.create_file(&root, name("f"), 0o640).expect("a file");
    let metadata = fs::metadata(new.join("f")).expect("metadata");
    let status = calls.status(&root, name("f")).expect("a status");
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o640);
    assert_eq!((status.inode, status.device, status.links), (metadata.ino(), metadata.dev(), 1));
    assert_eq!(status.changed.nanoseconds, u32::try_from(metadata.ctime_nsec()).expect("below 10⁹"));
}
