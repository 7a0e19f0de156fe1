//! The network while it runs: what its owner can ask for.

use crate::address::Address;
use crate::connection::Connection;
use crate::event::Events;
use crate::limit::Rate;
use crate::nearby::Nearby;
use crate::networks::NamedNetwork;
use crate::settings::{Peer, Settings};
use crate::shared::Shared;
use crate::tls::Tls;
use crate::{dial, discovery, listen, surroundings};
use homesync_protocol::DeviceId;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// Events that wait to be heard. More make the other machines wait.
const MOST_EVENTS: usize = 256;
/// Threads for all connections.
const THREADS: usize = 2;
/// How long an orderly end may take.
const ORDERLY_END: Duration = Duration::from_secs(2);

/// Why the network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The certificate or the key cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Certificate(String),
    /// The system refused threads.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// The network while it runs. All calls return at once.
pub struct Network {
    shared: Arc<Shared>,
    listeners: Mutex<BTreeMap<Address, AbortHandle>>,
    runtime: Runtime,
}

impl Network {
    /// Listens and answers from now on.
    pub fn start(settings: Settings) -> Result<(Self, Events), NetworkError> {
        let tls = Tls::new(&settings.identity);
        let tls = tls.map_err(|error| NetworkError::Certificate(error.to_string()))?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("network")
            .enable_all()
            .build()?;
        let (events, end) = mpsc::channel(MOST_EVENTS);
        let (addresses, discovery) = (settings.listen.clone(), settings.discovery.clone());
        let shared = Arc::new(Shared::new(settings, tls, events));
        if let Some(discovery) = discovery {
            runtime.spawn(discovery::run(shared.clone(), discovery));
        }
        runtime.spawn(surroundings::watch(shared.clone()));
        let network = Self { shared, listeners: Mutex::default(), runtime };
        network.set_listen(addresses);
        Ok((network, Events::new(end)))
    }

    /// This machine's id.
    pub fn device(&self) -> DeviceId {
        self.shared.device
    }

    /// These machines are to be connected, and no others. Connections to others end; what has changed for those that stay holds from now on.
    pub fn set_peers(&self, peers: Vec<Peer>) {
        for device in self.shared.set_peers(peers) {
            let dialler = self.runtime.spawn(dial::keep_connected(self.shared.clone(), device));
            self.shared.set_dialler(device, dialler.abort_handle());
        }
    }

    /// How much is sent and received over all connections together, from now on.
    pub fn set_limits(&self, send: Rate, receive: Rate) {
        self.shared.set_limits(send, receive);
    }

    /// The networks that have names, from now on.
    pub fn set_networks(&self, networks: Vec<NamedNetwork>) {
        self.shared.set_networks(networks);
    }

    /// Where this machine listens, from now on. What is connected stays.
    pub fn set_listen(&self, addresses: Vec<Address>) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted: BTreeSet<Address> = addresses.into_iter().collect();
        listeners.retain(|address, listener| {
            let stays = wanted.contains(address);
            if !stays {
                listener.abort();
            }
            stays
        });
        for address in wanted {
            let listen = || listen::listen(self.shared.clone(), address.clone());
            listeners.entry(address.clone()).or_insert_with(|| self.runtime.spawn(listen()).abort_handle());
        }
    }

    /// Dials a machine now that is not connected, instead of when its pause has passed.
    pub fn dial_now(&self, device: DeviceId) {
        self.shared.dial_now(device);
    }

    /// Who is connected now. With other programs there may be several connections to one machine.
    pub fn connections(&self) -> Vec<Connection> {
        self.shared.connections()
    }

    /// Where this machine can be reached now.
    pub fn listening(&self) -> Vec<Address> {
        self.shared.listening()
    }

    /// The names of the networks on which this machine is now.
    pub fn here(&self) -> BTreeSet<String> {
        self.shared.here()
    }

    /// The machines that announced themselves on this machine's networks.
    pub fn nearby(&self) -> Vec<Nearby> {
        self.shared.nearby()
    }

    /// Hangs up everywhere, with a word of farewell. Takes two seconds at the most.
    pub fn stop(self, reason: &str) {
        self.shared.end(reason);
        // Who has not hung up by then is left where they are.
        let _ = self.runtime.block_on(async { timeout(ORDERLY_END, self.shared.all_closed()).await });
        self.runtime.shutdown_background();
    }
}
