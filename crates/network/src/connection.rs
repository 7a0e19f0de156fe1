//! One connection to a machine: messages in, messages out, and signs of life.

mod reader;
mod writer;

use crate::address::{Address, Transport};
use homesync_protocol::{Compression, DeviceId, Hello, Message};
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot, watch};

pub(crate) use reader::read;
pub(crate) use writer::write;

/// Room that a message takes up until it is dropped: the machine at the other end waits meanwhile with the next one.
#[derive(Debug, Default)]
pub struct Permit(
    #[expect(dead_code, reason = "what matters is when it is dropped")] Option<OwnedSemaphorePermit>,
);

impl Permit {
    pub(crate) fn of(permit: OwnedSemaphorePermit) -> Self {
        Self(Some(permit))
    }
}

/// What is to be written.
pub(crate) struct Outgoing {
    message: Message,
    /// Dropped when it is written.
    permit: Permit,
    /// Told when it is written.
    written: Option<oneshot::Sender<()>>,
}

/// How much went over a connection.
#[derive(Debug, Default)]
pub struct Traffic {
    received: AtomicU64,
    sent: AtomicU64,
}

impl Traffic {
    /// Bytes that came in.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Bytes that went out.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

/// Between whom a line is.
pub(crate) struct Ends {
    pub(crate) device: DeviceId,
    pub(crate) address: Address,
    /// The other machine dialled.
    pub(crate) is_incoming: bool,
    /// The address of this machine, where the line is lost with it.
    pub(crate) local: Option<IpAddr>,
}

/// A connection. Clones are the same one.
#[derive(Clone)]
pub struct Connection(Arc<Inner>);

struct Inner {
    number: u64,
    device: DeviceId,
    address: Address,
    is_incoming: bool,
    local: Option<IpAddr>,
    hello: Hello,
    since: SystemTime,
    started: Instant,
    compression: Mutex<Compression>,
    traffic: Traffic,
    /// Everything but people's bytes, which goes first.
    first: mpsc::UnboundedSender<Outgoing>,
    /// People's bytes.
    bulk: mpsc::UnboundedSender<Outgoing>,
    /// Why it is closed, once it is.
    closed: watch::Sender<Option<String>>,
}

/// The connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

/// The ends of a connection's queues that its writer holds.
pub(crate) struct Queues {
    first: mpsc::UnboundedReceiver<Outgoing>,
    bulk: mpsc::UnboundedReceiver<Outgoing>,
}

impl Connection {
    pub(crate) fn new(number: u64, ends: Ends, compression: Compression, hello: Hello) -> (Self, Queues) {
        let (first, first_end) = mpsc::unbounded_channel();
        let (bulk, bulk_end) = mpsc::unbounded_channel();
        let (closed, _) = watch::channel(None);
        let inner = Inner {
            number,
            device: ends.device,
            address: ends.address,
            is_incoming: ends.is_incoming,
            local: ends.local,
            hello,
            since: SystemTime::now(),
            started: Instant::now(),
            compression: Mutex::new(compression),
            traffic: Traffic::default(),
            first,
            bulk,
            closed,
        };
        (Self(Arc::new(inner)), Queues { first: first_end, bulk: bulk_end })
    }

    /// Another number for each connection.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// The machine at the other end.
    pub fn device(&self) -> DeviceId {
        self.0.device
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.0.address
    }

    /// How bytes travel.
    pub fn transport(&self) -> Transport {
        self.0.address.transport
    }

    /// How the other machine greeted.
    pub fn hello(&self) -> &Hello {
        &self.0.hello
    }

    /// Since when it stands.
    pub fn since(&self) -> SystemTime {
        self.0.since
    }

    /// How long it has stood, by a clock that nobody sets.
    pub fn age(&self) -> Duration {
        self.0.started.elapsed()
    }

    /// The other machine dialled.
    pub fn is_incoming(&self) -> bool {
        self.0.is_incoming
    }

    /// The address of this machine without which the line is dead, though nobody may say so for long.
    pub(crate) fn local(&self) -> Option<IpAddr> {
        self.0.local
    }

    /// How much went over it.
    pub fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// Sends a message as soon as those before it are written. Nothing bounds how many wait: use [`Self::send_and_wait`] where there are many.
    pub fn send(&self, message: Message) -> Result<(), Closed> {
        self.queue(Outgoing { message, permit: Permit::default(), written: None })
    }

    /// Sends the answer to a request. Its room is free again when it is written.
    pub fn answer(&self, message: Message, permit: Permit) -> Result<(), Closed> {
        self.queue(Outgoing { message, permit, written: None })
    }

    /// Sends a message and waits until it is written: for those that have many to send. Not to be called from inside the network.
    pub fn send_and_wait(&self, message: Message) -> Result<(), Closed> {
        let (written, end) = oneshot::channel();
        self.queue(Outgoing { message, permit: Permit::default(), written: Some(written) })?;
        end.blocking_recv().map_err(|_| Closed)
    }

    fn queue(&self, outgoing: Outgoing) -> Result<(), Closed> {
        let queue = match outgoing.message {
            Message::Response(_) => &self.0.bulk,
            _ => &self.0.first,
        };
        queue.send(outgoing).map_err(|_| Closed)
    }

    pub(crate) fn set_compression(&self, compression: Compression) {
        *self.0.compression.lock().unwrap_or_else(PoisonError::into_inner) = compression;
    }

    fn compression(&self) -> Compression {
        *self.0.compression.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hangs up, and tells the other machine why.
    pub fn close(&self, reason: &str) {
        self.0.closed.send_if_modified(|closed| {
            let is_first = closed.is_none();
            closed.get_or_insert_with(|| reason.to_string());
            is_first
        });
    }

    /// Why it was closed from this side, once it was.
    pub(crate) fn reason(&self) -> Option<String> {
        self.0.closed.borrow().clone()
    }

    /// Waits until it is closed from this side.
    pub(crate) async fn closed(&self) -> String {
        let mut end = self.0.closed.subscribe();
        loop {
            if let Some(reason) = end.borrow_and_update().clone() {
                return reason;
            }
            if end.changed().await.is_err() {
                return String::new();
            }
        }
    }
}

impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "connection {} to {:?} at {}", self.0.number, self.0.device, self.0.address)
    }
}
