//! Reading the lines of a list and of the files that it includes.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::error::{Cause, IgnoreError};

/// The list in a folder's root.
pub(super) const ROOT: &str = ".stignore";

/// Far more than people write, and little enough that a mistake or an enemy cannot fill the memory.
const MOST_BYTES: usize = 1 << 20;
const MOST_PATTERNS: usize = 10_000;
const LONGEST_PATTERN: usize = 4096;
const MOST_FILES: usize = 256;
const DEEPEST_INCLUDE: usize = 32;

/// A line that holds a pattern.
#[derive(Debug)]
pub(super) struct Line {
    /// The number of its file in [`Lines::files`].
    pub(super) file: usize,
    /// Its number in that file, from 1.
    pub(super) number: u32,
    /// The line in composed form, without the space around it.
    pub(super) text: String,
    /// The escape that holds in its file.
    pub(super) escape: char,
}

/// The text of an included file, or why there is none.
pub(super) type Include<'caller> = dyn FnMut(&str) -> Result<String, String> + 'caller;

/// All patterns in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) files: Vec<String>,
    pub(super) patterns: Vec<Line>,
    /// Lines seen, in whatever file: a line again is dropped.
    seen: BTreeSet<String>,
    bytes: usize,
    /// The files that are being read, the innermost last.
    open: Vec<usize>,
}

impl Lines {
    /// Reads the list and what it includes.
    pub(super) fn read(text: &str, escape: char, include: &mut Include<'_>) -> Result<Self, IgnoreError> {
        let mut lines = Self::default();
        lines.file(ROOT, text, escape, include)?;
        Ok(lines)
    }

    /// Reads one file. Each begins with the default escape, so that it means the same wherever it is included.
    fn file(
        &mut self,
        name: &str,
        text: &str,
        default_escape: char,
        include: &mut Include<'_>,
    ) -> Result<(), IgnoreError> {
        let file = self.files.len();
        self.files.push(name.to_owned());
        self.open.push(file);
        self.bytes = self.bytes.saturating_add(text.len());
        let mut escape = Escape { character: default_escape, set: false, has_patterns: false };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, number) in text.lines().map(str::trim).zip(1..) {
            let at =
                |cause| IgnoreError { file: name.to_owned(), line: number, text: line.to_owned(), cause };
            if self.bytes > MOST_BYTES {
                return Err(at(Cause::TooMuch { limit: MOST_BYTES, things: "bytes" }));
            }
            match Kind::of(line) {
                Kind::Nothing => {}
                Kind::Escape(value) => escape.set(value).map_err(at)?,
                Kind::Include(included) => {
                    let path = self.may_include(line, name, included).map_err(at)?;
                    if let Some(path) = path {
                        let unreadable = |reason| at(Cause::IncludeUnreadable { path: path.clone(), reason });
                        let text = include(&path).map_err(unreadable)?;
                        self.file(&path, &text, default_escape, include)?;
                    }
                }
                Kind::Pattern => {
                    escape.has_patterns = true;
                    self.pattern(file, number, line, escape.character).map_err(at)?;
                }
            }
        }
        self.open.pop();
        Ok(())
    }

    fn pattern(&mut self, file: usize, number: u32, line: &str, escape: char) -> Result<(), Cause> {
        if !self.seen.insert(line.to_owned()) {
            return Ok(());
        }
        if self.patterns.len() == MOST_PATTERNS {
            return Err(Cause::TooMuch { limit: MOST_PATTERNS, things: "patterns" });
        }
        let text: String = line.nfc().collect();
        if text.len() > LONGEST_PATTERN {
            return Err(Cause::TooMuch { limit: LONGEST_PATTERN, things: "bytes in one pattern" });
        }
        self.patterns.push(Line { file, number, text, escape });
        Ok(())
    }

    /// The path of a file to include now, or nothing when the same line included it before.
    fn may_include(&mut self, line: &str, by: &str, name: &str) -> Result<Option<String>, Cause> {
        if name.is_empty() {
            return Err(Cause::IncludeNameless);
        }
        let path = beside(by, name);
        if self.open.iter().any(|file| self.files[*file] == path) {
            return Err(Cause::IncludeCycle { path });
        }
        if !self.seen.insert(line.to_owned()) {
            return Ok(None);
        }
        if self.files.contains(&path) {
            return Err(Cause::IncludeAgain { path });
        }
        if self.files.len() == MOST_FILES {
            return Err(Cause::TooMuch { limit: MOST_FILES, things: "files" });
        }
        if self.open.len() == DEEPEST_INCLUDE {
            return Err(Cause::TooMuch { limit: DEEPEST_INCLUDE, things: "files that include each other" });
        }
        Ok(Some(path))
    }
}

/// What a line is.
enum Kind<'line> {
    Nothing,
    Escape(&'line str),
    Include(&'line str),
    Pattern,
}

impl<'line> Kind<'line> {
    fn of(line: &'line str) -> Self {
        if line.is_empty() || line.starts_with("//") {
            return Self::Nothing;
        }
        if let Some(value) = line.strip_prefix("#escape=") {
            return Self::Escape(value.trim());
        }
        match line.strip_prefix("#include") {
            Some(name) if name.is_empty() || name.starts_with(char::is_whitespace) => {
                Self::Include(name.trim())
            }
            _ => Self::Pattern,
        }
    }
}

/// The escape of one file.
struct Escape {
    character: char,
    set: bool,
    has_patterns: bool,
}

impl Escape {
    fn set(&mut self, value: &str) -> Result<(), Cause> {
        let mut characters = value.chars();
        let (Some(character), None) = (characters.next(), characters.next()) else {
            return Err(Cause::EscapeNotOne);
        };
        if character == '/' {
            return Err(Cause::EscapeNotOne);
        }
        if self.has_patterns {
            return Err(Cause::EscapeLate);
        }
        if self.set {
            return Err(Cause::EscapeAgain);
        }
        *self = Self { character, set: true, has_patterns: false };
        Ok(())
    }
}

/// The path of `name` as a file at `by` means it, seen from the root, without `.` and with `..` only at the beginning.
fn beside(by: &str, name: &str) -> String {
    let directory = by.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(name.split('/')) {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_to_the_file_that_holds_them() {
        for (by, name, expected) in [
            (".stignore", "a", "a"),
            (".stignore", "./sub//a", "sub/a"),
            ("sub/a", "b", "sub/b"),
            ("sub/a", "../b", "b"),
            ("sub/a", "../../b", "../b"),
            ("../a", "b/../../c", "../../c"),
            ("sub/a", "/b", "sub/b"),
        ] {
            assert_eq!(beside(by, name), expected, "{by} {name}");
        }
    }

    #[test]
    fn a_file_means_the_same_wherever_it_is_included() {
        let mut include =
            |path: &str| Ok(format!("{}\na{path}", if path == "own" { "#escape=%" } else { "" }));
        let text = "#escape=|\n#include plain\n#include own\nb";
        let lines = Lines::read(text, '\\', &mut include).expect("a list");
        let escapes: Vec<_> = lines.patterns.iter().map(|line| (line.text.as_str(), line.escape)).collect();
        assert_eq!(escapes, [("aplain", '\\'), ("aown", '%'), ("b", '|')]);
    }
}
