//! A connection that is cut again and again: what has come is not sent again.

use super::group::Group;
use homesync_protocol::SMALLEST_BLOCK;
use homesync_simulator::world::Message;
use std::collections::BTreeSet;

/// Blocks of the large file.
const BLOCKS: usize = 12;
/// Small files, of one block each.
const SMALL: usize = 40;

/// Bytes of which no block is like another.
fn large() -> Vec<u8> {
    (0..BLOCKS).flat_map(|block| vec![block as u8 + 1; SMALLEST_BLOCK as usize]).collect()
}

/// One machine has a large file and many small ones, the other one file; nothing was delivered yet.
fn before_the_first_message() -> Group {
    let mut group = Group::pair();
    let disk = group.disk(0);
    disk.user_write("large", &large()).expect("a file");
    for number in 0..SMALL {
        disk.user_write(format!("small/{number}"), format!("text {number}").as_bytes()).expect("a file");
    }
    group.disk(1).user_write("other", b"the other way").expect("a file");
    group.pass(5_000);
    group.scan(0);
    group.scan(1);
    group
}

/// Cuts and connects the two after every so many messages, until all has come; answers how often.
fn flap(group: &mut Group, messages: usize) -> usize {
    for flaps in 0..1_000 {
        group.deliver_some(messages);
        if group.seen(0) == group.seen(1) {
            return flaps;
        }
        group.cut(0, 1);
        group.pass(200);
        group.connect(0, 1);
    }
    panic!("with {messages} messages at a time they never come to the end");
}

/// How many blocks a machine sent, and how many different ones.
fn sent(group: &Group, number: usize) -> (usize, usize) {
    let sent: Vec<_> = group.sent_blocks.iter().filter(|(from, ..)| *from == number).collect();
    (sent.len(), sent.iter().collect::<BTreeSet<_>>().len())
}

/// How many blocks arrived.
fn arrived(group: &Group) -> usize {
    let is_block = |message: &Message| matches!(message, Message::Response { bytes: Some(_), .. });
    group.arrived.iter().filter(|(_, _, message)| is_block(message)).count()
}

#[test]
fn e15_a_connection_that_is_cut_all_the_time_transfers_at_most_one_block_twice_for_each_cut() {
    for messages in [4, 5, 7, 10, 30] {
        let mut group = before_the_first_message();
        let flaps = flap(&mut group, messages);
        // What was answered while the connection went is sent again, and nothing else: what arrived stays.
        let (by_first, distinct) = sent(&group, 0);
        assert_eq!(distinct, BLOCKS + SMALL);
        assert!(by_first <= distinct + flaps, "{by_first} blocks were sent with {flaps} cuts");
        let (by_second, distinct) = sent(&group, 1);
        assert!(by_second <= distinct + flaps, "{by_second} blocks were sent with {flaps} cuts");
        assert_eq!(arrived(&group), BLOCKS + SMALL + 1, "none arrived twice");
        assert!(flaps >= SMALL / messages, "it was cut {flaps} times only");

        group.settle();
        group.expect_equal();
        assert_eq!(arrived(&group), BLOCKS + SMALL + 1, "there is nothing more to send");
    }
}
