//! The names of files while they are being filled.

use std::fmt::Write;

/// How a temporary name begins here.
const BEGINNING: &str = ".syncthing.";

/// How one begins on Windows. Files of both systems meet in one folder, so both count everywhere.
const WINDOWS_BEGINNING: &str = "~syncthing~";

const ENDING: &str = ".tmp";

/// A longer base name is replaced by its digest, so that beginning and ending still fit into 255 bytes, also on file systems
/// that encrypt names and so hold fewer.
const LONGEST_BASE: usize = 145;

/// The name beside the target under which a file is filled. `sha256` computes the digest: this crate has no cryptography.
pub fn temporary_name(base: &str, sha256: &dyn Fn(&[u8]) -> [u8; 32]) -> String {
    if base.len() <= LONGEST_BASE {
        return format!("{BEGINNING}{base}{ENDING}");
    }
    let mut name = BEGINNING.to_owned();
    for byte in sha256(base.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(name, "{byte:02x}");
    }
    name + ENDING
}

/// Whether a name, one part of a path, is temporary on any system: never scanned, never sent, never taken.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with(BEGINNING) || name.starts_with(WINDOWS_BEGINNING)
}

/// The same where the file system does not tell upper from lower case.
pub fn is_temporary_folded(name: &str) -> bool {
    [BEGINNING, WINDOWS_BEGINNING].into_iter().any(|beginning| {
        name.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FileSystemLimits, RelativePath, refused_by};

    /// No digest, but 32 bytes that show their order.
    fn digest(text: &[u8]) -> [u8; 32] {
        let mut bytes = [0xab; 32];
        bytes[0] = text[0];
        bytes
    }

    #[test]
    fn d9_a_temporary_name_fits_whatever_the_target_is_called() {
        for (length, hashed) in [(1, false), (145, false), (146, true), (255, true)] {
            let base = "n".repeat(length);
            let name = temporary_name(&base, &digest);
            let path = RelativePath::parse(&name).expect("a name");
            assert_eq!(refused_by(&path, FileSystemLimits::UNIX), None, "{length}");
            assert!(is_temporary(&name) && is_temporary_folded(&name));
            let expected = format!(".syncthing.6e{}.tmp", "ab".repeat(31));
            assert_eq!(name == expected, hashed, "{length}");
            assert_eq!(name.contains(&base), !hashed, "{length}");
        }
    }

    #[test]
    fn the_limit_counts_bytes_and_the_digest_takes_the_whole_name() {
        let base = "ä".repeat(73);
        let name = temporary_name(&base, &|bytes| {
            assert_eq!(bytes, base.as_bytes());
            [0; 32]
        });
        assert_eq!(name, format!(".syncthing.{}.tmp", "0".repeat(64)), "146 bytes in 73 characters");
    }

    #[test]
    fn both_beginnings_count_and_their_cases_where_names_fold() {
        for (name, exact, folded) in [
            (".syncthing.a.tmp", true, true),
            ("~syncthing~a", true, true),
            (".Syncthing.a", false, true),
            ("~SYNCTHING~", false, true),
            (".syncthing", false, false),
            ("a.syncthing.b", false, false),
            ("ääääää", false, false),
        ] {
            assert_eq!((is_temporary(name), is_temporary_folded(name)), (exact, folded), "{name}");
        }
    }
}
