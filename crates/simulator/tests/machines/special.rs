//! Pipes, sockets and devices: nobody hears of them, and nothing takes their place.

use super::group::Group;
use homesync_disk::ObjectKind;
use homesync_simulator::filesystem::{Call, SimFs};
use std::cell::RefCell;
use std::rc::Rc;

/// Notes which objects are opened or read from now on.
fn opened(disk: &SimFs) -> Rc<RefCell<Vec<Call>>> {
    let calls: Rc<RefCell<Vec<Call>>> = Rc::default();
    let noted = calls.clone();
    disk.set_hook(Box::new(move |_, _, call| {
        if matches!(call, Call::OpenFile | Call::ReadAt) {
            noted.borrow_mut().push(call);
        }
    }));
    calls
}

#[test]
fn d16_pipes_sockets_and_devices_are_left_out_and_never_opened() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_special("pipe").expect("something special");
    disk.user_special("d/socket").expect("something special");
    let calls = opened(&disk);
    group.settle();
    assert_eq!(*calls.borrow(), [], "nothing else is there to be opened");
    disk.clear_hook();
    assert_eq!(group.seen(1).keys().collect::<Vec<_>>(), ["d"]);

    disk.user_write("d/a", b"text").expect("a file");
    disk.user_write("z", b"text").expect("a file");
    group.settle();
    assert_eq!(group.seen(1).keys().collect::<Vec<_>>(), ["d", "d/a", "z"], "the others go on");
}

#[test]
fn d16_an_item_of_another_machine_does_not_take_the_place_of_a_pipe() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    for name in ["before", "file", "directory", "link"] {
        disk.user_special(name).expect("something special");
    }
    let other = group.disk(1);
    other.user_write("file", b"text").expect("a file");
    other.user_write("directory/a", b"text").expect("a file");
    other.user_symlink("link", "file").expect("a link");
    other.user_write("z", b"text").expect("a file");
    group.settle();
    for name in ["before", "file", "directory", "link"] {
        let status = disk.status_of(name).expect("it is there");
        assert_eq!(status.kind, ObjectKind::Special, "{name}");
    }
    assert_eq!(group.text(0, "z").as_deref(), Some("text"), "the others go on");
    assert_eq!(group.text(1, "file").as_deref(), Some("text"), "nor does the pipe remove anything elsewhere");
    assert_eq!(group.text(1, "directory/a").as_deref(), Some("text"));

    // When the pipe goes, the item comes.
    disk.user_remove_tree("file").expect("it goes");
    group.pass(3_600_000);
    group.settle();
    assert_eq!(group.text(0, "file").as_deref(), Some("text"));
}

#[test]
fn d16_a_file_whose_place_a_pipe_took_does_not_come_back_over_it() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("a", b"text").expect("a file");
    group.settle();
    disk.user_remove_tree("a").expect("it goes");
    disk.user_special("a").expect("something special");
    group.settle();
    group.disk(1).user_write("a", b"newer").expect("a file");
    group.settle();
    assert_eq!(disk.status_of("a").expect("it is there").kind, ObjectKind::Special);
    assert_eq!(group.text(1, "a").as_deref(), Some("newer"));
}
