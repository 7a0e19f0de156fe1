//! Connections between machines.
//!
//! [`Network::start`] listens, dials everybody that [`Network::set_peers`] names until they answer, and says on [`Events`] who is connected and
//! what they say. It knows who is at the other end of a line, and nothing of folders. What is inside runs on threads of its own; whoever calls it needs
//! none that wait.

mod address;
mod backoff;
mod connection;
mod dial;
mod discovery;
mod event;
mod greeting;
mod identity;
mod interfaces;
mod limit;
mod line;
mod listen;
mod nearby;
mod network;
mod networks;
mod platform;
mod quic;
mod settings;
mod shared;
mod strangers;
mod surroundings;
mod tls;

pub use address::{Address, AddressError, DEFAULT_PORT, Family, Reach, Transport};
pub use connection::{Closed, Connection, Permit, Traffic};
pub use discovery::PORT as DISCOVERY_PORT;
pub use event::{Event, Events, NothingYet};
pub use identity::{Identity, IdentityError};
pub use limit::Rate;
pub use nearby::Nearby;
pub use network::{Network, NetworkError};
pub use networks::{Gateway, Interface, MacAddress, NamedNetwork, NotWritten, Subnet, Surroundings, here};
pub use settings::{Discovery, Peer, Settings, Timing};
