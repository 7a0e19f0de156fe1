//! Lets others come in.

use crate::address::{Address, Family, Transport};
use crate::connection::Ends;
use crate::event::Event;
use crate::line::{Line, serve};
use crate::quic;
use crate::shared::Shared;
use crate::tls::device_of;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// So many that have not said yet who they are, at once. More wait.
pub(crate) const STRANGERS: usize = 64;
/// After the system refused to take a connection (no more files, say).
const PAUSE: Duration = Duration::from_millis(200);

/// Listens at an address for ever, as long as that is wanted where this machine is.
pub(crate) async fn listen(shared: Arc<Shared>, address: Address) {
    let mut open = shared.open();
    let mut said = None;
    loop {
        if open.wait_for(|is_open| *is_open).await.is_err() {
            return;
        }
        let ended = tokio::select! {
            ended = listen_once(&shared, &address) => ended,
            _ = open.wait_for(|is_open| !*is_open) => Ok(()),
        };
        if let Err(error) = ended {
            // It may work later: the address may come with a network, or the port be given back.
            let kind = Some(error.kind());
            if std::mem::replace(&mut said, kind) != kind {
                let _ = shared.events.send(Event::CannotListen { address: address.clone(), error }).await;
            }
            sleep(shared.timing.look_around).await;
        }
    }
}

async fn listen_once(shared: &Arc<Shared>, address: &Address) -> io::Result<()> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for place in places(address).await? {
        let listening = match address.transport {
            Transport::Tcp => listen_tcp(shared, address, place).await,
            Transport::Quic => quic::listen(shared, address, place).await,
        };
        match listening {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What the system is asked for, the best first. Everywhere is both families in one socket, where there are both.
async fn places(address: &Address) -> io::Result<Vec<SocketAddr>> {
    let all_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port));
    let all_v6 = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port));
    // Everywhere in one family is both, as other programs read it too, unless the scheme says which.
    if address.host.is_empty() || (address.family == Family::Any && address.is_unspecified()) {
        return Ok(match address.family {
            Family::Any => vec![all_v6, all_v4],
            Family::V4 => vec![all_v4],
            Family::V6 => vec![all_v6],
        });
    }
    let found = lookup_host((address.host.as_str(), address.port)).await?;
    Ok(found.filter(|found| address.family.holds(found.ip())).collect())
}

async fn listen_tcp(shared: &Arc<Shared>, address: &Address, place: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(place).await?;
    let local = listener.local_addr()?;
    let _listening = shared.listens(address, at(address, local), None).await;
    let acceptor = TlsAcceptor::from(shared.tls.server.clone());
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    loop {
        let Ok(room) = strangers.clone().acquire_owned().await else { return Ok(()) };
        let (stream, source) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                sleep(PAUSE).await;
                continue;
            }
        };
        let (shared, acceptor) = (shared.clone(), acceptor.clone());
        tokio::spawn(async move {
            let _ = accept(shared, acceptor, stream, source).await;
            drop(room);
        });
    }
}

async fn accept(
    shared: Arc<Shared>,
    acceptor: TlsAcceptor,
    stream: TcpStream,
    source: SocketAddr,
) -> Result<(), String> {
    prepare(&stream);
    let local = local(&stream);
    let encrypted = timeout(shared.timing.handshake, acceptor.accept(stream)).await;
    let encrypted = encrypted.map_err(|_| "too late".to_string())?.map_err(|error| error.to_string())?;
    let device = device_of(encrypted.get_ref().1.peer_certificates()).ok_or("no certificate")?;
    let address = address_of(Transport::Tcp, source);
    let (reader, writer) = tokio::io::split(encrypted);
    serve(&shared, Line::new(Ends { device, address, is_incoming: true, local }, reader, writer)).await
}

/// What is written goes out at once.
pub(crate) fn prepare(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
}

/// The address of this machine on a line.
pub(crate) fn local(stream: &TcpStream) -> Option<IpAddr> {
    stream.local_addr().ok().map(|local| local.ip().to_canonical())
}

/// An address as it is known once the system has chosen a port.
pub(crate) fn at(address: &Address, local: SocketAddr) -> Address {
    let host = if address.host.is_empty() { local.ip().to_string() } else { address.host.clone() };
    Address { host, port: local.port(), ..address.clone() }
}

/// Where somebody came from.
pub(crate) fn address_of(transport: Transport, source: SocketAddr) -> Address {
    let ip: IpAddr = source.ip().to_canonical();
    Address { transport, family: Family::Any, host: ip.to_string(), port: source.port() }
}
