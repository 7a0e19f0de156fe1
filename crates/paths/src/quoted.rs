//! Names made safe to paste into a shell.

use std::ffi::OsStr;
use std::fmt::{self, Write};

/// Prints a name as one word of a shell command, so that a hint can be pasted as it stands.
#[derive(Clone, Copy)]
pub struct Quoted<'name>(&'name OsStr);

impl<'name> Quoted<'name> {
    /// Wraps a path, a file name, or plain text.
    pub fn new(name: &'name (impl AsRef<OsStr> + ?Sized)) -> Self {
        Self(name.as_ref())
    }
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0.as_encoded_bytes();
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@:,=".contains(byte);
        match self.0.to_str() {
            Some(text) if !text.is_empty() && bytes.iter().all(is_plain) => formatter.write_str(text),
            Some(text) if !text.chars().any(|character| character.is_control() || character == '\'') => {
                write!(formatter, "'{text}'")
            }
            // The form that bash, zsh and ksh have for everything that cannot be typed.
            _ => {
                formatter.write_str("$'")?;
                for byte in bytes {
                    match byte {
                        b'\'' | b'\\' => write!(formatter, "\\{}", char::from(*byte))?,
                        b' '..=b'~' => formatter.write_char(char::from(*byte))?,
                        _ => write!(formatter, "\\x{byte:02x}")?,
                    }
                }
                formatter.write_str("'")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_shell_reads_one_word_that_is_the_name() {
        for (name, word) in [
            (&b"/tmp/plain-1.2"[..], "/tmp/plain-1.2"),
            (b"", "''"),
            (b"sp ace", "'sp ace'"),
            ("ä $HOME `id`".as_bytes(), "'ä $HOME `id`'"),
            (b"it's", "$'it\\'s'"),
            (b"new\nline\\", "$'new\\x0aline\\\\'"),
            (b"caf\xe9", "$'caf\\xe9'"),
        ] {
            assert_eq!(Quoted::new(OsStr::from_bytes(name)).to_string(), word);
        }
    }
}
