//! The bytes of one block: checksum, fence, then pairs, each as what differs from the one before.

use crate::codec::{Cursor, Damaged, put_number};
use std::ops::Range;

/// A block with its key stays below this, so that it fills one page of 4,096 bytes of the database, which needs 12 for itself.
const FULL: usize = 4_080;

const CHECKSUM: usize = 4;

/// How much longer pairs usually are than what a block stores of them. More than this is only slower.
const SPREAD: usize = 3;

/// Bytes that a block stores of a pair at least, as a rule.
const SHORTEST: usize = 16;

/// Sorted pairs in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    bytes: Vec<u8>,
    spans: Vec<(usize, usize, usize)>,
}

impl Pairs {
    /// Empty, with room for so many bytes of so many pairs: growing step by step was a quarter of what a commit in no order cost.
    pub(crate) fn with_room(bytes: usize, pairs: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), spans: Vec::with_capacity(pairs) }
    }

    /// The bytes that it holds.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds one behind all others.
    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.spans.push((start, middle, self.bytes.len()));
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(crate) fn key(&self, place: usize) -> &[u8] {
        let (start, middle, _) = self.spans[place];
        &self.bytes[start..middle]
    }

    pub(crate) fn value(&self, place: usize) -> &[u8] {
        let (_, middle, end) = self.spans[place];
        &self.bytes[middle..end]
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let found = self.spans.binary_search_by(|(start, middle, _)| self.bytes[*start..*middle].cmp(key));
        found.ok().map(|place| self.value(place))
    }

    /// All pairs in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        (0..self.len()).map(|place| (self.key(place), self.value(place)))
    }
}

/// A block as it is stored: the fence, and a cursor over its pairs.
pub(crate) struct Opened<'a> {
    /// Where the next block begins; nothing at the end of the group.
    pub fence: Option<&'a [u8]>,
    cursor: Cursor<'a>,
}

/// Checks a block against its key in the database.
pub(crate) fn open<'a>(full_key: &[u8], stored: &'a [u8]) -> Result<Opened<'a>, Damaged> {
    let mut cursor = Cursor(stored);
    let expected = cursor.array::<CHECKSUM>()?;
    if checksum(full_key, cursor.0) != expected {
        return Err(Damaged::because("a block does not fit its checksum"));
    }
    let fence = match cursor.length()? {
        0 => None,
        length => Some(cursor.take(length - 1)?),
    };
    Ok(Opened { fence, cursor })
}

impl<'a> Opened<'a> {
    /// Puts the next pair where the one before it was; answers whether there was one.
    pub(crate) fn next(&mut self, key: &mut Vec<u8>, value: &mut Vec<u8>) -> Result<bool, Damaged> {
        if self.cursor.0.is_empty() {
            return Ok(false);
        }
        let (shared, rest) = self.differing(key.len())?;
        // Up to here both are equal, so one byte tells that this key is behind the one before it.
        if !key.is_empty() && key.get(shared) >= rest.first() {
            return Err(Damaged::because("the keys of a block are not in order"));
        }
        key.truncate(shared);
        key.extend_from_slice(rest);
        let (shared, rest) = self.differing(value.len())?;
        value.truncate(shared);
        value.extend_from_slice(rest);
        Ok(true)
    }

    /// How much is as before, and what follows that.
    #[inline]
    fn differing(&mut self, before: usize) -> Result<(usize, &'a [u8]), Damaged> {
        let shared = self.cursor.length()?;
        if shared > before {
            return Err(Damaged::because("a block refers to what it does not hold"));
        }
        let length = self.cursor.length()?;
        Ok((shared, self.cursor.take(length)?))
    }

    /// All pairs.
    pub(crate) fn pairs(mut self) -> Result<Pairs, Damaged> {
        let mut pairs = Pairs::with_room(SPREAD * self.cursor.0.len(), self.cursor.0.len() / SHORTEST);
        let (mut key, mut value) = (Vec::new(), Vec::new());
        while self.next(&mut key, &mut value)? {
            pairs.push(&key, &value);
        }
        Ok(pairs)
    }
}

/// A checksum that other values have with a chance of one in four thousand million. The key is in it, so that a block in another's
/// place is noticed. The bytes are hashed in one piece, because the library then takes a thousand of them at a time beside each other.
pub(crate) fn checksum(key: &[u8], bytes: &[u8]) -> [u8; CHECKSUM] {
    let (of_key, of_bytes) = (blake3::hash(key), blake3::hash(bytes));
    std::array::from_fn(|place| of_bytes.as_bytes()[place] ^ of_key.as_bytes()[CHECKSUM + place])
}

/// How new blocks are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filling {
    /// To the brim: what comes later comes behind.
    Full,
    /// Evenly, so that each has room for what comes between.
    Even,
}

/// A block that is ready to be stored, by its separator.
pub(crate) type Stored = (Vec<u8>, Vec<u8>);

/// Makes blocks of pairs. The first has the given separator, the last the given fence.
pub(crate) fn encode(
    group: &[u8],
    separator: &[u8],
    pairs: &Pairs,
    fence: Option<&[u8]>,
    filling: Filling,
) -> Vec<Stored> {
    let room = FULL - group.len() - CHECKSUM - 2;
    let limit = match filling {
        Filling::Full => room,
        Filling::Even => {
            let total: usize = (0..pairs.len()).map(|place| size_after(pairs, place, 0)).sum();
            let total = total + separator.len() + fence.map_or(0, <[u8]>::len);
            if total <= room { room } else { room.min(total / total.div_ceil(room) + room / 10) }
        }
    };
    let mut blocks = Vec::new();
    let (mut first, mut start) = (separator.to_vec(), 0);
    loop {
        let end = cut(pairs, start, limit.saturating_sub(first.len()), fence);
        let next = (end < pairs.len()).then(|| between(pairs, end));
        let next_fence = next.as_deref().or(if end < pairs.len() { None } else { fence });
        blocks.push((first.clone(), seal(group, &first, pairs, start..end, next_fence)));
        match next {
            Some(next) => (first, start) = (next, end),
            None => return blocks,
        }
    }
}

/// Where the block that begins at `start` ends.
fn cut(pairs: &Pairs, start: usize, limit: usize, fence: Option<&[u8]>) -> usize {
    let mut size = 0;
    for place in start..pairs.len() {
        size += size_after(pairs, place, start);
        let ending = match place + 1 < pairs.len() {
            true => shared(pairs.key(place), pairs.key(place + 1)) + 1,
            false => fence.map_or(0, <[u8]>::len),
        };
        if place > start && size + ending > limit {
            return place;
        }
    }
    pairs.len()
}

/// The bytes of one pair behind the one before it, or on its own at the start of a block.
fn size_after(pairs: &Pairs, place: usize, start: usize) -> usize {
    let (before_key, before_value) = before(pairs, place, start);
    let (key, value) = (pairs.key(place), pairs.value(place));
    let of = |before: &[u8], bytes: &[u8]| {
        let shared = shared(before, bytes);
        number_size(shared) + number_size(bytes.len() - shared) + bytes.len() - shared
    };
    of(before_key, key) + of(before_value, value)
}

fn number_size(number: usize) -> usize {
    match number {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 10,
    }
}

fn before(pairs: &Pairs, place: usize, start: usize) -> (&[u8], &[u8]) {
    if place > start { (pairs.key(place - 1), pairs.value(place - 1)) } else { (&[], &[]) }
}

/// The shortest text above the pair before and not above this one.
fn between(pairs: &Pairs, place: usize) -> Vec<u8> {
    let key = pairs.key(place);
    key[..shared(pairs.key(place - 1), key) + 1].to_vec()
}

fn shared(left: &[u8], right: &[u8]) -> usize {
    // Eight bytes at a time: paths have long beginnings in common, and this is most of what storing a block costs.
    let ((left_words, _), (right_words, _)) = (left.as_chunks::<8>(), right.as_chunks::<8>());
    let words = left_words.iter().zip(right_words).take_while(|(left, right)| left == right).count();
    let (left, right) = (&left[words * 8..], &right[words * 8..]);
    words * 8 + left.iter().zip(right).take_while(|(left, right)| left == right).count()
}

fn seal(
    group: &[u8],
    separator: &[u8],
    pairs: &Pairs,
    places: Range<usize>,
    fence: Option<&[u8]>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(FULL);
    out.extend_from_slice(&[0; CHECKSUM]);
    match fence {
        None => out.push(0),
        Some(fence) => {
            put_number(&mut out, fence.len() as u64 + 1);
            out.extend_from_slice(fence);
        }
    }
    let start = places.start;
    for place in places {
        let (before_key, before_value) = before(pairs, place, start);
        for (before, bytes) in [(before_key, pairs.key(place)), (before_value, pairs.value(place))] {
            let shared = shared(before, bytes);
            put_number(&mut out, shared as u64);
            put_number(&mut out, (bytes.len() - shared) as u64);
            out.extend_from_slice(&bytes[shared..]);
        }
    }
    let sum = checksum(&[group, separator].concat(), &out[CHECKSUM..]);
    out[..CHECKSUM].copy_from_slice(&sum);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_their_pairs_and_fit_a_page() {
        arbtest::arbtest(|input| {
            let mut map = std::collections::BTreeMap::new();
            for _ in 0..input.int_in_range(0..=300)? {
                let length = input.int_in_range(1..=6)?;
                let key: Vec<u8> = input.bytes(length)?.to_vec();
                map.insert(key, vec![input.arbitrary::<u8>()?; input.int_in_range(0..=90)?]);
            }
            let mut pairs = Pairs::default();
            map.iter().for_each(|(key, value)| pairs.push(key, value));
            for filling in [Filling::Full, Filling::Even] {
                let blocks = encode(b"group", b"", &pairs, None, filling);
                let mut found = Vec::new();
                for (place, (separator, stored)) in blocks.iter().enumerate() {
                    let key = [b"group", separator.as_slice()].concat();
                    assert!(key.len() + stored.len() <= FULL, "{} bytes", key.len() + stored.len());
                    let opened = open(&key, stored).unwrap();
                    let next = blocks.get(place + 1).map(|block| block.0.as_slice());
                    assert_eq!(opened.fence, next);
                    let inside = opened.pairs().unwrap();
                    found.extend(inside.iter().map(|(key, value)| (key.to_vec(), value.to_vec())));
                    assert!(
                        inside.iter().all(
                            |(key, _)| key >= separator.as_slice() && next.is_none_or(|next| key < next)
                        )
                    );
                }
                assert_eq!(found, map.clone().into_iter().collect::<Vec<_>>());
            }
            Ok(())
        });
    }

    #[test]
    fn keys_that_are_not_in_order_are_noticed_behind_a_right_checksum() {
        for keys in [[b"a1", b"a1"], [b"a2", b"a1"], [b"b1", b"a2"]] {
            let mut pairs = Pairs::default();
            keys.iter().for_each(|key| pairs.push(*key, b""));
            let stored = encode(b"group", b"", &pairs, None, Filling::Full).remove(0).1;
            assert!(open(b"group", &stored).unwrap().pairs().is_err(), "{keys:?}");
        }
    }

    #[test]
    fn a_block_with_any_flipped_bit_or_in_another_place_is_noticed() {
        let mut pairs = Pairs::default();
        pairs.push(b"a", b"one");
        pairs.push(b"ab", b"two");
        let (separator, stored) = encode(b"group", b"", &pairs, Some(b"b"), Filling::Full).remove(0);
        let key = [b"group", separator.as_slice()].concat();
        for bit in 0..stored.len() * 8 {
            let mut flipped = stored.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&key, &flipped).is_err());
        }
        assert!(open(b"groupx", &stored).is_err());
        for length in 0..stored.len() {
            assert!(open(&key, &stored[..length]).is_err());
        }
    }
}
