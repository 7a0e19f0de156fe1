//! What the network needs to know. Everything but the identity, the names and the timing can be changed while it runs.

use crate::address::{Address, Reach};
use crate::discovery;
use crate::identity::Identity;
use crate::limit::Rate;
use crate::networks::NamedNetwork;
use homesync_protocol::{Compression, DeviceId};
use std::collections::BTreeSet;
use std::time::Duration;

/// How the network begins.
pub struct Settings {
    /// Who this machine is.
    pub identity: Identity,
    /// What people call it. Only machines that are among the peers hear it.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// Where it can be reached. A port that is zero is chosen by the system.
    pub listen: Vec<Address>,
    /// Everything that is sent.
    pub send: Rate,
    /// Everything that is received.
    pub receive: Rate,
    /// How machines on one network find each other; not at all if it is missing.
    pub discovery: Option<Discovery>,
    /// The networks that have names.
    pub networks: Vec<NamedNetwork>,
    /// How long things take.
    pub timing: Timing,
}

impl Settings {
    /// Listens nowhere, finds nobody, and has no limits, until something else is written into it.
    pub fn new(identity: Identity, name: &str, version: &str) -> Self {
        Self {
            identity,
            name: name.to_string(),
            version: version.to_string(),
            listen: Vec::new(),
            send: Rate::UNLIMITED,
            receive: Rate::UNLIMITED,
            discovery: None,
            networks: Vec::new(),
            timing: Timing::default(),
        }
    }
}

/// How machines on one network find each other.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The port at which everybody listens for announcements.
    pub port: u16,
}

impl Default for Discovery {
    fn default() -> Self {
        Self { port: discovery::PORT }
    }
}

/// A machine that is to be connected.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Which.
    pub device: DeviceId,
    /// Where it is.
    pub addresses: Vec<Reach>,
    /// What is compressed on the way to it.
    pub compression: Compression,
    /// What is sent to it.
    pub send: Rate,
    /// What is received from it.
    pub receive: Rate,
    /// The named networks on which it is connected, and on no others; everywhere if it is missing. A name that no network has is nowhere.
    pub networks: Option<BTreeSet<String>>,
}

impl Peer {
    /// Connected everywhere, without limits.
    pub fn new(device: DeviceId, addresses: Vec<Reach>) -> Self {
        let compression = Compression::default();
        Self {
            device,
            addresses,
            compression,
            send: Rate::UNLIMITED,
            receive: Rate::UNLIMITED,
            networks: None,
        }
    }

    /// It is connected where this machine is on networks of these names.
    pub(crate) fn is_wanted(&self, here: &BTreeSet<String>) -> bool {
        self.networks.as_ref().is_none_or(|names| names.iter().any(|name| here.contains(name)))
    }
}

/// How long things take. The defaults are what other programs expect; tests that wait for the end of a time make it short.
#[derive(Clone, Debug)]
pub struct Timing {
    /// How long a dialled address may take until it answers.
    pub answer: Duration,
    /// How long it may take until the encryption is agreed.
    pub handshake: Duration,
    /// How long both greetings may take together.
    pub greeting: Duration,
    /// After so long without a message a sign of life is written: well within the ninety seconds in which others expect one.
    pub sign_of_life: Duration,
    /// After so long without a byte, or without being able to write one, the other machine is gone.
    pub silence: Duration,
    /// The first pause after a machine could not be reached. Each is twice as long as the one before.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// A connection that lasted so long is dialled again at once when it is lost; another after a pause, which grows.
    pub stable: Duration,
    /// So often a machine announces itself on its networks.
    pub announce: Duration,
    /// So often it is looked on which networks this machine is.
    pub look_around: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            greeting: Duration::from_secs(20),
            sign_of_life: Duration::from_secs(45),
            silence: Duration::from_secs(300),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            stable: Duration::from_secs(20),
            announce: Duration::from_secs(30),
            look_around: Duration::from_secs(10),
        }
    }
}
