//! Reads messages, as fast as whoever gets them makes room.

use super::{Connection, Permit};
use crate::event::Event;
use crate::limit::Limits;
use homesync_paths::Shown;
use homesync_protocol::{Decoder, Message, ProtocolError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

/// Messages about what is in folders that may be on their way to the index at once.
const INDEX_MESSAGES: u32 = 4;
/// One that is larger is taken alone.
const LARGE_MESSAGE: usize = 1 << 20;
/// What all requests that are not answered yet may ask for, in bytes. One larger request is taken alone.
const ASKED_FOR: u32 = 16 << 20;
/// What a request takes up at the least.
const LEAST: u32 = 4 << 10;
/// What all answers that nobody has taken yet may hold, in bytes. One larger answer is taken alone.
const ANSWERED: u32 = 32 << 20;
/// Bytes that are read at once, at the least.
const PIECE: usize = 16 << 10;
/// And at the most.
const LARGEST_PIECE: usize = 1 << 20;
/// So many characters of what another machine says about its hanging up are repeated.
const LONGEST_REASON: usize = 300;

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Ended {
    /// The other machine hung up and said why.
    #[error("the other machine hung up: {0}")]
    Closed(String),
    /// The line ended.
    #[error("the connection was lost")]
    Lost,
    /// Nothing came for very long.
    #[error("nothing was heard for {} seconds", .0.as_secs())]
    Silent(Duration),
    /// What came cannot be.
    #[error("the other machine does not keep the protocol: {0}")]
    Protocol(#[from] ProtocolError),
    /// The system's own error.
    #[error("{0}")]
    Line(#[from] io::Error),
    /// Nobody wants to hear of it any more.
    #[error("{0}")]
    Here(String),
}

/// Room for messages that are not dealt with yet.
struct Room {
    index: Arc<Semaphore>,
    asked: Arc<Semaphore>,
    answered: Arc<Semaphore>,
}

impl Room {
    fn new() -> Self {
        let of = |room: u32| Arc::new(Semaphore::new(room as usize));
        Self { index: of(INDEX_MESSAGES), asked: of(ASKED_FOR), answered: of(ANSWERED) }
    }

    /// Waits until there is room for a message that took up so many bytes.
    async fn take(&self, message: &Message, size: usize) -> Permit {
        let (room, share) = match message {
            Message::Request(request) => (&self.asked, request.size.clamp(LEAST, ASKED_FOR)),
            Message::Response(_) => {
                let size = u32::try_from(size).unwrap_or(ANSWERED);
                (&self.answered, size.clamp(LEAST, ANSWERED))
            }
            Message::ClusterConfig(_)
            | Message::Index(_)
            | Message::IndexUpdate(_)
            | Message::Progress(_) => (&self.index, if size > LARGE_MESSAGE { INDEX_MESSAGES } else { 1 }),
            Message::Ping | Message::Close(_) => return Permit::default(),
        };
        room.clone().acquire_many_owned(share).await.map(Permit::of).unwrap_or_default()
    }
}

/// Reads until the connection ends, and says why it did.
pub(crate) async fn read<R: AsyncRead + Unpin>(
    connection: &Connection,
    mut decoder: Decoder,
    line: &mut R,
    limits: Limits,
    events: &mpsc::Sender<Event>,
    silence: Duration,
) -> Ended {
    let until_the_end = async {
        let room = Room::new();
        loop {
            if let Err(ended) = pass_on(connection, &mut decoder, &room, events).await {
                return ended;
            }
            let piece = decoder.missing().clamp(PIECE, LARGEST_PIECE).min(limits.piece());
            decoder.buffer().reserve(piece);
            match timeout(silence, line.take(piece as u64).read_buf(decoder.buffer())).await {
                Err(_) => return Ended::Silent(silence),
                Ok(Err(error)) => return Ended::Line(error),
                Ok(Ok(0)) => return Ended::Lost,
                Ok(Ok(bytes)) => {
                    connection.0.traffic.received.fetch_add(bytes as u64, Ordering::Relaxed);
                    limits.take(bytes).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        reason = connection.closed() => Ended::Here(reason),
        ended = until_the_end => ended,
    }
}

/// Passes on all messages that have come.
async fn pass_on(
    connection: &Connection,
    decoder: &mut Decoder,
    room: &Room,
    events: &mpsc::Sender<Event>,
) -> Result<(), Ended> {
    while let Some(message) = decoder.next_message()? {
        match message {
            Message::Ping => {}
            Message::Close(reason) => return Err(Ended::Closed(repeated(&reason))),
            message => {
                let permit = room.take(&message, decoder.size()).await;
                let event = Event::Message { connection: connection.clone(), message, permit };
                if events.send(event).await.is_err() {
                    return Err(Ended::Here("nobody listens any more".to_string()));
                }
            }
        }
    }
    Ok(())
}

/// What another machine said, as it can be shown.
fn repeated(text: &str) -> String {
    let short: String = text.chars().take(LONGEST_REASON).collect();
    Shown::new(short.as_str()).to_string()
}
