//! A path that cannot leave its root.

use std::fmt;
use unicode_normalization::is_nfc;

/// A path below a root: one or more names joined by `/`, none of them empty, `.`, or `..`, without NUL, in Unicode's composed form.
///
/// Holding one is the proof that joining it to a root stays below that root as far as names can tell. Symbolic links are the file
/// system's side of the same promise and are kept by whoever opens the path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(Box<str>);

/// Why a text is not a [`RelativePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RelativePathError {
    /// Nothing was given: that would name the root itself.
    #[error("the path is empty")]
    Empty,
    /// It starts with `/` and so names a place outside of every root.
    #[error("the path is absolute")]
    Absolute,
    /// Two slashes in a row, or one at the end.
    #[error("the path has an empty part (`//` or a `/` at the end)")]
    EmptyName,
    /// A part is `.` or `..`.
    #[error("the path has a part that is `.` or `..`")]
    DotName,
    /// A part holds the NUL character, which no file system can store.
    #[error("the path holds a NUL character")]
    Nul,
    /// The same name could be spelled in another sequence of characters, and two spellings must not become two files.
    #[error("the path is not in Unicode's composed form (NFC)")]
    NotComposed,
}

impl RelativePath {
    /// Accepts `text` only when it is already in the one permitted spelling; nothing is repaired, because a repaired name is a
    /// different name from the one that the other side meant.
    pub fn parse(text: &str) -> Result<Self, RelativePathError> {
        if text.is_empty() {
            return Err(RelativePathError::Empty);
        }
        if text.starts_with('/') {
            return Err(RelativePathError::Absolute);
        }
        for name in text.split('/') {
            match name {
                "" => return Err(RelativePathError::EmptyName),
                "." | ".." => return Err(RelativePathError::DotName),
                _ if name.contains('\0') => return Err(RelativePathError::Nul),
                _ => {}
            }
        }
        if !is_nfc(text) {
            return Err(RelativePathError::NotComposed);
        }
        Ok(Self(text.into()))
    }

    /// The path as it travels: names joined by `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names from the root down. There is always at least one.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last name.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory that holds this path, or nothing when that is the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// Whether `self` is `other` or lies somewhere below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Debug for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arbtest::arbtest;

    #[test]
    fn ordinary_paths_are_kept_as_they_are() {
        for text in
            ["a", "a/b", "src/main.rs", ".hidden", "...", "a b", "ä/ö", "back\\slash", "new\nline", "C:"]
        {
            assert_eq!(RelativePath::parse(text).map(|path| path.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn whatever_could_leave_the_root_or_name_a_file_twice_is_refused() {
        for (text, expected) in [
            ("", RelativePathError::Empty),
            ("/", RelativePathError::Absolute),
            ("/etc/passwd", RelativePathError::Absolute),
            ("//a", RelativePathError::Absolute),
            ("a//b", RelativePathError::EmptyName),
            ("a/", RelativePathError::EmptyName),
            (".", RelativePathError::DotName),
            ("./a", RelativePathError::DotName),
            ("a/./b", RelativePathError::DotName),
            ("..", RelativePathError::DotName),
            ("a/../../b", RelativePathError::DotName),
            ("a/..", RelativePathError::DotName),
            ("a\0b", RelativePathError::Nul),
            ("a\u{308}", RelativePathError::NotComposed),
        ] {
            assert_eq!(RelativePath::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn parts_of_a_path() {
        let path = RelativePath::parse("a/b/c").expect("a plain path");
        assert_eq!(path.name(), "c");
        assert_eq!(path.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        let parent = path.parent().expect("c has a parent");
        assert_eq!(parent.as_str(), "a/b");
        assert_eq!(parent.parent().and_then(|parent| parent.parent()), None);
        assert!(path.is_at_or_below(&parent) && path.is_at_or_below(&path));
        assert!(!parent.is_at_or_below(&path));
        let sibling = RelativePath::parse("a/bc").expect("a plain path");
        assert!(!sibling.is_at_or_below(&parent), "a shared beginning of a name is no parent");
        assert_eq!(format!("{path:?}"), "\"a/b/c\"");
    }

    /// The fence as a property: joined by the standard library's own rules, an accepted path always stays below its root.
    #[test]
    fn an_accepted_path_stays_below_every_root() {
        arbtest(|input| {
            let alphabet = ['a', '.', '/', '\0', '\\', 'ä', '\u{308}', ' '];
            let length = input.int_in_range(0..=12)?;
            let mut text = String::new();
            for _ in 0..length {
                text.push(*input.choose(&alphabet)?);
            }
            if let Ok(path) = RelativePath::parse(&text) {
                let components: Vec<_> = std::path::Path::new(path.as_str()).components().collect();
                assert!(
                    components.iter().all(|part| matches!(part, std::path::Component::Normal(_))),
                    "{text:?}"
                );
                assert_eq!(components.len(), path.names().count(), "{text:?} has one spelling");
                assert_eq!(RelativePath::parse(path.as_str()), Ok(path));
            }
            Ok(())
        });
    }
}
