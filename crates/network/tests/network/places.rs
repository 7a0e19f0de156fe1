//! Machines that are connected on some networks and nowhere else.

use crate::namespace::{add_network, in_namespace, ip};
use crate::support::{Machine, Papers, peer, settings};
use homesync_network::{Event, NamedNetwork, Settings};
use std::collections::BTreeSet;
use std::time::Duration;

fn home() -> NamedNetwork {
    NamedNetwork {
        name: "home".into(),
        subnets: vec!["10.77.0.0/24".parse().unwrap()],
        gateway: Some("10.77.0.254".parse().unwrap()),
        gateway_mac: Some("02:00:00:00:00:fe".parse().unwrap()),
        wifi: None,
    }
}

fn looking_around(papers: &Papers, name: &str, listen: &[&str]) -> Settings {
    let mut settings = settings(papers, name, listen);
    settings.timing.look_around = Duration::from_millis(50);
    settings.networks = vec![home()];
    settings
}

fn come_home() {
    ip("address add 10.77.0.1/24 dev wire");
    ip("route add default via 10.77.0.254");
    ip("neighbour replace 10.77.0.254 lladdr 02:00:00:00:00:fe dev wire nud permanent");
}

fn wait_on_networks(machine: &mut Machine, names: &[&str]) {
    let names: BTreeSet<String> = names.iter().map(|name| (*name).to_string()).collect();
    machine.wait_for("the names of the networks", |event| match event {
        Event::Networks(found) if *found == names => Some(()),
        _ => None,
    });
    assert_eq!(machine.network.here(), names);
}

#[test]
fn a_machine_that_is_for_home_is_connected_at_home_alone() {
    in_namespace("places::a_machine_that_is_for_home_is_connected_at_home_alone", || {
        add_network("wire", &[]);
        let (here, there) = (Papers::new(), Papers::new());
        let mut server = Machine::start(looking_around(&there, "there", &["tcp://127.0.0.1:22000"]));
        let address = server.wait_listening();
        let mut at_home = peer(here.device(), &[]);
        at_home.networks = Some(["home".to_string()].into());
        server.network.set_peers(vec![at_home.clone()]);
        // Nobody else is known, so nobody is listened for.
        server.wait_until("it does not listen", |network| network.listening().is_empty());
        let mut client = Machine::start(settings(&here, "here", &[]));
        client.network.set_peers(vec![peer(there.device(), &[&address])]);
        client.wait_for("that nobody is there", |event| match event {
            Event::Unreachable { .. } => Some(()),
            _ => None,
        });

        come_home();
        wait_on_networks(&mut server, &["home"]);
        server.wait_listening();
        server.wait_connected();
        client.wait_connected();

        ip("address delete 10.77.0.1/24 dev wire");
        wait_on_networks(&mut server, &[]);
        server.wait_disconnected();
        let (_, reason) = client.wait_disconnected();
        assert!(reason.contains("not connected on this network"), "{reason}");
        server.wait_until("it does not listen", |network| network.listening().is_empty());

        // With somebody who is known everywhere it listens, and the other is kept away without a word.
        server.network.set_peers(vec![at_home, peer(Papers::new().device(), &[])]);
        server.wait_listening();
        client.network.dial_now(there.device());
        server.hears_no("it is let in, or taken for a stranger", |event| {
            matches!(event, Event::Connected { .. } | Event::Unknown { .. })
        });
    });
}

#[test]
fn a_machine_that_is_for_home_is_dialled_at_home_alone() {
    in_namespace("places::a_machine_that_is_for_home_is_dialled_at_home_alone", || {
        add_network("wire", &[]);
        let (here, there) = (Papers::new(), Papers::new());
        let mut server = Machine::start(settings(&there, "there", &["tcp://127.0.0.1:0"]));
        let address = server.wait_listening();
        server.network.set_peers(vec![peer(here.device(), &[])]);
        let mut client = Machine::start(looking_around(&here, "here", &[]));
        let mut at_home = peer(there.device(), &[&address]);
        at_home.networks = Some(["home".to_string()].into());
        client.network.set_peers(vec![at_home]);
        server.hears_no("it is dialled elsewhere", |event| matches!(event, Event::Connected { .. }));
        come_home();
        client.wait_connected();
        server.wait_connected();
        // A network that has no name any more is nowhere.
        client.network.set_networks(Vec::new());
        client.wait_disconnected();
        client.network.set_networks(vec![home()]);
        client.wait_connected();
        assert_eq!(client.network.here(), ["home".to_string()].into());
    });
}

#[test]
fn a_line_from_an_address_that_is_gone_is_given_up_and_dialled_anew() {
    in_namespace("places::a_line_from_an_address_that_is_gone_is_given_up_and_dialled_anew", || {
        add_network("wire", &["10.77.0.1/24", "10.78.0.1/24"]);
        let (here, there) = (Papers::new(), Papers::new());
        let mut server = Machine::start(settings(&there, "there", &["tcp4://:22000"]));
        server.wait_listening();
        server.network.set_peers(vec![peer(here.device(), &[])]);
        let mut client = Machine::start(looking_around(&here, "here", &[]));
        let reach = |text: &str| text.parse().unwrap();
        client.network.set_peers(vec![peer(there.device(), &[&reach("tcp://10.77.0.1:22000")])]);
        let lost = client.wait_connected();
        client.network.set_peers(vec![peer(there.device(), &[&reach("tcp://10.78.0.1:22000")])]);
        assert_eq!(
            client.network.connections(),
            std::slice::from_ref(&lost),
            "a new address alone closes nothing"
        );
        ip("address delete 10.77.0.1/24 dev wire");
        let (connection, reason) = client.wait_disconnected();
        assert_eq!(connection, lost);
        assert!(reason.contains("another address"), "{reason}");
        assert_eq!(client.wait_connected().address(), &reach("tcp://10.78.0.1:22000"));
    });
}
