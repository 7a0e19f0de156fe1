//! The short name of a machine: what version vectors count by, and what conflict copies are signed with.

use crate::DeviceId;
use std::fmt;

/// Characters of a device id that fit into a file's name and still tell a person's machines apart.
const SHOWN: usize = 7;

/// The first eight bytes of a device id, as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ShortId(pub u64);

impl From<DeviceId> for ShortId {
    fn from(id: DeviceId) -> Self {
        Self(id.short())
    }
}

impl fmt::Display for ShortId {
    /// The first seven letters of the device id's text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        for position in 0..SHOWN {
            let value = (self.0 >> (64 - 5 * (position + 1))) & 31;
            fmt::Write::write_char(formatter, char::from(ALPHABET[value as usize]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ShortId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_name_is_how_the_device_id_begins() {
        let id = DeviceId::of_certificate(b"any certificate");
        assert!(id.to_string().starts_with(&ShortId::from(id).to_string()));
    }
}
