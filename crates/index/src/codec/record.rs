//! The smaller values: what was agreed, intents, the journal, positions, and what is known about a folder as a whole.

use super::{Cursor, Damaged, kind_number, kind_of, put_number, put_text, put_time};
use crate::Position;
use homesync_engine::{Agreed, Deed, Expected, Intent, JournalRecord, Kept, Stamp};
use homesync_protocol::{BlocksHash, ShortId, Version};

/// What is known about a folder as a whole, read when it is opened and written with every commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FolderRecord {
    /// Its number in keys.
    pub number: u32,
    /// Makes sequence numbers comparable between sessions.
    pub index_id: u64,
    /// The highest sequence number given.
    pub sequence: u64,
    /// Present, valid items.
    pub present: u64,
    /// The next intent's number.
    pub next_intent: u64,
    /// The next journal record's number.
    pub next_journal: u64,
    /// Own version counters go above this.
    pub counter_floor: u64,
    /// How many references were put where the recent ones are.
    pub recent: u64,
    /// No full scan was stored yet: nothing here proves a deletion.
    pub fresh: bool,
    /// Other spellings are looked for.
    pub folds_case: bool,
    /// The numbers of the machines that have said something.
    pub devices: Vec<u16>,
}

impl FolderRecord {
    /// The bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, u64::from(self.number));
        out.extend_from_slice(&self.index_id.to_be_bytes());
        for number in [
            self.sequence,
            self.present,
            self.next_intent,
            self.next_journal,
            self.counter_floor,
            self.recent,
        ] {
            put_number(&mut out, number);
        }
        out.push(u8::from(self.fresh) | u8::from(self.folds_case) << 1);
        put_number(&mut out, self.devices.len() as u64);
        for device in &self.devices {
            out.extend_from_slice(&device.to_be_bytes());
        }
        out
    }

    /// From its bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Damaged> {
        let mut cursor = Cursor(bytes);
        let number = u32::try_from(cursor.number()?).map_err(|_| Damaged::because("an absurd folder"))?;
        let index_id = u64::from_be_bytes(cursor.array()?);
        let mut record = Self { number, index_id, ..Self::default() };
        record.sequence = cursor.number()?;
        record.present = cursor.number()?;
        record.next_intent = cursor.number()?;
        record.next_journal = cursor.number()?;
        record.counter_floor = cursor.number()?;
        record.recent = cursor.number()?;
        let flags = cursor.byte()?;
        record.fresh = flags & 1 != 0;
        record.folds_case = flags & 2 != 0;
        for _ in 0..cursor.number()? {
            record.devices.push(u16::from_be_bytes(cursor.array()?));
        }
        cursor.end()?;
        Ok(record)
    }
}

fn put_version(out: &mut Vec<u8>, version: &Version) {
    put_number(out, version.counters().len() as u64);
    for (machine, counter) in version.counters() {
        out.extend_from_slice(&machine.0.to_be_bytes());
        put_number(out, *counter);
    }
}

fn take_version(cursor: &mut Cursor<'_>) -> Result<Version, Damaged> {
    let mut counters = Vec::new();
    for _ in 0..cursor.number()? {
        counters.push((ShortId(u64::from_be_bytes(cursor.array()?)), cursor.number()?));
    }
    Version::from_counters(counters).map_err(|error| Damaged(error.to_string()))
}

pub(crate) fn encode_agreed(agreed: &Agreed) -> Vec<u8> {
    let flags = u8::from(agreed.deleted) << 2 | u8::from(agreed.digest.is_some()) << 3;
    let mut out = vec![kind_number(agreed.kind) | flags];
    put_version(&mut out, &agreed.version);
    if let Some(digest) = agreed.digest {
        out.extend_from_slice(&digest.0);
    }
    out
}

pub(crate) fn decode_agreed(bytes: &[u8]) -> Result<Agreed, Damaged> {
    let mut cursor = Cursor(bytes);
    let flags = cursor.byte()?;
    let version = take_version(&mut cursor)?;
    let digest = if flags & 8 == 0 { None } else { Some(BlocksHash(cursor.array()?)) };
    cursor.end()?;
    Ok(Agreed { version, kind: kind_of(flags & 3)?, digest, deleted: flags & 4 != 0 })
}

pub(crate) fn encode_position(position: &Position) -> Vec<u8> {
    let mut out = position.index_id.to_be_bytes().to_vec();
    put_number(&mut out, position.sequence);
    out
}

pub(crate) fn decode_position(bytes: &[u8]) -> Result<Position, Damaged> {
    let mut cursor = Cursor(bytes);
    let position = Position { index_id: u64::from_be_bytes(cursor.array()?), sequence: cursor.number()? };
    cursor.end()?;
    Ok(position)
}

/// Everything but the number, which is the key.
pub(crate) fn encode_intent(intent: &Intent) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(&mut out, intent.path.as_str());
    put_stamp(
        &mut out,
        match &intent.expected {
            Expected::Absent => None,
            Expected::Object(stamp) => Some(stamp),
        },
    );
    put_stamp(&mut out, intent.staged.as_ref());
    match &intent.staged_name {
        None => out.push(0),
        Some(name) => {
            out.push(1);
            put_text(&mut out, name);
        }
    }
    // An empty name is none.
    put_text(&mut out, intent.slot.as_deref().unwrap_or_default());
    put_number(&mut out, intent.copies.len() as u64);
    intent.copies.iter().for_each(|copy| put_text(&mut out, copy.as_str()));
    out
}

pub(crate) fn decode_intent(number: u64, bytes: &[u8]) -> Result<Intent, Damaged> {
    let mut cursor = Cursor(bytes);
    let path = cursor.path()?;
    let expected = take_stamp(&mut cursor)?.map_or(Expected::Absent, Expected::Object);
    let staged = take_stamp(&mut cursor)?;
    let staged_name = if cursor.byte()? == 0 { None } else { Some(cursor.text()?.to_owned()) };
    let slot = Some(cursor.text()?.to_owned()).filter(|slot| !slot.is_empty());
    let mut copies = Vec::new();
    for _ in 0..cursor.number()? {
        copies.push(cursor.path()?);
    }
    cursor.end()?;
    Ok(Intent { number, path, expected, staged, staged_name, slot, copies })
}

/// A stamp that may not be there: its kind and one, or zero.
fn put_stamp(out: &mut Vec<u8>, stamp: Option<&Stamp>) {
    let Some(stamp) = stamp else {
        out.push(0);
        return;
    };
    out.push(1 + kind_number(stamp.kind));
    put_number(out, stamp.size);
    put_time(out, stamp.modified);
    put_time(out, stamp.changed);
    put_number(out, stamp.inode);
    put_number(out, u64::from(stamp.permissions));
}

fn take_stamp(cursor: &mut Cursor<'_>) -> Result<Option<Stamp>, Damaged> {
    let kind = match cursor.byte()? {
        0 => return Ok(None),
        kind => kind_of(kind - 1)?,
    };
    Ok(Some(Stamp {
        kind,
        size: cursor.number()?,
        modified: cursor.time()?,
        changed: cursor.time()?,
        inode: cursor.number()?,
        permissions: u16::try_from(cursor.number()?).map_err(|_| Damaged::because("absurd permissions"))?,
    }))
}

pub(crate) fn encode_journal(record: &JournalRecord) -> Vec<u8> {
    let deed = match record.deed {
        Deed::Created => 0,
        Deed::Replaced => 1,
        Deed::Removed => 2,
        Deed::Moved => 3,
        Deed::Adjusted => 4,
        Deed::KeptAside => 5,
    };
    let mut out = vec![deed];
    out.extend_from_slice(&record.by.0.to_be_bytes());
    out.extend_from_slice(&record.at.to_be_bytes());
    put_text(&mut out, record.path.as_str());
    let kept = record.kept.as_ref().map(|kept| match kept {
        Kept::Recovery(slot) => (1, slot.as_str()),
        Kept::Program(name) => (2, name.as_str()),
        Kept::Version(path) => (3, path.as_str()),
    });
    out.push(kept.map_or(0, |(kind, _)| kind));
    if let Some((_, text)) = kept {
        put_text(&mut out, text);
    }
    out
}

pub(crate) fn decode_journal(bytes: &[u8]) -> Result<JournalRecord, Damaged> {
    let mut cursor = Cursor(bytes);
    let deed = match cursor.byte()? {
        0 => Deed::Created,
        1 => Deed::Replaced,
        2 => Deed::Removed,
        3 => Deed::Moved,
        4 => Deed::Adjusted,
        5 => Deed::KeptAside,
        _ => return Err(Damaged::because("an unknown deed")),
    };
    let by = ShortId(u64::from_be_bytes(cursor.array()?));
    let at = i64::from_be_bytes(cursor.array()?);
    let path = cursor.path()?;
    let kept = match cursor.byte()? {
        0 => None,
        1 => Some(Kept::Recovery(cursor.text()?.to_owned())),
        2 => Some(Kept::Program(cursor.text()?.to_owned())),
        3 => Some(Kept::Version(cursor.path()?)),
        _ => return Err(Damaged::because("kept in an unknown place")),
    };
    cursor.end()?;
    Ok(JournalRecord { at, path, deed, by, kept })
}
