//! Bytes that real peers send.

use crate::support::{bytes_of, framed, hex, messages_in, number};
use homesync_protocol::{ClusterConfig, Compression, Message};

#[test]
fn messages_have_the_known_bytes() {
    let secondary = ClusterConfig { folders: Vec::new(), secondary: true };
    for (bytes, message) in [
        ("0002 0806 00000000", Message::Ping),
        ("0000 00000000", Message::ClusterConfig(ClusterConfig::default())),
        ("0000 00000002 1001", Message::ClusterConfig(secondary)),
        ("0002 0807 00000003 0a0178", Message::Close("x".to_string())),
    ] {
        assert_eq!(bytes_of(&message, Compression::Metadata), hex(bytes), "{message:?}");
        assert_eq!(messages_in(&hex(bytes)), Ok(vec![message]));
    }
}

#[test]
fn a_message_may_be_compressed_whatever_its_length_and_kind() {
    // The literals `0a0178`, as one block.
    let bytes = hex("0004 0807 1001 00000008 00000003 30 0a0178");
    assert_eq!(messages_in(&bytes), Ok(vec![Message::Close("x".to_string())]));
}

#[test]
fn messages_of_a_later_version_are_passed_over_and_unknown_fields_left_alone() {
    let mut bytes = framed(99, &[7; 5_000]);
    let mut close = hex("0a0178");
    close.extend(number(777, 5));
    bytes.extend(framed(7, &close));
    bytes.extend(hex("0002 0806 00000000"));
    let both = vec![Message::Close("x".to_string()), Message::Ping];
    assert_eq!(messages_in(&bytes), Ok(both));
}
