//! Finding the first of many patterns that matches, without trying most of them.
//!
//! A pattern that begins with a literal character is looked at only where a name begins with that byte, one that has a literal
//! end only where a name ends with that byte, and of those only what agrees in up to eight bytes is tried.

use super::lower::{Body, Program};

/// The number of a pattern, in the order of the list.
pub(super) type Rule = u32;

/// Patterns that are tried at the same places.
#[derive(Debug, Default)]
pub(super) struct Index {
    programs: Vec<Program>,
    by_first: Buckets,
    by_last: Buckets,
    others: Vec<Candidate>,
}

/// A program, with the bytes that tell quickly that it cannot match.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    bytes: u64,
    mask: u64,
    rule: Rule,
    program: u32,
}

/// Candidates by one byte; each in the order of the list. Empty until something is in it.
#[derive(Debug, Default)]
struct Buckets(Vec<Vec<Candidate>>);

/// A name in a path.
#[derive(Clone, Copy)]
pub(super) struct Place<'path> {
    pub(super) path: &'path str,
    pub(super) begin: usize,
    pub(super) end: usize,
}

impl Index {
    /// Adds a program of a pattern; patterns come in the order of the list.
    pub(super) fn add(&mut self, rule: Rule, program: Program) {
        // The number of programs has a limit far below this one.
        let number = u32::try_from(self.programs.len()).unwrap_or(u32::MAX);
        let (head, tail) = (program.head.as_bytes(), program.tail.as_bytes());
        let candidate = |(bytes, mask)| Candidate { bytes, mask, rule, program: number };
        if let Some(first) = head.first() {
            self.by_first.add(*first, candidate(first_bytes(head)));
        } else if let Some(last) = tail.last() {
            self.by_last.add(*last, candidate(last_bytes(tail)));
        } else {
            self.others.push(candidate((0, 0)));
        }
        self.programs.push(program);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// Lowers `best` to the first pattern that matches at the place, if it comes before `best`.
    pub(super) fn search(&self, place: Place<'_>, best: &mut Rule) {
        let bytes = place.path.as_bytes();
        if let Some(candidates) = self.by_first.of(bytes.get(place.begin)) {
            let (found, _) = first_bytes(&bytes[place.begin..]);
            self.try_each(candidates, found, place, best);
        }
        if let Some(candidates) = self.by_last.of(bytes[..place.end].last()) {
            let (found, _) = last_bytes(&bytes[place.begin..place.end]);
            self.try_each(candidates, found, place, best);
        }
        self.try_each(&self.others, 0, place, best);
    }

    fn try_each(&self, candidates: &[Candidate], found: u64, place: Place<'_>, best: &mut Rule) {
        for candidate in candidates {
            if candidate.rule >= *best {
                return;
            }
            if found & candidate.mask == candidate.bytes
                && self.programs[candidate.program as usize].matches(place)
            {
                *best = candidate.rule;
                return;
            }
        }
    }
}

impl Buckets {
    fn add(&mut self, byte: u8, candidate: Candidate) {
        self.0.resize_with(256, Vec::new);
        self.0[usize::from(byte)].push(candidate);
    }

    fn of(&self, byte: Option<&u8>) -> Option<&[Candidate]> {
        let bucket = self.0.get(usize::from(*byte?))?;
        Some(bucket)
    }
}

/// The first eight bytes, and a mask of those that are there.
fn first_bytes(text: &[u8]) -> (u64, u64) {
    match text.first_chunk::<8>() {
        Some(all) => (u64::from_le_bytes(*all), u64::MAX),
        None => {
            let join = |bytes: u64, byte: &u8| (bytes << 8) | u64::from(*byte);
            (text.iter().rev().fold(0, join), (1 << (8 * text.len())) - 1)
        }
    }
}

/// The last eight bytes, and a mask of those that are there.
fn last_bytes(text: &[u8]) -> (u64, u64) {
    match text.last_chunk::<8>() {
        Some(all) => (u64::from_be_bytes(*all), u64::MAX),
        None => {
            let join = |bytes: u64, byte: &u8| (bytes << 8) | u64::from(*byte);
            (text.iter().fold(0, join), (1 << (8 * text.len())) - 1)
        }
    }
}

impl Program {
    fn matches(&self, place: Place<'_>) -> bool {
        match &self.body {
            Body::Everything => true,
            Body::Whole { automaton, required } => {
                place.path.contains(&**required) && automaton.matches(place.path, self.below_only)
            }
            Body::Names(components) => {
                let mut rest = &place.path[place.begin..];
                let mut length = place.end - place.begin;
                for (number, component) in components.iter().enumerate() {
                    if number > 0 {
                        let Some(behind) = rest.get(length + 1..) else { return false };
                        rest = behind;
                        length = rest.find('/').unwrap_or(rest.len());
                    }
                    if !component.matches(&rest[..length]) {
                        return false;
                    }
                }
                !self.below_only || length < rest.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bytes_from_either_end() {
        for text in ["a", "abc", "abcdefgh", "abcdefghi"] {
            let (bytes, mask) = first_bytes(text.as_bytes());
            let (longer, _) = first_bytes(format!("{text}xyzxyzxyz").as_bytes());
            assert_eq!(longer & mask, bytes, "{text}");
            let (bytes, mask) = last_bytes(text.as_bytes());
            let (longer, _) = last_bytes(format!("xyzxyzxyz{text}").as_bytes());
            assert_eq!(longer & mask, bytes, "{text}");
        }
        assert_ne!(first_bytes(b"ab").0, first_bytes(b"ac").0);
    }
}
