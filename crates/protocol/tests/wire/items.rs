//! Single items that are left aside without anything else being so, and what is forgiven to older peers.

use crate::support::{field, index_of, messages_in, number};
use homesync_protocol::{
    BlockHash, Content, Entry, IndexMessage, Kind, Message, RefusedReason, Timestamp, Validity,
};

fn index(items: &[Vec<u8>]) -> IndexMessage {
    match messages_in(&index_of(items)).unwrap().pop() {
        Some(Message::Index(index)) => index,
        other => panic!("{other:?}"),
    }
}

/// A directory by this name, and something else about it.
fn directory(name: &[u8], more: &[u8]) -> Vec<u8> {
    [field(1, name), number(2, 1), number(10, 1), more.to_vec()].concat()
}

fn file(more: &[Vec<u8>]) -> Vec<u8> {
    [field(1, b"a"), number(10, 1), more.concat()].concat()
}

fn block(offset: i64, size: i64, hash: &[u8]) -> Vec<u8> {
    field(16, &[number(1, offset), number(2, size), field(3, hash)].concat())
}

fn only(index: &IndexMessage) -> &Entry {
    assert_eq!((index.entries.len(), &index.refused), (1, &Vec::new()));
    &index.entries[0]
}

fn reason(item: Vec<u8>) -> RefusedReason {
    let index = index(&[directory(b"before", &[]), item, directory(b"after", &[])]);
    assert_eq!(index.entries.len(), 2, "the others are taken");
    index.refused[0].reason.clone()
}

#[test]
fn d8_a_name_that_is_no_text_stops_only_itself() {
    assert!(matches!(reason(directory(b"\xff\xfe", &[])), RefusedReason::Name(_)));
    assert!(matches!(reason(directory(b"a\0b", &[])), RefusedReason::Name(_)));
    assert!(matches!(reason(directory("u\u{308}".as_bytes(), &[])), RefusedReason::Name(_)));
    let shown = index(&[directory(b"\xff\x1b[2J", &[])]).refused[0].to_string();
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn names_with_control_characters_and_backslashes_are_names() {
    for name in ["a\nb", "a\tb", "a\\b", "\u{202e}a", "C:", "a\x1b[2J"] {
        assert_eq!(only(&index(&[directory(name.as_bytes(), &[])])).path.as_str(), name);
    }
}

#[test]
fn d12_names_of_the_program_itself_never_travel() {
    for name in [
        ".stfolder",
        ".STFOLDER/x",
        ".stignore",
        ".stversions/a",
        ".homesync/recovery/x",
        "d/.syncthing.a.tmp",
        "~syncthing~a.tmp",
    ] {
        assert_eq!(reason(directory(name.as_bytes(), &[])), RefusedReason::Reserved, "{name}");
    }
}

#[test]
fn f3_a_list_of_blocks_that_does_not_fit_stops_only_its_file() {
    let hash = [7; 32];
    let sized = |size: i64, blocks: &[Vec<u8>]| reason(file(&[number(3, size), blocks.concat()]));
    assert!(matches!(sized(-5, &[block(0, 5, &hash)]), RefusedReason::Size(-5)));
    assert!(matches!(sized(200_000, &[block(0, 131_072, &hash)]), RefusedReason::Blocks(_)));
    let (first, far) = (block(0, 131_072, &hash), block(140_000, 68_928, &hash));
    assert_eq!(sized(200_000, &[first.clone(), far]), RefusedReason::Extent(1));
    assert_eq!(sized(200_000, &[first, block(131_072, 5, &hash)]), RefusedReason::Extent(1));
    assert_eq!(sized(5, &[block(0, 5, &[7; 48])]), RefusedReason::Hash(48));
    let odd = file(&[number(3, 5), number(13, 131_073), block(0, 5, &hash)]);
    assert!(matches!(reason(odd), RefusedReason::Blocks(_)));
}

#[test]
fn f6_absurd_version_vectors_are_bounded() {
    let counter = |id: i64, value: i64| field(1, &[number(1, id), number(2, value)].concat());
    let many: Vec<u8> = (1..=100_000).flat_map(|id| counter(id, 1)).collect();
    assert!(matches!(reason(directory(b"a", &field(9, &many))), RefusedReason::Version(_)));
    let largest = index(&[directory(b"a", &field(9, &counter(1, -1)))]);
    let version = &only(&largest).version;
    let next = version.changed(homesync_protocol::ShortId(1), 5);
    assert_eq!(next.counter(homesync_protocol::ShortId(1)), u64::MAX, "it stays at its end");
}

#[test]
fn other_things_that_one_item_may_not_be_stop_only_it() {
    assert_eq!(reason([field(1, b"a"), number(2, 9)].concat()), RefusedReason::Kind(9));
    let link = |target: &[u8]| [field(1, b"a"), number(2, 4), field(17, target)].concat();
    for target in [&b""[..], b"\xff", b"a\0b"] {
        assert_eq!(reason(link(target)), RefusedReason::Target);
    }
}

#[test]
fn what_older_peers_say_too_much_is_left_out() {
    assert_eq!(only(&index(&[directory(b"a", &number(3, 128))])).content, Content::Directory);
    let with_blocks = directory(b"a", &block(0, 5, &[7; 32]));
    assert_eq!(only(&index(&[with_blocks])).content, Content::Directory);
    for kind in [2, 3, 4] {
        let link = [field(1, b"a"), number(2, kind), number(3, 3), field(17, b"b/c")].concat();
        assert_eq!(only(&index(&[link])).content, Content::Link("b/c".into()));
    }
    // The second field of a block's is the weak hash of older peers.
    let block = field(16, &[number(2, 5), field(3, &[7; 32]), number(4, 99)].concat());
    let index = index(&[file(&[number(3, 5), block])]);
    let blocks = only(&index).content.blocks().unwrap();
    assert_eq!((blocks.size(), blocks.hashes()), (5, &[BlockHash([7; 32])][..]));
}

#[test]
fn d18_only_the_low_nine_bits_of_permissions_are_taken() {
    let index = index(&[directory(b"a", &number(4, 0o7755))]);
    assert_eq!(only(&index).permissions, Some(0o755));
}

#[test]
fn c10_times_beyond_their_range_are_brought_into_it() {
    let late = directory(b"a", &[number(5, i64::MIN), number(11, -1)].concat());
    assert_eq!(only(&index(&[late])).modified, Timestamp { seconds: i64::MIN, nanoseconds: 0 });
    let late = directory(b"a", &[number(5, i64::MAX), number(11, 2_000_000_000)].concat());
    let modified = Timestamp { seconds: i64::MAX, nanoseconds: 999_999_999 };
    assert_eq!(only(&index(&[late])).modified, modified);
}

#[test]
fn absurdly_many_attributes_stop_only_their_item() {
    let attribute = |size: usize| field(1, &[field(1, b"user.a"), field(2, &vec![7; size])].concat());
    let linux = |size| field(14, &field(3, &attribute(size)));
    assert!(only(&index(&[directory(b"a", &linux(64 << 10))])).metadata.is_some());
    assert!(matches!(reason(directory(b"a", &linux(2 << 20))), RefusedReason::Metadata(_)));
    assert_eq!(only(&index(&[directory(b"a", &field(14, &[]))])).metadata, None, "nothing was said");
}

#[test]
fn what_cannot_be_had_is_known_all_the_same() {
    let invalid = index(&[file(&[number(7, 1)])]);
    assert_eq!(only(&invalid).validity, Validity::Invalid);
    let removed = index(&[file(&[number(6, 1)])]);
    assert_eq!(only(&removed).content, Content::Deleted(Kind::File));
}

#[test]
fn f4_sequence_numbers_that_do_not_rise_are_noticed() {
    let item = |name: &[u8], sequence: i64| [field(1, name), number(2, 1), number(10, sequence)].concat();
    assert!(index(&[item(b"a", 1), item(b"b", 5), item(b"c", 6)]).is_rising);
    assert!(!index(&[item(b"a", 1), item(b"b", 1)]).is_rising);
    assert!(!index(&[item(b"a", 5), item(b"b", 4)]).is_rising);
    assert!(!index(&[item(b"a", -5)]).is_rising);
    assert_eq!(index(&[item(b"a", 5), item(b"\xff", 9)]).last_sequence, 9, "also of what is left aside");
}
