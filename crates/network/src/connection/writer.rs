//! Writes what is queued, and a sign of life where nothing is.

use super::{Connection, Outgoing, Queues};
use crate::limit::Limits;
use crate::settings::Timing;
use bytes::{Buf, BytesMut};
use homesync_protocol::{Compression, Message, encode};
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long the last message may take.
const LAST_MESSAGE: Duration = Duration::from_millis(500);
/// Small messages that are queued behind each other are written together, up to so many bytes.
const TOGETHER: usize = 64 << 10;

/// Writes until the connection is closed from this side, or cannot be written to.
pub(crate) async fn write<W: AsyncWrite + Unpin>(
    connection: Connection,
    queues: Queues,
    mut line: W,
    limits: Limits,
    timing: Timing,
) -> io::Result<()> {
    let mut is_between_messages = true;
    let reason = tokio::select! {
        biased;
        // Whoever hangs up does not wait for a line that is stuck.
        reason = connection.closed() => reason,
        ended = write_all(&connection, queues, &mut line, &limits, &timing, &mut is_between_messages) => {
            return ended;
        }
    };
    say_goodbye(&mut line, reason, is_between_messages).await
}

async fn write_all<W: AsyncWrite + Unpin>(
    connection: &Connection,
    mut queues: Queues,
    line: &mut W,
    limits: &Limits,
    timing: &Timing,
    is_between_messages: &mut bool,
) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    loop {
        let mut done = Vec::new();
        match timeout(timing.sign_of_life, queues.next()).await {
            Err(_) => encode(&Message::Ping, Compression::Never, &mut bytes),
            Ok(None) => return Ok(()),
            Ok(Some(outgoing)) => {
                let mut next = Some(outgoing);
                while let Some(outgoing) = next {
                    encode(&outgoing.message, connection.compression(), &mut bytes);
                    done.push(outgoing);
                    next = if bytes.len() < TOGETHER { queues.at_hand() } else { None };
                }
            }
        }
        *is_between_messages = false;
        write_in_pieces(connection, &mut bytes, line, limits, timing.silence).await?;
        *is_between_messages = true;
        for outgoing in done {
            drop(outgoing.permit);
            if let Some(written) = outgoing.written {
                let _ = written.send(());
            }
        }
    }
}

async fn write_in_pieces<W: AsyncWrite + Unpin>(
    connection: &Connection,
    bytes: &mut BytesMut,
    line: &mut W,
    limits: &Limits,
    patience: Duration,
) -> io::Result<()> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "the other machine takes nothing any more");
    while !bytes.is_empty() {
        let piece = bytes.len().min(limits.piece());
        limits.take(piece).await;
        let mut piece = bytes.split_to(piece);
        while piece.has_remaining() {
            let written = timeout(patience, line.write(&piece)).await.map_err(|_| late())??;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            piece.advance(written);
            connection.0.traffic.sent.fetch_add(written as u64, Ordering::Relaxed);
        }
        timeout(patience, line.flush()).await.map_err(|_| late())??;
    }
    Ok(())
}

/// Says why, unless another message is half written, in whose midst nothing can be said.
async fn say_goodbye<W: AsyncWrite + Unpin>(
    line: &mut W,
    reason: String,
    is_between_messages: bool,
) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    if is_between_messages {
        encode(&Message::Close(reason), Compression::Never, &mut bytes);
    }
    let last = async {
        line.write_all_buf(&mut bytes).await?;
        line.shutdown().await
    };
    timeout(LAST_MESSAGE, last).await.unwrap_or(Ok(()))
}

impl Queues {
    /// The next message. What is small and urgent goes before people's bytes.
    async fn next(&mut self) -> Option<Outgoing> {
        tokio::select! {
            biased;
            next = self.first.recv() => next,
            next = self.bulk.recv() => next,
        }
    }

    /// A message that is there already.
    fn at_hand(&mut self) -> Option<Outgoing> {
        self.first.try_recv().or_else(|_| self.bulk.try_recv()).ok()
    }
}
