//! systemd's journal, in its native datagram protocol: one datagram per event, one field per line.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use rustix::io::Errno;

use super::record::Record;
use super::syslog::{IDENTIFIER, open_socket, severity};

const SOCKET: &str = "/run/systemd/journal/socket";
/// The journal's limit for the name of a field.
const LONGEST_NAME: usize = 64;
/// What is left of a message that does not fit into a datagram.
const SHORT_MESSAGE: usize = 1024;

pub(super) struct Journald {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Journald {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path: path.unwrap_or_else(|| SOCKET.into()), socket: None }
    }

    /// Sends without waiting: a journal that does not keep up loses lines instead of holding up the work. Sent to the path each time, so that
    /// a journal that was restarted is found again.
    pub(super) fn send(&mut self, record: &Record) -> io::Result<()> {
        let socket = open_socket(&mut self.socket)?;
        match socket.send_to(&datagram(record), &self.path) {
            Err(error) if error.raw_os_error() == Some(Errno::MSGSIZE.raw_os_error()) => {
                socket.send_to(&short_datagram(record), &self.path).map(|_| ())
            }
            sent => sent.map(|_| ()),
        }
    }
}

fn datagram(record: &Record) -> Vec<u8> {
    let mut bytes = head(record, &record.fields.message);
    for span in &record.spans {
        for (name, value) in &span.fields.others {
            field(&mut bytes, &field_name(&format!("{}_{name}", span.name)), &value.to_string());
        }
    }
    for (name, value) in &record.fields.others {
        field(&mut bytes, &field_name(name), &value.to_string());
    }
    bytes
}

/// For an event with more text than a datagram holds: who, where, and how the message begins.
fn short_datagram(record: &Record) -> Vec<u8> {
    let message = &record.fields.message;
    head(record, &message[..message.floor_char_boundary(SHORT_MESSAGE)])
}

fn head(record: &Record, message: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    field(&mut bytes, "MESSAGE", message);
    field(&mut bytes, "PRIORITY", &severity(record.level).to_string());
    field(&mut bytes, "SYSLOG_IDENTIFIER", IDENTIFIER);
    field(&mut bytes, "TARGET", &record.target);
    bytes
}

/// `NAME=value`, or, for a value of several lines: the name, a line end, the length in 8 bytes, the value. A value can never add a field.
fn field(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        bytes.push(b'\n');
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        bytes.push(b'=');
    }
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(b'\n');
}

/// The journal takes capitals, digits and `_` only. The prefix keeps our fields apart from those with a meaning of their own.
fn field_name(name: &str) -> String {
    let plain = |each: char| if each.is_ascii_alphanumeric() { each.to_ascii_uppercase() } else { '_' };
    "HOMESYNC_".chars().chain(name.chars().map(plain)).take(LONGEST_NAME).collect()
}
