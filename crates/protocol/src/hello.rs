//! The greeting, which both sides send as soon as the line is encrypted.

use crate::error::{ProtocolError, invalid};
use crate::wire::{self, field};
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
        let wire = wire::Hello {
            device_name: field(shortened(&self.device_name)),
            client_name: field(&self.client_name),
            client_version: field(&self.client_version),
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
