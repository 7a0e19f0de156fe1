//! Machines for tests, and waiting for what they say.

use homesync_network::{
    Address, Connection, Event, Events, Identity, Network, Peer, Permit, Reach, Settings, Timing,
};
use homesync_protocol::DeviceId;
use homesync_protocol::{Message, Progress};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// So long a test waits for what must happen. Nothing takes so long; a slow machine may.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks at something that tells nobody when it changes.
const LOOK: Duration = Duration::from_millis(10);
/// Long enough that what must not happen would have.
const MOMENT: Duration = Duration::from_millis(300);

/// A certificate and its key, so that a machine can be started twice.
pub struct Papers {
    certificate: String,
    key: String,
}

impl Papers {
    pub fn new() -> Self {
        Self::valid_until(2_400)
    }

    pub fn valid_until(year: i32) -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["syncthing".to_string()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2_000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(year, 1, 1);
        let certificate = parameters.self_signed(&key).unwrap();
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    pub fn identity(&self) -> Identity {
        Identity::from_pem(self.certificate.as_bytes(), self.key.as_bytes()).unwrap()
    }

    pub fn device(&self) -> DeviceId {
        self.identity().device()
    }

    pub fn parts(&self) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap();
        (certificate, PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap())
    }
}

/// Two machines, the one with the lower id first.
pub fn two_papers() -> (Papers, Papers) {
    let (one, other) = (Papers::new(), Papers::new());
    if one.device() < other.device() { (one, other) } else { (other, one) }
}

/// Pauses that a test can wait for; everything else as it is.
pub fn quick() -> Timing {
    Timing {
        first_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        ..Timing::default()
    }
}

/// Settings for a machine that listens at these addresses.
pub fn settings(papers: &Papers, name: &str, listen: &[&str]) -> Settings {
    let mut settings = Settings::new(papers.identity(), name, "v0");
    settings.listen = listen.iter().map(|text| text.parse().unwrap()).collect();
    settings.timing = quick();
    settings
}

/// A machine, and everything that it said and nobody has looked at yet.
pub struct Machine {
    pub network: Network,
    pub events: Events,
    /// What was heard while something else was waited for.
    kept: Vec<Event>,
}

impl Machine {
    pub fn start(settings: Settings) -> Self {
        let (network, events) = Network::start(settings).unwrap();
        Self { network, events, kept: Vec::new() }
    }

    /// A machine that listens by TCP on this machine alone.
    pub fn tcp(papers: &Papers, name: &str) -> Self {
        Self::start(settings(papers, name, &["tcp://127.0.0.1:0"]))
    }

    /// Waits for an event. Others are kept for later.
    fn wait_event(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) -> Event {
        if let Some(position) = self.kept.iter().position(&is_it) {
            return self.kept.remove(position);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(event) = self.events.next_event_within(left) else {
                let mut heard = String::new();
                self.kept.iter().for_each(|event| writeln!(heard, "{event:?}").unwrap());
                panic!("waited in vain for {what}; heard:\n{heard}");
            };
            let event = event.unwrap_or_else(|| panic!("the network ended before {what}"));
            if is_it(&event) {
                return event;
            }
            self.kept.push(event);
        }
    }

    /// Waits for an event that the function makes something of.
    pub fn wait_for<T>(&mut self, what: &str, pick: impl Fn(&Event) -> Option<T>) -> T {
        let event = self.wait_event(what, |event| pick(event).is_some());
        pick(&event).unwrap()
    }

    /// Waits until something is so. Events are kept for later.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn(&Network) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.network) {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            if let Ok(event) = self.events.next_event_within(LOOK) {
                self.kept.push(event.unwrap());
            }
        }
    }

    /// Hears what happens for a moment.
    pub fn keep_for_a_moment(&mut self) {
        let deadline = Instant::now() + MOMENT;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            if let Ok(event) = self.events.next_event_within(left) {
                self.kept.push(event.unwrap());
            }
        }
    }

    /// Nothing of that kind happens for a moment, nor has it.
    pub fn hears_no(&mut self, what: &str, is_it: impl Fn(&Event) -> bool) {
        self.keep_for_a_moment();
        let found = self.kept.iter().find(|event| is_it(event));
        assert!(found.is_none(), "{what}: {found:?}");
    }

    /// Waits for a message, whatever it is.
    pub fn wait_message(&mut self) -> (Connection, Message, Permit) {
        match self.wait_event("a message", |event| matches!(event, Event::Message { .. })) {
            Event::Message { connection, message, permit } => (connection, message, permit),
            other => panic!("{other:?}"),
        }
    }

    pub fn wait_listening(&mut self) -> Address {
        self.wait_for("listening", |event| match event {
            Event::Listening { address, .. } => Some(address.clone()),
            _ => None,
        })
    }

    pub fn wait_connected(&mut self) -> Connection {
        self.wait_for("a connection", |event| match event {
            Event::Connected { connection, .. } => Some(connection.clone()),
            _ => None,
        })
    }

    pub fn wait_disconnected(&mut self) -> (Connection, String) {
        self.wait_for("a lost connection", |event| match event {
            Event::Disconnected { connection, reason } => Some((connection.clone(), reason.clone())),
            _ => None,
        })
    }
}

/// Something small to say, of which a test knows it again.
pub fn words(text: &str) -> Message {
    Message::Progress(Progress { folder: text.into(), updates: Vec::new() })
}

/// Two machines that are connected by TCP: who listens, who dialled.
pub fn connected(server: Settings, client: Settings) -> (Machine, Machine, Connection, Connection) {
    let (there, here) = (server.identity.device(), client.identity.device());
    let (mut server, mut client) = (Machine::start(server), Machine::start(client));
    let address = server.wait_listening();
    server.network.set_peers(vec![peer(here, &[])]);
    client.network.set_peers(vec![peer(there, &[&address])]);
    let (theirs, ours) = (server.wait_connected(), client.wait_connected());
    (server, client, theirs, ours)
}

/// A peer at fixed addresses.
pub fn peer(device: DeviceId, addresses: &[&Address]) -> Peer {
    Peer::new(device, addresses.iter().map(|address| Reach::Fixed((*address).clone())).collect())
}
