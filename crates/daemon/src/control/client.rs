//! The commands' side of the socket.

use super::{Answer, Progress, Refusal, Reply, Request, socket};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// A daemon that listens.
pub struct Client {
    stream: BufReader<UnixStream>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No daemon listens here.
    #[error("the homesync daemon does not run")]
    NotRunning,
    /// It is there and cannot be talked to.
    #[error("the homesync daemon cannot be reached: {0}")]
    Unreachable(#[source] io::Error),
    /// It ended meanwhile.
    #[error("the homesync daemon ended before it answered")]
    Ended,
    /// It speaks another language.
    #[error("the homesync daemon is of another version: {0}")]
    Foreign(String),
    /// It refuses.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
}

impl Client {
    /// Finds the daemon of an installation.
    pub fn connect(state: &Path) -> Result<Self, ClientError> {
        match socket::connect(state) {
            Ok(stream) => Ok(Self { stream: BufReader::new(stream) }),
            // A socket to which nobody listens is one that a daemon left behind.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) =>
            {
                Err(ClientError::NotRunning)
            }
            Err(error) => Err(ClientError::Unreachable(error)),
        }
    }

    /// Asks, and tells every step on the way to the answer.
    pub fn ask(
        &mut self,
        request: &Request,
        progress: &mut dyn FnMut(&Progress),
    ) -> Result<Answer, ClientError> {
        let foreign = |error: serde_json::Error| ClientError::Foreign(error.to_string());
        let mut line = serde_json::to_string(request).map_err(foreign)?;
        line.push('\n');
        self.stream.get_mut().write_all(line.as_bytes()).map_err(|_| ClientError::Ended)?;
        loop {
            line.clear();
            match self.stream.read_line(&mut line) {
                Ok(0) => return Err(ClientError::Ended),
                Ok(_) => {}
                Err(error) => return Err(ClientError::Unreachable(error)),
            }
            match serde_json::from_str(&line).map_err(foreign)? {
                Reply::Progress(step) => progress(&step),
                Reply::Done(answer) => return Ok(*answer),
                Reply::Refused(refusal) => return Err(ClientError::Refused(Box::new(refusal))),
            }
        }
    }
}
