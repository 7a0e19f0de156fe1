//! How values are written: short numbers, checked lengths, nothing that could be read as something else without notice.

mod entry;
mod metadata;
mod record;

pub(crate) use entry::{decode_entry, encode_entry, has_stamp, sequence_of};
pub(crate) use record::{
    FolderRecord, decode_agreed, decode_intent, decode_journal, decode_position, encode_agreed,
    encode_intent, encode_journal, encode_position,
};

use homesync_paths::RelativePath;
use homesync_protocol::{Kind, ShortId, Timestamp};
use std::collections::BTreeMap;

/// Bytes that cannot be what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Damaged(pub String);

impl Damaged {
    /// With what was expected.
    pub(crate) fn because(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

/// Times are stored as their distance from here (mid 2023): four bytes reach two years to both sides.
const NEAR: i64 = 1_688_000_000;

/// Most machines that get a number; further ones are written out, so that nobody can fill the dictionary.
const MOST_NAMES: usize = 1_000;

/// Short numbers for the machines that version vectors name. Only ever added to, so old values stay readable.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dictionary {
    names: Vec<u64>,
    numbers: BTreeMap<u64, u64>,
}

impl Dictionary {
    /// The next machine that was stored.
    pub(crate) fn add(&mut self, name: u64) {
        self.numbers.insert(name, self.names.len() as u64 + 1);
        self.names.push(name);
    }

    /// The machines, in the order of their numbers.
    pub(crate) fn names(&self) -> &[u64] {
        &self.names
    }

    /// Zero is followed by the machine itself, any other is its number.
    fn encode(&mut self, machine: ShortId) -> u64 {
        if let Some(number) = self.numbers.get(&machine.0) {
            return *number;
        }
        if self.names.len() >= MOST_NAMES {
            return 0;
        }
        self.add(machine.0);
        self.names.len() as u64
    }

    fn put(&mut self, out: &mut Vec<u8>, machine: ShortId) {
        let number = self.encode(machine);
        put_number(out, number);
        if number == 0 {
            out.extend_from_slice(&machine.0.to_be_bytes());
        }
    }

    fn take(&self, cursor: &mut Cursor<'_>) -> Result<ShortId, Damaged> {
        match cursor.number()? {
            0 => Ok(ShortId(u64::from_be_bytes(cursor.array()?))),
            number => {
                let name = usize::try_from(number - 1).ok().and_then(|place| self.names.get(place));
                name.map(|name| ShortId(*name)).ok_or_else(|| Damaged::because("an unknown machine"))
            }
        }
    }
}

/// Seven bits to a byte, the lowest first.
pub(crate) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    let distance = time.seconds.wrapping_sub(NEAR);
    let zigzag = ((distance << 1) ^ (distance >> 63)) as u64;
    put_number(out, zigzag);
    put_number(out, u64::from(time.nanoseconds));
}

pub(crate) fn kind_number(kind: Kind) -> u8 {
    match kind {
        Kind::File => 0,
        Kind::Directory => 1,
        Kind::Link => 2,
    }
}

pub(crate) fn kind_of(number: u8) -> Result<Kind, Damaged> {
    match number {
        0 => Ok(Kind::File),
        1 => Ok(Kind::Directory),
        2 => Ok(Kind::Link),
        _ => Err(Damaged::because("an unknown kind of item")),
    }
}

/// Reads what was written, and never past its end.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a>(pub &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| Damaged::because("a value is cut short"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Damaged> {
        let mut array = [0; LENGTH];
        array.copy_from_slice(self.take(LENGTH)?);
        Ok(array)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (first, rest) = self.0.split_first().ok_or_else(|| Damaged::because("a value is cut short"))?;
        self.0 = rest;
        Ok(*first)
    }

    #[inline]
    pub(crate) fn number(&mut self) -> Result<u64, Damaged> {
        // Most numbers are small.
        match self.0.split_first() {
            Some((first, rest)) if *first < 0x80 => {
                self.0 = rest;
                Ok(u64::from(*first))
            }
            _ => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Result<u64, Damaged> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged::because("a number without an end"))
    }

    pub(crate) fn length(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.number()?).map_err(|_| Damaged::because("an absurd length"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.length()?;
        str::from_utf8(self.take(length)?).map_err(|_| Damaged::because("a text that is none"))
    }

    pub(crate) fn path(&mut self) -> Result<RelativePath, Damaged> {
        path_of(self.text()?.as_bytes())
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, Damaged> {
        let zigzag = self.number()?;
        let distance = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
        let nanoseconds =
            u32::try_from(self.number()?).map_err(|_| Damaged::because("absurd nanoseconds"))?;
        Ok(Timestamp { seconds: distance.wrapping_add(NEAR), nanoseconds })
    }

    pub(crate) fn end(&self) -> Result<(), Damaged> {
        if self.0.is_empty() { Ok(()) } else { Err(Damaged::because("something after the end of a value")) }
    }
}

/// Makes paths of keys in order. The directory is most of a path and was looked at with the path before.
#[derive(Default)]
pub(crate) struct Paths {
    directory: Option<RelativePath>,
}

impl Paths {
    /// The path of a key.
    pub(crate) fn of(&mut self, key: &[u8]) -> Result<RelativePath, Damaged> {
        let name = self.directory.as_ref().and_then(|directory| {
            let rest = key.strip_prefix(directory.as_str().as_bytes())?.strip_prefix(b"/")?;
            if rest.contains(&b'/') { None } else { str::from_utf8(rest).ok() }
        });
        if let (Some(directory), Some(name)) = (&self.directory, name) {
            return directory.join(name).map_err(|error| Damaged(format!("a stored path: {error}")));
        }
        let path = path_of(key)?;
        self.directory = path.parent();
        Ok(path)
    }
}

/// A path that was stored.
pub(crate) fn path_of(bytes: &[u8]) -> Result<RelativePath, Damaged> {
    RelativePath::from_wire(bytes).map_err(|error| Damaged(format!("a stored path: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_come_back() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX - 1, u64::MAX] {
            let mut out = Vec::new();
            put_number(&mut out, number);
            let mut cursor = Cursor(&out);
            assert_eq!((cursor.number(), cursor.end()), (Ok(number), Ok(())));
        }
        for seconds in [0, NEAR, NEAR - 1, i64::MIN, i64::MIN + NEAR, i64::MAX, i64::MAX / 2, i64::MIN / 2, 7]
        {
            for nanoseconds in [0, 1, 999_999_999, u32::MAX] {
                let time = Timestamp { seconds, nanoseconds };
                let mut out = Vec::new();
                put_time(&mut out, time);
                let mut cursor = Cursor(&out);
                assert_eq!((cursor.time(), cursor.end()), (Ok(time), Ok(())));
            }
        }
    }

    #[test]
    fn a_full_dictionary_writes_machines_out() {
        let mut dictionary = Dictionary::default();
        for machine in 0..MOST_NAMES as u64 + 10 {
            let mut out = Vec::new();
            dictionary.put(&mut out, ShortId(machine * 7));
            assert_eq!(dictionary.take(&mut Cursor(&out)), Ok(ShortId(machine * 7)));
        }
        assert_eq!(dictionary.names().len(), MOST_NAMES);
    }
}
