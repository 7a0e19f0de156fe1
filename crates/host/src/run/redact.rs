//! Cuts secrets out of what a program wrote before it becomes part of an error or a trace.

use zeroize::Zeroize;

use crate::secret::Secret;

/// What is shown in a secret's place.
const MASK: &[u8] = b"[secret]";
/// A line or value of a secret that is shorter is not looked for by itself: masking every `a` hides nothing and spoils the text. The whole
/// secret is always looked for.
const SHORTEST_PIECE: usize = 4;

/// The bytes to look for. Not printable, like the secrets it was made from.
pub(super) struct Redactor {
    /// Longest first, so that a piece never breaks up the whole that contains it.
    needles: Vec<Secret<Vec<u8>>>,
}

impl Redactor {
    /// Looks for the secret, each of its lines, and for lines like `password=…` (the form of git's credentials) also for the value alone.
    pub(super) fn new(secret: Option<&Secret<Vec<u8>>>) -> Self {
        let mut needles: Vec<Secret<Vec<u8>>> = Vec::new();
        if let Some(secret) = secret {
            let whole = secret.expose().trim_ascii();
            let lines = whole.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            let values = lines.clone().filter_map(|line| line.splitn(2, |byte| *byte == b'=').nth(1));
            let pieces = lines.chain(values).filter(|piece| piece.len() >= SHORTEST_PIECE);
            for needle in std::iter::once(whole).filter(|whole| !whole.is_empty()).chain(pieces) {
                needles.push(Secret::new(needle.to_vec()));
            }
        }
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.expose().len()));
        Self { needles }
    }

    /// The text with every secret replaced. `cut` says that the text was cut off at its end, where the beginning of a secret may stand.
    pub(super) fn clean(&self, text: &[u8], cut: bool) -> Vec<u8> {
        let mut clean = text.to_vec();
        for needle in &self.needles {
            let needle = needle.expose();
            let masked = replace(&clean, needle);
            clean.zeroize();
            clean = masked;
            if cut && let Some(start) = beginning_at_end(&clean, needle) {
                clean.truncate(start);
                clean.extend_from_slice(MASK);
            }
        }
        clean
    }
}

/// Replaces each occurrence of `needle`, which is not empty.
fn replace(text: &[u8], needle: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(needle) {
            result.extend_from_slice(MASK);
            rest = after;
        } else {
            result.push(*first);
            rest = &rest[1..];
        }
    }
    result
}

/// Where a cut-off `needle` begins at the end of `text`.
fn beginning_at_end(text: &[u8], needle: &[u8]) -> Option<usize> {
    let longest = needle.len().saturating_sub(1).min(text.len());
    (1..=longest).rev().find(|length| text.ends_with(&needle[..*length])).map(|length| text.len() - length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(secret: &str, text: &str, cut: bool) -> String {
        let secret = Secret::new(secret.as_bytes().to_vec());
        String::from_utf8(Redactor::new(Some(&secret)).clean(text.as_bytes(), cut)).expect("text")
    }

    #[test]
    fn g7_the_whole_secret_is_masked_however_short() {
        assert_eq!(cleaned("ab\n", "xaby ab", false), "x[secret]y [secret]");
    }

    #[test]
    fn g7_lines_and_values_are_masked_alone() {
        let secret = "username=me\npassword=canary42\n";
        assert_eq!(cleaned(secret, "bad password=canary42!", false), "bad [secret]!");
        assert_eq!(cleaned(secret, "bad canary42 of me", false), "bad [secret] of me");
        assert_eq!(cleaned(secret, "username=me\npassword=canary42", false), "[secret]");
    }

    #[test]
    fn g7_a_secret_that_was_cut_off_is_masked_too() {
        assert_eq!(cleaned("canary42", "it is canar", true), "it is [secret]");
        assert_eq!(cleaned("canary42", "it is canar", false), "it is canar");
    }

    #[test]
    fn nothing_is_changed_without_a_secret() {
        assert_eq!(Redactor::new(None).clean(b"text", true), b"text");
        assert_eq!(cleaned(" \n", "text", true), "text");
    }
}
