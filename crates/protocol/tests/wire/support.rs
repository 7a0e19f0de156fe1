//! Messages in and out, and hand-made ones that no honest sender makes.

use homesync_protocol::{Compression, Decoder, Message, ProtocolError, encode};
use prost::bytes::BytesMut;

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

pub fn bytes_of(message: &Message, compression: Compression) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    encode(message, compression, &mut bytes);
    bytes.to_vec()
}

/// All messages in these bytes, which hold nothing else.
pub fn messages_in(bytes: &[u8]) -> Result<Vec<Message>, ProtocolError> {
    let mut decoder = Decoder::default();
    decoder.buffer().extend_from_slice(bytes);
    let mut all = Vec::new();
    while let Some(message) = decoder.next_message()? {
        all.push(message);
    }
    assert!(decoder.buffer().is_empty() && decoder.missing() == 0, "something is left");
    Ok(all)
}

/// A field of a message, for those that are made by hand.
pub fn field(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut all = varint(u64::from(number << 3 | 2));
    all.extend(varint(bytes.len() as u64));
    all.extend(bytes);
    all
}

pub fn number(field: u32, value: i64) -> Vec<u8> {
    let mut all = varint(u64::from(field << 3));
    all.extend(varint(value as u64));
    all
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut all = Vec::new();
    while value >= 0x80 {
        all.push(value as u8 | 0x80);
        value >>= 7;
    }
    all.push(value as u8);
    all
}

/// A message of a kind with this body.
pub fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut all = vec![0, 2, 8, kind];
    all.extend((body.len() as u32).to_be_bytes());
    all.extend(body);
    all
}

/// An index message of the folder `f` with these items.
pub fn index_of(items: &[Vec<u8>]) -> Vec<u8> {
    let mut body = field(1, b"f");
    items.iter().for_each(|item| body.extend(field(2, item)));
    framed(1, &body)
}
