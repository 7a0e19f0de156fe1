//! What the network has to say, and where it is heard.

use crate::address::Address;
use crate::connection::{Connection, Permit};
use homesync_protocol::{DeviceId, Hello, Message};
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// This machine can be reached here.
    Listening {
        /// Where it was told to listen.
        wanted: Address,
        /// What that has become: a port that the system chose has a number here.
        address: Address,
    },
    /// It cannot be reached there. It is tried again; the same error is not said twice.
    CannotListen {
        /// Where.
        address: Address,
        /// Why.
        error: io::Error,
    },
    /// A machine is connected, and who it says it is. Its messages come after this, and its end after them; the end of a connection whose place it
    /// takes may come later.
    Connected {
        /// The connection.
        connection: Connection,
        /// Its greeting.
        hello: Hello,
    },
    /// A machine says something.
    Message {
        /// On which connection.
        connection: Connection,
        /// What.
        message: Message,
        /// To be dropped when it is dealt with. As long as too many are kept, the other machine waits.
        permit: Permit,
    },
    /// A connection ended.
    Disconnected {
        /// Which.
        connection: Connection,
        /// Why.
        reason: String,
    },
    /// A machine that is none of the peers wants to be connected. It was sent away. Said once in a while for each machine.
    Unknown {
        /// Which.
        device: DeviceId,
        /// Its greeting.
        hello: Hello,
        /// Where it came from.
        address: Address,
    },
    /// A machine could not be reached.
    Unreachable {
        /// Which.
        device: DeviceId,
        /// At which address, and why not.
        errors: Vec<(Address, String)>,
    },
    /// Said when it changes: this machine is now on the networks of these names, and on no others that have one.
    Networks(BTreeSet<String>),
}

/// Where events are heard. Whoever does not listen makes the other machines wait.
pub struct Events(mpsc::Receiver<Event>);

/// Nothing happened in that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing happened yet")]
pub struct NothingYet;

impl Events {
    pub(crate) fn new(receiver: mpsc::Receiver<Event>) -> Self {
        Self(receiver)
    }

    /// Waits for the next event. Nothing when the network has ended.
    pub fn next_event(&mut self) -> Option<Event> {
        self.0.blocking_recv()
    }

    /// Waits for the next event, but not longer than that.
    pub fn next_event_within(&mut self, patience: Duration) -> Result<Option<Event>, NothingYet> {
        let deadline = Instant::now() + patience;
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(event) = self.0.poll_recv(&mut context) {
                return Ok(event);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(NothingYet);
            }
            thread::park_timeout(left);
        }
    }
}

/// Wakes a thread that waits without the network's own clock, which may have ended.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
