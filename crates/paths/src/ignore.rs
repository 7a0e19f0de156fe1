//! Which paths a folder leaves out: the `.stignore` list, compiled once and asked for each path.
//!
//! The format is the one of Syncthing 2: a list that works there says the same here. Where the two differ it is because that
//! program's glob library does something other than what the pattern says (`{foo*,bar}` in a subdirectory);
//! `tests/ignore_cases.rs` names each such case.

mod automaton;
mod component;
mod error;
mod glob;
mod index;
mod lines;
mod lower;
mod pattern;

pub use error::{Cause, IgnoreError};

use crate::names::control;
use crate::relative::RelativePath;
use index::{Index, Place, Rule};
use lines::{Lines, ROOT};
use lower::Programs;
use pattern::Pattern;

/// What the list says about one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Neither announced nor taken from others.
    pub ignored: bool,
    /// May be deleted when it is in the way of removing its directory. Never true for a path that is not ignored.
    pub deletable: bool,
    /// If this is a directory, it need not be read: no exception in the list makes it worth a look inside. What was not read is not
    /// gone: by the rules of the format `!/a/**` before `*` lets `/a` be skipped, and yet nothing below it is ignored.
    pub may_skip_directory: bool,
}

/// The line that decided about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// `.stignore`, or the path of an included file seen from the folder's root. Empty for a rule that is built in.
    pub file: String,
    /// The line in that file, from 1; 0 for a rule that is built in.
    pub line: u32,
    /// The pattern as it is written, or what the built-in rule is about.
    pub text: String,
}

/// How to read a list where systems differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileOptions {
    /// Compare all patterns without regard to case, as is done where the file system does so.
    pub fold_case: bool,
    /// The escape of files that set none. The backslash always is one too.
    pub escape: char,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self { fold_case: false, escape: '\\' }
    }
}

/// A compiled list.
#[derive(Debug)]
pub struct IgnoreRules {
    exact: Tables,
    folded: Tables,
    sources: Vec<Source>,
    files: Vec<String>,
    /// The first exception that makes ignored directories worth a look inside.
    first_that_looks_inside: Rule,
    fold_case: bool,
}

/// Patterns by where they are tried.
#[derive(Debug, Default)]
struct Tables {
    at_root: Index,
    at_each_name: Index,
}

/// Where a pattern comes from and what it means when it matches.
#[derive(Debug)]
struct Source {
    negated: bool,
    deletable: bool,
    file: usize,
    line: u32,
    text: Box<str>,
}

impl IgnoreRules {
    /// Compiles the text of the root list. `include` gives the text of an included file by its path seen from the folder's root,
    /// which may leave it by `..`, or says why it cannot be read.
    ///
    /// # Errors
    /// The first thing that is wrong with the list or a file that it includes. Nothing may be scanned or taken over then.
    pub fn compile(
        text: &str,
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, IgnoreError> {
        Self::compile_with(CompileOptions::default(), text, include)
    }

    /// The same, with a say in how it is read.
    ///
    /// # Errors
    /// As [`IgnoreRules::compile`].
    pub fn compile_with(
        options: CompileOptions,
        text: &str,
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, IgnoreError> {
        let lines = Lines::read(text, options.escape, include)?;
        let mut rules = Self { files: lines.files, fold_case: options.fold_case, ..Self::empty() };
        for (line, rule) in lines.patterns.into_iter().zip(0..) {
            let pattern =
                Pattern::parse(&line.text, line.escape, options.fold_case).map_err(|cause| IgnoreError {
                    file: rules.files[line.file].clone(),
                    line: line.number,
                    text: line.text.clone(),
                    cause,
                })?;
            rules.add(rule, &pattern);
            let Pattern { negated, deletable, .. } = pattern;
            let source =
                Source { negated, deletable, file: line.file, line: line.number, text: line.text.into() };
            rules.sources.push(source);
        }
        Ok(rules)
    }

    /// A list without patterns. Only what is always left out is ignored.
    pub fn empty() -> Self {
        Self {
            exact: Tables::default(),
            folded: Tables::default(),
            sources: Vec::new(),
            files: vec![ROOT.to_owned()],
            first_that_looks_inside: Rule::MAX,
            fold_case: false,
        }
    }

    fn add(&mut self, rule: Rule, pattern: &Pattern) {
        let tables = if pattern.fold { &mut self.folded } else { &mut self.exact };
        let programs = Programs::of(pattern);
        programs.rooted.into_iter().for_each(|program| tables.at_root.add(rule, program));
        programs.anywhere.into_iter().for_each(|program| tables.at_each_name.add(rule, program));
        if !pattern.allows_skipping {
            self.first_that_looks_inside = self.first_that_looks_inside.min(rule);
        }
    }

    /// Decides about a path. The first pattern that matches does; without one the path is not ignored. Control names always are.
    pub fn decide(&self, path: &RelativePath) -> Verdict {
        if self.is_built_in(path) {
            return Verdict { ignored: true, deletable: false, may_skip_directory: true };
        }
        let kept = Verdict { ignored: false, deletable: false, may_skip_directory: false };
        let Some((rule, source)) = self.deciding(path) else { return kept };
        if source.negated {
            return kept;
        }
        Verdict {
            ignored: true,
            deletable: source.deletable,
            may_skip_directory: rule < self.first_that_looks_inside,
        }
    }

    /// The line that decided about a path, also when it decided to keep it; nothing when no line did.
    pub fn explain(&self, path: &RelativePath) -> Option<Explanation> {
        if self.is_built_in(path) {
            let text = "names that homesync keeps for itself".to_owned();
            return Some(Explanation { file: String::new(), line: 0, text });
        }
        let (_, source) = self.deciding(path)?;
        let file = self.files[source.file].clone();
        Some(Explanation { file, line: source.line, text: source.text.clone().into() })
    }

    /// How many patterns there are, without repeated lines, comments and instructions.
    pub fn pattern_count(&self) -> usize {
        self.sources.len()
    }

    fn is_built_in(&self, path: &RelativePath) -> bool {
        if self.fold_case { control::is_control_path_folded(path) } else { control::is_control_path(path) }
    }

    fn deciding(&self, path: &RelativePath) -> Option<(Rule, &Source)> {
        let mut best = Rule::MAX;
        self.exact.search(path.as_str(), &mut best);
        if !self.folded.is_empty() {
            self.folded.search(&lower(path.as_str()), &mut best);
        }
        Some((best, self.sources.get(best as usize)?))
    }
}

impl Tables {
    fn is_empty(&self) -> bool {
        self.at_root.is_empty() && self.at_each_name.is_empty()
    }

    /// Lowers `best` to the first pattern that matches, if it comes before `best`.
    fn search(&self, path: &str, best: &mut Rule) {
        let mut begin = 0;
        loop {
            let length = path.as_bytes()[begin..].iter().position(|byte| *byte == b'/');
            let end = length.map_or(path.len(), |length| begin + length);
            let place = Place { path, begin, end };
            if begin == 0 {
                self.at_root.search(place, best);
            }
            self.at_each_name.search(place, best);
            if end == path.len() {
                return;
            }
            begin = end + 1;
        }
    }
}

/// The path in lower case, as patterns that fold are.
fn lower(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.chars().map(glob::lower).collect()
}
