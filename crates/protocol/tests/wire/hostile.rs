//! What nobody may send.

use crate::support::{field, framed, hex, index_of, messages_in, number};
use homesync_protocol::{Decoder, Message, ProtocolError};

fn refused(bytes: &[u8]) -> ProtocolError {
    messages_in(bytes).expect_err("it was taken")
}

#[test]
fn f1_lengths_beyond_all_bounds_are_refused_as_soon_as_they_are_read() {
    assert!(matches!(refused(&hex("8000 0000 0000")), ProtocolError::TooLong { .. }));
    assert!(matches!(refused(&hex("0000 ffffffff")), ProtocolError::TooLong { .. }));
    assert!(matches!(refused(&hex("0000 1dcd6501")), ProtocolError::TooLong { .. }));
    // A sign of life of a megabyte, of which nothing has come yet.
    assert!(matches!(refused(&hex("0002 0806 00100000")), ProtocolError::TooLong { .. }));
}

#[test]
fn f1_a_message_that_was_cut_off_is_none_yet() {
    let bytes = hex("0002 0807 00000003 0a0178");
    for end in 0..bytes.len() {
        let mut decoder = Decoder::default();
        decoder.buffer().extend_from_slice(&bytes[..end]);
        assert_eq!(decoder.next_message(), Ok(None));
        decoder.buffer().extend_from_slice(&bytes[end..]);
        assert_eq!(decoder.next_message(), Ok(Some(Message::Close("x".to_string()))));
    }
}

#[test]
fn f1_damaged_messages_and_headers_are_refused() {
    assert_eq!(refused(&framed(7, &hex("0aff"))), ProtocolError::Undecodable("the last message"));
    assert_eq!(refused(&hex("0002 08ff 00000000")), ProtocolError::Undecodable("a header"));
    assert_eq!(refused(&hex("0004 0807 1005 00000000")), ProtocolError::Compression(5));
}

#[test]
fn f2_what_unfolds_to_too_much_or_to_something_else_is_refused() {
    // It says four thousand million bytes.
    let bomb = hex("0004 0801 1001 00000008 ffffffff 30 0a0178");
    assert!(matches!(refused(&bomb), ProtocolError::TooLong { .. }));
    // It says a hundred million bytes, which four cannot become.
    let bomb = hex("0004 0801 1001 00000008 05f5e100 30 0a0178");
    assert_eq!(refused(&bomb), ProtocolError::Decompression);
    for other in ["00000004 30 0a0178", "00000002 30 0a0178", "000000", "00000003 f0"] {
        let body = hex(other);
        let mut bytes = hex("0004 0807 1001");
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(body);
        assert_eq!(refused(&bytes), ProtocolError::Decompression, "{other}");
    }
}

#[test]
fn requests_that_make_no_sense_are_refused_or_can_be_answered() {
    let request = |size: i64, offset: i64| {
        let mut body = field(2, b"f");
        body.extend(field(3, b"a"));
        body.extend(number(4, offset));
        body.extend(number(5, size));
        messages_in(&framed(3, &body))
    };
    assert!(request(-1, 0).is_err());
    assert!(request((32 << 20) + 1, 0).is_err());
    for (size, offset) in [(0, 0), (32 << 20, i64::MAX), (1, -1)] {
        let Ok(messages) = request(size, offset) else { panic!("{size} at {offset}") };
        let [Message::Request(request)] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!((request.size, request.offset), (size as u32, u64::try_from(offset).ok()));
    }
}

#[test]
fn d1_a_path_that_leaves_its_folder_closes_the_connection() {
    for name in ["", ".", "..", "/a", "../a", "a/../b", "a//b", "./a", "a/", "a/.."] {
        let item = [field(1, name.as_bytes()), number(2, 1)].concat();
        assert!(matches!(refused(&index_of(&[item])), ProtocolError::Path { .. }), "{name:?}");
        let request = [field(2, b"f"), field(3, name.as_bytes())].concat();
        assert!(matches!(refused(&framed(3, &request)), ProtocolError::Path { .. }), "{name:?}");
    }
}

#[test]
fn removed_items_with_blocks_and_files_without_close_the_connection() {
    let block = [number(2, 1), field(3, &[0; 32])].concat();
    let removed = [field(1, b"a"), number(6, 1), field(16, &block)].concat();
    assert!(matches!(refused(&index_of(&[removed])), ProtocolError::Invalid { .. }));
    let empty = field(1, b"a");
    assert!(matches!(refused(&index_of(&[empty])), ProtocolError::Invalid { .. }));
}

#[test]
fn a_folder_or_a_machine_that_cannot_be_is_refused() {
    let folder = |folder: Vec<u8>| framed(0, &field(1, &folder));
    assert!(messages_in(&folder(field(1, b"f"))).is_ok());
    assert!(messages_in(&folder(Vec::new())).is_err(), "without a name");
    assert!(messages_in(&folder(field(1, &[0xff]))).is_err(), "no text");
    let device = field(16, &field(1, &[1, 2, 3]));
    assert!(messages_in(&folder([field(1, b"f"), device].concat())).is_err(), "an id of three bytes");
    let twice = [field(1, &field(1, b"f")), field(1, &field(1, b"f"))].concat();
    assert!(messages_in(&framed(0, &twice)).is_err(), "twice");
}
