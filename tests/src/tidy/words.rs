//! Words that we do not write, in comments and in Markdown, each with its reason.

/// A word, whether its case matters, and why not.
struct Banned {
    word: &'static str,
    exact: bool,
    reason: &'static str,
}

const fn banned(word: &'static str, reason: &'static str) -> Banned {
    Banned { word, exact: false, reason }
}

const fn mark(word: &'static str) -> Banned {
    Banned { word, exact: true, reason: "work waits in an issue, where someone sees it" }
}

const BANNED: &[Banned] = &[
    mark("TODO"),
    mark("FIXME"),
    mark("XXX"),
    mark("HACK"),
    banned("whitelist", "allow list says what it does"),
    banned("blacklist", "block list says what it does"),
    banned("obviously", "if it is, the word adds nothing; if not, it offends"),
    banned("simply", "it is not simple for the person who has to read about it"),
    banned("utilize", "use"),
    banned("leverage", "use"),
    banned("seamless", "an advertisement, not a statement: say what happens at the seam"),
    banned("seamlessly", "an advertisement, not a statement: say what happens at the seam"),
    banned("blazing", "an advertisement: give the number"),
    banned("blazingly", "an advertisement: give the number"),
    banned("foolproof", "nothing is: say what was tried"),
];

/// Banned words in a text of this path, by line. For Rust, pass only its comments.
pub fn banned_words(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for word in line.split(|letter: char| !letter.is_alphanumeric() && letter != '_') {
            if let Some(banned) = BANNED.iter().find(|banned| banned.is(word)) {
                findings.push(format!("{path}:{number}: `{word}`: {}.", banned.reason));
            }
        }
    }
    findings
}

impl Banned {
    fn is(&self, word: &str) -> bool {
        if self.exact { word == self.word } else { word.eq_ignore_ascii_case(self.word) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_banned_word_is_found_with_its_line_and_reason() {
        for entry in BANNED {
            let found = banned_words("a.md", &format!("first\nthen {}, twice\n", entry.word));
            assert_eq!(found, [format!("a.md:2: `{}`: {}.", entry.word, entry.reason)]);
        }
    }

    #[test]
    fn only_whole_words_count_and_marks_only_in_capitals() {
        assert!(banned_words("a.md", "simplify leveraged todo xxxx Hackney").is_empty());
        assert_eq!(banned_words("a.md", "Simply").len(), 1);
    }
}
