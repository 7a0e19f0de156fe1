//! Nobody is flooded, nobody starves, and whoever falls silent is let go.

use crate::raw::{Raw, bytes_of};
use crate::support::{Machine, PATIENCE, Papers, connected, peer, settings, words};
use homesync_network::{Connection, Event, Rate};
use homesync_paths::RelativePath;
use homesync_protocol::{Compression, IndexMessage, Message, Refusal, Request, Response};
use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

fn index(folder: &str) -> Message {
    Message::Index(IndexMessage::new(folder, Vec::new(), 0))
}

fn request(id: i32, size: u32) -> Message {
    Message::Request(Request {
        id,
        folder: "f".into(),
        path: Ok(RelativePath::parse("file").unwrap()),
        offset: Some(0),
        size,
        hash: None,
        from_temporary: false,
        block: 0,
    })
}

fn answer(id: i32, bytes: usize) -> Message {
    Message::Response(Response { id, result: Ok(vec![7; bytes].into()) })
}

fn pair() -> (Machine, Machine, Connection, Connection) {
    let server = settings(&Papers::new(), "there", &["tcp://127.0.0.1:0"]);
    connected(server, settings(&Papers::new(), "here", &[]))
}

fn is_message(event: &Event) -> bool {
    matches!(event, Event::Message { .. })
}

#[test]
fn whoever_is_slow_with_messages_makes_the_other_wait_and_nobody_else() {
    let (mut server, _client, _theirs, ours) = pair();
    (0..40).for_each(|_| ours.send(index("f")).unwrap());
    let mut permits: Vec<_> = (0..4).map(|_| server.wait_message().2).collect();
    server.hears_no("a fifth message while four are dealt with", is_message);
    // A third machine does not notice.
    let third = Papers::new();
    let mut all = vec![peer(third.device(), &[]), peer(ours_device(&server), &[])];
    server.network.set_peers(all.clone());
    let mut raw = Raw::greeted(&server.network.listening()[0], &third);
    server.wait_connected();
    raw.say_message(&words("over here"));
    assert_eq!(server.wait_message().1, words("over here"));
    all.clear();
    for _ in 4..40 {
        drop(permits.remove(0));
        permits.push(server.wait_message().2);
        assert_eq!(permits.len(), 4);
    }
}

/// The only machine that is connected.
fn ours_device(server: &Machine) -> homesync_protocol::DeviceId {
    server.network.connections()[0].device()
}

#[test]
fn requests_wait_until_those_before_them_are_answered() {
    let (mut server, mut client, theirs, ours) = pair();
    (0..40).for_each(|id| ours.send(request(id, 1 << 20)).unwrap());
    let mut waiting: Vec<_> = (0..16).map(|_| server.wait_message()).collect();
    server.hears_no("a seventeenth request of a mebibyte", is_message);
    let mut answered = 0;
    while let Some((_, message, permit)) = waiting.pop() {
        let Message::Request(request) = message else { panic!("{message:?}") };
        theirs.answer(answer(request.id, 1 << 20), permit).unwrap();
        let (_, heard, _) = client.wait_message();
        assert!(matches!(heard, Message::Response(Response { id, .. }) if id == request.id), "{heard:?}");
        answered += 1;
        if answered + waiting.len() < 40 {
            waiting.push(server.wait_message());
        }
    }
    assert_eq!(answered, 40);
}

#[test]
fn a_request_for_more_than_there_is_room_for_is_taken_alone() {
    let (mut server, _client, theirs, ours) = pair();
    (0..2).for_each(|id| ours.send(request(id, 32 << 20)).unwrap());
    let (_, _, permit) = server.wait_message();
    server.hears_no("a second one", is_message);
    let refusal = Message::Response(Response { id: 0, result: Err(Refusal::Generic) });
    theirs.answer(refusal, permit).unwrap();
    server.wait_message();
}

/// A machine that takes nothing for so long takes nothing any more.
const STUCK: Duration = Duration::from_millis(500);

/// A message of this kind about a folder, made long by something that nobody knows.
fn long_message(kind: u8, bytes: u32) -> Vec<u8> {
    let mut body = vec![0x0a, 1, b'f', 0xa2, 0x06];
    let mut rest = bytes;
    while rest >= 0x80 {
        body.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    body.push(rest as u8);
    body.resize(body.len() + bytes as usize, 0);
    let mut all = vec![0, 2, 8, kind];
    all.extend((body.len() as u32).to_be_bytes());
    all.extend(body);
    all
}

/// How much a machine can say until it is made to wait, when nobody deals with what it says.
fn said_in_vain(message: &[u8]) -> usize {
    let known = Papers::new();
    let mut server = Machine::tcp(&Papers::new(), "there");
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(known.device(), &[])]);
    let mut raw = Raw::greeted(&address, &known);
    server.wait_connected();
    // Where writing is stuck the encryption looks whether there is something to read.
    raw.stream.sock.set_write_timeout(Some(STUCK)).unwrap();
    raw.stream.sock.set_read_timeout(Some(STUCK)).unwrap();
    let mut said = 0;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match raw.stream.write_all(message) {
            Ok(()) => said += message.len(),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return said,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it is never made to wait");
}

#[test]
fn what_nobody_deals_with_does_not_pile_up() {
    // What the system keeps on its way is some megabytes on each side.
    const ON_THE_WAY: usize = 24 << 20;
    const MEBIBYTE: usize = 1 << 20;
    let (index, progress) = (1, 5);
    assert!(said_in_vain(&long_message(index, 900_000)) < 4 * MEBIBYTE + ON_THE_WAY);
    assert!(said_in_vain(&long_message(index, 20 << 20)) < 20 * MEBIBYTE + ON_THE_WAY);
    assert!(said_in_vain(&long_message(progress, 900_000)) < 4 * MEBIBYTE + ON_THE_WAY);
    assert!(said_in_vain(&bytes_of(&request(1, 1))) < ON_THE_WAY);
    assert!(said_in_vain(&bytes_of(&answer(1, MEBIBYTE))) < 32 * MEBIBYTE + ON_THE_WAY);
}

#[test]
fn small_messages_go_before_large_answers() {
    let (mut server, client, _, ours) = pair();
    client.network.set_limits(Rate::new(4 << 20), Rate::UNLIMITED);
    (0..4).for_each(|id| ours.send(answer(id, 1 << 20)).unwrap());
    ours.send(words("urgent")).unwrap();
    let order: Vec<bool> = (0..5).map(|_| matches!(server.wait_message().1, Message::Progress(_))).collect();
    let place = order.iter().position(|is_urgent| *is_urgent);
    assert!(place.is_some_and(|place| place <= 1), "{order:?}");
}

#[test]
fn a_rate_holds_in_each_direction_for_all_and_for_one() {
    const RATE: u64 = 512 << 10;
    const BYTES: usize = 256 << 10;
    let unlimited = Rate::UNLIMITED;
    let limited = Rate::new(RATE);
    for (all, one) in [
        ((limited, unlimited), (unlimited, unlimited)),
        ((unlimited, limited), (unlimited, unlimited)),
        ((unlimited, unlimited), (limited, unlimited)),
        ((unlimited, unlimited), (unlimited, limited)),
    ] {
        let (server, mut client, theirs, ours) = pair();
        server.network.set_limits(all.0, all.1);
        let mut known = peer(theirs.device(), &[]);
        (known.send, known.receive) = one;
        server.network.set_peers(vec![known]);
        let start = Instant::now();
        let is_sending = all.0 == limited || one.0 == limited;
        let (from, mut server) = if is_sending { (theirs, None) } else { (ours, Some(server)) };
        from.send(answer(1, BYTES)).unwrap();
        server.as_mut().unwrap_or(&mut client).wait_message();
        let least = Duration::from_secs_f64(BYTES as f64 / RATE as f64 * 0.8);
        assert!(start.elapsed() > least, "{:?} is too fast", start.elapsed());
    }
}

#[test]
fn a_slow_line_shows_signs_of_life_and_can_be_made_fast_again() {
    let mut there = settings(&Papers::new(), "there", &["tcp://127.0.0.1:0"]);
    there.timing.silence = Duration::from_secs(2);
    let (mut server, client, _, ours) = connected(there, settings(&Papers::new(), "here", &[]));
    client.network.set_limits(Rate::new(20_000), Rate::UNLIMITED);
    ours.send(answer(1, 16 << 20)).unwrap();
    server.wait_until("more time has passed than it may be silent", |network| {
        network.connections().iter().any(|connection| connection.age() > Duration::from_millis(2_500))
    });
    assert_eq!(server.network.connections().len(), 1, "it was heard of all the time");
    client.network.set_limits(Rate::UNLIMITED, Rate::UNLIMITED);
    server.wait_message();
}

#[test]
fn a_machine_that_says_nothing_is_let_go() {
    let known = Papers::new();
    let mut settings = settings(&Papers::new(), "there", &["tcp://127.0.0.1:0"]);
    settings.timing.silence = Duration::from_millis(200);
    settings.timing.greeting = Duration::from_millis(200);
    let mut server = Machine::start(settings);
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(known.device(), &[])]);
    let mut raw = Raw::greeted(&address, &known);
    server.wait_connected();
    let (_, reason) = server.wait_disconnected();
    assert!(reason.contains("nothing was heard"), "{reason}");
    assert!(String::from_utf8_lossy(&raw.hear_out()).contains("nothing was heard"));
    // And one that does not even greet.
    let mut mute = Raw::connect(&address, Some(&known), b"bep/1.0");
    mute.hear_hello();
    assert_eq!(mute.hear_out(), b"");
}

#[test]
fn a_machine_that_takes_nothing_any_more_is_let_go() {
    let known = Papers::new();
    let mut settings = settings(&Papers::new(), "there", &["tcp://127.0.0.1:0"]);
    settings.timing.silence = Duration::from_millis(500);
    let mut server = Machine::start(settings);
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(known.device(), &[])]);
    let mut raw = Raw::greeted(&address, &known);
    let connection = server.wait_connected();
    (0..64).for_each(|id| connection.send(answer(id, 1 << 20)).unwrap());
    // It is not silent, but it does not read.
    let deadline = Instant::now() + PATIENCE;
    while !server.network.connections().is_empty() && Instant::now() < deadline {
        let _ = raw.stream.write_all(&bytes_of(&Message::Ping));
        server.keep_for_a_moment();
    }
    let (_, reason) = server.wait_disconnected();
    assert!(reason.contains("takes nothing"), "{reason}");
    assert!(connection.send_and_wait(Message::Ping).is_err());
}

#[test]
fn signs_of_life_keep_a_quiet_line() {
    let quiet = |name: &str, listen: &[&str]| {
        let mut settings = settings(&Papers::new(), name, listen);
        settings.timing.silence = Duration::from_millis(400);
        settings.timing.sign_of_life = Duration::from_millis(100);
        settings
    };
    let (mut server, mut client, theirs, ours) =
        connected(quiet("there", &["tcp://127.0.0.1:0"]), quiet("here", &[]));
    server.wait_until("they have been quiet for long", |_| theirs.age() > Duration::from_millis(1_300));
    client.hears_no("a loss", |event| matches!(event, Event::Disconnected { .. }));
    assert_eq!((server.network.connections(), client.network.connections()), (vec![theirs], vec![ours]));
}

#[test]
fn what_is_compressed_can_be_changed_while_the_line_stands() {
    const BYTES: usize = 1 << 20;
    let (server, mut client, theirs, _) = pair();
    for (compression, is_small) in [(Compression::Always, true), (Compression::Metadata, false)] {
        let mut known = peer(theirs.device(), &[]);
        known.compression = compression;
        server.network.set_peers(vec![known]);
        let before = theirs.traffic().sent();
        theirs.send_and_wait(answer(1, BYTES)).unwrap();
        assert_eq!(theirs.traffic().sent() - before < BYTES as u64 / 10, is_small);
        assert_eq!(client.wait_message().1, answer(1, BYTES));
    }
}
