//! The classic system log: one datagram per event, in the form that local daemons expect (RFC 3164 without the host name).

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use tracing::Level;

use super::human;
use super::record::Record;
use crate::platform::SYSLOG_SOCKET;

/// What the entries are found by.
pub(super) const IDENTIFIER: &str = "homesync";
/// The facility "user-level messages", shifted into its place.
const FACILITY: u8 = 1 << 3;
/// Longer entries are cut by many daemons, so we cut them at the end of a character.
const LONGEST: usize = 2048;

pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path: path.unwrap_or_else(|| SYSLOG_SOCKET.into()), socket: None }
    }

    /// Sends without waiting, like the journal's sink.
    pub(super) fn send(&mut self, record: &Record) -> io::Result<()> {
        let time = record.time.to_zoned(jiff::tz::TimeZone::system()).strftime("%b %e %H:%M:%S");
        let priority = FACILITY | severity(record.level);
        let text = human::text(record);
        let mut entry = format!("<{priority}>{time} {IDENTIFIER}[{}]: {text}", std::process::id());
        entry.truncate(entry.floor_char_boundary(LONGEST));
        open_socket(&mut self.socket)?.send_to(entry.as_bytes(), &self.path).map(|_| ())
    }
}

/// The socket to send from, made when it is first needed. It never blocks.
pub(super) fn open_socket(socket: &mut Option<UnixDatagram>) -> io::Result<&UnixDatagram> {
    match socket {
        Some(socket) => Ok(socket),
        None => {
            let new = UnixDatagram::unbound()?;
            new.set_nonblocking(true)?;
            Ok(socket.insert(new))
        }
    }
}

/// The system's word for a level. It has one for "debug" only, so the finest two share it.
pub(super) fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
