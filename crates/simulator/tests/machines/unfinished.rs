//! A file that only one machine has whole, which leaves: the others share what came.

use super::group::{Group, file};
use homesync_simulator::world::Message;
use std::collections::BTreeSet;

const BLOCKS: usize = 12;
/// So many of them come to the second machine before the first one leaves.
const CAME: usize = 5;

fn content() -> Vec<u8> {
    (1..=BLOCKS as u8).flat_map(|block| vec![block; 128 << 10]).collect()
}

fn blocks_from(group: &Group, number: usize) -> BTreeSet<u32> {
    let sent = group.sent_blocks.iter().filter(|(from, path, _)| *from == number && path.as_str() == "large");
    sent.map(|(_, _, block)| *block).collect()
}

/// The second machine has a part of the file, and the third one has only heard of it.
fn left_alone() -> Group {
    let mut group = Group::new(3);
    group.disk(0).user_write("large", &content()).expect("a file");
    group.pass(1_000);
    group.connect(0, 1);
    group.scan(0);
    while blocks_from(&group, 0).len() < CAME {
        assert!(group.deliver(), "it comes");
    }
    // What is under way is to arrive.
    group.deliver_some(CAME);
    group.cut(0, 1);
    group.connect(0, 2);
    let has_heard = |group: &Group| {
        let is_it = |(_, to, message): &(usize, usize, Message)| {
            *to == 2 && matches!(message, Message::Index { entries, .. } if !entries.is_empty())
        };
        group.arrived.iter().any(is_it)
    };
    while !has_heard(&group) {
        assert!(group.deliver(), "it is told");
    }
    group.cut(0, 2);
    group.sent_blocks.clear();
    group
}

#[test]
fn what_one_has_of_it_goes_on_to_the_other_and_only_the_rest_comes_from_the_first() {
    let mut group = left_alone();
    group.connect(1, 2);
    group.machines[1].tell_unfinished();
    group.pass(1);
    group.deliver_all();
    let part = blocks_from(&group, 1);
    assert!(part.len() >= CAME && part.len() < BLOCKS, "{part:?}");
    assert_eq!(group.text(2, "large"), None, "nothing half is under its name");
    group.sent_blocks.clear();
    group.connect(0, 2);
    group.rest();
    let rest = blocks_from(&group, 0);
    assert!(rest.is_disjoint(&part) && rest.len() + part.len() == BLOCKS, "{rest:?}");
    assert_eq!(group.seen(2).get("large"), Some(&file(content())));
    group.connect(0, 1);
    group.settle();
    group.expect_equal();
    // Nobody speaks of it any more.
    let many = group.arrived.len();
    (0..3).for_each(|number| group.machines[number].tell_unfinished());
    group.settle();
    assert!(group.arrived[many..].iter().all(|(_, _, message)| match message {
        Message::Progress(updates) => updates.iter().all(|update| update.blocks.is_none()),
        _ => false,
    }));
}

#[test]
fn what_was_said_is_void_when_the_part_is_gone() {
    let mut group = left_alone();
    group.connect(1, 2);
    group.machines[1].tell_unfinished();
    group.disk(1).user_remove_tree(".homesync/staged").expect("it is taken away");
    group.pass(1);
    group.deliver_all();
    assert_eq!(blocks_from(&group, 1), BTreeSet::new());
    group.connect(0, 2);
    group.rest();
    assert_eq!(group.seen(2).get("large"), Some(&file(content())));
}
