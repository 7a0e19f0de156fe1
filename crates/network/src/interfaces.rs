//! The addresses of this machine.

use crate::networks::{Interface, Subnet};
use std::net::{IpAddr, Ipv4Addr};

/// All of them but those that lead nowhere else. None where the system does not say.
pub(crate) fn interfaces() -> Vec<Interface> {
    let all = if_addrs::get_if_addrs().unwrap_or_default();
    let mut all: Vec<Interface> =
        all.into_iter().filter(|interface| !interface.is_loopback()).map(interface).collect();
    // The system's order means nothing, and two looks are compared.
    all.sort_by_key(|interface| (interface.index, interface.ip));
    all
}

fn interface(found: if_addrs::Interface) -> Interface {
    let index = found.index.unwrap_or(0);
    let (ip, prefix, broadcast) = match found.addr {
        if_addrs::IfAddr::V4(v4) => (IpAddr::V4(v4.ip), v4.prefixlen, broadcast(v4.ip, v4.prefixlen)),
        if_addrs::IfAddr::V6(v6) => (IpAddr::V6(v6.ip), v6.prefixlen, None),
    };
    Interface { name: found.name, index, ip, prefix, broadcast }
}

/// The last address of a network, unless it is a line between two. What the system itself says is this machine's own address where nobody set another.
fn broadcast(ip: Ipv4Addr, prefix: u8) -> Option<Ipv4Addr> {
    let others = u32::MAX.checked_shr(u32::from(prefix)).filter(|others| *others > 1)?;
    Some(Ipv4Addr::from_bits(ip.to_bits() | others))
}

/// An address is on one of these networks, or on this machine.
pub(crate) fn is_near(interfaces: &[Interface], ip: IpAddr) -> bool {
    let is_local = match ip {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    };
    let on = |interface: &Interface| {
        Subnet::new(interface.ip, interface.prefix).is_some_and(|subnet| subnet.contains(ip))
    };
    is_local || interfaces.iter().any(on)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_on_a_network_is_reached_by_its_last_address() {
        let of = |ip: &str, prefix| broadcast(ip.parse().unwrap(), prefix).map(|ip| ip.to_string());
        assert_eq!(of("192.168.1.7", 24), Some("192.168.1.255".into()));
        assert_eq!(of("10.1.2.3", 12), Some("10.15.255.255".into()));
        assert_eq!(of("10.0.0.1", 30), Some("10.0.0.3".into()));
        assert_eq!((of("10.0.0.1", 31), of("10.0.0.1", 32)), (None, None));
    }

    #[test]
    fn what_shares_a_network_is_near() {
        let on = |ip: &str, prefix| {
            let name = "lan".to_string();
            [Interface { name, index: 1, ip: ip.parse().unwrap(), prefix, broadcast: None }]
        };
        let near = |interfaces: &[Interface], ip: &str| is_near(interfaces, ip.parse().unwrap());
        assert!(near(&on("192.168.1.7", 24), "192.168.1.200"));
        assert!(!near(&on("192.168.1.7", 24), "192.168.2.200"));
        assert!(near(&on("fd00::1", 64), "fd00::beef"));
        assert!(near(&[], "127.0.0.1") && near(&[], "fe80::1") && !near(&[], "1.1.1.1"));
    }
}
