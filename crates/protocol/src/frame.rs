//! Messages as bytes on the line: a header, a length, and a body that may be compressed.

use crate::error::ProtocolError;
use crate::message::{Kind, Message};
use crate::wire;
use prost::Message as _;
use prost::bytes::{Buf, BufMut, Bytes, BytesMut};

/// What the numbers of the wire mean.
const PLAIN: i32 = 0;
const LZ4: i32 = 1;
/// The longest header.
const LONGEST_HEADER: u16 = 32_767;
/// The longest message of any kind, known or not.
const LONGEST_MESSAGE: u64 = 500_000_000;
/// Shorter ones are not compressed.
const WORTH_COMPRESSING: usize = 128;
/// A compressed message has to be shorter by this part at the least.
const WORTH_SENDING: usize = 32;
/// No compressed byte unfolds to more.
const MOST_UNFOLDED: u64 = 255;

/// Which messages are compressed when they are sent. Compressed ones are understood always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Compression {
    /// Everything but people's bytes.
    #[default]
    Metadata,
    /// Nothing.
    Never,
    /// Everything.
    Always,
}

/// Appends a message as it goes over the line.
pub fn encode(message: &Message, compression: Compression, into: &mut BytesMut) {
    let kind = message.kind();
    let body = message.to_body();
    let is_wanted = match compression {
        Compression::Never => false,
        Compression::Metadata => kind != Kind::Response,
        Compression::Always => true,
    };
    let compressed = (is_wanted && body.len() >= WORTH_COMPRESSING).then(|| compress(&body));
    let compressed = compressed.filter(|short| short.len() + body.len() / WORTH_SENDING <= body.len());
    let header =
        wire::Header { kind: kind.number(), compression: if compressed.is_some() { LZ4 } else { PLAIN } }
            .encode_to_vec();
    let body = compressed.unwrap_or(body);
    into.reserve(6 + header.len() + body.len());
    into.put_u16(header.len() as u16);
    into.put_slice(&header);
    into.put_u32(body.len() as u32);
    into.put_slice(&body);
}

fn compress(body: &[u8]) -> Vec<u8> {
    let mut all = (body.len() as u32).to_be_bytes().to_vec();
    all.extend(lz4_flex::block::compress(body));
    all
}

fn decompress(kind: Kind, body: &[u8]) -> Result<Bytes, ProtocolError> {
    let (length, rest) = body.split_first_chunk::<4>().ok_or(ProtocolError::Decompression)?;
    let length = u64::from(u32::from_be_bytes(*length));
    check_length(kind.words(), length, kind.most())?;
    if length > MOST_UNFOLDED * rest.len() as u64 + MOST_UNFOLDED {
        return Err(ProtocolError::Decompression);
    }
    let unfolded = lz4_flex::block::decompress(rest, length as usize);
    let unfolded = unfolded.map_err(|_| ProtocolError::Decompression)?;
    if unfolded.len() as u64 == length { Ok(unfolded.into()) } else { Err(ProtocolError::Decompression) }
}

fn check_length(what: &'static str, length: u64, most: u64) -> Result<(), ProtocolError> {
    if length > most { Err(ProtocolError::TooLong { what, length, most }) } else { Ok(()) }
}

/// Makes messages of the bytes that come in, however they were cut on their way.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    body: Option<Body>,
    size: usize,
}

/// The message whose body comes next.
#[derive(Clone, Copy, Debug)]
struct Body {
    /// Nothing for a kind that is unknown, which is passed over.
    kind: Option<Kind>,
    is_compressed: bool,
    /// How much of it has not come yet.
    length: usize,
}

impl Decoder {
    /// Where what comes in is put.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// How many bytes the message that comes in still needs, as far as that is known.
    pub fn missing(&self) -> usize {
        self.body.map_or(0, |body| body.length.saturating_sub(self.buffer.len()))
    }

    /// How many bytes the message had that came last, once it was unfolded.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The next message, as soon as all of it has come.
    pub fn next_message(&mut self) -> Result<Option<Message>, ProtocolError> {
        loop {
            let body = match self.body {
                Some(body) => body,
                None => match self.begin()? {
                    Some(body) => *self.body.insert(body),
                    None => return Ok(None),
                },
            };
            let Some(kind) = body.kind else {
                if self.pass_over(body) {
                    continue;
                }
                return Ok(None);
            };
            if self.buffer.len() < body.length {
                return Ok(None);
            }
            self.body = None;
            let bytes = self.buffer.split_to(body.length).freeze();
            let bytes = if body.is_compressed { decompress(kind, &bytes)? } else { bytes };
            self.size = bytes.len();
            return Message::from_body(kind, bytes).map(Some);
        }
    }

    /// Throws away what has come of a message that nobody understands. Answers whether that was all of it.
    fn pass_over(&mut self, body: Body) -> bool {
        let passed = body.length.min(self.buffer.len());
        self.buffer.advance(passed);
        let length = body.length - passed;
        self.body = (length > 0).then_some(Body { length, ..body });
        length == 0
    }

    /// Reads a header, when all of it has come.
    fn begin(&mut self) -> Result<Option<Body>, ProtocolError> {
        let Some(length) = self.buffer.first_chunk::<2>() else { return Ok(None) };
        let length = u16::from_be_bytes(*length);
        check_length("a header", u64::from(length), u64::from(LONGEST_HEADER))?;
        let end = 2 + usize::from(length);
        let Some(body_length) = self.buffer.get(end..end + 4).and_then(|bytes| bytes.first_chunk::<4>())
        else {
            return Ok(None);
        };
        let body_length = u64::from(u32::from_be_bytes(*body_length));
        check_length("a message", body_length, LONGEST_MESSAGE)?;
        let header =
            wire::Header::decode(&self.buffer[2..end]).map_err(|_| ProtocolError::Undecodable("a header"))?;
        let is_compressed = match header.compression {
            PLAIN => false,
            LZ4 => true,
            other => return Err(ProtocolError::Compression(other)),
        };
        let kind = Kind::from_number(header.kind);
        if let Some(kind) = kind {
            // A compressed message may be a little longer than what it holds.
            let most = if is_compressed { kind.most() + kind.most() / 128 + 64 } else { kind.most() };
            check_length(kind.words(), body_length, most)?;
        }
        self.buffer.advance(end + 4);
        Ok(Some(Body { kind, is_compressed, length: body_length as usize }))
    }
}
