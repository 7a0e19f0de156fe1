//! The system's logs, against sockets of our own.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;

use super::*;
use crate::testing::DEADLINE;

fn listen(directory: &Path) -> (UnixDatagram, LogSettings) {
    let path = directory.join("socket");
    let socket = UnixDatagram::bind(&path).expect("binds");
    socket.set_read_timeout(Some(DEADLINE)).expect("sets");
    let settings = LogSettings { system_socket: Some(path), ..LogSettings::default() };
    (socket, settings)
}

fn receive(socket: &UnixDatagram) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 20];
    let length = socket.recv(&mut buffer).expect("a datagram");
    buffer.truncate(length);
    buffer
}

/// Reads a datagram as the journal does.
fn journal_fields(mut bytes: &[u8]) -> BTreeMap<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let mut fields = BTreeMap::new();
    while !bytes.is_empty() {
        let end = bytes.iter().position(|byte| *byte == b'\n').expect("every field ends");
        let line = &bytes[..end];
        bytes = &bytes[end + 1..];
        if let Some(equals) = line.iter().position(|byte| *byte == b'=') {
            fields.insert(text(&line[..equals]), text(&line[equals + 1..]));
            continue;
        }
        let (length, rest) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
        fields.insert(text(line), text(&rest[..length]));
        assert_eq!(rest[length], b'\n');
        bytes = &rest[length + 1..];
    }
    fields
}

#[test]
fn the_journal_gets_all_fields_and_values_of_several_lines() {
    let place = tempfile::tempdir().expect("a directory");
    let (socket, settings) = listen(place.path());
    let (_, lost) = logged(LogSettings { system: SystemLog::Journald, ..settings }, || {
        let _folder = tracing::info_span!("folder", name = "photos").entered();
        tracing::warn!(path = "a\nPRIORITY=0", size = 5, r#type = "x", "two\nlines");
        tracing::debug!("hidden");
    });
    assert_eq!(lost, 0);
    let fields = journal_fields(&receive(&socket));
    let expected = [
        ("HOMESYNC_FOLDER_NAME", "photos"),
        ("HOMESYNC_PATH", "a\nPRIORITY=0"),
        ("HOMESYNC_SIZE", "5"),
        ("HOMESYNC_TYPE", "x"),
        ("MESSAGE", "two\nlines"),
        ("PRIORITY", "4"),
        ("SYSLOG_IDENTIFIER", "homesync"),
        ("TARGET", "homesync_host::log::tests::system"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn the_system_log_gets_one_line_with_priority_time_and_process() {
    let place = tempfile::tempdir().expect("a directory");
    let (socket, settings) = listen(place.path());
    let settings = LogSettings { system: SystemLog::Syslog, system_level: LevelFilter::TRACE, ..settings };
    logged(settings, || {
        tracing::error!(path = "a\nb", "failed");
        tracing::info!("{}", "ä".repeat(5000));
        tracing::debug!("fine");
    });
    let first = String::from_utf8(receive(&socket)).expect("text");
    let (head, message) = first.split_once(": ").expect("a head");
    assert_eq!(message, "failed (path=a\\nb)");
    assert!(
        head.starts_with("<11>") && head.ends_with(&format!(" homesync[{}]", std::process::id())),
        "{head}"
    );
    assert_eq!(head.find(" homesync["), Some("<11>Nov 21 11:22:33".len()), "{head}");
    let second = String::from_utf8(receive(&socket)).expect("cut between characters");
    assert!(second.starts_with("<14>") && (2040..=2048).contains(&second.len()), "{}", second.len());
    assert!(receive(&socket).starts_with(b"<15>"));
}

#[test]
fn k6_a_system_log_that_is_not_there_degrades() {
    let place = tempfile::tempdir().expect("a directory");
    for (system, name) in [(SystemLog::Journald, "the journal"), (SystemLog::Syslog, "the system log")] {
        let system_socket = Some(place.path().join("none"));
        let (text, lost) = logged(LogSettings { system, system_socket, ..LogSettings::default() }, || {
            tracing::info!("one");
            tracing::info!("two");
        });
        assert_eq!(lost, 2);
        assert!(
            text.starts_with(&format!("warning: {name} cannot be written")) && text.lines().count() == 1,
            "{text}"
        );
    }
}

#[test]
fn k6_a_journal_that_does_not_keep_up_does_not_hold_up_the_work() {
    let place = tempfile::tempdir().expect("a directory");
    let (_socket, settings) = listen(place.path());
    let settings = LogSettings { system: SystemLog::Journald, terminal: LevelFilter::OFF, ..settings };
    // Nobody reads: the socket takes some datagrams, then no more.
    let (_, lost) = logged(settings, || (0..5000).for_each(|number| tracing::info!(number, "work")));
    assert!(lost > 0);
}

#[test]
fn the_journal_gets_a_short_form_of_what_is_too_long() {
    let place = tempfile::tempdir().expect("a directory");
    let (socket, settings) = listen(place.path());
    let (_, lost) = logged(LogSettings { system: SystemLog::Journald, ..settings }, || {
        let long = "x".repeat(4096);
        // Many spans with long fields are the only way past the limits on each value.
        let mut spans = Vec::new();
        for _ in 0..120 {
            spans.push(tracing::info_span!("deep", one = long, two = long).entered());
        }
        tracing::info!("{long}");
        while let Some(span) = spans.pop() {
            drop(span);
        }
    });
    assert_eq!(lost, 0);
    let fields = journal_fields(&receive(&socket));
    assert_eq!((fields["MESSAGE"].len(), fields.len()), (1024, 4));
}
