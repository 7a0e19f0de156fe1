//! Files that change while they are looked at: nobody hears of a content that the file never had.

use super::group::{Group, file};
use homesync_protocol::{BlockList, Content, SMALLEST_BLOCK};
use homesync_simulator::filesystem::{Call, SimFs};
use std::cell::Cell;
use std::rc::Rc;

const BLOCK: usize = SMALLEST_BLOCK as usize;

/// Just before the call of this kind with this number, counted from now, a person does something; answers how many such calls there were.
fn before(disk: &SimFs, call: Call, number: usize, act: impl Fn(&SimFs) + 'static) -> Rc<Cell<usize>> {
    let calls = Rc::new(Cell::new(0));
    let counter = calls.clone();
    disk.set_hook(Box::new(move |disk, _, next| {
        if next == call {
            counter.set(counter.get() + 1);
            if counter.get() == number {
                act(disk);
            }
        }
    }));
    calls
}

/// All that was announced about a file are contents that it had.
fn expect_only(group: &Group, path: &str, contents: &[&[u8]]) {
    let contents: Vec<Content> = contents.iter().map(|bytes| Content::File(BlockList::of(bytes))).collect();
    for entry in group.announced(path) {
        assert!(contents.contains(&entry.content), "{entry:?}");
    }
}

/// A file of three blocks is written to while it is read: `act` makes of it what `after` says.
fn changed_while_read(after: &[u8], act: fn(&SimFs)) {
    let old = vec![b'o'; 3 * BLOCK];
    let mut reads = 1;
    loop {
        let mut group = Group::pair();
        let disk = group.disk(0);
        disk.user_write("a", &old).expect("a file");
        disk.user_write("b", b"another").expect("a file");
        disk.user_sync();
        let counted = before(&disk, Call::ReadAt, reads, act);
        group.pass(5_000);
        group.scan(0);
        disk.clear_hook();
        let has_acted = counted.get() >= reads;
        group.deliver_all();
        expect_only(&group, "a", &[&old, after]);
        if !has_acted {
            assert!(reads > 3, "each read was tried");
            return;
        }
        assert_eq!(group.text(1, "b").as_deref(), Some("another"), "the others go on");

        // The folder comes back to what changed while it was read; what changed after that, the next scan finds.
        group.rest();
        group.settle();
        expect_only(&group, "a", &[&old, after]);
        assert_eq!(group.seen(1).get("a"), Some(&file(after)), "read {reads}");
        group.expect_equal();
        reads += 1;
    }
}

#[test]
fn c1_a_file_that_changes_while_it_is_read_is_announced_only_as_it_is_at_last() {
    let mut after = vec![b'o'; 3 * BLOCK];
    after[..4].copy_from_slice(b"new!");
    after[2 * BLOCK..2 * BLOCK + 4].copy_from_slice(b"new!");
    changed_while_read(&after, |disk| {
        disk.user_write_at("a", 0, b"new!").expect("it is there");
        disk.user_write_at("a", 2 * BLOCK as u64, b"new!").expect("it is there");
    });
}

#[test]
fn c1_a_program_that_puts_the_time_back_after_writing_is_noticed_all_the_same() {
    let mut after = vec![b'o'; 3 * BLOCK];
    after[..4].copy_from_slice(b"new!");
    after[2 * BLOCK..2 * BLOCK + 4].copy_from_slice(b"new!");
    changed_while_read(&after, |disk| {
        let modified = disk.status_of("a").expect("it is there").modified;
        disk.user_write_at("a", 0, b"new!").expect("it is there");
        disk.user_write_at("a", 2 * BLOCK as u64, b"new!").expect("it is there");
        disk.user_set_mtime("a", modified).expect("it is there");
    });
}

#[test]
fn c1_a_file_that_is_replaced_while_it_is_read_is_announced_only_as_one_of_the_two() {
    changed_while_read(b"short", |disk| disk.user_write("a", b"short").expect("a file"));
}

#[test]
fn c11_a_log_that_grows_at_every_look_holds_up_nobody_and_is_announced_when_it_rests() {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("log", b"begin\n").expect("a file");
    let is_growing = Rc::new(Cell::new(true));
    let grows = is_growing.clone();
    disk.set_hook(Box::new(move |disk, _, next| {
        if next == Call::ReadAt && grows.get() {
            disk.user_append("log", b"line\n").expect("it is there");
        }
    }));
    for round in 0..20 {
        disk.user_write(format!("file {round}"), b"text").expect("a file");
        group.pass(5_000);
        group.scan(0);
        group.deliver_all();
        assert_eq!(group.text(1, &format!("file {round}")).as_deref(), Some("text"));
        assert_eq!(group.announced("log"), [], "nothing is known about it yet");
        assert!(group.machines[0].folder.next_wake().is_some(), "it is to be looked at again");
    }
    // Nobody scans any more: the folder itself comes back to it.
    is_growing.set(false);
    group.rest();
    let text = group.text(0, "log").expect("it is there");
    assert!(text.lines().count() > 20);
    assert_eq!(group.text(1, "log"), Some(text.clone()));
    expect_only(&group, "log", &[text.as_bytes()]);
    group.expect_equal();
}
