//! A file's bytes: shared between the two images until one of them is written to.

use rustix::io::Errno;
use std::rc::Rc;

/// What one simulated file may hold in memory; a longer one may only be a hole.
const LARGEST: u64 = 256 << 20;

/// Room is taken in pages of this size.
const PAGE: u64 = 4096;

/// Bytes are shared in pieces of this size: a write to a large file copies no more than one.
const PIECE: usize = 256 << 10;

/// Bytes, and zeros behind them up to the length that take no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// The first piece: for most files the only one.
    first: Rc<Vec<u8>>,
    /// The others. All but the last piece are full.
    rest: Vec<Rc<Vec<u8>>>,
    length: u64,
}

impl Content {
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn allocated(&self) -> u64 {
        pages(self.stored() as u64)
    }

    /// What it would take up after a write up to here.
    pub(super) fn allocated_up_to(&self, end: u64) -> u64 {
        pages(end.max(self.stored() as u64))
    }

    fn stored(&self) -> usize {
        self.rest.last().map_or(self.first.len(), |last| self.rest.len() * PIECE + last.len())
    }

    fn piece(&self, number: usize) -> &[u8] {
        if number == 0 { &self.first } else { self.rest.get(number - 1).map_or(&[], |piece| piece) }
    }

    fn piece_mut(&mut self, number: usize) -> &mut Vec<u8> {
        Rc::make_mut(if number == 0 { &mut self.first } else { &mut self.rest[number - 1] })
    }

    pub(super) fn read(&self, offset: u64, into: &mut [u8]) -> usize {
        let left = self.length.saturating_sub(offset);
        let many = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.stored());
        let mut filled = 0;
        while filled < many {
            let at = start + filled;
            let piece = self.piece(at / PIECE).get(at % PIECE..).unwrap_or_default();
            let next = piece.len().min(many - filled);
            if next == 0 {
                break;
            }
            into[filled..filled + next].copy_from_slice(&piece[..next]);
            filled += next;
        }
        into[filled..many].fill(0);
        many
    }

    /// All of it, without a copy for a small file in which nothing is a hole.
    pub(super) fn whole(&self) -> Rc<Vec<u8>> {
        if self.first.len() as u64 == self.length {
            return Rc::clone(&self.first);
        }
        let mut bytes = self.first.to_vec();
        self.rest.iter().for_each(|piece| bytes.extend_from_slice(piece));
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
        self.store_up_to(end);
        let mut written = 0;
        while written < from.len() {
            let at = start + written;
            let next = (PIECE - at % PIECE).min(from.len() - written);
            let piece = self.piece_mut(at / PIECE);
            piece[at % PIECE..at % PIECE + next].copy_from_slice(&from[written..written + next]);
            written += next;
        }
        self.length = self.length.max(end as u64);
    }

    /// Zeros take room from here on, up to this end.
    fn store_up_to(&mut self, end: usize) {
        while self.stored() < end {
            let last = self.rest.len();
            let before = last * PIECE;
            if self.stored() == before + PIECE {
                self.rest.push(Rc::default());
                continue;
            }
            self.piece_mut(last).resize((end - before).min(PIECE), 0);
        }
    }

    pub(super) fn set_length(&mut self, length: u64) {
        if length < self.stored() as u64 {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.rest.truncate(length.saturating_sub(1) / PIECE);
            let last = self.rest.len();
            self.piece_mut(last).truncate(length - last * PIECE);
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
    fn a_large_file_is_what_one_piece_of_bytes_would_be() {
        let (mut content, mut model) = (Content::default(), Vec::new());
        let (mut state, mut shared) = (1_u64, Vec::new());
        for round in 0..100_usize {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 40) as usize % (5 * PIECE);
            if round % 5 == 4 {
                content.set_length(at as u64);
                model.resize(at, 0);
            } else {
                let bytes = vec![round as u8; (state >> 20) as usize % (2 * PIECE)];
                content.write(at as u64, &bytes);
                model.resize(model.len().max(at + bytes.len()), 0);
                model[at..at + bytes.len()].copy_from_slice(&bytes);
            }
            assert_eq!(**content.whole(), model);
            let mut part = vec![7; PIECE];
            let many = content.read(at as u64 / 2, &mut part);
            assert_eq!(part[..many], model[(at / 2).min(model.len())..][..many]);
            if round % 20 == 0 {
                shared.push((content.clone(), model.clone()));
            }
        }
        assert!(shared.iter().all(|(content, model)| **content.whole() == *model));
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
