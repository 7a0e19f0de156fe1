//! Where a machine can be reached, as people write it: `tcp://attic:22000`, `quic://[fd00::5]:22000`, `dynamic`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// The port that is meant where none is written.
pub const DEFAULT_PORT: u16 = 22_000;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// TCP.
    Tcp,
    /// QUIC.
    Quic,
}

/// Which addresses a name may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Either.
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

/// A place to listen at, or to dial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// How.
    pub transport: Transport,
    /// With which addresses.
    pub family: Family,
    /// A name or a number; empty for "wherever this came from", or "everywhere".
    pub host: String,
    /// The port.
    pub port: u16,
}

/// What a machine's list of addresses holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A fixed address.
    Fixed(Address),
    /// It is looked for where machines announce themselves.
    Dynamic,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no address: {reason}")]
pub struct AddressError {
    text: String,
    reason: &'static str,
}

impl Address {
    /// A number is written where the host stands.
    pub fn ip(&self) -> Option<IpAddr> {
        without_zone(&self.host).parse().ok()
    }

    /// No host is named: everywhere, or wherever it came from.
    pub fn is_unspecified(&self) -> bool {
        self.host.is_empty() || self.ip().is_some_and(|ip| ip.is_unspecified())
    }

    /// The same, at the host from which a packet came that did not name it. Nothing where that is of the wrong family.
    pub fn seen_from(&self, source: SocketAddr) -> Option<Self> {
        let ip = source.ip().to_canonical();
        let host = match (ip, source) {
            // Such an address means something only together with the interface.
            (IpAddr::V6(v6), SocketAddr::V6(source))
                if v6.is_unicast_link_local() && source.scope_id() != 0 =>
            {
                format!("{v6}%{}", source.scope_id())
            }
            _ => ip.to_string(),
        };
        self.family.holds(ip).then(|| Self { host, ..self.clone() })
    }

    /// The host to dial. Where none is named, this machine is meant.
    pub(crate) fn host_to_dial(&self) -> &str {
        if self.host.is_empty() { "localhost" } else { &self.host }
    }
}

impl Family {
    /// The address is of this family.
    pub(crate) fn holds(self, ip: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => ip.is_ipv4(),
            Self::V6 => ip.is_ipv6(),
        }
    }
}

/// A number without the interface at which it means something (`fe80::1%eth0`).
fn without_zone(host: &str) -> &str {
    host.split_once('%').map_or(host, |(ip, _)| ip)
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = |reason| AddressError { text: text.to_string(), reason };
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| wrong("it begins with tcp:// or quic://"))?;
        let (transport, family) = match scheme {
            "tcp" => (Transport::Tcp, Family::Any),
            "tcp4" => (Transport::Tcp, Family::V4),
            "tcp6" => (Transport::Tcp, Family::V6),
            "quic" => (Transport::Quic, Family::Any),
            "quic4" => (Transport::Quic, Family::V4),
            "quic6" => (Transport::Quic, Family::V6),
            _ => return Err(wrong("it begins with tcp:// or quic://")),
        };
        let rest = rest.split(['/', '?']).next().unwrap_or_default();
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(|| wrong("a bracket is missing"))?;
                if without_zone(host).parse::<Ipv6Addr>().is_err() {
                    return Err(wrong("between brackets there is an IPv6 address"));
                }
                (host, port)
            }
            None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
        };
        let port = match port {
            "" => DEFAULT_PORT,
            port => {
                let number = port.strip_prefix(':').and_then(|port| port.parse().ok());
                number.ok_or_else(|| wrong("the port is a number from 0 to 65535"))?
            }
        };
        if host.contains(|other: char| other.is_whitespace() || other.is_control()) {
            return Err(wrong("the host holds a space"));
        }
        Ok(Self { transport, family, host: host.to_string(), port })
    }
}

impl FromStr for Reach {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text == "dynamic" { Ok(Self::Dynamic) } else { text.parse().map(Self::Fixed) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "tcp",
            Transport::Quic => "quic",
        };
        let family = match self.family {
            Family::Any => "",
            Family::V4 => "4",
            Family::V6 => "6",
        };
        match self.host.contains(':') {
            true => write!(formatter, "{transport}{family}://[{}]:{}", self.host, self.port),
            false => write!(formatter, "{transport}{family}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_and_other_machines_write_them() {
        for (text, again, host, port) in [
            ("tcp://attic:22000", "tcp://attic:22000", "attic", 22_000),
            ("tcp://attic", "tcp://attic:22000", "attic", 22_000),
            ("quic4://192.168.1.2:5", "quic4://192.168.1.2:5", "192.168.1.2", 5),
            ("tcp6://[fd00::5]:22000", "tcp6://[fd00::5]:22000", "fd00::5", 22_000),
            ("tcp://:22000", "tcp://:22000", "", 22_000),
            ("tcp://0.0.0.0:22000/?x=1", "tcp://0.0.0.0:22000", "0.0.0.0", 22_000),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.host.as_str(), address.port),
                (again, host, port)
            );
        }
        for wrong in ["attic", "relay://a:1", "tcp://a:70000", "tcp://[::1", "tcp://[x]:1", "tcp://a b:1", ""]
        {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
        assert_eq!("dynamic".parse(), Ok(Reach::Dynamic));
    }

    #[test]
    fn a_host_that_is_not_named_is_where_the_packet_came_from() {
        let address: Address = "tcp4://0.0.0.0:5".parse().unwrap();
        assert!(address.is_unspecified());
        let mapped = "[::ffff:10.0.0.7]:99".parse().unwrap();
        assert_eq!(address.seen_from(mapped).unwrap().to_string(), "tcp4://10.0.0.7:5");
        assert_eq!(address.seen_from("[fd00::1]:99".parse().unwrap()), None);
        let address: Address = "tcp://:5".parse().unwrap();
        let seen = address.seen_from("[fe80::1%3]:99".parse().unwrap()).unwrap();
        assert_eq!(seen.to_string(), "tcp://[fe80::1%3]:5");
        assert_eq!((seen.ip(), seen.to_string().parse()), (Some("fe80::1".parse().unwrap()), Ok(seen)));
    }
}
