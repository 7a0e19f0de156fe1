//! Makes foreign text harmless for a terminal and for formats of one line per entry.

/// The text with everything visible that would act on a terminal instead of being seen: control characters, and the marks that turn the
/// direction of writing or break lines.
pub(crate) fn visible(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for each in text.chars() {
        if acts(each) { result.extend(each.escape_default()) } else { result.push(each) }
    }
    result
}

fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_what_is_text_stays() {
        assert_eq!(visible("a\u{1b}[31m\nb\u{9b}"), "a\\u{1b}[31m\\nb\\u{9b}");
        assert_eq!(visible("ab\u{202e}txt.exe"), "ab\\u{202e}txt.exe");
        assert_eq!(visible("Grüße, 家, 🏠"), "Grüße, 家, 🏠");
    }
}
