//! What the programs of macOS print about routes, neighbours and radio networks.

use crate::networks::{Gateway, MacAddress};
use std::net::IpAddr;

/// What the system prints in place of a name that it does not tell this program.
const HIDDEN: &str = "<redacted>";

/// The default routes in what `netstat -rn` prints, with the hardware from what `arp -an` prints.
pub(super) fn gateways(routes: &str, neighbours: &str) -> Vec<Gateway> {
    let gateway = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let ["default", through, flags, interface, ..] = fields[..] else { return None };
        // Scoped routes are those of further interfaces, which lead somewhere as well.
        if !flags.contains('G') {
            return None;
        }
        let ip: IpAddr = through.split('%').next()?.parse().ok()?;
        Some(Gateway { interface: interface.to_string(), ip, mac: hardware(neighbours, interface, ip) })
    };
    routes.lines().filter_map(gateway).collect()
}

fn hardware(neighbours: &str, interface: &str, ip: IpAddr) -> Option<MacAddress> {
    neighbours.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, address, "at", hardware, "on", at, ..] = fields[..] else { return None };
        let is_it = at == interface && address == format!("({ip})");
        if is_it { hardware.parse().ok() } else { None }
    })
}

/// The name of the network in what `ipconfig getsummary` prints of an interface.
pub(super) fn network_name(summary: &str) -> Option<String> {
    summary.lines().find_map(|line| {
        let (key, value) = line.split_once(" : ")?;
        (key.trim() == "SSID" && value != HIDDEN).then(|| value.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_routes_are_read_with_the_hardware_behind_them() {
        let routes = "Routing tables\n\nInternet:\n\
            Destination        Gateway            Flags               Netif Expire\n\
            default            192.168.1.1        UGScg                 en0       \n\
            default            link#23            UCSIg           bridge100      !\n\
            127                127.0.0.1          UCS                   lo0       \n\n\
            Internet6:\n\
            default                 fe80::a%en0             UGcg                  en0       \n";
        let neighbours = "? (192.168.1.1) at 0:11:22:aa:bb:cc on en0 ifscope [ethernet]\n\
            ? (192.168.1.9) at (incomplete) on en0 ifscope [ethernet]\n";
        let gateway = |ip: &str, mac: &str| Gateway {
            interface: "en0".into(),
            ip: ip.parse().unwrap(),
            mac: mac.parse().ok(),
        };
        let expected = [gateway("192.168.1.1", "00:11:22:aa:bb:cc"), gateway("fe80::a", "")];
        assert_eq!(gateways(routes, neighbours), expected);
    }

    #[test]
    fn a_name_that_is_hidden_is_not_known() {
        let summary =
            "<dictionary> {\n  BSSID : <redacted>\n  InterfaceType : WiFi\n  SSID : Home sweet home\n}\n";
        assert_eq!(network_name(summary), Some("Home sweet home".into()));
        assert_eq!(network_name(&summary.replace("Home sweet home", HIDDEN)), None);
        assert_eq!(network_name("<dictionary> {\n}\n"), None);
    }
}
