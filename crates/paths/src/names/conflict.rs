//! The names of conflict copies.

use crate::relative::RelativePath;

/// What a copy is recognised by.
const MARK: &str = ".sync-conflict-";

/// `YYYYMMDD-HHMMSS`.
const DATE_LENGTH: usize = 15;

/// The seven letters of a short device id.
const SHORT_LENGTH: usize = 7;

/// The longest name that file systems hold, in bytes.
const LONGEST_NAME: usize = 255;

const GIT: &str = ".git";
const GIT_COPIES: &str = "sync-conflicts";

/// The copies of one file: what their names begin and end with, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConflictStem {
    /// The directory that holds the copies, or nothing for the root.
    pub directory: Option<RelativePath>,
    /// The beginning of their names, up to the date.
    pub prefix: String,
    /// The end of their names: the extension with its dot, or nothing.
    pub suffix: String,
}

impl ConflictStem {
    /// Whether a name in that directory is a copy of the file. The date behind the prefix must be one, so that names sort by it.
    pub fn is_copy(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&self.prefix) else { return false };
        rest.strip_suffix(&self.suffix).is_some_and(begins_with_date)
    }
}

/// The path of a conflict copy: `STEM.sync-conflict-DATE-SHORT.EXTENSION`, the extension from the last dot of the name. `date` is
/// `YYYYMMDD-HHMMSS` in local time, `short` the short id of the device that made the winning version.
///
/// A name that would be too long loses the end of its stem. Something of the name may be there already, so the copy must be put
/// there without replacing. In a git repository the copy goes to `.git/sync-conflicts/`: beside the
/// original it would be taken for a branch or an object with a broken name, and git would stop working there.
pub fn conflict_name(path: &RelativePath, date: &str, short: &str) -> RelativePath {
    let mark = format!("{}-{}", harmless(date, DATE_LENGTH), harmless(short, SHORT_LENGTH));
    let ConflictStem { directory, prefix, suffix } = conflict_stem(path);
    let name = format!("{prefix}{mark}{suffix}");
    RelativePath::beside(directory.as_ref(), &name)
}

/// The file of which this is a conflict copy, and the short id of the machine that made what stands there, if it is the path of a copy. The name of
/// a file whose name is very long was cut, and is not found.
pub fn original_of(copy: &RelativePath) -> Option<(RelativePath, &str)> {
    let name = copy.name();
    let (at, _) =
        name.match_indices(MARK).filter(|(at, mark)| begins_with_date(&name[at + mark.len()..])).last()?;
    let rest = name.get(at + MARK.len() + DATE_LENGTH..)?.strip_prefix('-')?;
    let short = rest.get(..SHORT_LENGTH)?;
    let original = format!("{}{}", &name[..at], &rest[SHORT_LENGTH..]);
    let parent = copy.parent();
    let names: Option<Vec<&str>> = parent.as_ref().map(|parent| parent.names().collect());
    let directory = match names {
        Some(mut names) if names.windows(2).any(|two| two == [GIT, GIT_COPIES]) => {
            let git = names.windows(2).position(|two| two == [GIT, GIT_COPIES])?;
            names.remove(git + 1);
            Some(RelativePath::of_names(&names))
        }
        _ => parent,
    };
    if original.is_empty() {
        None
    } else {
        Some((RelativePath::beside(directory.as_ref(), &original), short))
    }
}

/// Whether a name, the last part of a path, is that of a conflict copy.
pub fn is_conflict_name(name: &str) -> bool {
    name.match_indices(MARK).any(|(at, mark)| begins_with_date(&name[at + mark.len()..]))
}

/// Where the copies of a file are and what they are called.
pub fn conflict_stem(path: &RelativePath) -> ConflictStem {
    let name = path.name();
    let (stem, extension) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    let room = LONGEST_NAME - MARK.len() - DATE_LENGTH - "-".len() - SHORT_LENGTH;
    let suffix = cut(extension, room);
    let stem = cut(stem, room - suffix.len());
    ConflictStem {
        directory: directory_of_copies(path),
        prefix: format!("{stem}{MARK}"),
        suffix: suffix.to_owned(),
    }
}

/// The original's directory or, inside a git repository, the place where git looks for nothing.
fn directory_of_copies(path: &RelativePath) -> Option<RelativePath> {
    let parent = path.parent()?;
    let names: Vec<&str> = parent.names().collect();
    match names.iter().position(|name| *name == GIT) {
        // A copy of a copy stays where the copies are.
        Some(git) if names.get(git + 1) != Some(&GIT_COPIES) => {
            let mut moved = names;
            moved.insert(git + 1, GIT_COPIES);
            Some(RelativePath::of_names(&moved))
        }
        _ => Some(parent),
    }
}

fn begins_with_date(text: &str) -> bool {
    let date = text.as_bytes().get(..DATE_LENGTH).unwrap_or_default();
    date.len() == DATE_LENGTH
        && date
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 8 { *byte == b'-' } else { byte.is_ascii_digit() })
}

/// As much of the text as fits, in whole characters. What begins a text in composed form is in composed form itself.
fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}

/// Date and id come from our own formatting. Whatever else were to come, the name stays one name of bounded length.
fn harmless(text: &str, longest: usize) -> String {
    let safe = |character: char| {
        if character.is_ascii_alphanumeric() || character == '-' { character } else { '_' }
    };
    text.chars().map(safe).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_leads_back_to_its_original() {
        for original in
            ["a.txt", "a", "d/.hidden", "d/archive.tar.gz", "r/.git/refs/heads/main", "ünï/cödé.md"]
        {
            let path = RelativePath::parse(original).unwrap();
            let copy = conflict_name(&path, "20260102-030405", "ABCDEFG");
            assert_eq!(original_of(&copy), Some((path, "ABCDEFG")), "{}", copy.as_str());
        }
        for none in ["a.txt", "a.sync-conflict-2026.txt", "a.sync-conflict-20260102-030405", "x/y"] {
            assert_eq!(original_of(&RelativePath::parse(none).unwrap()), None, "{none}");
        }
    }
    use crate::{FileSystemLimits, refused_by};

    const DATE: &str = "20261120-235956";

    fn copy(text: &str) -> String {
        let path = RelativePath::parse(text).expect("a plain path");
        let copy = conflict_name(&path, DATE, "CERDGRC");
        assert!(is_conflict_name(copy.name()), "{copy:?}");
        assert_eq!(RelativePath::parse(copy.as_str()).as_ref(), Ok(&copy), "it is a path like any other");
        let stem = conflict_stem(&path);
        assert!(stem.is_copy(copy.name()), "{stem:?}");
        assert_eq!(stem.directory, copy.parent());
        copy.as_str().to_owned()
    }

    #[test]
    fn the_mark_stands_before_the_last_extension() {
        for (original, expected) in [
            ("c1.txt", "c1.sync-conflict-20261120-235956-CERDGRC.txt"),
            ("d/c5.tar.gz", "d/c5.tar.sync-conflict-20261120-235956-CERDGRC.gz"),
            (".chidden", ".sync-conflict-20261120-235956-CERDGRC.chidden"),
            ("Makefile", "Makefile.sync-conflict-20261120-235956-CERDGRC"),
            ("d.e/f", "d.e/f.sync-conflict-20261120-235956-CERDGRC"),
            ("end.", "end.sync-conflict-20261120-235956-CERDGRC."),
        ] {
            assert_eq!(copy(original), expected);
        }
    }

    #[test]
    fn in_a_repository_copies_stay_out_of_gits_sight() {
        for (original, expected) in [
            (".git/HEAD", ".git/sync-conflicts/HEAD"),
            ("a/.git/refs/heads/main", "a/.git/sync-conflicts/refs/heads/main"),
            (".git/sync-conflicts/HEAD", ".git/sync-conflicts/HEAD"),
            ("a/.git", "a/.git"),
            (".gitignore", ".gitignore"),
        ] {
            let copied = copy(original);
            let directory = RelativePath::parse(expected).expect("a path").parent();
            assert_eq!(RelativePath::parse(&copied).expect("a path").parent(), directory, "{original}");
        }
        assert_eq!(
            copy(".git/refs/heads/v1.2"),
            ".git/sync-conflicts/refs/heads/v1.sync-conflict-20261120-235956-CERDGRC.2"
        );
    }

    #[test]
    fn d9_a_copy_of_the_longest_name_fits() {
        for original in
            ["ä".repeat(127), "ä".repeat(124) + ".jpeg", format!(".{}", "é".repeat(127)), "a.".repeat(127)]
        {
            let path = RelativePath::parse(&copy(&original)).expect("a path");
            assert_eq!(refused_by(&path, FileSystemLimits::UNIX), None, "{original}");
        }
        assert!(copy(&("ä".repeat(124) + ".jpeg")).ends_with(".jpeg"), "the extension stays");
    }

    #[test]
    fn only_copies_of_this_file_are_listed() {
        let stem = conflict_stem(&RelativePath::parse("a.txt").expect("a path"));
        for (name, expected) in [
            ("a.sync-conflict-20261120-235956-CERDGRC.txt", true),
            ("a.sync-conflict-20261120-235956.txt", true),
            ("a.sync-conflict-20261120-235956-CERDGRC.md", false),
            ("aa.sync-conflict-20261120-235956-CERDGRC.txt", false),
            ("a.sync-conflict-notes.txt", false),
            ("a.txt", false),
        ] {
            assert_eq!(stem.is_copy(name), expected, "{name}");
        }
        assert!(!is_conflict_name("a.sync-conflict-2026112x-235956-CERDGRC.txt"));
        assert!(is_conflict_name("a.sync-conflict-x.sync-conflict-20261120-235956-CERDGRC"));
    }

    #[test]
    fn a_date_that_is_none_still_makes_one_name() {
        let path = RelativePath::parse("a/b").expect("a path");
        assert_eq!(conflict_name(&path, "../..", "a/b").as_str(), "a/b.sync-conflict-_____-a_b");
    }
}
