//! A line that is encrypted, from the greeting to its end.

use crate::connection::{Connection, Ends, Queues, read, write};
use crate::event::Event;
use crate::greeting::greet;
use crate::shared::{Shared, Terms};
use homesync_protocol::Decoder;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long the other machine may take to hang up after it was told to.
const FAREWELL: Duration = Duration::from_millis(500);
/// What it may still send meanwhile.
const LAST_BYTES: u64 = 16 << 20;

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// A line, however it came about.
pub(crate) struct Line {
    ends: Ends,
    reader: Reader,
    writer: Writer,
}

impl Line {
    pub(crate) fn new(
        ends: Ends,
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        Self { ends, reader: Box::new(reader), writer: Box::new(writer) }
    }
}

/// Greets, and if the machine is known lets messages through until the line ends. An error says why there was no connection at all.
pub(crate) async fn serve(shared: &Arc<Shared>, line: Line) -> Result<(), String> {
    let Line { ends, mut reader, mut writer } = line;
    let device = ends.device;
    if device == shared.device {
        return Err("it is this machine itself".to_string());
    }
    if shared.is_kept_away(device) {
        return Err("this machine is not connected on this network".to_string());
    }
    let ours = shared.hello(device);
    let greeted = greet(&ours, &mut reader, &mut writer, shared.timing.greeting).await;
    let (hello, decoder) = greeted.map_err(|error| error.to_string())?;
    let Some(terms) = shared.terms(device) else {
        if shared.is_news(device) {
            let _ = shared.events.send(Event::Unknown { device, hello, address: ends.address }).await;
        }
        let _ = timeout(FAREWELL, writer.shutdown()).await;
        hear_out(&mut reader).await;
        return Err("the machine is not known here".to_string());
    };
    let number = shared.next_number();
    let (connection, queues) = Connection::new(number, ends, terms.compression, hello);
    // Nothing may come between these two: a connection that was let in has somebody who lets it out again.
    if !shared.admit(&connection) {
        return Err("there is another connection to this machine".to_string());
    }
    tokio::spawn(live(shared.clone(), connection, Both { reader, writer, decoder, queues, terms }));
    Ok(())
}

/// Both directions of a line.
struct Both {
    reader: Reader,
    writer: Writer,
    decoder: Decoder,
    queues: Queues,
    terms: Terms,
}

async fn live(shared: Arc<Shared>, connection: Connection, both: Both) {
    let Both { mut reader, writer, decoder, queues, terms } = both;
    let connected = Event::Connected { connection: connection.clone(), hello: connection.hello().clone() };
    let _ = shared.events.send(connected).await;
    let (send, receive) = shared.limits(&terms);
    let silence = shared.timing.silence;
    let mut writing = tokio::spawn(write(connection.clone(), queues, writer, send, shared.timing.clone()));
    let (reason, is_written) = tokio::select! {
        ended = read(&connection, decoder, &mut reader, receive, &shared.events, silence) => (ended.to_string(), false),
        written = &mut writing => match written {
            Ok(Ok(())) => (connection.reason().unwrap_or_default(), true),
            Ok(Err(error)) => (error.to_string(), true),
            Err(error) => (error.to_string(), true),
        },
    };
    // Whichever direction ended first, the other one ends with it, and a farewell is still written.
    connection.close(&reason);
    if !is_written {
        let _ = writing.await;
    }
    hear_out(&mut reader).await;
    shared.leave(&connection);
    let _ = shared.events.send(Event::Disconnected { connection, reason }).await;
}

/// Waits until the other side has hung up too: where a line is dropped with something unread in it, systems throw away what was written last.
async fn hear_out(reader: &mut Reader) {
    let mut rest = reader.take(LAST_BYTES);
    let _ = timeout(FAREWELL, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
}
