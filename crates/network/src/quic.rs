//! The same over QUIC: one stream in each direction on a connection of its own.

use crate::address::{Address, Transport};
use crate::connection::Ends;
use crate::dial::check;
use crate::line::{Line, serve};
use crate::listen::{STRANGERS, address_of, at};
use crate::shared::Shared;
use crate::tls::device_of;
use homesync_protocol::DeviceId;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connecting, Connection, Endpoint, IdleTimeout, Incoming, ServerConfig, TransportConfig,
};
use rustls::pki_types::CertificateDer;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A line on which nothing comes for so long is dead.
const IDLE: Duration = Duration::from_secs(30);
/// So often a sign of life is sent below our own ones.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(crate) async fn listen(shared: &Arc<Shared>, address: &Address, place: SocketAddr) -> io::Result<()> {
    let crypto = QuicServerConfig::try_from(shared.tls.server.clone()).map_err(io::Error::other)?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config.transport_config(transport());
    let endpoint = Endpoint::server(config, place)?;
    let local = endpoint.local_addr()?;
    let _listening = shared.listens(address, at(address, local), Some(endpoint.clone())).await;
    let strangers = Arc::new(Semaphore::new(STRANGERS));
    while let Some(incoming) = endpoint.accept().await {
        let Ok(room) = strangers.clone().acquire_owned().await else { return Ok(()) };
        let shared = shared.clone();
        tokio::spawn(async move {
            let _ = accept(shared, incoming).await;
            drop(room);
        });
    }
    Ok(())
}

fn transport() -> Arc<TransportConfig> {
    let mut transport = TransportConfig::default();
    transport.max_idle_timeout(IdleTimeout::try_from(IDLE).ok());
    transport.keep_alive_interval(Some(KEEP_ALIVE));
    transport.max_concurrent_uni_streams(0u8.into());
    Arc::new(transport)
}

async fn accept(shared: Arc<Shared>, incoming: Incoming) -> Result<(), String> {
    let source = incoming.remote_address();
    let connecting = incoming.accept().map_err(|error| error.to_string())?;
    let connection = connected(&shared, connecting).await?;
    let device = device(&connection).ok_or("no certificate")?;
    let opened = timeout(shared.timing.handshake, connection.accept_bi()).await;
    let (writer, reader) = opened.map_err(|_| "too late".to_string())?.map_err(|error| error.to_string())?;
    let address = address_of(Transport::Quic, source);
    // It outlives an address, and notices by itself when there is none any more.
    serve(&shared, Line::new(Ends { device, address, is_incoming: true, local: None }, reader, writer)).await
}

pub(crate) async fn dial(
    shared: &Shared,
    wanted: DeviceId,
    address: &Address,
    target: SocketAddr,
) -> Result<Line, String> {
    let endpoint = match shared.endpoint(target.is_ipv6()) {
        Some(endpoint) => endpoint,
        None => {
            let from: IpAddr =
                if target.is_ipv6() { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
            Endpoint::client(SocketAddr::new(from, 0)).map_err(|error| error.to_string())?
        }
    };
    let crypto = QuicClientConfig::try_from(shared.tls.client.clone()).map_err(|error| error.to_string())?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport());
    let name = target.ip().to_string();
    let connecting = endpoint.connect_with(config, target, &name).map_err(|error| error.to_string())?;
    let connection = connected(shared, connecting).await?;
    check(wanted, device(&connection))?;
    let (writer, reader) = connection.open_bi().await.map_err(|error| error.to_string())?;
    let ends = Ends { device: wanted, address: address.clone(), is_incoming: false, local: None };
    Ok(Line::new(ends, reader, writer))
}

async fn connected(shared: &Shared, connecting: Connecting) -> Result<Connection, String> {
    let connected = timeout(shared.timing.handshake, connecting).await;
    connected.map_err(|_| "nobody answers".to_string())?.map_err(|error| error.to_string())
}

fn device(connection: &Connection) -> Option<DeviceId> {
    let identity = connection.peer_identity()?;
    let certificates = identity.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    device_of(Some(&certificates))
}
