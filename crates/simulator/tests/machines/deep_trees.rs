//! Paths that are too long for a system call come to the other machine like any others.

use super::group::Group;

/// With names of this length, the path is longer than the 4,096 bytes that systems take. The engine's part takes time with the third power of the
/// levels, so that these are few and long.
const LEVELS: usize = 45;
const NAME: usize = 100;

#[test]
fn c14_what_stands_deeper_than_paths_can_tell_travels_changes_and_goes() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    let directory = vec!["n".repeat(NAME); LEVELS].join("/");
    let path = format!("{directory}/file");
    disk.user_write(&path, b"text").expect("a file");
    group.settle();
    group.expect_equal();
    assert_eq!(group.text(1, &path).as_deref(), Some("text"));

    disk.user_write(&path, b"newer").expect("a file");
    disk.user_write(format!("{directory}/second"), b"text").expect("a file");
    group.settle();
    group.expect_equal();
    assert_eq!(group.text(1, &path).as_deref(), Some("newer"));

    group.disk(1).user_remove_tree(&path).expect("it goes");
    group.settle();
    group.expect_equal();
    assert_eq!(group.text(0, &path), None);
}
