//! The failure catalogue: which of its cases a test names, and the list of those that none names yet.
//!
//! A case has an identifier such as K1. A test function whose name begins with `k1_` covers it. The list of uncovered
//! cases may only shrink, so coverage is never given up in silence.

use std::collections::BTreeSet;
use std::fmt;

use syn::visit::Visit;

use crate::source::{Source, is_test_mark};

/// The list, below the root.
pub const LIST: &str = "tests/catalogue/uncovered.txt";

/// The chapters of the catalogue and how many cases each has.
const CHAPTERS: &[(char, u8)] = &[
    ('A', 15),
    ('B', 14),
    ('C', 14),
    ('D', 22),
    ('E', 20),
    ('F', 14),
    ('G', 12),
    ('H', 20),
    ('I', 16),
    ('J', 8),
    ('K', 9),
];

/// One case; in the catalogue's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    chapter: char,
    number: u8,
}

impl Case {
    /// All cases.
    pub fn all() -> BTreeSet<Case> {
        let chapter =
            |&(chapter, count): &(char, u8)| (1..=count).map(move |number| Case { chapter, number });
        CHAPTERS.iter().flat_map(chapter).collect()
    }

    /// The case with exactly this identifier.
    fn parse(text: &str) -> Option<Case> {
        Case::all().into_iter().find(|case| case.to_string() == text)
    }

    /// The case that a test function of this name covers.
    fn of_test(name: &str) -> Option<Case> {
        let (identifier, _) = name.split_once('_')?;
        // Only lower case: an identifier in capitals would be no Rust function's name.
        let lower = identifier.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit());
        Case::parse(&identifier.to_ascii_uppercase()).filter(|_| lower)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.chapter, self.number)
    }
}

/// The cases that the file's test functions cover.
pub fn covered(source: &Source) -> BTreeSet<Case> {
    let mut finder = Tests::default();
    finder.visit_file(&source.tree);
    finder.names.iter().filter_map(|name| Case::of_test(name)).collect()
}

#[derive(Default)]
struct Tests {
    names: Vec<String>,
}

impl<'tree> Visit<'tree> for Tests {
    fn visit_item_fn(&mut self, function: &'tree syn::ItemFn) {
        if function.attrs.iter().any(is_test_mark) {
            self.names.push(function.sig.ident.to_string());
        }
        syn::visit::visit_item_fn(self, function);
    }
}

/// The cases of a list: one per line; lines that are empty or begin with `#` are for the reader.
///
/// # Errors
/// Lines that are no case, or a case again.
pub fn parse_list(text: &str) -> Result<BTreeSet<Case>, Vec<String>> {
    let mut cases = BTreeSet::new();
    let mut errors = Vec::new();
    for (line, number) in
        text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
    {
        match Case::parse(line) {
            None => errors.push(format!("{LIST}:{number}: `{line}` is no case of the catalogue.")),
            Some(case) if !cases.insert(case) => {
                errors.push(format!("{LIST}:{number}: {case} is there already."))
            }
            Some(_) => {}
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

/// Cases that are on the list though a test names them, and those that neither names.
pub fn disagreements(covered: &BTreeSet<Case>, list: &BTreeSet<Case>) -> Vec<String> {
    let both =
        list.intersection(covered).map(|case| format!("{LIST}: a test names {case} now: remove its line."));
    let all = Case::all();
    let neither = all.iter().filter(|case| !covered.contains(case) && !list.contains(case));
    let neither = neither
        .map(|case| format!("no test names {case} and the list does not have it: bring its test back."));
    both.chain(neither).collect()
}

/// Cases on the list that an older version of it did not have.
pub fn added(list: &BTreeSet<Case>, older: &BTreeSet<Case>, commit: &str) -> Vec<String> {
    list.difference(older)
        .map(|case| format!("{LIST}: {case} was not on it in {commit}: the list only shrinks."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::TextFile;

    fn cases(text: &str) -> BTreeSet<Case> {
        parse_list(&text.replace(' ', "\n")).expect("these are cases")
    }

    #[test]
    fn the_catalogue_has_164_cases_in_its_order() {
        let all: Vec<String> = Case::all().iter().map(Case::to_string).collect();
        assert_eq!(all.len(), 164);
        assert_eq!((all[1].as_str(), all[9].as_str(), all[163].as_str()), ("A2", "A10", "K9"));
    }

    #[test]
    fn a_test_covers_a_case_by_the_beginning_of_its_name() {
        let text = "#[test]\nfn k1_second_waits() {}\n#[test]\nfn k12_no_such() {}\nfn k2_helper() {}\n\
                    #[test]\nfn k3() {}\nmod inner {\n#[some::test]\nfn a10_deep() {}\n}\n";
        let file = TextFile { path: "a.rs".into(), text: text.into() };
        let found = covered(&Source::parse(&file).expect("it is Rust"));
        assert_eq!(found, cases("K1 A10"));
    }

    #[test]
    fn a_list_with_strangers_or_repetitions_is_refused() {
        let errors = parse_list("# A\nA1\nA99\n\nA1\na2\n").expect_err("three lines are wrong");
        assert_eq!(errors.len(), 3, "{errors:?}");
    }

    #[test]
    fn covered_cases_leave_the_list_and_uncovered_ones_stay() {
        let mut list = Case::all();
        list.remove(&Case { chapter: 'K', number: 1 });
        let found = disagreements(&cases("K2"), &list);
        assert_eq!(found.len(), 2);
        assert!(found[0].contains("K2") && found[1].contains("K1"), "{found:?}");
    }

    #[test]
    fn the_list_only_shrinks() {
        assert_eq!(added(&cases("A1"), &cases("A1 A2"), "HEAD"), Vec::<String>::new());
        assert_eq!(added(&cases("A1 A3"), &cases("A1 A2"), "HEAD").len(), 1);
    }
}
