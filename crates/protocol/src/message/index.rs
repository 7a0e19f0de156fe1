//! What a machine says it has in a folder.

use super::cluster::folder_id;
use super::item;
use crate::error::{ProtocolError, Refused};
use crate::wire::field;
use crate::{Entry, wire};

/// The most items in one message.
pub const MOST_ITEMS: usize = 1_000;
/// The most blocks in one message, except where one file alone has more.
pub const MOST_BLOCKS: usize = 5_000;

/// Some of the items of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexMessage {
    /// In which folder.
    pub folder: String,
    /// The items, in the order of their sequence numbers.
    pub entries: Vec<Entry>,
    /// Items that were left aside when it was read.
    pub refused: Vec<Refused>,
    /// The sequence numbers rise from each item to the next. Otherwise the sender has lost count, and everything of it has to be asked for again.
    pub is_rising: bool,
    /// The sequence number of the last item of the message before, where it says so.
    pub previous_sequence: u64,
    /// The sequence number of the last item, also where that was left aside.
    pub last_sequence: u64,
}

impl IndexMessage {
    /// To be sent. `previous` is the last sequence number of the message before.
    pub fn new(folder: &str, entries: Vec<Entry>, previous: u64) -> Self {
        let last_sequence = entries.last().map_or(previous, |last| last.sequence);
        Self {
            folder: folder.to_string(),
            entries,
            refused: Vec::new(),
            is_rising: true,
            previous_sequence: previous,
            last_sequence,
        }
    }

    pub(super) fn to_wire(&self) -> wire::Index {
        wire::Index {
            folder: field(&self.folder),
            files: self.entries.iter().map(item::to_wire).collect(),
            last_sequence: i64::try_from(self.last_sequence).unwrap_or(i64::MAX),
            previous_sequence: i64::try_from(self.previous_sequence).unwrap_or(i64::MAX),
        }
    }

    pub(super) fn from_wire(wire: wire::Index) -> Result<Self, ProtocolError> {
        let mut message = Self {
            folder: folder_id(&wire.folder)?,
            entries: Vec::with_capacity(wire.files.len()),
            refused: Vec::new(),
            is_rising: true,
            previous_sequence: u64::try_from(wire.previous_sequence).unwrap_or(0),
            last_sequence: 0,
        };
        for file in wire.files {
            let sequence = u64::try_from(file.sequence).unwrap_or(0);
            message.is_rising &= sequence > message.last_sequence;
            message.last_sequence = message.last_sequence.max(sequence);
            match item::from_wire(file)? {
                Ok(entry) => message.entries.push(entry),
                Err(refused) => message.refused.push(refused),
            }
        }
        Ok(message)
    }
}

/// Cuts what is to be told into messages that no peer finds too long. A removal that follows something else stays with it, so that both halves of
/// a move arrive together.
pub fn batches(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut all: Vec<Vec<Entry>> = Vec::new();
    let mut blocks = 0;
    for entry in entries {
        let more = entry.content.blocks().map_or(0, |blocks| blocks.hashes().len());
        let is_full = all.last().is_none_or(|batch| {
            let is_other_half = entry.content.is_deleted()
                && batch.len() == MOST_ITEMS
                && batch.last().is_some_and(|last| !last.content.is_deleted());
            (batch.len() >= MOST_ITEMS && !is_other_half) || (blocks + more > MOST_BLOCKS && blocks > 0)
        });
        if is_full {
            all.push(Vec::new());
            blocks = 0;
        }
        blocks += more;
        if let Some(batch) = all.last_mut() {
            batch.push(entry);
        }
    }
    all
}
