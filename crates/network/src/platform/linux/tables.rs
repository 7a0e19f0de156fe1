//! Routes and neighbours, as the kernel prints them.

use crate::networks::{Gateway, MacAddress};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A route leads through another machine.
const THROUGH_GATEWAY: u32 = 0x2;
/// A neighbour's hardware is known.
const COMPLETE: u32 = 0x2;

/// The default routes of IPv4, and the hardware to which they lead.
pub(super) fn gateways_v4(routes: &str, neighbours: &str) -> Vec<Gateway> {
    let gateway = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [interface, target, through, flags, _, _, _, mask, ..] = fields[..] else { return None };
        let is_default = number(target)? == 0 && number(mask)? == 0;
        if !is_default || number(flags)? & THROUGH_GATEWAY == 0 {
            return None;
        }
        // The number is printed as this processor reads the four bytes that the network knows.
        let ip = IpAddr::V4(Ipv4Addr::from(number(through)?.to_ne_bytes()));
        Some(Gateway { interface: interface.to_string(), ip, mac: hardware(neighbours, interface, ip) })
    };
    routes.lines().filter_map(gateway).collect()
}

fn hardware(neighbours: &str, interface: &str, ip: IpAddr) -> Option<MacAddress> {
    neighbours.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [address, _, flags, hardware, _, at] = fields[..] else { return None };
        let is_it = at == interface && address.parse() == Ok(ip);
        let is_known = number(flags.trim_start_matches("0x"))? & COMPLETE != 0;
        if is_it && is_known { hardware.parse().ok() } else { None }
    })
}

/// The default routes of IPv6.
pub(super) fn gateways_v6(routes: &str) -> Vec<Gateway> {
    let gateway = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [target, length, _, _, through, _, _, _, flags, interface] = fields[..] else { return None };
        let is_default = number(length)? == 0 && u128::from_str_radix(target, 16).ok()? == 0;
        if !is_default || number(flags)? & THROUGH_GATEWAY == 0 {
            return None;
        }
        let ip = IpAddr::V6(Ipv6Addr::from(u128::from_str_radix(through, 16).ok()?));
        Some(Gateway { interface: interface.to_string(), ip, mac: None })
    };
    routes.lines().filter_map(gateway).collect()
}

fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_routes_of_both_families_are_found() {
        let little = u32::from_ne_bytes([192, 168, 1, 1]);
        let routes = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
             wlan0\t00000000\t{little:08X}\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
             tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0\n\
             wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n"
        );
        let neighbours = "IP address       HW type     Flags       HW address            Mask     Device\n\
             192.168.1.1      0x1         0x2         aa:bb:cc:dd:ee:ff     *        eth7\n\
             192.168.1.1      0x1         0x2         00:11:22:aa:bb:cc     *        wlan0\n";
        let found = gateways_v4(&routes, neighbours);
        let mac = "00:11:22:aa:bb:cc".parse().ok();
        let gateway = Gateway { interface: "wlan0".into(), ip: "192.168.1.1".parse().unwrap(), mac };
        assert_eq!(found, [gateway]);
        let incomplete = neighbours.replace("0x2", "0x0");
        assert_eq!(gateways_v4(&routes, &incomplete)[0].mac, None);

        let zero = "0".repeat(32);
        let routes = format!(
            "{zero} 00 {zero} 00 fe80000000000000000000000000000a 00000400 00000001 00000000 00000003    wlan0\n\
             {zero} 00 {zero} 00 {zero} ffffffff 00000001 00000000 00200200       lo\n"
        );
        let gateway = Gateway { interface: "wlan0".into(), ip: "fe80::a".parse().unwrap(), mac: None };
        assert_eq!(gateways_v6(&routes), [gateway]);
    }

    #[test]
    fn tables_of_another_shape_say_nothing() {
        for text in ["", "x", "a b c d e f g h i j k", "wlan0 zz 1 2 3 4 5 6 7 8"] {
            assert!(gateways_v4(text, text).is_empty() && gateways_v6(text).is_empty(), "{text}");
        }
    }
}
