//! Where this machine listens: the usual ports, or the next ones that nobody else has.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};

/// The usual port.
const USUAL: u16 = 22_000;
/// So many are tried.
const MOST: u16 = 100;

/// The addresses to listen at; nothing if the usual ones are free, or no others are.
pub fn instead() -> Option<String> {
    let port = (USUAL..USUAL + MOST).find(|port| is_free(*port)).filter(|port| *port != USUAL)?;
    Some(format!("tcp://0.0.0.0:{port}, quic://0.0.0.0:{port}"))
}

/// Both kinds can be listened at. That is tried and not asked: there is no other way to know.
fn is_free(port: u16) -> bool {
    let everywhere = (Ipv4Addr::UNSPECIFIED, port);
    TcpListener::bind(everywhere).is_ok() && UdpSocket::bind(everywhere).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_has_is_not_free() {
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        assert!(!is_free(taken.local_addr().expect("an address").port()));
        let taken = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a port");
        assert!(!is_free(taken.local_addr().expect("an address").port()));
    }
}
