//! Everything that machines say after the greeting, as types that hold only what may be said.
//!
//! One module per kind of message. Each knows how to become its form on the wire and back; nothing is checked anywhere else.

pub mod cluster;
pub mod index;
mod item;
mod platform;
pub mod progress;
mod rules;
pub mod transfer;

use crate::error::ProtocolError;
use crate::wire::{self, field, text};
use cluster::ClusterConfig;
use index::IndexMessage;
use progress::Progress;
use prost::Message as _;
use prost::bytes::Bytes;
use transfer::{Request, Response};

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Which folders the sender shares with the receiver, and what it knows of everybody's index. Always the first message.
    ClusterConfig(ClusterConfig),
    /// The sender's index of a folder from its beginning: what it said before is void.
    Index(IndexMessage),
    /// More of the sender's index.
    IndexUpdate(IndexMessage),
    /// Wants a block.
    Request(Request),
    /// The answer to a request.
    Response(Response),
    /// Which blocks of unfinished files the sender has.
    Progress(Progress),
    /// Nothing; the line is alive.
    Ping,
    /// The sender hangs up, and why.
    Close(String),
}

/// The kinds of messages by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    ClusterConfig,
    Index,
    IndexUpdate,
    Request,
    Response,
    Progress,
    Ping,
    Close,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::ClusterConfig,
        Self::Index,
        Self::IndexUpdate,
        Self::Request,
        Self::Response,
        Self::Progress,
        Self::Ping,
        Self::Close,
    ];

    /// Nothing for a number that a later version may have given a meaning.
    pub(crate) fn from_number(number: i32) -> Option<Self> {
        usize::try_from(number).ok().and_then(|number| Self::ALL.get(number)).copied()
    }

    pub(crate) fn number(self) -> i32 {
        self as i32
    }

    /// The most bytes that a message of this kind has when it is not compressed: what is beyond is refused before anything is kept of it.
    pub(crate) fn most(self) -> u64 {
        match self {
            // One block, and what is said with it.
            Self::Response => (transfer::LARGEST_REQUEST as u64) + (1 << 10),
            Self::Request | Self::Close => 1 << 20,
            Self::Ping => 1 << 10,
            Self::ClusterConfig | Self::Progress => 32 << 20,
            // One file may have a list of blocks of many megabytes, and a message holds at least one file.
            Self::Index | Self::IndexUpdate => 128 << 20,
        }
    }

    /// In words, for errors.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::ClusterConfig => "the list of folders",
            Self::Index | Self::IndexUpdate => "an index message",
            Self::Request => "a request",
            Self::Response => "an answer",
            Self::Progress => "a message about unfinished files",
            Self::Ping => "a sign of life",
            Self::Close => "the last message",
        }
    }
}

impl Message {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::ClusterConfig(_) => Kind::ClusterConfig,
            Self::Index(_) => Kind::Index,
            Self::IndexUpdate(_) => Kind::IndexUpdate,
            Self::Request(_) => Kind::Request,
            Self::Response(_) => Kind::Response,
            Self::Progress(_) => Kind::Progress,
            Self::Ping => Kind::Ping,
            Self::Close(_) => Kind::Close,
        }
    }

    pub(crate) fn to_body(&self) -> Vec<u8> {
        match self {
            Self::ClusterConfig(config) => config.to_wire().encode_to_vec(),
            Self::Index(index) | Self::IndexUpdate(index) => index.to_wire().encode_to_vec(),
            Self::Request(request) => request.to_wire().encode_to_vec(),
            Self::Response(response) => response.to_wire().encode_to_vec(),
            Self::Progress(progress) => progress.to_wire().encode_to_vec(),
            Self::Ping => Vec::new(),
            Self::Close(reason) => wire::Close { reason: field(reason) }.encode_to_vec(),
        }
    }

    pub(crate) fn from_body(kind: Kind, body: Bytes) -> Result<Self, ProtocolError> {
        let damaged = |_| ProtocolError::Undecodable(kind.words());
        Ok(match kind {
            Kind::ClusterConfig => Self::ClusterConfig(ClusterConfig::from_wire(
                wire::ClusterConfig::decode(body).map_err(damaged)?,
            )?),
            Kind::Index => Self::Index(IndexMessage::from_wire(wire::Index::decode(body).map_err(damaged)?)?),
            Kind::IndexUpdate => {
                Self::IndexUpdate(IndexMessage::from_wire(wire::Index::decode(body).map_err(damaged)?)?)
            }
            Kind::Request => {
                Self::Request(Request::from_wire(wire::Request::decode(body).map_err(damaged)?)?)
            }
            Kind::Response => {
                Self::Response(Response::from_wire(wire::Response::decode(body).map_err(damaged)?))
            }
            Kind::Progress => {
                Self::Progress(Progress::from_wire(wire::Progress::decode(body).map_err(damaged)?)?)
            }
            Kind::Ping => Self::Ping,
            Kind::Close => {
                let close = wire::Close::decode(body).map_err(damaged)?;
                Self::Close(text(&close.reason))
            }
        })
    }
}
