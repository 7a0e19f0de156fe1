//! Networks that a person has given names, and on which of them this machine is.
//!
//! Nothing here asks the system: [`here`] is told what the machine sees around it, and compares.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network with a name. This machine is on it when everything that is said of it holds for one of its interfaces.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NamedNetwork {
    /// What people call it.
    pub name: String,
    /// The interface has an address in one of these; wherever if there are none.
    pub subnets: Vec<Subnet>,
    /// What leads from there to everywhere else has this address.
    pub gateway: Option<IpAddr>,
    /// And this hardware, which tells one house's `192.168.1.1` from another's.
    pub gateway_mac: Option<MacAddress>,
    /// The name that its radio shows. Others can give theirs the same.
    pub wifi: Option<String>,
}

/// Addresses that begin alike, as in `192.168.1.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    ip: IpAddr,
    prefix: u8,
}

/// The address of a network card, as in `00:11:22:aa:bb:cc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

/// Why a text is neither a subnet nor a card's address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not written as {wanted}")]
pub struct NotWritten {
    text: String,
    wanted: &'static str,
}

/// What this machine sees around it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// Its addresses.
    pub interfaces: Vec<Interface>,
    /// What leads to everywhere else.
    pub gateways: Vec<Gateway>,
    /// The names of the radio networks, by interface.
    pub wifi: Vec<(String, String)>,
}

/// One address of this machine on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What the system calls it.
    pub name: String,
    /// By which number the system knows it.
    pub index: u32,
    /// The address.
    pub ip: IpAddr,
    /// How many of its bits name the network.
    pub prefix: u8,
    /// Where what is sent reaches everybody there.
    pub broadcast: Option<Ipv4Addr>,
}

/// What leads from an interface to everywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Through which interface.
    pub interface: String,
    /// Its address.
    pub ip: IpAddr,
    /// Its hardware, once something was sent to it.
    pub mac: Option<MacAddress>,
}

/// The names of those networks on which this machine is.
pub fn here(networks: &[NamedNetwork], around: &Surroundings) -> BTreeSet<String> {
    let interfaces: BTreeSet<&str> =
        around.interfaces.iter().map(|interface| interface.name.as_str()).collect();
    let is_here =
        |network: &&NamedNetwork| interfaces.iter().any(|interface| network.is_at(interface, around));
    networks.iter().filter(is_here).map(|network| network.name.clone()).collect()
}

impl NamedNetwork {
    /// Everything that is said of it holds for this interface. Where nothing is said, nothing holds.
    fn is_at(&self, interface: &str, around: &Surroundings) -> bool {
        let addresses = || around.interfaces.iter().filter(|at| at.name == interface);
        let has_gateway = self.gateway.is_some() || self.gateway_mac.is_some();
        let leads = |gateway: &Gateway| {
            gateway.interface == interface
                && self.gateway.is_none_or(|ip| ip == gateway.ip)
                && self.gateway_mac.is_none_or(|mac| Some(mac) == gateway.mac)
        };
        let fits = |subnet: &Subnet| addresses().any(|address| subnet.contains(address.ip));
        let shows = |wifi: &String| around.wifi.iter().any(|(at, name)| at == interface && name == wifi);
        (!self.subnets.is_empty() || has_gateway || self.wifi.is_some())
            && (self.subnets.is_empty() || self.subnets.iter().any(fits))
            && (!has_gateway || around.gateways.iter().any(leads))
            && self.wifi.as_ref().is_none_or(shows)
    }
}

impl Surroundings {
    /// The system forgets the hardware of a gateway to which nothing was sent for long. As long as the addresses are what they were it is still that one:
    /// not known is not another.
    pub(crate) fn remember(&mut self, before: &Self) {
        if self.interfaces != before.interfaces {
            return;
        }
        for gateway in self.gateways.iter_mut().filter(|gateway| gateway.mac.is_none()) {
            let same = |known: &&Gateway| known.interface == gateway.interface && known.ip == gateway.ip;
            gateway.mac = before.gateways.iter().find(same).and_then(|known| known.mac);
        }
    }
}

impl Subnet {
    /// The addresses that have so many bits in common with this one.
    pub fn new(ip: IpAddr, prefix: u8) -> Option<Self> {
        let longest = if ip.is_ipv4() { 32 } else { 128 };
        (prefix <= longest).then_some(Self { ip, prefix })
    }

    /// The address is one of them.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let wide = |ip: Ipv6Addr, prefix: u32| ip.to_bits().checked_shr(128 - prefix).unwrap_or(0);
        let narrow = |ip: Ipv4Addr, prefix: u32| ip.to_bits().checked_shr(32 - prefix).unwrap_or(0);
        let prefix = u32::from(self.prefix);
        match (self.ip, ip.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => narrow(ours, prefix) == narrow(other, prefix),
            (IpAddr::V6(ours), IpAddr::V6(other)) => wide(ours, prefix) == wide(other, prefix),
            _ => false,
        }
    }
}

impl FromStr for Subnet {
    type Err = NotWritten;

    fn from_str(text: &str) -> Result<Self, NotWritten> {
        let (ip, prefix) = match text.split_once('/') {
            Some((ip, prefix)) => (ip.parse().ok(), prefix.parse().ok()),
            None => {
                let ip: Option<IpAddr> = text.parse().ok();
                (ip, ip.map(|ip| if ip.is_ipv4() { 32 } else { 128 }))
            }
        };
        let subnet = ip.zip(prefix).and_then(|(ip, prefix)| Self::new(ip, prefix));
        subnet.ok_or_else(|| NotWritten { text: text.to_string(), wanted: "192.168.1.0/24 or fd00::/64" })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.ip, self.prefix)
    }
}

impl FromStr for MacAddress {
    type Err = NotWritten;

    /// With colons or dashes; a leading zero may be missing, as some programs leave it out.
    fn from_str(text: &str) -> Result<Self, NotWritten> {
        let mut bytes = [0; 6];
        let mut parts = text.split([':', '-']);
        let read = bytes.iter_mut().try_for_each(|byte| {
            let part = parts.next().filter(|part| (1..=2).contains(&part.len()))?;
            *byte = u8::from_str_radix(part, 16).ok()?;
            Some(())
        });
        match (read, parts.next()) {
            (Some(()), None) => Ok(Self(bytes)),
            _ => Err(NotWritten { text: text.to_string(), wanted: "00:11:22:aa:bb:cc" }),
        }
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, ip: &str) -> Interface {
        Interface { name: name.into(), index: 1, ip: ip.parse().unwrap(), prefix: 24, broadcast: None }
    }

    fn around() -> Surroundings {
        let gateway = |interface: &str, ip: &str, mac: &str| Gateway {
            interface: interface.into(),
            ip: ip.parse().unwrap(),
            mac: mac.parse().ok(),
        };
        Surroundings {
            interfaces: vec![interface("wlan0", "192.168.1.20"), interface("eth0", "10.0.0.5")],
            gateways: vec![
                gateway("wlan0", "192.168.1.1", "0:11:22:aa:bb:cc"),
                gateway("eth0", "10.0.0.1", ""),
            ],
            wifi: vec![("wlan0".into(), "Home sweet home".into())],
        }
    }

    fn is_here(change: impl FnOnce(&mut NamedNetwork)) -> bool {
        let mut network = NamedNetwork { name: "home".into(), ..NamedNetwork::default() };
        change(&mut network);
        !here(&[network], &around()).is_empty()
    }

    #[test]
    fn everything_that_is_said_of_a_network_has_to_hold() {
        assert!(!is_here(|_| {}), "nothing is said of it");
        assert!(is_here(|network| network.subnets = vec!["192.168.1.0/24".parse().unwrap()]));
        assert!(!is_here(|network| network.subnets = vec!["192.168.2.0/24".parse().unwrap()]));
        assert!(is_here(|network| {
            network.subnets = vec!["172.16.0.0/12".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        }));
        assert!(is_here(|network| network.gateway = Some("192.168.1.1".parse().unwrap())));
        assert!(is_here(|network| network.gateway_mac = Some("00:11:22:AA:BB:CC".parse().unwrap())));
        assert!(!is_here(|network| network.gateway_mac = Some("00:11:22:aa:bb:cd".parse().unwrap())));
        assert!(is_here(|network| network.wifi = Some("Home sweet home".into())));
        assert!(!is_here(|network| network.wifi = Some("home sweet home".into())));
        assert!(!is_here(|network| {
            network.gateway = Some("10.0.0.1".parse().unwrap());
            network.gateway_mac = Some("00:11:22:aa:bb:cc".parse().unwrap());
        }));
    }

    #[test]
    fn it_has_to_hold_for_one_interface_and_not_for_several_together() {
        assert!(!is_here(|network| {
            network.subnets = vec!["10.0.0.0/8".parse().unwrap()];
            network.wifi = Some("Home sweet home".into());
        }));
        let names = |networks: &[NamedNetwork]| here(networks, &around()).into_iter().collect::<Vec<_>>();
        let named = |name: &str, subnet: &str| NamedNetwork {
            name: name.into(),
            subnets: vec![subnet.parse().unwrap()],
            ..NamedNetwork::default()
        };
        let all =
            [named("home", "192.168.1.0/24"), named("office", "10.0.0.0/8"), named("train", "172.16.0.0/12")];
        assert_eq!(names(&all), ["home", "office"]);
    }

    #[test]
    fn a_gateway_that_the_system_has_forgotten_is_still_there() {
        let (before, mut now) = (around(), around());
        now.gateways[0].mac = None;
        let mut elsewhere = now.clone();
        now.remember(&before);
        assert_eq!(now, before);
        elsewhere.interfaces.pop();
        elsewhere.remember(&before);
        assert_eq!(elsewhere.gateways[0].mac, None);
    }

    #[test]
    fn subnets_hold_what_begins_like_them() {
        for (subnet, inside, outside) in [
            ("192.168.1.7/24", "192.168.1.200", "192.168.2.200"),
            ("10.0.0.0/12", "10.15.0.1", "10.16.0.1"),
            ("fd00::/64", "fd00::beef", "fd00:0:0:1::beef"),
            ("10.0.0.1", "10.0.0.1", "10.0.0.2"),
            ("0.0.0.0/0", "1.2.3.4", "::1"),
            ("::/0", "fe80::1", "1.2.3.4"),
        ] {
            let subnet: Subnet = subnet.parse().unwrap();
            assert!(subnet.contains(inside.parse().unwrap()), "{subnet} {inside}");
            assert!(!subnet.contains(outside.parse().unwrap()), "{subnet} {outside}");
        }
        for wrong in ["10.0.0.0/33", "::/129", "10.0.0", "10.0.0.0/", "home", ""] {
            assert!(wrong.parse::<Subnet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_addresses_of_cards_are_read_as_programs_write_them() {
        let address = MacAddress([0, 0x11, 0x22, 0xaa, 0xbb, 0xcc]);
        for text in ["00:11:22:aa:bb:cc", "00-11-22-AA-BB-CC", "0:11:22:aa:bb:cc"] {
            assert_eq!(text.parse(), Ok(address));
        }
        assert_eq!(address.to_string(), "00:11:22:aa:bb:cc");
        for wrong in ["", "00:11:22:aa:bb", "00:11:22:aa:bb:cc:dd", "00:11:22:aa:bb:cg", "000:11:22:aa:bb:cc"]
        {
            assert!(wrong.parse::<MacAddress>().is_err(), "{wrong}");
        }
    }
}
