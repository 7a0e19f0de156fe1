//! Two machines find each other at known addresses, lose each other, and find each other again.

use crate::raw::Raw;
use crate::support::{Machine, PATIENCE, Papers, connected, peer, settings, two_papers, words};
use homesync_network::{Address, Connection, Event, Network, Peer, Transport};
use homesync_protocol::Hello;
use std::sync::Barrier;
use std::time::{Duration, Instant};

fn connects_by(listen: &str, transport: Transport) {
    let (here, there) = (Papers::new(), Papers::new());
    let mut server = Machine::start(settings(&there, "there", &[listen]));
    let address = server.wait_listening();
    assert_eq!(server.network.listening(), std::slice::from_ref(&address));
    server.network.set_peers(vec![peer(here.device(), &[])]);
    let mut client = Machine::start(settings(&here, "here", &[]));
    client.network.set_peers(vec![peer(there.device(), &[&address])]);

    let ours = client.wait_connected();
    let theirs = server.wait_connected();
    assert_eq!((ours.device(), theirs.device()), (there.device(), here.device()));
    assert_eq!((ours.transport(), theirs.transport()), (transport, transport));
    assert_eq!((ours.is_incoming(), theirs.is_incoming()), (false, true));
    assert_eq!((ours.hello().device_name.as_str(), theirs.hello().device_name.as_str()), ("there", "here"));
    assert_eq!(ours.address(), &address);

    ours.send_and_wait(words("good morning")).unwrap();
    let (connection, message, _) = server.wait_message();
    assert_eq!((connection, message), (theirs.clone(), words("good morning")));
    assert!(ours.traffic().sent() > 0 && theirs.traffic().received() == ours.traffic().sent());
    assert_eq!((client.network.connections().len(), server.network.connections().len()), (1, 1));

    client.network.stop("enough for today");
    let (_, reason) = server.wait_disconnected();
    assert!(reason.contains("enough for today"), "{reason}");
}

#[test]
fn two_machines_connect_by_tcp() {
    connects_by("tcp://127.0.0.1:0", Transport::Tcp);
}

#[test]
fn two_machines_connect_by_tcp_of_the_other_family() {
    connects_by("tcp://[::1]:0", Transport::Tcp);
}

#[test]
fn two_machines_connect_by_quic() {
    connects_by("quic://127.0.0.1:0", Transport::Quic);
}

#[test]
fn everywhere_is_both_families() {
    for everywhere in ["tcp://0.0.0.0:0", "tcp://:0", "quic://[::]:0"] {
        let (here, there) = (Papers::new(), Papers::new());
        let mut server = Machine::start(settings(&there, "there", &[everywhere]));
        let everywhere = server.wait_listening();
        server.network.set_peers(vec![peer(here.device(), &[])]);
        for host in ["127.0.0.1", "::1"] {
            let address = Address { host: host.into(), ..everywhere.clone() };
            let mut client = Machine::start(settings(&here, "here", &[]));
            client.network.set_peers(vec![peer(there.device(), &[&address])]);
            client.wait_connected();
            assert_eq!(server.wait_connected().address().host, host);
            client.network.stop("the next");
            server.wait_disconnected();
        }
    }
}

#[test]
fn where_both_are_offered_tcp_is_taken_and_quic_where_it_is_not() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut server = Machine::start(settings(&there, "there", &["tcp://127.0.0.1:0", "quic://127.0.0.1:0"]));
    let addresses = [server.wait_listening(), server.wait_listening()];
    server.network.set_peers(vec![peer(here.device(), &[])]);
    let mut client = Machine::start(settings(&here, "here", &[]));
    client.network.set_peers(vec![peer(there.device(), &[&addresses[0], &addresses[1]])]);
    assert_eq!(client.wait_connected().transport(), Transport::Tcp);
    client.network.set_peers(Vec::new());
    client.wait_disconnected();
    // Nobody listens at the first any more.
    server.network.set_listen(vec!["quic://127.0.0.1:0".parse().unwrap()]);
    server.wait_until("only one place is left", |network| network.listening().len() == 1);
    client.network.set_peers(vec![peer(there.device(), &[&addresses[0], &addresses[1]])]);
    assert_eq!(client.wait_connected().transport(), Transport::Quic);
}

/// Waits until each has one connection, and it stays that way. Another may be on its way when one looks.
fn wait_settled(one: &mut Machine, other: &mut Machine) -> (Connection, Connection) {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        one.wait_until("one is left", |network| network.connections().len() == 1);
        other.wait_until("one is left", |network| network.connections().len() == 1);
        let before = (one.network.connections(), other.network.connections());
        one.keep_for_a_moment();
        other.keep_for_a_moment();
        if before == (one.network.connections(), other.network.connections())
            && let ([ours], [theirs]) = (before.0.as_slice(), before.1.as_slice())
        {
            return (ours.clone(), theirs.clone());
        }
    }
    panic!("they do not agree: {:?}, {:?}", one.network.connections(), other.network.connections());
}

#[test]
fn f12_of_two_connections_that_were_dialled_at_once_one_survives_on_both_sides() {
    for round in 0..10 {
        let (low, high) = two_papers();
        let mut one = Machine::tcp(&low, "low");
        let mut other = Machine::tcp(&high, "high");
        let (to_one, to_other) = (one.wait_listening(), other.wait_listening());
        let both = Barrier::new(2);
        let dial = |network: &Network, peer: Peer| {
            both.wait();
            network.set_peers(vec![peer]);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| dial(&one.network, peer(high.device(), &[&to_other])));
            dial(&other.network, peer(low.device(), &[&to_one]));
        });
        let (ours, theirs) = wait_settled(&mut one, &mut other);
        assert_ne!(ours.is_incoming(), theirs.is_incoming(), "round {round}");
        ours.send_and_wait(words("are you the one?")).unwrap();
        assert_eq!(other.wait_message().0, theirs, "round {round}");
        theirs.send_and_wait(words("are you?")).unwrap();
        assert_eq!(one.wait_message().0, ours, "round {round}");
    }
}

#[test]
fn a_machine_that_comes_back_is_connected_again() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut client = Machine::start(settings(&here, "here", &[]));
    let mut server = Machine::tcp(&there, "there");
    let address = server.wait_listening();
    client.network.set_peers(vec![peer(there.device(), &[&address])]);
    for round in 0..3 {
        server.network.set_peers(vec![peer(here.device(), &[])]);
        client.wait_connected();
        server.wait_connected();
        server.network.stop("a new version");
        let (_, reason) = client.wait_disconnected();
        assert!(reason.contains("a new version"), "{round}: {reason}");
        server = Machine::start(settings(&there, "there", &[&address.to_string()]));
        assert_eq!(server.wait_listening(), address);
    }
}

#[test]
fn a_machine_that_is_no_peer_any_more_is_sent_away_and_stays_away() {
    let (here, there) = (Papers::new(), Papers::new());
    let (mut server, mut client, theirs, _) =
        connected(settings(&there, "there", &["tcp://127.0.0.1:0"]), settings(&here, "here", &[]));
    server.network.set_peers(Vec::new());
    let (connection, _) = server.wait_disconnected();
    assert_eq!(connection, theirs);
    let (_, reason) = client.wait_disconnected();
    assert!(reason.contains("no longer among those that are known"), "{reason}");
    // It comes back again and again, and is spoken of once.
    server.wait_for("the stranger", |event| match event {
        Event::Unknown { device, .. } if *device == here.device() => Some(()),
        _ => None,
    });
    client.wait_connected();
    client.wait_disconnected();
    client.wait_connected();
    server.hears_no("it is let in or spoken of again", |event| {
        matches!(event, Event::Connected { .. } | Event::Unknown { .. })
    });
    server.network.set_peers(vec![peer(here.device(), &[])]);
    server.wait_connected();
}

#[test]
fn nobody_is_connected_to_itself() {
    let here = Papers::new();
    let mut machine = Machine::tcp(&here, "here");
    let address = machine.wait_listening();
    machine.network.set_peers(vec![peer(here.device(), &[&address])]);
    machine.hears_no("a connection to itself", |event| matches!(event, Event::Connected { .. }));
}

#[test]
fn two_connections_to_another_program_are_both_kept() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut server = Machine::tcp(&there, "there");
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(here.device(), &[])]);
    let (_one, _other) = (Raw::greeted(&address, &here), Raw::greeted(&address, &here));
    server.wait_connected();
    server.wait_connected();
    server.hears_no("one is closed", |event| matches!(event, Event::Disconnected { .. }));
    assert_eq!(server.network.connections().len(), 2);
}

#[test]
fn a_known_machine_that_connects_without_end_is_refused() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut server = Machine::tcp(&there, "there");
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(here.device(), &[])]);
    let all: Vec<Raw> = (0..16).map(|_| Raw::greeted(&address, &here)).collect();
    all.iter().for_each(|_| drop(server.wait_connected()));
    assert_eq!(Raw::greeted(&address, &here).hear_out(), b"");
    drop(all);
    server.wait_until("all are gone", |network| network.connections().is_empty());
    drop(Raw::greeted(&address, &here));
    server.wait_connected();
}

#[test]
fn the_newest_of_two_connections_that_one_machine_dialled_stays() {
    let (low, high) = two_papers();
    for (here, there) in [(&low, &high), (&high, &low)] {
        let mut server = Machine::tcp(there, "there");
        let address = server.wait_listening();
        server.network.set_peers(vec![peer(here.device(), &[])]);
        let greet = || {
            let mut raw = Raw::connect(&address, Some(here), b"bep/1.0");
            raw.say(&Hello { client_name: "homesync".into(), ..Hello::default() }.encode());
            raw.hear_hello();
            raw
        };
        let _first = greet();
        let first = server.wait_connected();
        let _second = greet();
        let second = server.wait_connected();
        assert_eq!(server.wait_disconnected().0, first);
        assert_eq!(server.network.connections(), [second]);
    }
}

#[test]
fn an_address_that_is_taken_is_listened_at_when_it_is_free() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut first = Machine::tcp(&there, "there");
    let address = first.wait_listening();
    let mut settings = settings(&here, "here", &[&address.to_string()]);
    settings.timing.look_around = Duration::from_millis(20);
    let mut second = Machine::start(settings);
    second.wait_for("that it cannot listen", |event| match event {
        Event::CannotListen { address: found, .. } if *found == address => Some(()),
        _ => None,
    });
    second.hears_no("the same is said twice", |event| matches!(event, Event::CannotListen { .. }));
    first.network.stop("room for others");
    assert_eq!(second.wait_listening(), address);
}

#[test]
fn a_machine_that_hangs_up_at_once_is_not_dialled_without_pause() {
    let (here, there) = (Papers::new(), Papers::new());
    let mut server = Machine::tcp(&there, "there");
    let address = server.wait_listening();
    let mut settings = settings(&here, "here", &[]);
    settings.timing.first_pause = Duration::from_secs(600);
    let mut client = Machine::start(settings);
    // It is not known there.
    client.network.set_peers(vec![peer(there.device(), &[&address])]);
    client.wait_connected();
    client.wait_disconnected();
    client.hears_no("it is dialled again", |event| matches!(event, Event::Connected { .. }));
    client.network.dial_now(there.device());
    client.wait_connected();
}
