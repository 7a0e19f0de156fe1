//! Symbolic links: they travel as they are, and nothing goes through them.

use super::group::{Group, file};
use homesync_disk::ObjectKind;
use homesync_protocol::Kind;

/// Where links lead: outside, up and away, to themselves, to nothing, and to a directory with something in it.
const LINKS: &[(&str, &str)] = &[
    ("absolute", "/etc/passwd"),
    ("outside", "../../elsewhere/secret"),
    ("loop", "loop"),
    ("loop one", "loop two"),
    ("loop two", "./loop one"),
    ("dangling", "there/is/nothing"),
    ("inside", "d"),
    ("d/up", ".."),
    ("odd", "//a/./b/../c//"),
];

#[test]
fn d4_links_travel_as_they_are_wherever_they_lead() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("d/a", b"text").expect("a file");
    for (path, target) in LINKS {
        disk.user_symlink(path, target).expect("a link");
    }
    group.settle();
    group.expect_equal();
    let seen = group.seen(1);
    for (path, target) in LINKS {
        let link = (ObjectKind::Kept(Kind::Link), target.as_bytes().to_vec());
        assert_eq!(seen.get(*path), Some(&link));
    }
    // Nothing was seen through a link: only what stands in the folder was announced.
    assert_eq!(group.entries().filter(|entry| entry.path.as_str().contains('/')).count(), 2 * 2);

    // A link that leads elsewhere now, and one that became a file.
    disk.user_remove_tree("absolute").expect("it goes");
    disk.user_symlink("absolute", "/somewhere/else").expect("a link");
    disk.user_remove_tree("inside").expect("it goes");
    disk.user_write("inside", b"a file now").expect("a file");
    group.settle();
    group.expect_equal();
    assert_eq!(group.text(1, "absolute").as_deref(), Some("/somewhere/else"));
    assert_eq!(group.seen(1).get("inside"), Some(&file("a file now")));
    assert_eq!(group.text(1, "d/a").as_deref(), Some("text"), "what it led to is as it was");
}

#[test]
fn d4_what_comes_for_a_directory_does_not_go_through_a_link_that_took_its_place() {
    let mut group = Group::pair();
    group.disk(0).user_write("d/a", b"text").expect("a file");
    group.disk(1).user_write("private/a", b"mine").expect("a file");
    group.settle();
    // Nobody has looked at the link yet when the other machine's changes come.
    let disk = group.disk(1);
    disk.user_rename("d", "d before").expect("it moves");
    disk.user_symlink("d", "private").expect("a link");
    group.disk(0).user_write("d/a", b"newer").expect("a file");
    group.disk(0).user_write("d/b", b"new").expect("a file");
    group.pass(2_000);
    group.scan(0);
    group.deliver_all();
    assert_eq!(group.text(1, "private/a").as_deref(), Some("mine"));
    assert_eq!(group.text(1, "private/b"), None);
    group.settle();
    group.expect_equal();
    assert_eq!(group.text(0, "private/a").as_deref(), Some("mine"));
    assert_eq!(group.text(0, "private/b"), None);
}
