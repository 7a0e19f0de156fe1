//! A directory of the folder that is mounted there from elsewhere on the same file system: it looks like any other, and nothing can be moved to it.
#![cfg(target_os = "linux")]

use super::bench::{execute, put_file};
use homesync_disk::LocalFs;
use homesync_engine::Undone;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Set in the child, which has mounts of its own.
const ROOT: &str = "HOMESYNC_TEST_MOUNTED";
const SCRIPT: &str = "mount --bind \"$1\" \"$2\" && exec \"$0\" --exact --nocapture \
    scanner::mounts::b11_a_directory_that_is_mounted_in_the_folder_gets_new_files_and_keeps_its_own";

#[test]
fn b11_a_directory_that_is_mounted_in_the_folder_gets_new_files_and_keeps_its_own() {
    if let Some(root) = std::env::var_os(ROOT) {
        return in_a_child(Path::new(&root));
    }
    let place = tempfile::tempdir().expect("a directory");
    let (root, elsewhere) = (place.path().join("root"), place.path().join("elsewhere"));
    fs::create_dir_all(root.join("mounted")).expect("directories");
    fs::create_dir(&elsewhere).expect("a directory");
    fs::write(elsewhere.join("old"), "old").expect("written");
    #[expect(clippy::disallowed_methods, reason = "mounts that concern nobody else need a namespace")]
    let child = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT])
        .arg(std::env::current_exe().expect("this program"))
        .args([&elsewhere, &root.join("mounted")])
        .env(ROOT, &root)
        .output()
        .expect("`unshare`: see `cargo xtask setup`");
    let text = String::from_utf8_lossy(&child.stdout);
    let errors = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && text.contains("1 passed"), "{text}{errors}");
    assert_eq!(fs::read_to_string(elsewhere.join("new")).expect("it is there"), "new");
}

fn in_a_child(root: &Path) {
    let vfs = LocalFs::open(root).expect("a root");
    assert_eq!(execute(&vfs, 1, put_file(&vfs, "mounted/new", "new")), Ok(()));
    let mode = fs::metadata(root.join("mounted/new")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    let refused = execute(&vfs, 2, put_file(&vfs, "mounted/old", "new"));
    assert!(
        matches!(&refused, Err(Undone::Failed(failure)) if failure.text.contains("mounted")),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(root.join("mounted/old")).expect("it is there"), "old");
    assert_eq!(fs::read_dir(root.join("mounted")).expect("a list").count(), 2);
}
