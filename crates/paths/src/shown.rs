//! Names made safe to print.
//!
//! A file may be called anything: a name with an escape sequence could repaint a terminal, one with a line break could forge a log
//! line, one with a bidirectional control could hide its real ending. Whoever prints a name wraps it in [`Shown`].

use std::ffi::OsStr;
use std::fmt::{self, Write};
use std::path::Path;

/// Prints a name on one line, visibly, and without loss: what cannot be shown as it is appears as an escape.
#[derive(Clone, Copy)]
pub struct Shown<'name>(&'name OsStr);

impl<'name> Shown<'name> {
    /// Wraps a path, a file name, or plain text.
    pub fn new(name: &'name (impl AsRef<OsStr> + ?Sized)) -> Self {
        Self(name.as_ref())
    }

    /// Wraps a path. The same as [`Shown::new`], for where a method reads better than a call.
    pub fn path(path: &'name Path) -> Self {
        Self(path.as_os_str())
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_deceptive(character) {
                    write!(formatter, "{}", character.escape_default())?;
                } else {
                    formatter.write_char(character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(formatter, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Characters that change how the text around them is shown: controls, line and paragraph separators, bidirectional controls, and
/// those without a width of their own.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for name in ["notes.txt", "Äpfel und Öl", "日本語", "a b", "quote\"d", "back\\slash", "🚀"] {
            assert_eq!(Shown::new(name).to_string(), name);
        }
    }

    #[test]
    fn what_could_deceive_a_reader_is_escaped() {
        for (name, shown) in [
            ("a\nb", "a\\nb"),
            ("a\tb", "a\\tb"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("gpj.\u{202e}exe", "gpj.\\u{202e}exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("line\u{2028}two", "line\\u{2028}two"),
            ("\u{7f}", "\\u{7f}"),
        ] {
            assert_eq!(Shown::new(name).to_string(), shown);
        }
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_shown_as_numbers() {
        use std::os::unix::ffi::OsStrExt;
        let name = OsStr::from_bytes(b"caf\xe9.txt");
        assert_eq!(Shown::path(Path::new(name)).to_string(), "caf\\xe9.txt");
    }
}
