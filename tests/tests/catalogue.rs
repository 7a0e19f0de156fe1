//! The list of catalogue cases that no test names yet is right, and only shrinks.

use std::collections::BTreeSet;

use homesync_tests::catalogue::{Case, LIST, added, covered, disagreements, parse_list};
use homesync_tests::findings::expect_none;
use homesync_tests::repository::{file_at, files, root};
use homesync_tests::source::Source;

fn list() -> BTreeSet<Case> {
    let text = std::fs::read_to_string(root().join(LIST)).expect("the list is in the repository");
    parse_list(&text).unwrap_or_else(|errors| panic!("{}", errors.join("\n")))
}

#[test]
fn each_case_is_named_by_a_test_or_listed() {
    let sources = files(".rs");
    let covered =
        sources.iter().filter_map(|file| Source::parse(file).ok()).flat_map(|source| covered(&source));
    expect_none(&disagreements(&covered.collect(), &list()));
}

#[test]
fn the_list_has_grown_since_no_commit() {
    // The last commit for work in progress; the one before it for a commit just made. A commit or a list that does not
    // exist yet, or that a shallow clone lacks, has nothing to compare with.
    for commit in ["HEAD", "HEAD~1"] {
        if let Some(older) = file_at(commit, LIST).and_then(|text| parse_list(&text).ok()) {
            expect_none(&added(&list(), &older, commit));
        }
    }
}
