//! The machines that are to be connected, and when they are dialled.

use super::{Shared, State};
use crate::address::{Address, Reach};
use crate::limit::Limiter;
use crate::networks::Interface;
use crate::settings::Peer;
use homesync_protocol::{Compression, DeviceId};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

pub(super) struct PeerState {
    pub(super) peer: Peer,
    /// Something happened to it.
    pub(super) wake: Arc<Notify>,
    /// How long its last connection lasted.
    pub(super) lasted: Option<Duration>,
    /// Counts what may help to reach it.
    news: u64,
    send: Limiter,
    receive: Limiter,
    dialler: Option<AbortHandle>,
}

impl PeerState {
    fn new(peer: Peer) -> Self {
        Self {
            send: Limiter::new(peer.send),
            receive: Limiter::new(peer.receive),
            peer,
            wake: Arc::default(),
            lasted: None,
            news: 0,
            dialler: None,
        }
    }

    /// Something is new that may help to reach it.
    pub(super) fn tell_news(&mut self) {
        self.news += 1;
        self.wake.notify_one();
    }
}

impl Drop for PeerState {
    fn drop(&mut self) {
        self.dialler.iter().for_each(AbortHandle::abort);
    }
}

/// On which terms a machine is connected.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) compression: Compression,
    pub(super) send: Limiter,
    pub(super) receive: Limiter,
}

/// What whoever dials a machine has to know.
pub(crate) struct Prospect {
    /// It is to be dialled here.
    pub(crate) is_wanted: bool,
    pub(crate) wake: Arc<Notify>,
    pub(crate) news: u64,
}

impl Shared {
    /// These machines are to be connected, and no others. Answers which of them are new.
    pub(crate) fn set_peers(&self, peers: Vec<Peer>) -> Vec<DeviceId> {
        let mut state = self.state();
        let state = &mut *state;
        if state.is_ended {
            return Vec::new();
        }
        let wanted: BTreeSet<DeviceId> = peers.iter().map(|peer| peer.device).collect();
        state.peers.retain(|device, _| wanted.contains(device));
        let mut new = Vec::new();
        for peer in peers.into_iter().filter(|peer| peer.device != self.device) {
            let device = peer.device;
            state.strangers.forget(device);
            match state.peers.get_mut(&device) {
                Some(known) => {
                    known.send.set(peer.send);
                    known.receive.set(peer.receive);
                    let is_news = known.peer.addresses != peer.addresses;
                    known.peer = peer;
                    if is_news {
                        known.tell_news();
                    }
                }
                None => {
                    new.push(device);
                    state.peers.insert(device, PeerState::new(peer));
                }
            }
        }
        self.review(state);
        new
    }

    /// Whoever dials this machine ends with it.
    pub(crate) fn set_dialler(&self, device: DeviceId, dialler: AbortHandle) {
        match self.state().peers.get_mut(&device) {
            Some(peer) => peer.dialler = Some(dialler),
            None => dialler.abort(),
        }
    }

    /// Hangs up where a machine is not to be connected any more, or not here, and wakes those that may be.
    fn review(&self, state: &mut State) {
        for entry in state.connections.values() {
            match state.peers.get(&entry.connection.device()) {
                None => entry.connection.close("this machine is no longer among those that are known"),
                Some(known) if !known.peer.is_wanted(&state.here) => {
                    entry.connection.close("this machine is not connected on this network");
                }
                Some(known) => entry.connection.set_compression(known.peer.compression),
            }
        }
        state.peers.values().for_each(|known| known.wake.notify_one());
        // Whoever is nowhere to be connected here is not listened for either. Without peers somebody may be about to become one.
        let is_open =
            state.peers.is_empty() || state.peers.values().any(|known| known.peer.is_wanted(&state.here));
        self.open.send_if_modified(|open| std::mem::replace(open, is_open) != is_open);
    }

    /// This machine is on the networks of these names. Answers whether that is news.
    pub(crate) fn is_now_on(&self, names: &BTreeSet<String>) -> bool {
        let mut state = self.state();
        let state = &mut *state;
        let is_news = state.here != *names;
        if is_news && !state.is_ended {
            state.here.clone_from(names);
            state.peers.values_mut().for_each(PeerState::tell_news);
            self.review(state);
        }
        is_news
    }

    /// This machine has other addresses than before. Whoever could not be reached may be now; and lines from an address that is gone are dead, which
    /// nobody would notice for minutes.
    pub(crate) fn moved(&self, now: &[Interface]) {
        let mut state = self.state();
        let is_there = |ip: IpAddr| ip.is_loopback() || now.iter().any(|interface| interface.ip == ip);
        for entry in state.connections.values() {
            if entry.connection.local().is_some_and(|local| !is_there(local)) {
                entry.connection.close("this machine has another address now");
            }
        }
        state.peers.values_mut().for_each(PeerState::tell_news);
        self.announce_now.notify_one();
    }

    /// A machine that is not connected is dialled now, instead of when its pause has passed.
    pub(crate) fn dial_now(&self, device: DeviceId) {
        if let Some(peer) = self.state().peers.get_mut(&device) {
            peer.tell_news();
        }
    }

    /// On which terms a machine is connected; nothing if it is none of the peers.
    pub(crate) fn terms(&self, device: DeviceId) -> Option<Terms> {
        let state = self.state();
        let known = state.peers.get(&device)?;
        let (send, receive) = (known.send.clone(), known.receive.clone());
        Some(Terms { compression: known.peer.compression, send, receive })
    }

    /// A machine is one of the peers, but is not connected here.
    pub(crate) fn is_kept_away(&self, device: DeviceId) -> bool {
        let state = self.state();
        state.peers.get(&device).is_some_and(|known| !known.peer.is_wanted(&state.here))
    }

    /// Nothing when it is none of the peers any more.
    pub(crate) fn prospect(&self, device: DeviceId) -> Option<Prospect> {
        let state = self.state();
        let known = state.peers.get(&device)?;
        let is_wanted = known.peer.is_wanted(&state.here);
        Some(Prospect { is_wanted, wake: known.wake.clone(), news: known.news })
    }

    /// How long the last connection to a machine lasted, if that was not asked before.
    pub(crate) fn lasted(&self, device: DeviceId) -> Option<Duration> {
        self.state().peers.get_mut(&device)?.lasted.take()
    }

    /// Every address of a machine, each once.
    pub(crate) fn addresses(&self, device: DeviceId) -> BTreeSet<Address> {
        let mut state = self.state();
        state.nearby.forget(Instant::now());
        let Some(known) = state.peers.get(&device) else { return BTreeSet::new() };
        let mut all = BTreeSet::new();
        for reach in &known.peer.addresses {
            match reach {
                Reach::Fixed(address) => drop(all.insert(address.clone())),
                Reach::Dynamic => all.extend(state.nearby.addresses(device)),
            }
        }
        all
    }
}
