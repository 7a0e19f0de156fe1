//! What this crate asks the system itself, under the same names on Linux and macOS.
//!
//! What cannot be found out is left out: a network that asks for it is one on which this machine is not.
//!
//! - The hardware of a gateway is known for IPv4, once something was sent to it.
//! - macOS tells the name of a radio network to programs that a person has allowed to know where the computer is, and to others that there is one.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
/// What macOS prints, which is read the same way everywhere so that it can be tried everywhere.
#[cfg(any(target_os = "macos", test))]
mod printed;

#[cfg(target_os = "linux")]
pub(crate) use linux::{gateways, shared_socket, wifi};
#[cfg(target_os = "macos")]
pub(crate) use macos::{gateways, shared_socket, wifi};
