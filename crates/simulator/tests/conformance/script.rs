//! Reads the tables.
//!
//! One script on a line, commands separated by `;`, `#` begins a comment. `{object}` and `{other}` stand for each object of the `zoo` in
//! turn, so that a line becomes eight or sixty-four scripts. In words, `%FF` is a byte, `~255` at the end a name of that many letters.

/// The objects that `zoo` makes, and one that it does not.
pub const OBJECTS: [&str; 8] =
    ["absent", "file", "empty", "full", "link-to-file", "link-to-directory", "dangling", "socket"];

/// A line of a table.
pub struct Line {
    /// Table and line number.
    pub place: String,
    /// Nothing but errors is what its writer wanted.
    pub errors_are_meant: bool,
    text: String,
}

/// The lines of a table with scripts.
pub fn lines(table: &str, text: &str) -> Vec<Line> {
    let numbered = text.lines().zip(1..).map(|(line, number)| (line.trim(), number));
    let scripts = numbered.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let line = |(line, number): (&str, usize)| Line {
        place: format!("{table}:{number}"),
        errors_are_meant: line.starts_with('!'),
        text: line.trim_start_matches('!').to_string(),
    };
    scripts.map(line).collect()
}

impl Line {
    /// Its commands, once for each object that it speaks of.
    pub fn scripts(&self) -> Vec<Vec<String>> {
        let mut texts = vec![self.text.clone()];
        for placeholder in ["{object}", "{other}"] {
            if self.text.contains(placeholder) {
                let each = |text: &String| OBJECTS.map(|object| text.replace(placeholder, object));
                texts = texts.iter().flat_map(each).collect();
            }
        }
        texts.iter().map(|text| text.split(';').map(|command| command.trim().to_string()).collect()).collect()
    }
}

/// The bytes that a word stands for.
pub fn bytes(word: &str) -> Vec<u8> {
    let (word, many) = match word.split_once('~') {
        Some((before, many)) => (before, many.parse().expect("a number follows ~")),
        None => (word, 0),
    };
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let [first, after @ ..] = rest {
        if let (b'%', Some(digits)) = (first, after.get(..2)) {
            let digits = std::str::from_utf8(digits).expect("two digits follow %");
            bytes.push(u8::from_str_radix(digits, 16).expect("two digits follow %"));
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes.extend(std::iter::repeat_n(b'n', many));
    bytes
}
