//! Machines that are connected in a ring: everything comes to everybody, and nothing goes round for ever.

use super::group::Group;
use homesync_protocol::Entry;
use homesync_simulator::world::Message;
use std::collections::BTreeSet;

const MACHINES: usize = 5;
/// Each machine is connected with two others, in both directions.
const DIRECTIONS: usize = 2 * MACHINES;
/// Files that each machine makes, and later changes once.
const FILES: usize = 6;
/// Of those, and of the directory that they are in, there is one version for each change.
const PLAIN_VERSIONS: usize = MACHINES * (2 * FILES + 1);
/// All write to one file without knowing of each other. A machine that knows of some of these versions may tell of the version that has seen just
/// those, and for each pair there may be a conflict copy.
const SHARED_VERSIONS: usize = (1 << MACHINES) - 1 + MACHINES * (MACHINES - 1) / 2;

/// Changes everywhere while what changed before is still on its way.
fn busy_ring() -> Group {
    let mut group = Group::new(MACHINES);
    for number in 0..MACHINES {
        group.connect(number, (number + 1) % MACHINES);
    }
    for round in 0..2 * FILES {
        for number in 0..MACHINES {
            let disk = group.disk(number);
            let path = format!("d{number}/{}", round % FILES);
            disk.user_write(path, format!("{number} {round}").as_bytes()).expect("a file");
            if round == 3 {
                disk.user_write("shared", format!("by {number}").as_bytes()).expect("a file");
            }
            group.pass(700);
            group.scan(number);
            // Fewer than are said meanwhile.
            group.deliver_some(7);
        }
    }
    group
}

/// What each machine told each neighbour about each path, in order.
fn told(group: &Group) -> Vec<String> {
    let mut told = Vec::new();
    for (from, to, message) in &group.arrived {
        let Message::Index { entries, .. } = message else { continue };
        let tell = |entry: &Entry| format!("{from} -> {to}: {:?} {:?}", entry.path, entry.version);
        told.extend(entries.iter().map(tell));
    }
    told
}

#[test]
fn e19_changes_in_a_ring_of_five_come_to_everybody_and_then_nobody_says_anything() {
    let mut group = busy_ring();
    assert_ne!(group.seen(0), group.seen(2), "they are still at it");
    group.settle();
    group.expect_equal();
    let seen = group.seen(0);
    let texts: BTreeSet<&[u8]> = seen.values().map(|(_, bytes)| bytes.as_slice()).collect();
    for number in 0..MACHINES {
        let text = format!("by {number}");
        assert!(texts.contains(text.as_bytes()), "{text} is in the file or in a conflict copy");
    }

    let arrived = group.arrived.len();
    group.settle();
    assert_eq!(group.arrived.len(), arrived, "nothing is left to say");

    // Nobody says a thing twice to the same neighbour, so the versions that there can be bound what is said.
    let told = told(&group);
    let distinct: BTreeSet<_> = told.iter().collect();
    assert_eq!(distinct.len(), told.len());
    let versions = PLAIN_VERSIONS + SHARED_VERSIONS;
    assert!(told.len() <= versions * DIRECTIONS, "{} entries", told.len());
    // Each machine but the one that made it fetches each version at most once: a question and an answer. An index begins once on each direction.
    let most = DIRECTIONS + versions * DIRECTIONS + versions * 2 * (MACHINES - 1);
    assert!(arrived <= most, "{arrived} messages");
}
