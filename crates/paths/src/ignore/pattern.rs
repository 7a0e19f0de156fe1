//! One line as a pattern: its prefixes, where it applies, and the glob itself.

use super::error::Cause;
use super::glob::{self, Step};

/// A pattern with its text forms taken apart. What the format calls expansion (`foo` also means `foo/**`, `**/foo` and
/// `**/foo/**`) is kept as two facts instead, so that one pattern stays one thing to try.
#[derive(Debug)]
pub(super) struct Pattern {
    /// `!`: what it matches is not ignored.
    pub(super) negated: bool,
    /// `(?d)`: what it matches may be deleted when it is in the way.
    pub(super) deletable: bool,
    /// Compared in lower case.
    pub(super) fold: bool,
    /// Matched at the folder's root only, not at each depth.
    pub(super) rooted: bool,
    /// Matches only what is below the thing that the glob names, not the thing itself.
    pub(super) below_only: bool,
    /// The glob.
    pub(super) steps: Vec<Step>,
    /// Whether a directory that a later pattern ignores needs no look inside for this pattern's sake.
    pub(super) allows_skipping: bool,
}

impl Pattern {
    /// Reads a line that is neither empty, nor a comment, nor an instruction.
    pub(super) fn parse(line: &str, escape: char, fold_all: bool) -> Result<Self, Cause> {
        let prefixes = Prefixes::read(line);
        let fold = prefixes.fold || fold_all;
        if prefixes.rest.is_empty() {
            return Err(Cause::Nothing);
        }
        // First the end, then the beginning, as text: this order decides what `/` and `**/` mean.
        let ended = match prefixes.rest {
            rest if rest.ends_with("/**") => rest.to_owned(),
            rest if rest.ends_with('/') => format!("{rest}**"),
            rest => rest.to_owned(),
        };
        let (mut rooted, body) = match ended.strip_prefix('/') {
            Some(body) => (true, body),
            None => (false, ended.strip_prefix("**/").unwrap_or(&ended)),
        };
        let (below_only, glob) = match body.strip_suffix("/**") {
            Some(glob) => (true, glob),
            None => (false, body),
        };
        let allows_skipping = !prefixes.negated || (rooted && needs_one_level(glob, below_only));
        let steps = glob::parse(glob, escape, fold)?;
        // Whatever depth such a pattern could begin at, its own beginning reaches.
        rooted |= steps.first() == Some(&Step::AnyPath);
        let Prefixes { negated, deletable, .. } = prefixes;
        Ok(Self { negated, deletable, fold, rooted, below_only, steps, allows_skipping })
    }
}

/// Whether a rooted exception concerns only names directly in the root, or everything.
fn needs_one_level(glob: &str, below_only: bool) -> bool {
    let everything = glob == "**" && !below_only;
    everything || !(glob.contains('/') || glob.contains("**"))
}

struct Prefixes<'line> {
    negated: bool,
    deletable: bool,
    fold: bool,
    rest: &'line str,
}

impl<'line> Prefixes<'line> {
    /// In any order, each at most once: a second one is text.
    fn read(line: &'line str) -> Self {
        let mut read = Self { negated: false, deletable: false, fold: false, rest: line };
        loop {
            let (flag, rest) = if let Some(rest) = read.rest.strip_prefix('!') {
                (&mut read.negated, rest)
            } else if let Some(rest) = read.rest.strip_prefix("(?i)") {
                (&mut read.fold, rest)
            } else if let Some(rest) = read.rest.strip_prefix("(?d)") {
                (&mut read.deletable, rest)
            } else {
                return read;
            };
            if *flag {
                return read;
            }
            *flag = true;
            read.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(line: &str) -> Pattern {
        Pattern::parse(line, '\\', false).expect("a pattern")
    }

    #[test]
    fn prefixes_come_in_any_order_and_once() {
        let all = pattern("(?d)!(?i)a");
        assert!(all.negated && all.deletable && all.fold);
        assert_eq!(pattern("!!a").steps, [Step::Literal('!'), Step::Literal('a')]);
        for line in ["!", "(?d)", "(?i)(?d)!"] {
            assert_eq!(Pattern::parse(line, '\\', false).expect_err("nothing is left"), Cause::Nothing);
        }
    }

    #[test]
    fn ends_say_where_a_pattern_applies() {
        for (line, rooted, below_only) in [
            ("a", false, false),
            ("/a", true, false),
            ("a/", false, true),
            ("/a/", true, true),
            ("a/**", false, true),
            ("**/a", false, false),
            ("/", true, false),
            ("/**", true, false),
            ("**", true, false),
            ("**/", true, false),
            ("/**/", true, true),
        ] {
            let read = pattern(line);
            assert_eq!((read.rooted, read.below_only), (rooted, below_only), "{line}");
        }
    }

    #[test]
    fn only_simple_exceptions_let_directories_be_skipped() {
        for (line, expected) in [
            ("a", true),
            ("!/a", true),
            ("!/a*", true),
            ("!/a/", true),
            ("!/a/**", true),
            ("!/**", true),
            ("!a", false),
            ("!**", false),
            ("!/a/b", false),
            ("!/**.mp3", false),
            ("!/**/", false),
        ] {
            assert_eq!(pattern(line).allows_skipping, expected, "{line}");
        }
    }
}
