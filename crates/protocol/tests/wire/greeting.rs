//! The first words.

use crate::support::hex;
use homesync_protocol::{Hello, ProtocolError};

#[test]
fn a_greeting_has_the_known_bytes() {
    let hello = Hello {
        device_name: "a".to_string(),
        client_name: "b".to_string(),
        client_version: "v1".to_string(),
        ..Hello::default()
    };
    let bytes = hex("2ea7d90b 000a 0a0161 120162 1a027631");
    assert_eq!(hello.encode(), bytes);
    for end in 0..bytes.len() {
        assert_eq!(Hello::decode(&bytes[..end]), Ok(None), "{end} bytes are too few");
    }
    let more = [bytes.as_slice(), b"more"].concat();
    assert_eq!(Hello::decode(&more), Ok(Some((hello, bytes.len()))));
}

#[test]
fn other_protocols_and_older_versions_are_told_apart() {
    assert_eq!(Hello::decode(b"GET / HTTP/1.1"), Err(ProtocolError::Magic(0x4745_5420)));
    assert_eq!(Hello::decode(&hex("9f79bc40")), Err(ProtocolError::TooOld));
    assert_eq!(Hello::decode(&hex("00010001")), Err(ProtocolError::TooOld));
}

#[test]
fn f1_a_greeting_that_is_too_long_or_damaged_is_refused() {
    assert!(matches!(Hello::decode(&hex("2ea7d90b 8000")), Err(ProtocolError::TooLong { .. })));
    assert!(matches!(Hello::decode(&hex("2ea7d90b 0002 0aff")), Err(ProtocolError::Undecodable(_))));
    assert!(matches!(Hello::decode(&hex("2ea7d90b 0003 0a01ff")), Err(ProtocolError::Invalid { .. })));
}

#[test]
fn a_very_long_name_is_shortened_between_two_characters() {
    let hello = Hello { device_name: "ü".repeat(100_000), ..Hello::default() };
    let (back, _) = Hello::decode(&hello.encode()).unwrap().unwrap();
    assert_eq!(back.device_name, "ü".repeat(512));
}
