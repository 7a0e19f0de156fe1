//! What is no machine, or none that is known, and what is said that cannot be: only that one line suffers.

use crate::raw::{Raw, bytes_of, plain};
use crate::support::{Machine, Papers, connected, peer, settings, words};
use homesync_host::run::{Limit, Program};
use homesync_network::{Event, Rate};
use homesync_protocol::{Hello, Message};
use std::io::{Read, Write};
use std::time::Duration;

/// A machine that knows one other, and that other.
fn server_for(papers: &Papers) -> (Machine, homesync_network::Address) {
    let mut server = Machine::tcp(&Papers::new(), "there");
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(papers.device(), &[])]);
    (server, address)
}

/// It is still there for those whom it knows.
fn still_answers(server: &mut Machine, address: &homesync_network::Address, papers: &Papers) {
    let mut raw = Raw::greeted(address, papers);
    let connection = server.wait_connected();
    raw.say_message(&words("still there?"));
    let (heard_on, message, _) = server.wait_message();
    assert_eq!((heard_on, message), (connection, words("still there?")));
    drop(raw);
    server.wait_disconnected();
}

#[test]
fn f10_a_machine_that_is_not_known_is_greeted_without_a_name_and_sent_away() {
    let known = Papers::new();
    let (mut server, address) = server_for(&known);
    let stranger = Papers::new();
    for round in 0..3 {
        let mut raw = Raw::connect(&address, Some(&stranger), b"bep/1.0");
        let name = "stranger".to_string();
        raw.say(&Hello { device_name: name, client_name: "raw".into(), ..Hello::default() }.encode());
        let hello = raw.hear_hello();
        assert_eq!((hello.device_name.as_str(), hello.client_name.as_str()), ("", "homesync"));
        raw.say_message(&words("let me in"));
        assert_eq!(raw.hear_out(), b"", "nothing is said to it after the greeting");
        let is_about_it = |event: &Event| {
            matches!(event, Event::Unknown { device, hello, .. }
                if *device == stranger.device() && hello.device_name == "stranger")
        };
        if round == 0 {
            server.wait_for("the stranger", |event| is_about_it(event).then_some(()));
        } else {
            server.hears_no("it is spoken of again", is_about_it);
        }
    }
    still_answers(&mut server, &address, &known);
}

#[test]
fn f10_only_the_hash_of_a_certificate_counts_and_not_its_dates() {
    let expired = Papers::valid_until(2_001);
    let (mut server, address) = server_for(&expired);
    still_answers(&mut server, &address, &expired);
    let mut raw = Raw::connect(&address, Some(&Papers::valid_until(2_001)), b"bep/1.0");
    raw.say(&Hello::default().encode());
    raw.hear_hello();
    assert_eq!(raw.hear_out(), b"");
}

#[test]
fn f10_without_a_certificate_or_with_another_protocol_nothing_is_said_at_all() {
    let known = Papers::new();
    let (mut server, address) = server_for(&known);
    for (papers, protocol) in [(None, &b"bep/1.0"[..]), (Some(&known), b"h2")] {
        let mut raw = Raw::connect(&address, papers, protocol);
        let _ = raw.stream.write_all(&Hello::default().encode());
        let _ = raw.stream.flush();
        let mut heard = Vec::new();
        assert!(raw.stream.read_to_end(&mut heard).is_err(), "the handshake fails");
        assert_eq!(heard, b"");
    }
    server.hears_no("a connection", |event| matches!(event, Event::Connected { .. } | Event::Unknown { .. }));
    still_answers(&mut server, &address, &known);
}

#[test]
fn f10_older_versions_of_the_encryption_are_refused() {
    let (mut server, address) = server_for(&Papers::new());
    for version in ["-tls1_2", "-tls1_3"] {
        let target = format!("{}:{}", address.host, address.port);
        let output = Program::new("openssl")
            .arguments(["s_client", version, "-alpn", "bep/1.0", "-connect", &target])
            .limit(Limit::total(Duration::from_secs(20)))
            .run()
            .expect("openssl is there: `cargo xtask setup`");
        let said = String::from_utf8_lossy(&output.stderr);
        // The newest gets as far as the certificate that it does not have.
        assert_eq!(said.contains("alert protocol version"), version == "-tls1_2", "{said}");
    }
    server.hears_no("a connection", |event| matches!(event, Event::Connected { .. } | Event::Unknown { .. }));
}

#[test]
fn f11_an_address_that_leads_to_another_machine_leads_nowhere() {
    let (meant, here) = (Papers::new(), Papers::new());
    let mut liar = Machine::tcp(&Papers::new(), "liar");
    let address = liar.wait_listening();
    liar.network.set_peers(vec![peer(here.device(), &[])]);
    let mut client = Machine::start(settings(&here, "here", &[]));
    client.network.set_peers(vec![peer(meant.device(), &[&address])]);
    let errors = client.wait_for("that it cannot be reached", |event| match event {
        Event::Unreachable { device, errors } if *device == meant.device() => Some(errors.clone()),
        _ => None,
    });
    assert!(errors[0].1.contains("another machine answers"), "{errors:?}");
    liar.hears_no("a greeting", |event| matches!(event, Event::Connected { .. } | Event::Unknown { .. }));
}

#[test]
fn f9_older_and_newer_machines_are_understood() {
    let known = Papers::new();
    let (mut server, address) = server_for(&known);
    // An older one: no number of connections, no time. A newer one: a field that nobody knows, and a message.
    let old = Hello { client_name: "old".into(), ..Hello::default() }.encode();
    let mut new = old.clone();
    new.extend([0xa2, 0x06, 3, 1, 2, 3]);
    let length = (new.len() as u16 - 6).to_be_bytes();
    new[4..6].copy_from_slice(&length);
    for greeting in [old, new] {
        let mut raw = Raw::connect(&address, Some(&known), b"bep/1.0");
        raw.say(&greeting);
        raw.hear_hello();
        let connection = server.wait_connected();
        assert_eq!(connection.hello().client_name, "old");
        // Kind 99, five bytes long.
        raw.say(&[0, 2, 8, 99, 0, 0, 0, 5, 1, 2, 3, 4, 5]);
        raw.say_message(&words("and after it"));
        assert_eq!(server.wait_message().1, words("and after it"));
        drop(raw);
        server.wait_disconnected();
    }
    let mut too_old = Raw::connect(&address, Some(&known), b"bep/1.0");
    too_old.say(&[0x9f, 0x79, 0xbc, 0x40, 0, 0, 0, 0]);
    too_old.hear_hello();
    assert_eq!(too_old.hear_out(), b"");
}

#[test]
fn garbage_closes_only_the_line_on_which_it_comes() {
    let known = Papers::new();
    let (mut server, address) = server_for(&known);
    let mut bystander = Raw::greeted(&address, &known);
    let beside = server.wait_connected();

    // Before the encryption, and instead of the greeting.
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 64], &[0x16, 3, 1, 0xff, 0xff]] {
        let mut line = plain(&address);
        line.write_all(garbage).unwrap();
        line.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = line.read_to_end(&mut Vec::new());
        let mut line = Raw::connect(&address, Some(&known), b"bep/1.0");
        line.say(garbage);
        line.hear_out();
    }
    // A greeting that is too long, and one that is none.
    for garbage in [&[0x2e, 0xa7, 0xd9, 0x0b, 0x80, 0][..], &[0x2e, 0xa7, 0xd9, 0x0b, 0, 2, 0xff, 0xff]] {
        let mut line = Raw::connect(&address, Some(&known), b"bep/1.0");
        line.say(garbage);
        line.hear_hello();
        assert_eq!(line.hear_out(), b"");
    }
    server.hears_no("a connection", |event| matches!(event, Event::Connected { .. }));

    // Messages that cannot be: too long a header, too long a body, a compression that nobody knows, and what is none.
    let frames: [&[u8]; 5] = [
        &[0xff, 0xff],
        &[0, 0, 0x7f, 0xff, 0xff, 0xff],
        &[0, 2, 8, 3, 0x01, 0, 0, 0],
        &[0, 2, 16, 9, 0, 0, 0, 0],
        &[0, 2, 8, 1, 0, 0, 0, 2, 0xff, 0xff],
    ];
    for frame in frames {
        let mut line = Raw::greeted(&address, &known);
        let connection = server.wait_connected();
        line.say(frame);
        let (ended, reason) = server.wait_disconnected();
        assert_eq!(ended, connection);
        assert!(reason.contains("does not keep the protocol"), "{frame:?}: {reason}");
        let farewell = String::from_utf8_lossy(&line.hear_out()).into_owned();
        assert!(farewell.contains("does not keep the protocol"), "{frame:?}: {farewell}");
    }
    bystander.say_message(&words("what was that?"));
    assert_eq!(server.wait_message().0, beside);
}

#[test]
fn what_another_machine_says_cannot_write_over_a_screen() {
    let known = Papers::new();
    let (mut server, address) = server_for(&known);
    let mut raw = Raw::greeted(&address, &known);
    raw.say(&bytes_of(&Message::Close(format!("\u{1b}[2J{}", "x".repeat(100_000)))));
    let (_, reason) = server.wait_disconnected();
    assert!(!reason.contains('\u{1b}') && reason.len() < 1_000, "{reason}");
}

#[test]
fn many_that_never_say_who_they_are_do_not_keep_others_out_for_long() {
    let known = Papers::new();
    let mut settings = settings(&Papers::new(), "there", &["tcp://127.0.0.1:0"]);
    settings.timing.handshake = Duration::from_millis(200);
    let mut server = Machine::start(settings);
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(known.device(), &[])]);
    let silent: Vec<_> = (0..200).map(|_| plain(&address)).collect();
    still_answers(&mut server, &address, &known);
    drop(silent);
}

#[test]
fn a_farewell_is_heard_by_a_machine_that_is_in_the_midst_of_talking() {
    let (there, here) = (Papers::new(), Papers::new());
    let (server, mut client, theirs, ours) =
        connected(settings(&there, "there", &["tcp://127.0.0.1:0"]), settings(&here, "here", &[]));
    // So much that it is still on its way: what nobody has read must not swallow the last word.
    server.network.set_limits(Rate::UNLIMITED, Rate::new(1 << 20));
    for _ in 0..2_000 {
        ours.send(words(&"x".repeat(1_000))).unwrap();
    }
    theirs.close("that is enough");
    let (_, reason) = client.wait_disconnected();
    assert!(reason.contains("that is enough"), "{reason}");
}
