//! Dials a machine until it answers, and again when it is lost.

use crate::address::{Address, Transport};
use crate::backoff::Backoff;
use crate::connection::Ends;
use crate::event::Event;
use crate::interfaces::{interfaces, is_near};
use crate::line::{Line, serve};
use crate::listen::{local, prepare};
use crate::quic;
use crate::shared::Shared;
use crate::tls::device_of;
use homesync_protocol::DeviceId;
use rustls::pki_types::ServerName;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;

type Errors = Vec<(Address, String)>;

/// Keeps a machine connected as long as it is one of the peers.
pub(crate) async fn keep_connected(shared: Arc<Shared>, device: DeviceId) {
    let mut backoff = Backoff::new(&shared.timing);
    while let Some(prospect) = shared.prospect(device) {
        if shared.is_connected(device) || !prospect.is_wanted {
            prospect.wake.notified().await;
            continue;
        }
        match shared.lasted(device) {
            Some(lasted) if lasted >= shared.timing.stable => backoff.succeeded(),
            // It hangs up as soon as it is connected: it may not know this machine.
            Some(_) => {
                pause(&shared, device, &mut backoff).await;
                continue;
            }
            None => {}
        }
        let addresses = shared.addresses(device);
        if addresses.is_empty() {
            prospect.wake.notified().await;
            continue;
        }
        let Err(errors) = dial_all(&shared, device, addresses).await else { continue };
        if shared.is_connected(device) {
            continue;
        }
        if shared.events.send(Event::Unreachable { device, errors }).await.is_err() {
            return;
        }
        pause(&shared, device, &mut backoff).await;
    }
}

/// Waits for the next try. News cut it short, and so does the machine itself when it comes.
async fn pause(shared: &Shared, device: DeviceId, backoff: &mut Backoff) {
    let Some(before) = shared.prospect(device) else { return };
    let deadline = Instant::now() + backoff.pause(random());
    while timeout_at(deadline, before.wake.notified()).await.is_ok() {
        let now = shared.prospect(device);
        if now.is_none_or(|now| now.news != before.news) || shared.is_connected(device) {
            return;
        }
    }
}

/// A place to dial: an address, and what it stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    address: Address,
    place: SocketAddr,
}

/// Dials the near ones first, and TCP before QUIC; those of one rank at once. The first that answers is greeted, and the others are let go before they hear
/// anything. Says what was wrong where nobody was reached.
async fn dial_all(
    shared: &Arc<Shared>,
    device: DeviceId,
    addresses: BTreeSet<Address>,
) -> Result<(), Errors> {
    let (ranks, mut errors) = targets(shared, addresses).await;
    for targets in ranks.into_values() {
        let mut dialled = JoinSet::new();
        for target in targets {
            let shared = shared.clone();
            dialled.spawn(async move {
                let line = dial(&shared, device, &target).await;
                (target.address, line)
            });
        }
        while let Some(ended) = dialled.join_next().await {
            let Ok((address, line)) = ended else { continue };
            let served = match line {
                Ok(line) => serve(shared, line).await,
                Err(error) => Err(error),
            };
            match served {
                Ok(()) => return Ok(()),
                Err(error) => errors.push((address, error)),
            }
            if shared.is_connected(device) {
                return Ok(());
            }
        }
    }
    Err(errors)
}

/// Finds out what the addresses stand for, and in which order it is tried.
async fn targets(shared: &Shared, addresses: BTreeSet<Address>) -> (BTreeMap<u8, BTreeSet<Target>>, Errors) {
    let mut lookups = JoinSet::new();
    for address in addresses {
        let patience = shared.timing.answer;
        lookups.spawn(async move {
            let found = timeout(patience, look_up(&address)).await;
            let found = found.unwrap_or_else(|_| Err("the name cannot be found".to_string()));
            (address, found)
        });
    }
    let interfaces = interfaces();
    let (mut ranks, mut errors) = (BTreeMap::<u8, BTreeSet<Target>>::new(), Errors::new());
    while let Some(found) = lookups.join_next().await {
        match found {
            Ok((address, Ok(places))) if places.is_empty() => {
                errors.push((address, "the name stands for no address".to_string()));
            }
            Ok((address, Ok(places))) => {
                for place in places {
                    let is_far = u8::from(!is_near(&interfaces, place.ip().to_canonical()));
                    let is_quic = u8::from(address.transport == Transport::Quic);
                    let target = Target { address: address.clone(), place };
                    ranks.entry(2 * is_far + is_quic).or_default().insert(target);
                }
            }
            Ok((address, Err(error))) => errors.push((address, error)),
            Err(_) => {}
        }
    }
    (ranks, errors)
}

async fn look_up(address: &Address) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host((address.host_to_dial(), address.port)).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.filter(|found| address.family.holds(found.ip())).collect())
}

async fn dial(shared: &Shared, device: DeviceId, target: &Target) -> Result<Line, String> {
    match target.address.transport {
        Transport::Tcp => dial_tcp(shared, device, target).await,
        Transport::Quic => quic::dial(shared, device, &target.address, target.place).await,
    }
}

async fn dial_tcp(shared: &Shared, device: DeviceId, target: &Target) -> Result<Line, String> {
    let stream = timeout(shared.timing.answer, TcpStream::connect(target.place)).await;
    let stream = stream.map_err(|_| "nobody answers".to_string())?.map_err(|error| error.to_string())?;
    prepare(&stream);
    let local = local(&stream);
    let connector = TlsConnector::from(shared.tls.client.clone());
    let name = ServerName::IpAddress(target.place.ip().into());
    let encrypted = timeout(shared.timing.handshake, connector.connect(name, stream)).await;
    let encrypted = encrypted
        .map_err(|_| "what answers speaks another language".to_string())?
        .map_err(|error| error.to_string())?;
    check(device, device_of(encrypted.get_ref().1.peer_certificates()))?;
    let (reader, writer) = tokio::io::split(encrypted);
    let ends = Ends { device, address: target.address.clone(), is_incoming: false, local };
    Ok(Line::new(ends, reader, writer))
}

/// Whoever answers is the machine that was meant.
pub(crate) fn check(wanted: DeviceId, found: Option<DeviceId>) -> Result<(), String> {
    match found {
        Some(found) if found == wanted => Ok(()),
        Some(found) => Err(format!("another machine answers: {found}")),
        None => Err("what answers has no certificate".to_string()),
    }
}

/// A random number, of which nothing depends but when something happens and what is taken for a new start.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
