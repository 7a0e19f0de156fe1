//! What all tasks of the network know: who is to be connected, who is, and where this machine listens.

mod peers;

use crate::address::Address;
use crate::connection::Connection;
use crate::event::Event;
use crate::limit::{Limiter, Limits};
use crate::nearby::{Heard, Nearby};
use crate::networks::NamedNetwork;
use crate::settings::{Settings, Timing};
use crate::strangers::Strangers;
use crate::surroundings::names_here;
use crate::tls::Tls;
use homesync_protocol::{DeviceId, Hello};
use peers::PeerState;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, mpsc, watch};

pub(crate) use peers::Terms;

/// Two connections that were made within this time were dialled from both sides at once.
const AT_ONCE: Duration = Duration::from_secs(10);
/// Connections to one machine. Other programs make several, and none as many as this.
const MOST_CONNECTIONS: usize = 16;
/// The program, as it names itself to others.
pub(crate) const CLIENT: &str = "homesync";

pub(crate) struct Shared {
    pub(crate) device: DeviceId,
    pub(crate) timing: Timing,
    pub(crate) tls: Tls,
    pub(crate) events: mpsc::Sender<Event>,
    /// There is something to announce before its time.
    pub(crate) announce_now: Notify,
    /// It is to be looked around before its time.
    pub(crate) look_again: Notify,
    /// A connection has ended.
    left: Notify,
    name: String,
    version: String,
    send: Limiter,
    receive: Limiter,
    numbers: AtomicU64,
    /// Whether this machine listens and announces itself here.
    open: watch::Sender<bool>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    peers: BTreeMap<DeviceId, PeerState>,
    connections: BTreeMap<u64, Entry>,
    /// Where it listens, by where it was told to.
    listening: BTreeMap<Address, Address>,
    /// The sockets of QUIC at which it listens, through which it dials too: that is what makes its way through routers the same in both directions.
    endpoints: BTreeMap<Address, quinn::Endpoint>,
    nearby: Heard,
    strangers: Strangers,
    networks: Vec<NamedNetwork>,
    here: BTreeSet<String>,
    is_ended: bool,
}

/// Kept by whoever listens. However that ends, nobody is told any more that one can come there.
pub(crate) struct Listening {
    shared: Arc<Shared>,
    wanted: Address,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.listening.remove(&self.wanted);
        state.endpoints.remove(&self.wanted);
    }
}

struct Entry {
    connection: Connection,
    /// The other program is the same as this one.
    is_ours: bool,
}

impl Shared {
    /// All but where it listens, which is told when it does.
    pub(crate) fn new(settings: Settings, tls: Tls, events: mpsc::Sender<Event>) -> Self {
        let state =
            State { here: names_here(&settings.networks), networks: settings.networks, ..State::default() };
        Self {
            device: settings.identity.device(),
            timing: settings.timing,
            tls,
            events,
            announce_now: Notify::new(),
            look_again: Notify::new(),
            left: Notify::new(),
            name: settings.name,
            version: settings.version,
            send: Limiter::new(settings.send),
            receive: Limiter::new(settings.receive),
            numbers: AtomicU64::new(1),
            open: watch::Sender::new(true),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn set_limits(&self, send: crate::limit::Rate, receive: crate::limit::Rate) {
        self.send.set(send);
        self.receive.set(receive);
    }

    /// What holds for both directions of a connection on these terms: what is sent, what is received.
    pub(crate) fn limits(&self, terms: &Terms) -> (Limits, Limits) {
        (Limits::of(&[&self.send, &terms.send]), Limits::of(&[&self.receive, &terms.receive]))
    }

    /// As a machine is greeted: by name if it is known.
    pub(crate) fn hello(&self, to: DeviceId) -> Hello {
        let is_known = self.state().peers.contains_key(&to);
        Hello {
            device_name: if is_known { self.name.clone() } else { String::new() },
            client_name: CLIENT.to_string(),
            client_version: self.version.clone(),
            connections: 1,
            timestamp: 0,
        }
    }

    /// Something is to be said of a machine that is not known.
    pub(crate) fn is_news(&self, device: DeviceId) -> bool {
        self.state().strangers.is_news(device, Instant::now())
    }

    /// A connection stands. Of two to one machine that were dialled from both sides at once, both sides keep the same one; a later one takes the place
    /// of an earlier, because nobody dials who believes to be connected. What other programs make of two they decide themselves.
    pub(crate) fn admit(&self, connection: &Connection) -> bool {
        let mut state = self.state();
        let is_wanted =
            state.peers.get(&connection.device()).is_some_and(|peer| peer.peer.is_wanted(&state.here));
        let with_it = |entry: &&Entry| entry.connection.device() == connection.device();
        let is_one_too_many = state.connections.values().filter(with_it).count() >= MOST_CONNECTIONS;
        if state.is_ended || !is_wanted || is_one_too_many {
            return false;
        }
        let is_ours = connection.hello().client_name == CLIENT;
        if is_ours {
            // Both sides compute the same: the one that the machine with the lower id dialled.
            let is_better =
                |connection: &Connection| connection.is_incoming() == (connection.device() < self.device);
            let same = |entry: &&Entry| {
                let is_alive = entry.connection.reason().is_none();
                is_alive && entry.is_ours && entry.connection.device() == connection.device()
            };
            let stays = |entry: &Entry| {
                entry.connection.age() < AT_ONCE && is_better(&entry.connection) && !is_better(connection)
            };
            if state.connections.values().filter(same).any(stays) {
                return false;
            }
            for entry in state.connections.values().filter(same) {
                entry.connection.close("another connection takes its place");
            }
        }
        state.connections.insert(connection.number(), Entry { connection: connection.clone(), is_ours });
        true
    }

    /// A connection ended.
    pub(crate) fn leave(&self, connection: &Connection) {
        let mut state = self.state();
        state.connections.remove(&connection.number());
        self.left.notify_one();
        let age = connection.age();
        if let Some(peer) = state.peers.get_mut(&connection.device()) {
            peer.lasted = Some(age);
            peer.wake.notify_one();
        }
    }

    pub(crate) fn connections(&self) -> Vec<Connection> {
        self.state().connections.values().map(|entry| entry.connection.clone()).collect()
    }

    /// Waits until nobody is connected any more.
    pub(crate) async fn all_closed(&self) {
        while !self.state().connections.is_empty() {
            self.left.notified().await;
        }
    }

    pub(crate) fn is_connected(&self, device: DeviceId) -> bool {
        self.state().connections.values().any(|entry| entry.connection.device() == device)
    }

    /// Says goodbye to everybody and lets nobody in any more.
    pub(crate) fn end(&self, reason: &str) {
        let mut state = self.state();
        state.is_ended = true;
        state.peers.clear();
        self.open.send_replace(false);
        state.connections.values().for_each(|entry| entry.connection.close(reason));
    }

    /// This machine can be reached here, as long as the answer is kept.
    pub(crate) async fn listens(
        self: &Arc<Self>,
        wanted: &Address,
        address: Address,
        endpoint: Option<quinn::Endpoint>,
    ) -> Listening {
        {
            let mut state = self.state();
            state.listening.insert(wanted.clone(), address.clone());
            if let Some(endpoint) = endpoint {
                state.endpoints.insert(wanted.clone(), endpoint);
            }
        }
        let listening = Listening { shared: self.clone(), wanted: wanted.clone() };
        self.announce_now.notify_one();
        let _ = self.events.send(Event::Listening { wanted: wanted.clone(), address }).await;
        listening
    }

    /// Everywhere that this machine can be reached.
    pub(crate) fn listening(&self) -> Vec<Address> {
        self.state().listening.values().cloned().collect()
    }

    /// A socket of QUIC that can send to everywhere.
    pub(crate) fn endpoint(&self, is_v6: bool) -> Option<quinn::Endpoint> {
        let state = self.state();
        let fits = |endpoint: &&quinn::Endpoint| {
            let local = endpoint.local_addr();
            local.is_ok_and(|local| local.ip().is_unspecified() && local.is_ipv6() == is_v6)
        };
        state.endpoints.values().find(fits).cloned()
    }

    /// Whether this machine listens and announces itself where it is now.
    pub(crate) fn open(&self) -> watch::Receiver<bool> {
        self.open.subscribe()
    }

    pub(crate) fn set_networks(&self, networks: Vec<NamedNetwork>) {
        self.state().networks = networks;
        self.look_again.notify_one();
    }

    pub(crate) fn networks(&self) -> Vec<NamedNetwork> {
        self.state().networks.clone()
    }

    pub(crate) fn here(&self) -> BTreeSet<String> {
        self.state().here.clone()
    }

    /// A machine announced where it is. Answers whether it is one that was not there before.
    pub(crate) fn found(&self, device: DeviceId, instance: i64, addresses: Vec<Address>) -> bool {
        let mut state = self.state();
        let news = state.nearby.hear(device, instance, addresses, Instant::now());
        if news.address
            && let Some(peer) = state.peers.get_mut(&device)
        {
            peer.tell_news();
        }
        news.machine
    }

    pub(crate) fn nearby(&self) -> Vec<Nearby> {
        let mut state = self.state();
        state.nearby.forget(Instant::now());
        state.nearby.all()
    }
}
