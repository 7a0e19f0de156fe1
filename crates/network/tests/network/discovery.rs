//! Machines on one network find each other without knowing any address.

use crate::namespace::{add_network, in_namespace, ip};
use crate::support::{Machine, PATIENCE, Papers, settings};
use homesync_network::{Discovery, Nearby, Peer, Reach};
use homesync_protocol::{Announcement, DeviceId};
use rustix::net::{AddressFamily, SocketType, bind, socket, sockopt};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

fn machine(papers: &Papers, name: &str, listen: &[&str]) -> Machine {
    let mut settings = settings(papers, name, listen);
    settings.discovery = Some(Discovery { port: 21_027 });
    settings.timing.announce = Duration::from_millis(200);
    settings.timing.look_around = Duration::from_millis(100);
    Machine::start(settings)
}

fn dynamic(device: DeviceId) -> Peer {
    Peer::new(device, vec![Reach::Dynamic])
}

/// Two machines that know nothing of each other but their ids.
fn find_each_other(listen: &str, host: &str) {
    let (here, there) = (Papers::new(), Papers::new());
    let mut one = machine(&here, "here", &[listen]);
    let mut other = machine(&there, "there", &[listen]);
    one.network.set_peers(vec![dynamic(there.device())]);
    other.network.set_peers(vec![dynamic(here.device())]);
    let (ours, theirs) = (one.wait_connected(), other.wait_connected());
    for connection in [ours, theirs] {
        assert!(connection.address().host.starts_with(host), "{connection:?}");
    }
    one.wait_until("they are near each other", |network| {
        network.nearby().iter().any(|nearby| nearby.device == there.device())
    });
}

#[test]
fn two_machines_find_each_other_by_broadcast() {
    in_namespace("discovery::two_machines_find_each_other_by_broadcast", || {
        add_network("home", &["10.77.0.1/24"]);
        find_each_other("tcp4://:0", "10.77.0.1");
        find_each_other("quic4://:0", "10.77.0.1");
    });
}

#[test]
fn two_machines_find_each_other_by_multicast_where_only_the_newer_family_is() {
    in_namespace(
        "discovery::two_machines_find_each_other_by_multicast_where_only_the_newer_family_is",
        || {
            add_network("home", &[]);
            find_each_other("tcp6://:0", "fe80:");
        },
    );
}

#[test]
fn two_machines_find_each_other_when_a_network_comes_up() {
    in_namespace("discovery::two_machines_find_each_other_when_a_network_comes_up", || {
        let (here, there) = (Papers::new(), Papers::new());
        let mut one = machine(&here, "here", &["tcp4://:0"]);
        let other = machine(&there, "there", &["tcp4://:0"]);
        one.network.set_peers(vec![dynamic(there.device())]);
        other.network.set_peers(vec![dynamic(here.device())]);
        one.keep_for_a_moment();
        assert!(one.network.connections().is_empty());
        add_network("home", &["10.77.0.1/24"]);
        one.wait_connected();
        ip("link delete home");
    });
}

#[test]
fn what_is_announced_and_heard_is_what_other_programs_say() {
    in_namespace("discovery::what_is_announced_and_heard_is_what_other_programs_say", || {
        add_network("home", &["10.77.0.1/24"]);
        let papers = Papers::new();
        let mut machine = machine(&papers, "here", &["tcp4://:22000", "tcp4://127.0.0.1:22001"]);
        // Another program on this machine may have the same port, if it shares it as we do.
        let (domain, kind) = (AddressFamily::INET, SocketType::DGRAM);
        let shared = socket(domain, kind, None).unwrap();
        sockopt::set_socket_reuseaddr(&shared, true).unwrap();
        bind(&shared, &"0.0.0.0:21027".parse::<SocketAddr>().unwrap()).unwrap();
        let other = UdpSocket::from(shared);
        other.set_broadcast(true).unwrap();
        other.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut packet = [0; 9_000];
        let heard = loop {
            let (length, source) = other.recv_from(&mut packet).unwrap();
            assert_eq!(source.ip().to_string(), "10.77.0.1");
            let heard = Announcement::decode(&packet[..length]).unwrap().unwrap();
            // Before it listens it announces that it is there.
            if !heard.addresses.is_empty() {
                break heard;
            }
        };
        assert_eq!(
            (heard.device, heard.addresses),
            (papers.device(), vec!["tcp4://0.0.0.0:22000".to_string()])
        );

        let device = Papers::new().device();
        let addresses = vec!["tcp://:5".to_string(), "relay://x:1".to_string(), "nonsense".to_string()];
        let said = Announcement { device, addresses, instance: 1 }.encode();
        for packet in [&b"nonsense"[..], &[0x7d, 0x79, 0xbc, 0x40], &said[..said.len() - 1], &said] {
            other.send_to(packet, "10.77.0.255:21027").unwrap();
        }
        let nearby = Nearby { device, addresses: vec!["tcp://10.77.0.1:5".parse().unwrap()] };
        machine.wait_until("it was heard", |network| network.nearby() == [nearby.clone()]);
    });
}
