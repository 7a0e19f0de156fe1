//! Linux: the tables below `/proc/net`, and netlink for the names of radio networks.

mod netlink;
mod tables;
mod wireless;

use crate::networks::{Gateway, Interface};
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::fs::read_to_string;
use std::io;
use std::os::fd::OwnedFd;

/// A socket for datagrams, whose port others on this machine may have too: each that looks for machines listens at the same.
pub(crate) fn shared_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = socket_with(family, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    set_socket_reuseaddr(&socket, true)?;
    Ok(socket)
}

/// What leads to everywhere else.
pub(crate) fn gateways() -> Vec<Gateway> {
    let table = |name: &str| read_to_string(format!("/proc/net/{name}")).unwrap_or_default();
    let mut gateways = tables::gateways_v4(&table("route"), &table("arp"));
    gateways.extend(tables::gateways_v6(&table("ipv6_route")));
    gateways
}

/// The names of the radio networks, by interface. Which interfaces there are the system is asked itself.
pub(crate) fn wifi(_: &[Interface]) -> Vec<(String, String)> {
    wireless::names().unwrap_or_default()
}
