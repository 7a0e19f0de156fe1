//! The greeting, which both sides send as soon as the line is encrypted.

use crate::error::{ProtocolError, invalid};
use crate::wire;
use prost::Message as _;
use prost::bytes::Bytes;

/// What every greeting, and every packet of the local discovery, begins with.
pub const MAGIC: u32 = 0x2EA7_D90B;
/// What the greeting of an older version begins with.
const OLD_MAGICS: [u32; 3] = [0x9F79_BC40, 0x0001_0000, 0x0001_0001];
/// The longest greeting.
const LONGEST: u16 = 32_767;

/// Who speaks, before anything else is said.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Hello {
    /// What its person calls the machine; empty towards a machine that it does not know.
    pub device_name: String,
    /// The program.
    pub client_name: String,
    /// Its version.
    pub client_version: String,
    /// How many connections it wants, where it says so.
    pub connections: u32,
    /// When it was made, in nanoseconds since 1970, where it says so.
    pub timestamp: i64,
}

impl Hello {
    /// As it is sent.
    pub fn encode(&self) -> Vec<u8> {
        let text = |text: &str| Bytes::copy_from_slice(text.as_bytes());
        let wire = wire::Hello {
            device_name: text(shortened(&self.device_name)),
            client_name: text(&self.client_name),
            client_version: text(&self.client_version),
            connections: i32::try_from(self.connections).unwrap_or(i32::MAX),
            timestamp: self.timestamp,
        };
        let body = wire.encode_to_vec();
        let mut all = MAGIC.to_be_bytes().to_vec();
        all.extend((body.len() as u16).to_be_bytes());
        all.extend(body);
        all
    }

    /// Reads one from what came so far, and says how many bytes of it were the greeting. Nothing yet where there are too few.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some((magic, rest)) = bytes.split_first_chunk::<4>() else { return Ok(None) };
        let magic = u32::from_be_bytes(*magic);
        if OLD_MAGICS.contains(&magic) {
            return Err(ProtocolError::TooOld);
        }
        if magic != MAGIC {
            return Err(ProtocolError::Magic(magic));
        }
        let Some((length, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
        let length = u16::from_be_bytes(*length);
        if length > LONGEST {
            let (length, most) = (u64::from(length), u64::from(LONGEST));
            return Err(ProtocolError::TooLong { what: "the greeting", length, most });
        }
        let length = usize::from(length);
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let wire = wire::Hello::decode(body).map_err(|_| ProtocolError::Undecodable("the greeting"))?;
        let text = |bytes: &Bytes| {
            String::from_utf8(bytes.to_vec()).map_err(|_| invalid("the greeting", "a name is no text"))
        };
        let hello = Self {
            device_name: text(&wire.device_name)?,
            client_name: text(&wire.client_name)?,
            client_version: text(&wire.client_version)?,
            connections: u32::try_from(wire.connections).unwrap_or(0),
            timestamp: wire.timestamp,
        };
        Ok(Some((hello, 6 + length)))
    }
}

/// A name may be as long as a person likes, and the greeting may not.
fn shortened(name: &str) -> &str {
    const LONGEST_NAME: usize = 1_024;
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

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
}
