//! A path that cannot leave its root.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use unicode_normalization::is_nfc;

/// A path below a root: one or more names joined by `/`, none of them empty, `.`, or `..`, without NUL, in Unicode's composed form.
///
/// Holding one is the proof that joining it to a root stays below that root as far as names can tell. Symbolic links are the file
/// system's side of the same promise and are kept by whoever opens the path.
///
/// A clone shares the text. The order is that of the text's bytes. In it a directory comes before what is below it, and all that is
/// below it is one block; siblings may stand between the two, because a few characters sort before `/` (`a`, `a-b`, `a/b`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(Arc<str>);

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
    /// The bytes are no text. All names that travel are UTF-8.
    #[error("the path is not UTF-8")]
    NotUtf8,
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

    /// The same for bytes that a peer sent.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, RelativePathError> {
        Self::parse(str::from_utf8(bytes).map_err(|_| RelativePathError::NotUtf8)?)
    }

    /// What lies below this path at `below`, one name or several. It is read as by [`RelativePath::parse`].
    pub fn join(&self, below: &str) -> Result<Self, RelativePathError> {
        // No character composes with a slash, so both parts being in composed form is enough.
        Self::parse(below).map(|below| Self::beside(Some(self), below.as_str()))
    }

    /// A name in a directory or in the root. The caller knows that it is one.
    pub(crate) fn beside(directory: Option<&Self>, name: &str) -> Self {
        Self(match directory {
            Some(directory) => [directory.as_str(), "/", name].concat().into(),
            None => name.into(),
        })
    }

    /// Names that come from paths, in another order or number.
    pub(crate) fn of_names(names: &[&str]) -> Self {
        Self(names.join("/").into())
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

    /// How many names there are: 1 for what is directly in the root.
    pub fn depth(&self) -> usize {
        self.names().count()
    }

    /// The directories that hold this path, from the nearest one up to the one in the root.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// The path itself, and the directories that hold it.
    pub fn at_or_above(&self) -> impl Iterator<Item = Self> {
        std::iter::once(self.clone()).chain(self.ancestors())
    }

    /// What a map has below this path, without looking at the rest of it.
    pub fn keys_below<'m, V>(&self, map: &'m BTreeMap<Self, V>) -> impl Iterator<Item = &'m Self> {
        let prefix = format!("{}/", self.as_str());
        let from = map.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from.map(|(key, _)| key).take_while(move |key| key.as_str().starts_with(&prefix))
    }

    /// The rest of the path below `directory`, or nothing when it is not below it.
    pub fn strip_prefix(&self, directory: &Self) -> Option<Self> {
        let rest = self.0.strip_prefix(&*directory.0)?.strip_prefix('/')?;
        Some(Self(rest.into()))
    }

    /// Whether `self` is `other` or lies somewhere below it.
    pub fn is_at_or_below(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Paths are ordered as their texts are, so a map can be asked for a range of texts: all paths below `a` begin with `a/`.
impl Borrow<str> for RelativePath {
    fn borrow(&self) -> &str {
        &self.0
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

    #[test]
    fn what_is_below_a_path_is_one_piece_of_a_map() {
        let path = |text: &str| RelativePath::parse(text).expect("a plain path");
        let map = ["a", "a-b", "a/b", "a/b/c", "ab", "b/a"].map(|text| (path(text), ())).into();
        let below: Vec<&str> = path("a").keys_below(&map).map(RelativePath::as_str).collect();
        assert_eq!(below, ["a/b", "a/b/c"]);
        assert_eq!(path("a/b/c").keys_below(&map).count(), 0);
    }

    #[test]
    fn d1_a_hostile_name_never_becomes_a_path() {
        use RelativePathError::{Absolute, DotName, Empty, EmptyName, NotComposed, NotUtf8, Nul};
        for (bytes, expected) in [
            (&b".."[..], Err(DotName)),
            (b"a/../b", Err(DotName)),
            (b"/etc/passwd", Err(Absolute)),
            (b"a//b", Err(EmptyName)),
            (b"./a", Err(DotName)),
            (b"", Err(Empty)),
            (b".", Err(DotName)),
            (b"a\0", Err(Nul)),
            (b"a/", Err(EmptyName)),
            (b"caf\xe9", Err(NotUtf8)),
            (b"\xc0\xae\xc0\xae/a", Err(NotUtf8)),
            ("e\u{301}".as_bytes(), Err(NotComposed)),
            // Ordinary names on Unix; only file systems like those of Windows refuse them.
            (b"C:\\Windows", Ok("C:\\Windows")),
            (b"C:/Windows", Ok("C:/Windows")),
            (b"..\\..\\a", Ok("..\\..\\a")),
            (b"\\\\server\\share", Ok("\\\\server\\share")),
        ] {
            let parsed = RelativePath::from_wire(bytes);
            assert_eq!(parsed.as_ref().map(RelativePath::as_str), expected.as_ref().copied(), "{bytes:?}");
            if let Ok(path) = parsed {
                assert!(
                    crate::refused_by(&path, crate::FileSystemLimits::LIKE_WINDOWS).is_some(),
                    "{path:?}"
                );
                assert_eq!(crate::refused_by(&path, crate::FileSystemLimits::UNIX), None);
            }
        }
    }

    #[test]
    fn paths_are_joined_and_taken_apart() {
        let path = RelativePath::parse("a/b").expect("a plain path");
        let joined = path.join("c/d").expect("plain names");
        assert_eq!((joined.as_str(), joined.depth()), ("a/b/c/d", 4));
        assert_eq!(joined.strip_prefix(&path).expect("it is below").as_str(), "c/d");
        assert_eq!(path.strip_prefix(&path), None);
        let above: Vec<String> = joined.ancestors().map(|path| path.as_str().to_owned()).collect();
        assert_eq!(above, ["a/b/c", "a/b", "a"]);
        let with_itself: Vec<String> = joined.at_or_above().map(|path| path.as_str().to_owned()).collect();
        assert_eq!(with_itself, ["a/b/c/d", "a/b/c", "a/b", "a"]);
        for (below, expected) in [
            ("", RelativePathError::Empty),
            ("/c", RelativePathError::Absolute),
            ("../c", RelativePathError::DotName),
            ("c/", RelativePathError::EmptyName),
        ] {
            assert_eq!(path.join(below), Err(expected));
        }
    }

    #[test]
    fn what_is_below_a_directory_is_one_block() {
        let mut paths = ["a0", "a/b/c", "a-b", "a", "a/b", "a/z"]
            .map(|text| RelativePath::parse(text).expect("a plain path"));
        paths.sort();
        assert_eq!(paths.each_ref().map(RelativePath::as_str), ["a", "a-b", "a/b", "a/b/c", "a/z", "a0"]);
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
