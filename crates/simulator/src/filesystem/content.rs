//! A file's bytes: shared between the two images until one of them is written to.

use rustix::io::Errno;
use std::rc::Rc;

/// What one simulated file may hold in memory; a longer one may only be a hole.
const LARGEST: u64 = 256 << 20;

/// Room is taken in pieces of this size.
const PAGE: u64 = 4096;

/// Bytes, and zeros behind them up to the length that take no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    bytes: Rc<Vec<u8>>,
    length: u64,
}

impl Content {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn allocated(&self) -> u64 {
        pages(self.bytes.len() as u64)
    }

    /// What it would take up after a write up to here.
    pub(super) fn allocated_up_to(&self, end: u64) -> u64 {
        pages(end.max(self.bytes.len() as u64))
    }

    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> usize {
        let left = self.length.saturating_sub(offset);
        let many = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.bytes.len());
        let stored = (self.bytes.len() - start).min(many);
        into[..stored].copy_from_slice(&self.bytes[start..start + stored]);
        into[stored..many].fill(0);
        many
    }

    /// All of it, without a copy where nothing is a hole.
    pub(super) fn whole(&self) -> Rc<Vec<u8>> {
        if self.bytes.len() as u64 == self.length {
            return Rc::clone(&self.bytes);
        }
        let mut bytes = self.bytes.to_vec();
        bytes.resize(usize::try_from(self.length.min(LARGEST)).unwrap_or(0), 0);
        Rc::new(bytes)
    }

    /// Where a write would end, if a simulated file may be that long.
    pub(super) fn end_of_write(offset: u64, many: usize) -> Result<u64, Errno> {
        if i64::try_from(offset).is_err() {
            return Err(Errno::INVAL);
        }
        offset.checked_add(many as u64).filter(|end| *end <= LARGEST).ok_or(Errno::FBIG)
    }

    pub(super) fn write(&mut self, offset: u64, from: &[u8]) {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start + from.len();
        let bytes = Rc::make_mut(&mut self.bytes);
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(from);
        self.length = self.length.max(end as u64);
    }

    pub(super) fn set_length(&mut self, length: u64) {
        if length < self.bytes.len() as u64 {
            Rc::make_mut(&mut self.bytes).truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        self.length = length;
    }
}

fn pages(length: u64) -> u64 {
    length.div_ceil(PAGE) * PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_read_as_zeros_and_take_no_room() {
        let mut content = Content::default();
        content.write(0, b"abc");
        content.set_length(1 << 40);
        assert_eq!((content.length(), content.allocated()), (1 << 40, PAGE));
        let mut buffer = [7; 5];
        assert_eq!(content.read(1, &mut buffer), 5);
        assert_eq!(buffer, *b"bc\0\0\0");
        content.set_length(2);
        content.set_length(4);
        assert_eq!(**content.whole(), *b"ab\0\0");
        assert_eq!(content.read(4, &mut buffer), 0);
    }

    #[test]
    fn a_shared_copy_keeps_its_bytes() {
        let mut content = Content::default();
        content.write(0, b"abc");
        let shared = content.clone();
        content.write(2, b"XY");
        assert_eq!((&**content.whole(), &**shared.whole()), (&b"abXY"[..], &b"abc"[..]));
    }
}
