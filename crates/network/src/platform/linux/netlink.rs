//! Questions to the kernel: messages of generic netlink, made and read byte by byte.
//!
//! A message is a header of sixteen bytes (length, kind, flags, number, sender), a command of four, and attributes, each with its length and its kind, all in
//! this processor's order of bytes. What is read is checked against its length: nothing here can be led beyond it.

use rustix::net::netlink::{GENERIC, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, sendto, socket_with,
};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

const HEADER: usize = 16;
const COMMAND: usize = 4;
const ATTRIBUTE: usize = 4;
/// Everything begins at a multiple of this.
const ALIGNMENT: usize = 4;
/// The message is a question; with the second, about all that there are.
const REQUEST: u16 = 0x1;
const ALL: u16 = 0x300;
/// Kinds of messages that end an answer.
const ERROR: u16 = 0x2;
const DONE: u16 = 0x3;
/// The answer has several messages.
const SEVERAL: u16 = 0x2;
/// The upper bits of an attribute's kind say how it is to be read.
const KIND: u16 = 0x3fff;
/// The kernel answers at once, or not at all.
const PATIENCE: Duration = Duration::from_secs(1);
/// More than the kernel puts into one datagram.
const LONGEST: usize = 32 << 10;
/// More datagrams than any machine has interfaces.
const MOST_DATAGRAMS: usize = 1_000;

/// The family that knows the numbers of all others, and its own number.
const CONTROL: u16 = 0x10;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

/// The attributes of one message.
pub(super) type Attributes = Vec<(u16, Vec<u8>)>;

/// A line to the kernel.
pub(super) struct Netlink(OwnedFd);

impl Netlink {
    pub(super) fn open() -> io::Result<Self> {
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(GENERIC))?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self(socket))
    }

    /// The number of a family. An error where the kernel does not have it.
    pub(super) fn family(&self, name: &str) -> io::Result<u16> {
        let mut name = name.as_bytes().to_vec();
        name.push(0);
        let answer = self.ask(CONTROL, GET_FAMILY, REQUEST, &[(FAMILY_NAME, name)])?;
        let number = answer.iter().flatten().find(|(kind, _)| *kind == FAMILY_ID);
        let number = number.and_then(|(_, value)| value.first_chunk::<2>());
        number.map(|number| u16::from_ne_bytes(*number)).ok_or_else(damaged)
    }

    /// Asks about everything of a kind.
    pub(super) fn list(&self, family: u16, command: u8) -> io::Result<Vec<Attributes>> {
        self.ask(family, command, REQUEST | ALL, &[])
    }

    fn ask(
        &self,
        family: u16,
        command: u8,
        flags: u16,
        asked: &[(u16, Vec<u8>)],
    ) -> io::Result<Vec<Attributes>> {
        sendto(
            &self.0,
            &question(family, command, flags, asked),
            SendFlags::empty(),
            &SocketAddrNetlink::new(0, 0),
        )?;
        let (mut answer, mut buffer) = (Vec::new(), vec![0; LONGEST]);
        for _ in 0..MOST_DATAGRAMS {
            let (received, length) = recv(&self.0, &mut buffer[..], RecvFlags::empty())?;
            let datagram = buffer.get(..received.min(length)).unwrap_or_default();
            if read(datagram, &mut answer)? {
                return Ok(answer);
            }
        }
        Err(damaged())
    }
}

fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn question(family: u16, command: u8, flags: u16, asked: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut message = vec![0; HEADER];
    message.extend([command, 1, 0, 0]);
    for (kind, value) in asked {
        message.extend(((ATTRIBUTE + value.len()) as u16).to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(value);
        message.resize(message.len().next_multiple_of(ALIGNMENT), 0);
    }
    let length = (message.len() as u32).to_ne_bytes();
    message[..4].copy_from_slice(&length);
    message[4..6].copy_from_slice(&family.to_ne_bytes());
    message[6..8].copy_from_slice(&flags.to_ne_bytes());
    message
}

/// Reads the messages of one datagram. Answers whether the last of them was there.
fn read(mut datagram: &[u8], answer: &mut Vec<Attributes>) -> io::Result<bool> {
    while let Some(header) = datagram.first_chunk::<HEADER>() {
        let [a, b, c, d, kind_low, kind_high, flags_low, flags_high, ..] = *header;
        let length = u32::from_ne_bytes([a, b, c, d]) as usize;
        let kind = u16::from_ne_bytes([kind_low, kind_high]);
        let flags = u16::from_ne_bytes([flags_low, flags_high]);
        let body = datagram.get(HEADER..length).ok_or_else(damaged)?;
        match kind {
            DONE => return Ok(true),
            ERROR => {
                let number = body.first_chunk::<4>().map_or(0, |number| i32::from_ne_bytes(*number));
                return if number == 0 {
                    Ok(true)
                } else {
                    Err(io::Error::from_raw_os_error(number.saturating_neg()))
                };
            }
            _ => answer.push(attributes(body.get(COMMAND..).ok_or_else(damaged)?)?),
        }
        if flags & SEVERAL == 0 {
            return Ok(true);
        }
        datagram = datagram.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    Ok(false)
}

fn attributes(mut bytes: &[u8]) -> io::Result<Attributes> {
    let mut all = Vec::new();
    while let Some([length_low, length_high, kind_low, kind_high]) = bytes.first_chunk::<ATTRIBUTE>() {
        let length = usize::from(u16::from_ne_bytes([*length_low, *length_high]));
        let kind = u16::from_ne_bytes([*kind_low, *kind_high]) & KIND;
        let value = bytes.get(ATTRIBUTE..length).ok_or_else(damaged)?;
        all.push((kind, value.to_vec()));
        bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_answers_what_it_has_and_what_it_has_not() {
        let netlink = Netlink::open().unwrap();
        assert_eq!(netlink.family("nlctrl").unwrap(), CONTROL);
        assert_eq!(netlink.family("no-such-one").unwrap_err().kind(), io::ErrorKind::NotFound);
        let all = netlink.list(CONTROL, GET_FAMILY).unwrap();
        let has_itself = |family: &Attributes| family.contains(&(FAMILY_NAME, b"nlctrl\0".to_vec()));
        assert!(all.iter().any(has_itself), "{all:?}");
    }

    #[test]
    fn a_damaged_answer_is_an_error_and_no_answer_is_endless() {
        let whole = question(CONTROL, 1, SEVERAL, &[(1, vec![1, 2, 3]), (2, vec![4])]);
        let mut answer = Vec::new();
        assert!(!read(&whole, &mut answer).unwrap());
        assert_eq!(answer, [vec![(1, vec![1, 2, 3]), (2, vec![4])]]);
        for length in HEADER..whole.len() {
            assert!(read(&whole[..length], &mut Vec::new()).is_err(), "{length}");
        }
        for position in 0..whole.len() {
            for value in [0, 1, 0xff] {
                let mut other = whole.clone();
                other[position] = value;
                let _ = read(&other, &mut Vec::new());
            }
        }
    }
}
