//! Where every random decision of a simulated run comes from.
//!
//! A run asks for choices; a tape of bytes answers. The same tape gives the same run, a shorter tape or one with zeros gives a
//! simpler run, and an exhausted one answers with the benign choice from then on: each run ends with faults off and people idle,
//! which is the time in which everything has to settle.

mod shrink;

pub use shrink::{ATTEMPTS, shrink};

use std::cell::RefCell;
use std::rc::Rc;

/// Decides what happens.
pub trait Choices {
    /// A number below `below`. Zero is always the benign choice: no fault, nothing lost, nobody acts. `what` names the decision for
    /// people who read a run; it does not change the answer.
    fn choose(&mut self, below: u64, what: &'static str) -> u64;
}

/// One source of choices for everything that takes part in a run.
pub type SharedChoices = Rc<RefCell<dyn Choices>>;

/// Always the benign choice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Benign;

impl Choices for Benign {
    fn choose(&mut self, _below: u64, _what: &'static str) -> u64 {
        0
    }
}

impl<C: Choices + ?Sized> Choices for Rc<RefCell<C>> {
    fn choose(&mut self, below: u64, what: &'static str) -> u64 {
        self.borrow_mut().choose(below, what)
    }
}

/// The bytes from which choices are made.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tape {
    /// Read from the front, one to eight for each choice.
    pub bytes: Vec<u8>,
}

impl Tape {
    /// A tape of this many bytes, the same for the same seed on every machine and with every compiler.
    pub fn from_seed(seed: u64, length: usize) -> Self {
        let mut generator = Generator::new(seed);
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&generator.next_number().to_le_bytes());
        }
        bytes.truncate(length);
        Self { bytes }
    }

    /// Reads it from the front.
    pub fn reader(&self) -> TapeReader {
        TapeReader { bytes: Rc::from(self.bytes.as_slice()), position: 0 }
    }
}

/// Answers from a tape.
#[derive(Clone, Debug)]
pub struct TapeReader {
    bytes: Rc<[u8]>,
    position: usize,
}

impl TapeReader {
    /// How many bytes have been used: what lies behind does not matter to the run.
    pub fn used(&self) -> usize {
        self.position
    }

    /// Nothing is left: every further answer is zero.
    pub fn is_exhausted(&self) -> bool {
        self.position >= self.bytes.len()
    }
}

impl Choices for TapeReader {
    /// As many bytes as `below` needs, most significant first, so that lowering a byte lowers the choice. The product instead of a
    /// remainder keeps that order over the whole byte.
    fn choose(&mut self, below: u64, _what: &'static str) -> u64 {
        if below <= 1 {
            return 0;
        }
        let width = match below {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            0x1_0001..=0x1_0000_0000 => 4,
            _ => 8,
        };
        let Some(bytes) = self.bytes.get(self.position..self.position + width) else {
            self.position = self.bytes.len();
            return 0;
        };
        self.position += width;
        let number = bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        let choice = (number * u128::from(below)) >> (8 * width);
        u64::try_from(choice).unwrap_or(0)
    }
}

/// SplitMix64 (Steele, Lea, Flood, 2014): a counter and a mixing function. Written down here so that a seed means the same run for ever.
#[derive(Clone, Debug)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// Starts at a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next of its numbers.
    pub fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        let mut generator = Generator::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| generator.next_number()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn an_exhausted_tape_answers_with_the_benign_choice() {
        let mut reader = Tape { bytes: vec![255, 255] }.reader();
        assert_eq!(reader.choose(10, "first"), 9);
        assert_eq!(reader.choose(1000, "wider than what is left"), 0);
        assert!(reader.is_exhausted());
        assert_eq!(reader.choose(10, "after the end"), 0);
    }

    #[test]
    fn choices_cover_their_range_and_keep_the_order_of_bytes() {
        for below in [2, 3, 7, 256] {
            let choices: Vec<u64> =
                (0..=255).map(|byte| Tape { bytes: vec![byte] }.reader().choose(below, "any")).collect();
            assert_eq!((choices[0], choices[255]), (0, below - 1));
            assert!(choices.is_sorted());
        }
        let mut wide = Tape { bytes: vec![255; 8] }.reader();
        assert_eq!(wide.choose(u64::MAX, "all"), u64::MAX - 1);
    }
}
