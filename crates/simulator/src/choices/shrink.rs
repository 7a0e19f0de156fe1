//! Makes a tape simpler as long as it still shows what it was kept for.

use super::Tape;

/// How many tapes are tried at most.
pub const ATTEMPTS: usize = 2_000;

/// The simplest tape found that still fails: shorter first, then with spans of zeros, then with lower bytes.
///
/// Zero is the benign choice, so what remains are the few decisions that matter. A tape that does not fail comes back as it was.
pub fn shrink(tape: &Tape, still_fails: &mut dyn FnMut(&Tape) -> bool) -> Tape {
    let mut search = Search { best: tape.clone(), left: ATTEMPTS, still_fails };
    if !search.fails(tape) {
        return tape.clone();
    }
    loop {
        let before = search.best.clone();
        search.shorten();
        search.remove_spans();
        search.zero_spans();
        search.lower_bytes();
        if search.best == before || search.left == 0 {
            return search.best;
        }
    }
}

struct Search<'a> {
    best: Tape,
    left: usize,
    still_fails: &'a mut dyn FnMut(&Tape) -> bool,
}

impl Search<'_> {
    fn fails(&mut self, tape: &Tape) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        (self.still_fails)(tape)
    }

    /// Takes over a simpler tape if it still fails.
    fn accept(&mut self, bytes: Vec<u8>) -> bool {
        let tape = Tape { bytes };
        let better = tape != self.best && self.fails(&tape);
        if better {
            self.best = tape;
        }
        better
    }

    /// The shortest beginning, by halving. What fails need not be monotone in the length: then this finds one of the short ones.
    fn shorten(&mut self) {
        while self.best.bytes.last() == Some(&0) {
            let shorter = self.best.bytes[..self.best.bytes.len() - 1].to_vec();
            if !self.accept(shorter) {
                break;
            }
        }
        let (mut passes, mut fails) = (0, self.best.bytes.len());
        while passes < fails {
            let middle = passes + (fails - passes) / 2;
            if self.accept(self.best.bytes[..middle].to_vec()) {
                fails = middle;
            } else {
                passes = middle + 1;
            }
        }
    }

    /// Takes out spans, from long ones to single bytes.
    fn remove_spans(&mut self) {
        self.each_span(|bytes, start, end| {
            let mut shorter = bytes[..start].to_vec();
            shorter.extend_from_slice(&bytes[end..]);
            shorter
        });
    }

    /// Makes spans benign, from long ones to single bytes.
    fn zero_spans(&mut self) {
        self.each_span(|bytes, start, end| {
            let mut zeroed = bytes.to_vec();
            zeroed[start..end].fill(0);
            zeroed
        });
    }

    fn each_span(&mut self, change: impl Fn(&[u8], usize, usize) -> Vec<u8>) {
        let mut span = self.best.bytes.len().div_ceil(2);
        while span > 0 {
            let mut start = 0;
            while start < self.best.bytes.len() && self.left > 0 {
                let end = (start + span).min(self.best.bytes.len());
                let changed = change(&self.best.bytes, start, end);
                // A removed span has other bytes in its place now: look at the same place again.
                let removed = changed.len() < self.best.bytes.len();
                if !(self.accept(changed) && removed) {
                    start += span;
                }
            }
            span /= 2;
        }
    }

    /// Lowers each byte as far as it goes, by halving.
    fn lower_bytes(&mut self) {
        let mut at = 0;
        while at < self.best.bytes.len() && self.left > 0 {
            let (mut low, mut high) = (0, self.best.bytes[at]);
            while low < high {
                let middle = low + (high - low) / 2;
                let mut lower = self.best.bytes.clone();
                lower[at] = middle;
                if self.accept(lower) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::Choices;

    #[test]
    fn only_the_decisions_that_matter_remain() {
        // Fails when the third choice is at least 100 and any later one is at least 200.
        let mut fails = |tape: &Tape| {
            let mut reader = tape.reader();
            let choices: Vec<u64> = (0..64).map(|_| reader.choose(256, "any")).collect();
            choices[2] >= 100 && choices[3..].iter().any(|choice| *choice >= 200)
        };
        let seed = (0..).find(|seed| fails(&Tape::from_seed(*seed, 64))).expect("one fails");
        let small = shrink(&Tape::from_seed(seed, 64), &mut fails);
        assert_eq!(small.bytes, [0, 0, 100, 200]);
    }

    #[test]
    fn a_tape_that_passes_stays_and_attempts_are_bounded() {
        let tape = Tape::from_seed(1, 4_000);
        assert_eq!(shrink(&tape, &mut |_| false), tape);
        let mut attempts = 0;
        let shrunk = shrink(&tape, &mut |tape| {
            attempts += 1;
            tape.bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>() > 100_000
        });
        assert!(attempts <= ATTEMPTS);
        assert!(shrunk.bytes.len() < tape.bytes.len());
    }

    #[test]
    fn what_fails_always_shrinks_to_nothing() {
        assert_eq!(shrink(&Tape::from_seed(9, 500), &mut |_| true), Tape::default());
    }
}
