//! Machines on one network find each other: each says from time to time who it is and where it listens.

use crate::address::{Address, Family};
use crate::dial::random;
use crate::interfaces::interfaces;
use crate::networks::Interface;
use crate::platform::shared_socket;
use crate::settings::Discovery;
use crate::shared::Shared;
use homesync_protocol::{Announcement, LONGEST_PACKET};
use rustix::net::{AddressFamily, bind, sockopt};
use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

/// The port on which everybody listens for announcements.
pub const PORT: u16 = 21_027;
/// Not more often than that, however many new machines are heard.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
/// The group of IPv6 in which machines announce themselves.
const GROUP: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x8384);

/// Announces this machine where it listens, and hears others, as well as the system allows.
pub(crate) async fn run(shared: Arc<Shared>, settings: Discovery) {
    let mut sockets = Vec::new();
    for socket in [open(Family::V4, settings.port), open(Family::V6, settings.port)].into_iter().flatten() {
        let socket = Arc::new(socket);
        tokio::spawn(hear(shared.clone(), socket.clone()));
        sockets.push(socket);
    }
    let instance = random().cast_signed();
    let mut is_open = shared.open();
    while !sockets.is_empty() && is_open.wait_for(|is_open| *is_open).await.is_ok() {
        announce(&shared, instance, settings.port, &sockets).await;
        sleep(LEAST_INTERVAL.min(shared.timing.announce)).await;
        let _ = timeout(shared.timing.announce, shared.announce_now.notified()).await;
    }
}

/// A socket that others on this machine may share, because each of them listens at the same port.
fn open(family: Family, port: u16) -> io::Result<UdpSocket> {
    let (domain, everywhere) = match family {
        Family::V6 => (AddressFamily::INET6, SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))),
        _ => (AddressFamily::INET, SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
    };
    let socket = shared_socket(domain)?;
    match family {
        Family::V6 => sockopt::set_ipv6_v6only(&socket, true)?,
        _ => sockopt::set_socket_broadcast(&socket, true)?,
    }
    bind(&socket, &everywhere)?;
    let socket = std::net::UdpSocket::from(socket);
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Says on every network where this machine is. A network that cannot be reached now may be the next time.
async fn announce(shared: &Shared, instance: i64, port: u16, sockets: &[Arc<UdpSocket>]) {
    let interfaces = interfaces();
    // Groups are joined also by those that have nothing to say.
    let addresses = announced(&shared.listening());
    let packet = Announcement { device: shared.device, addresses, instance }.encode();
    for socket in sockets {
        match socket.local_addr() {
            Ok(SocketAddr::V4(_)) => {
                let mut targets: Vec<Ipv4Addr> =
                    interfaces.iter().filter_map(|interface| interface.broadcast).collect();
                if targets.is_empty() {
                    targets.push(Ipv4Addr::BROADCAST);
                }
                for target in targets {
                    let _ = socket.send_to(&packet, (target, port)).await;
                }
            }
            _ => announce_to_group(socket, &interfaces, port, &packet).await,
        }
    }
}

async fn announce_to_group(socket: &UdpSocket, interfaces: &[Interface], port: u16, packet: &[u8]) {
    let indexes: BTreeSet<u32> = interfaces
        .iter()
        .filter(|interface| interface.ip.is_ipv6())
        .map(|interface| interface.index)
        .collect();
    for index in indexes {
        // Joining twice is refused, and does no harm.
        let _ = socket.join_multicast_v6(&GROUP, index);
        if sockopt::set_ipv6_multicast_if(socket, index).is_ok() {
            let target = SocketAddr::V6(std::net::SocketAddrV6::new(GROUP, port, 0, index));
            let _ = socket.send_to(packet, target).await;
        }
    }
}

/// What others can use of the addresses at which this machine listens.
fn announced(listening: &[Address]) -> Vec<String> {
    let is_useful =
        |address: &&Address| address.port != 0 && !address.ip().is_some_and(|ip| ip.is_loopback());
    listening.iter().filter(is_useful).map(ToString::to_string).collect()
}

/// Listens for others for ever.
async fn hear(shared: Arc<Shared>, socket: Arc<UdpSocket>) {
    let mut packet = vec![0; LONGEST_PACKET + 1];
    loop {
        let Ok((length, source)) = socket.recv_from(&mut packet).await else {
            sleep(LEAST_INTERVAL).await;
            continue;
        };
        let Ok(Some(announcement)) = Announcement::decode(&packet[..length]) else { continue };
        if announcement.device == shared.device {
            continue;
        }
        let addresses = addresses_of(&announcement, source);
        if shared.found(announcement.device, announcement.instance, addresses) {
            // Whoever has just come need not wait until this machine says again where it is.
            shared.announce_now.notify_one();
        }
    }
}

/// The addresses of an announcement that mean something here.
fn addresses_of(announcement: &Announcement, source: SocketAddr) -> Vec<Address> {
    let address = |text: &String| {
        let address: Address = text.parse().ok()?;
        if address.port == 0 {
            return None;
        }
        if address.is_unspecified() { address.seen_from(source) } else { Some(address) }
    };
    announcement.addresses.iter().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_protocol::DeviceId;

    #[test]
    fn addresses_without_a_host_are_where_they_came_from() {
        let addresses =
            ["tcp://0.0.0.0:22000", "quic://192.168.1.9:5", "tcp6://:7", "relay://x:1", "tcp://a:0"];
        let announcement = Announcement {
            device: DeviceId::from_bytes([1; 32]),
            addresses: addresses.map(str::to_string).to_vec(),
            instance: 1,
        };
        let found = addresses_of(&announcement, "10.0.0.7:21027".parse().unwrap());
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["tcp://10.0.0.7:22000", "quic://192.168.1.9:5"]);
    }

    #[test]
    fn what_only_this_machine_can_use_is_not_announced() {
        let listening =
            ["tcp://127.0.0.1:5", "tcp://[::]:22000", "tcp://a:0"].map(|text| text.parse().unwrap());
        assert_eq!(announced(&listening), ["tcp://[::]:22000"]);
    }
}
