//! What machines on one network shout to be found.

use crate::DeviceId;
use crate::error::ProtocolError;
use crate::hello::MAGIC;
use crate::wire::{self, device_id, field};
use prost::Message as _;

/// What a packet of the protocol before this one begins with. It is left alone.
const OLD_MAGIC: u32 = 0x7D79_BC40;
/// The longest packet that is read: what fits into one on any network, and more.
pub const LONGEST_PACKET: usize = 9_000;
/// The most addresses that are believed of one machine.
const MOST_ADDRESSES: usize = 64;
/// The longest address.
const LONGEST_ADDRESS: usize = 2_048;

/// A machine says where it can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Which machine.
    pub device: DeviceId,
    /// Where it listens, as URLs; a host that is missing or unspecified is where the packet came from.
    pub addresses: Vec<String>,
    /// Another number after each start.
    pub instance: i64,
}

impl Announcement {
    /// As it is sent.
    pub fn encode(&self) -> Vec<u8> {
        let wire = wire::Announce {
            id: field(self.device.as_bytes()),
            addresses: self.addresses.iter().map(field).collect(),
            instance: self.instance,
        };
        let mut all = MAGIC.to_be_bytes().to_vec();
        all.extend(wire.encode_to_vec());
        all
    }

    /// Reads a packet. Nothing where it belongs to the protocol before this one.
    pub fn decode(packet: &[u8]) -> Result<Option<Self>, ProtocolError> {
        let (magic, body) =
            packet.split_first_chunk::<4>().ok_or(ProtocolError::Undecodable("the announcement"))?;
        let magic = u32::from_be_bytes(*magic);
        if magic == OLD_MAGIC {
            return Ok(None);
        }
        if magic != MAGIC {
            return Err(ProtocolError::Magic(magic));
        }
        let (length, most) = (packet.len() as u64, LONGEST_PACKET as u64);
        if length > most {
            return Err(ProtocolError::TooLong { what: "the announcement", length, most });
        }
        let wire =
            wire::Announce::decode(body).map_err(|_| ProtocolError::Undecodable("the announcement"))?;
        let addresses = wire.addresses.iter().filter(|address| address.len() <= LONGEST_ADDRESS);
        let addresses = addresses.filter_map(|address| String::from_utf8(address.to_vec()).ok());
        Ok(Some(Self {
            device: device_id(&wire.id)?,
            addresses: addresses.take(MOST_ADDRESSES).collect(),
            instance: wire.instance,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement() -> Announcement {
        Announcement {
            device: DeviceId::from_bytes([7; 32]),
            addresses: vec!["tcp://0.0.0.0:22000".to_string(), "quic://192.168.1.2:22000".to_string()],
            instance: -5,
        }
    }

    #[test]
    fn what_is_announced_is_heard() {
        assert_eq!(Announcement::decode(&announcement().encode()), Ok(Some(announcement())));
    }

    #[test]
    fn f1_other_packets_are_refused_and_those_of_the_old_protocol_left_alone() {
        assert_eq!(Announcement::decode(&OLD_MAGIC.to_be_bytes()), Ok(None));
        assert!(matches!(Announcement::decode(b"GET /"), Err(ProtocolError::Magic(_))));
        assert!(matches!(Announcement::decode(b"GE"), Err(ProtocolError::Undecodable(_))));
        let mut short = MAGIC.to_be_bytes().to_vec();
        short.extend([0x0a, 3, 1, 2, 3]);
        assert!(matches!(Announcement::decode(&short), Err(ProtocolError::Invalid { .. })));
        let mut long = announcement();
        long.addresses = vec!["x".repeat(LONGEST_PACKET)];
        assert!(matches!(Announcement::decode(&long.encode()), Err(ProtocolError::TooLong { .. })));
    }

    #[test]
    fn only_so_many_addresses_are_believed() {
        let mut many = announcement();
        many.addresses = (0..500).map(|number| format!("tcp://a:{number}")).collect();
        let heard = Announcement::decode(&many.encode()).unwrap().unwrap();
        assert_eq!(heard.addresses, many.addresses[..MOST_ADDRESSES]);
    }
}
