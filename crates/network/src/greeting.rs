//! The first words on a line that is encrypted already.

use homesync_protocol::{Decoder, Hello, ProtocolError};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Why there was no greeting.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GreetingError {
    /// The other machine does not keep the protocol.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// The line ended.
    #[error("{0}")]
    Line(#[from] io::Error),
    /// It took too long.
    #[error("the other machine did not greet in time")]
    Late,
}

/// Greets, and hears the other greeting. What came after it is in the decoder already.
pub(crate) async fn greet<R, W>(
    ours: &Hello,
    reader: &mut R,
    writer: &mut W,
    patience: Duration,
) -> Result<(Hello, Decoder), GreetingError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let both = async {
        // Neither side waits for the other: over QUIC, a line on which nothing is written cannot even be seen.
        writer.write_all(&ours.encode()).await?;
        writer.flush().await?;
        let mut decoder = Decoder::default();
        loop {
            if let Some((hello, length)) = Hello::decode(decoder.buffer())? {
                let _ = decoder.buffer().split_to(length);
                return Ok((hello, decoder));
            }
            if reader.read_buf(decoder.buffer()).await? == 0 {
                return Err(GreetingError::Line(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    };
    timeout(patience, both).await.unwrap_or(Err(GreetingError::Late))
}
