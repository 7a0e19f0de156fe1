//! macOS: its own programs are asked, because its calls for the same need unsafe code.

use super::printed;
use crate::networks::{Gateway, Interface};
use homesync_host::run::{Limit, Program};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::{set_socket_reuseaddr, set_socket_reuseport};
use rustix::net::{AddressFamily, SocketType, socket};
use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

/// None of these programs takes long.
const LIMIT: Limit = Limit::total(Duration::from_secs(5));

/// A socket for datagrams, whose port others on this machine may have too: each that looks for machines listens at the same.
pub(crate) fn shared_socket(family: AddressFamily) -> io::Result<OwnedFd> {
    let socket = socket(family, SocketType::DGRAM, None)?;
    // This system has no call that does both at once.
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    set_socket_reuseaddr(&socket, true)?;
    set_socket_reuseport(&socket, true)?;
    Ok(socket)
}

/// What leads to everywhere else.
pub(crate) fn gateways() -> Vec<Gateway> {
    printed::gateways(&printed_by("/usr/sbin/netstat", &["-rn"]), &printed_by("/usr/sbin/arp", &["-an"]))
}

/// The names of the radio networks, by interface.
pub(crate) fn wifi(interfaces: &[Interface]) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = interfaces.iter().map(|interface| interface.name.as_str()).collect();
    let on = |interface: &str| {
        let summary = printed_by("/usr/sbin/ipconfig", &["getsummary", interface]);
        printed::network_name(&summary).map(|name| (interface.to_string(), name))
    };
    names.into_iter().filter(|name| name.starts_with("en")).filter_map(on).collect()
}

/// What a program prints; nothing where it fails.
fn printed_by(program: &str, arguments: &[&str]) -> String {
    let output =
        Program::new(program).arguments(arguments).limit(LIMIT).run().and_then(|output| output.check());
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}
