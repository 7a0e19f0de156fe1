//! Names that differ for us and are one name for some file systems.

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The key under which names meet that a file system without case, or without normal forms, takes for one: each character in
/// upper and then in lower case, in composed form.
pub fn fold(name: &str) -> String {
    // In composed form first: a few marks (the Greek iota below a letter) have a case of their own when they stand apart.
    let folded: String = name.nfc().map(fold_character).collect();
    if is_nfc(&folded) { folded } else { folded.nfc().collect() }
}

/// Whether two names are one for such a file system.
pub fn equal_when_folded(one: &str, other: &str) -> bool {
    one == other || fold(one) == fold(other)
}

/// By way of the upper case, because some lower-case characters share one: both sigmas, the long s, the Kelvin sign.
fn fold_character(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let upper = only(character.to_uppercase()).unwrap_or(character);
    // The only character with a longer lower case is the dotted capital I: its first character is the plain i.
    upper.to_lowercase().next().unwrap_or(upper)
}

/// A case that is one character. Where it is several (ß, ligatures), file systems leave the character as it is.
fn only(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    first.filter(|_| characters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_system_may_confuse_is_equal() {
        for (one, other) in [
            ("README", "readme"),
            ("Ä", "a\u{308}"),
            ("ΣΑΣ", "σας"),
            ("\u{212a}", "k"),
            ("ẞ", "ß"),
            ("ᾈ", "ᾀ"),
            ("ſ", "S"),
            ("α\u{345}", "ᾳ"),
        ] {
            assert!(equal_when_folded(one, other), "{one} {other}");
        }
        for (one, other) in [("ß", "ss"), ("a", "b"), ("ä", "a"), ("ﬁ", "fi")] {
            assert!(!equal_when_folded(one, other), "{one} {other}");
        }
    }

    #[test]
    fn folding_again_changes_nothing() {
        for code in 0..=0x2_ffff_u32 {
            let Some(character) = char::from_u32(code) else { continue };
            let once = fold(&character.to_string());
            assert_eq!(fold(&once), once, "{code:x}");
        }
    }
}
