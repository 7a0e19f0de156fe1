//! Names that are no text: they stay where they are. What happens to one that another machine sends is decided where messages are read.

use super::group::Group;

#[test]
fn d8_a_local_name_that_is_no_text_stays_here_and_stops_no_other() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    let odd = b"d/caf\xe9";
    disk.user_write(odd, b"mine").expect("a file");
    disk.user_write(b"\xff\xfe/below", b"mine as well").expect("a file");
    disk.user_write("d/before", b"text").expect("a file");
    disk.user_write("d/\u{e9}", b"text").expect("a file");
    disk.user_write("other", b"text").expect("a file");
    group.settle();
    let expected = ["d", "d/before", "d/\u{e9}", "other"];
    assert_eq!(group.seen(1).keys().collect::<Vec<_>>(), expected);

    // The other machine removes the directory: what cannot be told to anybody keeps it here.
    group.disk(1).user_remove_tree("d").expect("it goes");
    group.settle();
    assert_eq!(group.seen(1).keys().collect::<Vec<_>>(), ["other"]);
    assert_eq!(disk.read(odd).expect("it is there").as_slice(), b"mine");
    assert_eq!(disk.read(b"\xff\xfe/below").expect("it is there").as_slice(), b"mine as well");
    assert_eq!(group.text(0, "d/before"), None);
}
