//! Files with several names.

use super::group::Group;

#[test]
fn d14_further_names_of_a_file_are_files_and_a_new_content_breaks_only_its_own_name_off() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("a", b"first").expect("a file");
    disk.user_hard_link("a", "d/b").expect("a name");
    group.settle();
    assert_eq!((group.text(1, "a"), group.text(1, "d/b")), (Some("first".into()), Some("first".into())));

    // Written to under one name, it changes under both.
    disk.user_write_in_place("d/b", b"second").expect("it is there");
    group.settle();
    assert_eq!((group.text(1, "a"), group.text(1, "d/b")), (Some("second".into()), Some("second".into())));

    // What another machine writes to one of the names leaves the other as it is.
    group.disk(1).user_write("a", b"third").expect("a file");
    group.settle();
    group.expect_equal();
    assert_eq!((group.text(0, "a"), group.text(0, "d/b")), (Some("third".into()), Some("second".into())));
    disk.user_write_in_place("d/b", b"fourth").expect("it is there");
    group.settle();
    group.expect_equal();
    assert_eq!((group.text(0, "a"), group.text(0, "d/b")), (Some("third".into()), Some("fourth".into())));
}
