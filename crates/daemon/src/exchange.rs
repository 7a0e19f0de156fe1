//! Who is connected, which folders are shared over which connection, and what comes in.
//!
//! One thread hears the network and never waits: what is said goes to the folders, which answer in their own time. Each connection has a
//! [`teller`](crate::teller) that says what is new here.

mod cluster;
mod incoming;
mod requests;

use crate::bell::Bell;
use crate::fleet::Fleet;
use crate::folder::{Input, Peers, Shared, Wanted};
use crate::teller::{self, Telling};
use homesync_network::{Address, Connection, Network};
use homesync_protocol::{DeviceId, Message, ShortId};
use requests::Requests;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// It.
pub(crate) struct Exchange {
    own: DeviceId,
    bell: Arc<Bell>,
    changes: Arc<Bell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    fleet: Arc<Fleet>,
    folders: BTreeMap<String, Arc<Shared>>,
    /// The named networks on which this machine is.
    networks: BTreeSet<String>,
    /// Folders that travel now although they rest by their mode, and for how many who wait for it.
    travelling: BTreeMap<String, usize>,
    /// What each machine said it has of a folder when it was shared last. Of a folder that rests by its mode: since it began to travel.
    met: BTreeMap<(String, DeviceId), TheirIndex>,
    lines: BTreeMap<u64, Line>,
    offered: BTreeMap<(DeviceId, String), Offer>,
    unknown: BTreeMap<DeviceId, Stranger>,
    unreachable: BTreeMap<DeviceId, String>,
    /// When a machine was last heard of.
    last_seen: BTreeMap<DeviceId, SystemTime>,
    /// Where this machine is to be reached, and how that went.
    places: BTreeMap<Address, Option<Result<Address, String>>>,
}

/// One connection.
struct Line {
    connection: Connection,
    telling: Arc<Telling>,
    /// The folders that are shared over it, with the other machine's index of each.
    shared: BTreeMap<String, TheirIndex>,
    /// What the other machine was told last about folders, as far as it changes what is shared.
    said: Vec<Said>,
    requests: Requests,
}

/// Another machine's index of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TheirIndex {
    /// Which.
    pub(crate) index_id: u64,
    /// How much of it there was when it was shared.
    pub(crate) sequence: u64,
}

/// How a folder is shared with another machine.
pub(crate) struct Sharing {
    /// It is, now.
    pub(crate) is_open: bool,
    /// Its index there, as it was when that machine was met last.
    pub(crate) met: Option<TheirIndex>,
    /// Up to which of our sequence numbers that machine was told what is in it.
    pub(crate) told: Option<u64>,
}

/// What is said about one folder: its id, whether it stands still, and whose index is which.
type Said = (String, bool, Vec<(DeviceId, u64)>);

/// A folder that another machine shares with this one, which does not have it.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// What it is called there.
    pub(crate) label: String,
}

/// A machine that wants to be connected and is not known.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    /// What it calls itself.
    pub(crate) name: String,
    /// Where it came from.
    pub(crate) address: String,
}

/// Another machine, as far as connections go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// Over which it is connected.
    pub(crate) connections: Vec<Connection>,
    /// Why it could not be reached.
    pub(crate) unreachable: Option<String>,
    /// When it was last connected.
    pub(crate) last_seen: Option<SystemTime>,
}

/// Everything that people may want to know of connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    /// Where this machine can be reached.
    pub(crate) listening: Vec<String>,
    /// Where it cannot, and why.
    pub(crate) cannot_listen: BTreeMap<String, String>,
    /// The known machines.
    pub(crate) machines: BTreeMap<DeviceId, Link>,
    /// Those that want to be known.
    pub(crate) unknown: BTreeMap<DeviceId, Stranger>,
    /// Folders that others share with this machine.
    pub(crate) offered: BTreeMap<(DeviceId, String), Offer>,
}

impl State {
    /// Every connection to a machine.
    fn lines_to(&self, device: DeviceId) -> impl Iterator<Item = &Line> {
        self.lines.values().filter(move |line| line.connection.device() == device)
    }
}

impl Exchange {
    pub(crate) fn new(own: DeviceId, bell: Arc<Bell>, changes: Arc<Bell>) -> Arc<Self> {
        Arc::new(Self { own, bell, changes, state: Mutex::default() })
    }

    /// This machine, as versions name it.
    pub(crate) fn own_short(&self) -> ShortId {
        self.own.into()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are the machines and folders from now on. Who is connected hears of it.
    pub(crate) fn set(&self, fleet: &Arc<Fleet>, folders: BTreeMap<String, Arc<Shared>>, network: &Network) {
        let mut state = self.state();
        state.fleet = fleet.clone();
        state.folders = folders;
        state.offered.retain(|(_, id), _| !fleet.folders.contains_key(id));
        state
            .met
            .retain(|(id, device), _| fleet.folders.get(id).is_some_and(|plan| plan.with.contains(device)));
        state.unknown.retain(|device, _| !fleet.machines.contains_key(device));
        state.unreachable.retain(|device, _| fleet.machines.contains_key(device));
        self.share_all(&mut state);
        drop(state);
        network.set_peers(fleet.peers());
        self.changes.ring();
    }

    /// No folder is shared until there are folders again.
    pub(crate) fn set_nothing(&self) {
        let mut state = self.state();
        state.folders.clear();
        for line in state.lines.values() {
            line.connection.close("the folders begin again");
        }
    }

    /// A folder that rests by its mode travels now, or rests again.
    pub(crate) fn travel(&self, id: &str, travels: bool) {
        let mut state = self.state();
        let many = state.travelling.remove(id).unwrap_or(0);
        let now = if travels { many + 1 } else { many.saturating_sub(1) };
        if now > 0 {
            state.travelling.insert(id.to_string(), now);
        }
        if (many > 0) == (now > 0) {
            return;
        }
        if travels {
            state.met.retain(|(folder, _), _| folder != id);
        }
        if let Some(folder) = state.folders.get(id) {
            folder.tell(Input::Travel(travels));
        }
        self.share_all(&mut state);
    }

    /// This machine is on these networks now: folders that are kept to others rest.
    pub(crate) fn on_networks(&self, networks: BTreeSet<String>) {
        let mut state = self.state();
        state.networks = networks;
        self.share_all(&mut state);
    }

    /// These are the places to listen at from now on.
    pub(crate) fn on_places(&self, wanted: &[Address]) {
        let mut state = self.state();
        let known = std::mem::take(&mut state.places);
        let place = |address: &Address| (address.clone(), known.get(address).cloned().flatten());
        state.places = wanted.iter().map(place).collect();
    }

    /// How listening at one of them went. What is said of a place that is not wanted any more comes too late.
    fn on_place(&self, wanted: &Address, went: Result<Address, String>) {
        if let Some(known) = self.state().places.get_mut(wanted) {
            *known = Some(went);
        }
    }

    /// Everybody who is connected hears which folders are shared, if that has changed.
    fn share_all(&self, state: &mut State) {
        let numbers: Vec<u64> = state.lines.keys().copied().collect();
        for number in numbers {
            self.share(state, number);
        }
    }

    /// How things stand.
    pub(crate) fn links(&self) -> Links {
        let state = self.state();
        let mut machines: BTreeMap<DeviceId, Link> = BTreeMap::new();
        for device in state.fleet.machines.keys() {
            let connections: Vec<Connection> =
                state.lines_to(*device).map(|line| line.connection.clone()).collect();
            let link = Link {
                unreachable: state.unreachable.get(device).filter(|_| connections.is_empty()).cloned(),
                last_seen: state.last_seen.get(device).copied(),
                connections,
            };
            machines.insert(*device, link);
        }
        let (mut listening, mut cannot_listen) = (Vec::new(), BTreeMap::new());
        for (wanted, went) in &state.places {
            match went {
                Some(Ok(address)) => listening.push(address.to_string()),
                Some(Err(error)) => drop(cannot_listen.insert(wanted.to_string(), error.clone())),
                None => {}
            }
        }
        Links {
            listening,
            cannot_listen,
            machines,
            unknown: state.unknown.clone(),
            offered: state.offered.clone(),
        }
    }

    /// How a folder is shared with a machine.
    pub(crate) fn sharing(&self, id: &str, device: DeviceId) -> Sharing {
        let state = self.state();
        Sharing {
            is_open: state.lines_to(device).any(|line| line.shared.contains_key(id)),
            met: state.met.get(&(id.to_string(), device)).copied(),
            told: state.lines_to(device).filter_map(|line| line.telling.told(id)).max(),
        }
    }

    fn connected(self: &Arc<Self>, connection: &Connection) {
        let mut state = self.state();
        let telling = Arc::new(Telling::new(connection.clone(), self.bell.clone(), self.changes.clone()));
        if let Err(error) = teller::start(&telling) {
            return connection.close(&format!("no thread can be started: {error}"));
        }
        let config = self.cluster_config(&state, connection.device());
        let line = Line {
            connection: connection.clone(),
            telling,
            shared: BTreeMap::new(),
            said: cluster::said(&config, self.own),
            requests: Requests::default(),
        };
        state.lines.insert(connection.number(), line);
        state.unreachable.remove(&connection.device());
        state.last_seen.insert(connection.device(), SystemTime::now());
        let _ = connection.send(Message::ClusterConfig(config));
        self.changes.ring();
    }

    fn disconnected(&self, connection: &Connection) {
        let mut state = self.state();
        let Some(line) = state.lines.remove(&connection.number()) else { return };
        state.last_seen.insert(connection.device(), SystemTime::now());
        line.telling.end();
        for id in line.shared.keys() {
            self.left(&state, connection.device(), id);
        }
        drop(state);
        self.changes.ring();
    }

    /// A folder is not shared over a connection any more. If it is over no other one, its blocks cannot be had from there.
    fn left(&self, state: &State, device: DeviceId, id: &str) {
        let is_elsewhere = state.lines_to(device).any(|line| line.shared.contains_key(id));
        if let Some(folder) = state.folders.get(id).filter(|_| !is_elsewhere) {
            folder.tell(Input::Disconnected(device));
        }
    }
}

impl Peers for Exchange {
    fn request(&self, folder: &Arc<Shared>, device: DeviceId, wanted: Wanted) -> bool {
        let mut state = self.state();
        let mut lines = state.lines.values_mut();
        let line =
            lines.find(|line| line.connection.device() == device && line.shared.contains_key(&folder.id));
        line.is_some_and(|line| line.requests.send(&line.connection, folder, wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_travels_until_the_last_who_waits_for_it_is_done() {
        let own = DeviceId::from_bytes([1; 32]);
        let exchange = Exchange::new(own, Arc::default(), Arc::default());
        let travels = || exchange.state().travelling.contains_key("work");
        exchange.travel("work", true);
        exchange.state().met.insert(("work".to_string(), own), TheirIndex { index_id: 1, sequence: 1 });
        exchange.travel("work", true);
        assert!(exchange.sharing("work", own).met.is_some(), "it was met since the first began to wait");
        exchange.travel("work", false);
        assert!(travels());
        exchange.travel("work", false);
        assert!(!travels());
        exchange.travel("work", true);
        assert!(exchange.sharing("work", own).met.is_none(), "not since this one waits");
    }
}
