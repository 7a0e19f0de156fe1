//! The name of a machine on the wire: the SHA-256 of its certificate, and the text a person can read out over the telephone.
//!
//! The text is base32 in four groups of 13 characters, each followed by a check character, shown in eight groups of seven.

use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Base32 characters of 32 bytes, before check characters are added.
const PLAIN_LENGTH: usize = 52;
/// Characters that share one check character.
const CHECKED_GROUP: usize = 13;
/// The text with its four check characters.
const CHECKED_LENGTH: usize = PLAIN_LENGTH + PLAIN_LENGTH / CHECKED_GROUP;
/// Characters between two dashes.
const SHOWN_GROUP: usize = 7;

/// The identity of a machine as others see it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId([u8; 32]);

/// Why a text is not a device id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceIdError {
    /// It has neither 52 characters (plain) nor 56 (with check characters).
    #[error("a device id has 56 letters and digits in 8 groups, this has {0}")]
    Length(usize),
    /// It holds a character that base32 does not have.
    #[error("a device id has only the letters A to Z and the digits 2 to 7, this has {0:?}")]
    Character(char),
    /// A check character disagrees: a typing error in that group.
    #[error("there is a typing error between characters {from} and {to} (counted without dashes)")]
    Check {
        /// First character that the failed check covers, from 1.
        from: usize,
        /// The check character itself, from 1.
        to: usize,
    },
    /// 52 base32 characters hold 260 bits; the last four must be zero.
    #[error("the last character of the device id cannot be right")]
    Excess,
}

impl DeviceId {
    /// The id of the machine that holds this certificate (its whole DER encoding).
    pub fn of_certificate(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// The id from its 32 bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes that travel on the wire.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight bytes as a number: who made a change, in version vectors.
    pub fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = base32(&self.0);
        let mut text = String::with_capacity(CHECKED_LENGTH);
        for group in plain.chunks(CHECKED_GROUP) {
            text.extend(group.iter().map(|value| char::from(ALPHABET[usize::from(*value)])));
            text.push(char::from(ALPHABET[usize::from(check_value(group))]));
        }
        for (position, character) in text.chars().enumerate() {
            if position > 0 && position % SHOWN_GROUP == 0 {
                formatter.write_str("-")?;
            }
            write!(formatter, "{character}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for DeviceId {
    type Err = DeviceIdError;

    /// Reads what people type: lower case, blanks or nothing for the dashes, `0` for `O`, `1` for `I`, `8` for `B`, with or without
    /// check characters.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut values = Vec::with_capacity(CHECKED_LENGTH);
        for character in text.trim_matches('=').chars().filter(|character| !matches!(character, '-' | ' ')) {
            values.push(value_of(character).ok_or(DeviceIdError::Character(character))?);
        }
        let plain = match values.len() {
            PLAIN_LENGTH => values,
            CHECKED_LENGTH => without_check_characters(&values)?,
            other => return Err(DeviceIdError::Length(other)),
        };
        from_base32(&plain).map(Self)
    }
}

/// The number of a character in base32's alphabet, forgiving the usual misreadings.
fn value_of(character: char) -> Option<u8> {
    match character.to_ascii_uppercase() {
        '0' => value_of('O'),
        '1' => value_of('I'),
        '8' => value_of('B'),
        letter @ 'A'..='Z' => Some(letter as u8 - b'A'),
        digit @ '2'..='7' => Some(digit as u8 - b'2' + 26),
        _ => None,
    }
}

/// Weighs the values alternately by one and two from the left. (The well-known Luhn scheme starts from the right; this one does not,
/// and all devices agree on it.)
fn check_value(group: &[u8]) -> u8 {
    let sum: u32 = group
        .iter()
        .enumerate()
        .map(|(position, value)| {
            let weighed = u32::from(*value) * if position % 2 == 0 { 1 } else { 2 };
            weighed / 32 + weighed % 32
        })
        .sum();
    ((32 - sum % 32) % 32) as u8
}

fn without_check_characters(values: &[u8]) -> Result<Vec<u8>, DeviceIdError> {
    let mut plain = Vec::with_capacity(PLAIN_LENGTH);
    for (number, group) in values.chunks(CHECKED_GROUP + 1).enumerate() {
        let (checked, check) = group.split_at(CHECKED_GROUP);
        if check != [check_value(checked)] {
            let from = number * (CHECKED_GROUP + 1) + 1;
            return Err(DeviceIdError::Check { from, to: from + CHECKED_GROUP });
        }
        plain.extend_from_slice(checked);
    }
    Ok(plain)
}

/// Cuts the bytes into numbers of five bits, the last one filled up with zeros.
fn base32(bytes: &[u8; 32]) -> Vec<u8> {
    let bit = |position: usize| bytes.get(position / 8).map_or(0, |byte| byte >> (7 - position % 8) & 1);
    (0..PLAIN_LENGTH)
        .map(|index| (0..5).fold(0, |value, offset| value << 1 | bit(index * 5 + offset)))
        .collect()
}

fn from_base32(values: &[u8]) -> Result<[u8; 32], DeviceIdError> {
    let bit = |position: usize| values.get(position / 5).map_or(0, |value| value >> (4 - position % 5) & 1);
    if (256..PLAIN_LENGTH * 5).any(|position| bit(position) == 1) {
        return Err(DeviceIdError::Excess);
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = (0..8).fold(0, |value, offset| value << 1 | bit(index * 8 + offset));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    fn bytes(hex: &str) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).expect("a test vector in hex");
        }
        bytes
    }

    /// Vectors that real devices or the original's own test data confirmed.
    fn vectors() -> Vec<([u8; 32], &'static str)> {
        let counting: Vec<u8> = (0..32).collect();
        vec![
            (
                bytes("e09565daf50b82209e2ad13c9de9d71cd273ef07e186b6f37ef9a4b932ec61a5"),
                "4CKWLWX-VBOBCBM-HRK2E6J-32OXDTQ-JHH3YH4-GDLN43D-67GSLSM-XMMGSQO",
            ),
            (
                bytes("a281994c193e6857c207a4b7f974c3b6bdd2bd62e02f44323a3b97d1abc4dd7c"),
                "UKAZSTA-ZHZUFPS-QQHUS37-S5GDW27-65FPLC4-AXUIMRI-2HOL5DK-6E3V6A5",
            ),
            (
                bytes("b9db7c2c5e7c69ce47ee2f0b149a3512a1f8062426c6486b73118926315b231e"),
                "XHNXYLC-6PRU44X-R7OF4FR-JGRVCKD-Q7QBREE-3DEQ23A-TCGESMM-K3EMPAE",
            ),
            (
                counting.try_into().expect("32 numbers"),
                "AAAQEAY-EAUDAOB-CAJBIFQ-YDIOB4B-IBCEQTC-QKRMFYX-YDENBWH-A5DYPQG",
            ),
            (Sha256::digest([]).into(), "4OYMIQU-Y7QOBJR-GX36TEJ-S35ZEQD-T24QPEM-SNZGTFB-ESWMRW6-CSXBKQD"),
            ([0xff; 32], "7777777-777777N-7777777-777777N-7777777-777777N-7777777-77777Q4"),
            ([0xf8; 32], "7D4PR6H-Y7D4PRL-6HY7D4P-R6HY7DJ-4PR6HY7-D4PR6HM-Y7D4PR6-HY7D4A4"),
        ]
    }

    #[test]
    fn bytes_and_text_agree_with_real_devices() {
        for (bytes, text) in vectors() {
            let id = DeviceId::from_bytes(bytes);
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(id.as_bytes(), &bytes);
        }
    }

    #[test]
    fn the_id_is_the_hash_of_the_certificate() {
        assert_eq!(
            format!("{:?}", DeviceId::of_certificate(b"")),
            "4OYMIQU-Y7QOBJR-GX36TEJ-S35ZEQD-T24QPEM-SNZGTFB-ESWMRW6-CSXBKQD"
        );
    }

    #[test]
    fn the_many_ways_people_write_an_id() {
        let plain = "P56IOI7MZJNU2IQGDREYDM2MGTMGL3BXNPQ6W5BTBBZ4TJXZWICQ";
        let shown = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
        let id: DeviceId = plain.parse().expect("a plain id");
        assert_eq!(id.to_string(), shown);
        let variants = [
            shown.replace('-', ""),
            shown.replace('-', " "),
            shown.to_lowercase(),
            shown.replace('O', "0").replace('I', "1").replace('B', "8"),
            format!("{plain}===="),
        ];
        for text in variants {
            assert_eq!(text.parse(), Ok(id), "{text}");
        }
    }

    #[test]
    fn typing_errors_are_found_and_placed() {
        let right = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
        let wrong = right.replace("DM2MGTI", "DM2MGTA");
        assert_eq!(wrong.parse::<DeviceId>(), Err(DeviceIdError::Check { from: 15, to: 28 }));
        assert_eq!("".parse::<DeviceId>(), Err(DeviceIdError::Length(0)));
        assert_eq!("ABC".parse::<DeviceId>(), Err(DeviceIdError::Length(3)));
        assert_eq!("9".parse::<DeviceId>(), Err(DeviceIdError::Character('9')));
        assert_eq!("ä".parse::<DeviceId>(), Err(DeviceIdError::Character('ä')));
        let excess = format!("{}B", "A".repeat(PLAIN_LENGTH - 1));
        assert_eq!(excess.parse::<DeviceId>(), Err(DeviceIdError::Excess));
    }

    #[test]
    fn the_short_id_is_the_first_group_as_a_number() {
        let id = DeviceId::from_bytes(std::array::from_fn(|index| index as u8));
        assert_eq!(id.short(), 0x0001_0203_0405_0607);
    }

    #[test]
    fn every_id_survives_its_text_and_every_single_typing_error_in_it_is_noticed() {
        arbtest(|input| {
            let id = DeviceId::from_bytes(input.arbitrary()?);
            let text = id.to_string();
            assert_eq!(text.parse(), Ok(id));
            let mut characters: Vec<char> = text.chars().collect();
            let place = input.choose_index(characters.len())?;
            let other = char::from(*input.choose(ALPHABET)?);
            if characters[place] != '-' && characters[place] != other {
                characters[place] = other;
                let changed: String = characters.into_iter().collect();
                assert!(changed.parse::<DeviceId>().is_err(), "{text} became {changed}");
            }
            Ok(())
        });
    }
}
