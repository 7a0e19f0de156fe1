//! Splitting `$EDITOR` into words, as a shell would, without a shell.

/// The words of a text. Quotes keep blanks together, a backslash keeps the next character as it is. None when a quote has no end.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(characters.next()),
            (Some(_), inside) => word.get_or_insert_default().push(inside),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (None, plain) => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_are_split_as_in_a_shell() {
        for (text, words) in [
            ("vi", &["vi"][..]),
            ("  code --wait  ", &["code", "--wait"]),
            ("sh -c 'exit 0'", &["sh", "-c", "exit 0"]),
            ("\"/my editors/vi\" -n", &["/my editors/vi", "-n"]),
            ("/my\\ editors/vi", &["/my editors/vi"]),
            ("a\"b \\\" c\"d", &["ab \" cd"]),
            ("''", &[""]),
            ("", &[]),
        ] {
            assert_eq!(
                split(text).as_deref(),
                Some(words.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref()
            );
        }
        assert_eq!(split("sh -c 'exit"), None);
    }
}
