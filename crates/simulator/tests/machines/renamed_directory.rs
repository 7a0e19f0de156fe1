//! A directory with many files gets another name: nothing of it is sent again, whatever happens meanwhile.

use super::group::Group;
use homesync_simulator::world::Message;

const FILES: usize = 300;
/// At how many places in the middle the receiving machine is killed.
const PLACES: u64 = 12;

/// One machine has renamed the directory and told so; the other has not heard of it yet.
fn renamed() -> Group {
    let mut group = Group::pair();
    let disk = group.disk(0);
    for number in 0..FILES {
        let path = format!("old/{}/{number}", number % 7);
        disk.user_write(path, format!("text {number}").as_bytes()).expect("a file");
    }
    group.settle();
    group.expect_equal();
    disk.user_rename("old", "new").expect("it moves");
    group.arrived.clear();
    group.pass(5_000);
    group.scan(0);
    group
}

/// How many files a person sees below a directory of the receiving machine.
fn below(group: &Group, directory: &str) -> usize {
    group.seen(1).iter().filter(|(path, (_, bytes))| path.starts_with(directory) && !bytes.is_empty()).count()
}

fn expect_renamed(group: &Group) {
    group.expect_equal();
    assert_eq!((below(group, "new/"), below(group, "old/")), (FILES, 0));
    let requests = group.arrived.iter().filter(|(_, _, message)| matches!(message, Message::Request { .. }));
    assert_eq!(requests.count(), 0, "no content travels");
}

#[test]
fn e11_a_renamed_directory_with_many_files_goes_on_after_kills_and_no_block_is_asked_for() {
    let mut group = renamed();
    let before = group.disk(1).calls();
    group.deliver_all();
    let calls = group.disk(1).calls() - before;
    group.settle();
    expect_renamed(&group);

    let mut torn = 0;
    for place in 1..=PLACES {
        let mut group = renamed();
        let disk = group.disk(1);
        disk.set_crash_at(Some(disk.calls() + calls * place / (PLACES + 1)));
        group.deliver_all();
        assert!(disk.has_crashed());
        assert_eq!(below(&group, "new/") + below(&group, "old/"), FILES, "each is in one of the two");
        torn += usize::from((1..FILES).contains(&below(&group, "new/")));
        group.start_again(1);

        // And once more, while it goes on from there.
        disk.set_crash_at(Some(disk.calls() + calls / (PLACES + 1)));
        group.deliver_all();
        group.pass(2_000);
        assert_eq!(below(&group, "new/") + below(&group, "old/"), FILES, "each is in one of the two");
        group.start_again(1);
        group.settle();
        expect_renamed(&group);
    }
    assert!(torn >= 3, "of {PLACES} kills {torn} came in the middle");
}
