//! Linux.

use std::os::unix::net::UnixStream;

/// Where open files have names.
pub(crate) const OPEN_FILES: &str = "/proc/self/fd";

/// Whoever is at the other end is the same user, or the system's own. Who cannot be asked is neither.
pub(crate) fn is_same_user(stream: &UnixStream) -> bool {
    let Ok(other) = rustix::net::sockopt::socket_peercred(stream) else { return false };
    other.uid.is_root() || other.uid == rustix::process::geteuid()
}
