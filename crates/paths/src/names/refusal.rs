//! Names that the local file system cannot hold.

use crate::Shown;
use crate::relative::RelativePath;

/// What a file system can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystemLimits {
    /// The longest name in bytes.
    pub longest_name: usize,
    /// Whether the rules of Windows hold: on NTFS and FAT, and on shares of such machines.
    pub like_windows: bool,
}

impl FileSystemLimits {
    /// Linux and macOS on their own file systems.
    pub const UNIX: Self = Self { longest_name: 255, like_windows: false };
    /// Their drivers for file systems of Windows.
    pub const LIKE_WINDOWS: Self = Self { longest_name: 255, like_windows: true };
}

/// The first name in a path that cannot be here, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name `{}` {reason}", Shown::new(name))]
pub struct NameRefusal {
    /// The name: one part of the path.
    pub name: String,
    /// What is in the way.
    pub reason: RefusalReason,
}

/// Why a name cannot be here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// Too many bytes.
    #[error("is longer than the {longest} bytes that this file system holds")]
    TooLong {
        /// How many there may be.
        longest: usize,
    },
    /// A character with a meaning in paths or commands of Windows.
    #[error("has the character `{0}`, which this file system does not allow")]
    Character(char),
    /// A control character.
    #[error("has a control character, which this file system does not allow")]
    Control,
    /// The end would be dropped in silence.
    #[error("ends in a dot or a space, which this file system drops")]
    End,
    /// A device, whatever the extension.
    #[error("is the name of a device on this file system")]
    Device,
}

/// Why the local file system cannot hold a path, if it cannot. Elsewhere the same path may be fine, so that it is not wrong, only
/// not here.
pub fn refused_by(path: &RelativePath, limits: FileSystemLimits) -> Option<NameRefusal> {
    path.names().find_map(|name| {
        let reason = refused(name, limits)?;
        Some(NameRefusal { name: name.to_owned(), reason })
    })
}

fn refused(name: &str, limits: FileSystemLimits) -> Option<RefusalReason> {
    if name.len() > limits.longest_name {
        return Some(RefusalReason::TooLong { longest: limits.longest_name });
    }
    if !limits.like_windows {
        return None;
    }
    for character in name.chars() {
        match character {
            '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\' => {
                return Some(RefusalReason::Character(character));
            }
            '\0'..='\u{1f}' => return Some(RefusalReason::Control),
            _ => {}
        }
    }
    if name.ends_with(['.', ' ']) {
        return Some(RefusalReason::End);
    }
    is_device(name).then_some(RefusalReason::Device)
}

/// The part before the first dot decides, and spaces before that dot do not count.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    if ["CON", "PRN", "AUX", "NUL"].iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return true;
    }
    // Serial and printer ports have a number; the three superscripts are numbers too.
    let mut characters = stem.chars();
    let number = characters.next_back();
    let kind = characters.as_str();
    matches!(number, Some('0'..='9' | '¹' | '²' | '³'))
        && (kind.eq_ignore_ascii_case("COM") || kind.eq_ignore_ascii_case("LPT"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str, limits: FileSystemLimits) -> Option<RefusalReason> {
        refused_by(&RelativePath::parse(text).expect("a path"), limits).map(|refusal| refusal.reason)
    }

    #[test]
    fn d10_names_that_windows_cannot_hold_are_refused_only_there_and_with_the_reason() {
        let character = |character| Some(RefusalReason::Character(character));
        for (text, expected) in [
            ("a/CON", Some(RefusalReason::Device)),
            ("nul.txt/b", Some(RefusalReason::Device)),
            ("Aux .c", Some(RefusalReason::Device)),
            ("com1.tar.gz", Some(RefusalReason::Device)),
            ("LPT0", Some(RefusalReason::Device)),
            ("COM²", Some(RefusalReason::Device)),
            ("a./b", Some(RefusalReason::End)),
            ("a ", Some(RefusalReason::End)),
            ("12:30", character(':')),
            ("C:", character(':')),
            ("back\\slash", character('\\')),
            ("what?", character('?')),
            ("a\nb", Some(RefusalReason::Control)),
            ("COM", None),
            ("COM10", None),
            ("console", None),
            (" a.b", None),
        ] {
            assert_eq!(reason(text, FileSystemLimits::LIKE_WINDOWS), expected, "{text}");
            assert_eq!(reason(text, FileSystemLimits::UNIX), None, "{text}");
        }
        let path = RelativePath::parse("a/12:30").expect("a path");
        let refusal = refused_by(&path, FileSystemLimits::LIKE_WINDOWS).expect("it has a colon");
        assert_eq!(
            refusal.to_string(),
            "the name `12:30` has the character `:`, which this file system does not allow"
        );
    }

    #[test]
    fn d9_a_name_of_255_bytes_fits_and_one_more_does_not() {
        let longest = "ä".repeat(127) + "a";
        assert_eq!(longest.len(), 255);
        assert_eq!(reason(&longest, FileSystemLimits::UNIX), None);
        let too_long = Some(RefusalReason::TooLong { longest: 255 });
        assert_eq!(reason(&format!("b/{longest}a"), FileSystemLimits::UNIX), too_long);
        let encrypted = FileSystemLimits { longest_name: 143, like_windows: false };
        assert_eq!(reason(&longest, encrypted), Some(RefusalReason::TooLong { longest: 143 }));
    }
}
