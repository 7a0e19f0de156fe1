//! Sources, manifests and texts of the repository are written as CONTRIBUTING.md says.

use homesync_tests::findings::expect_none;
use homesync_tests::repository::{TextFile, files, root};
use homesync_tests::source::Source;
use homesync_tests::tidy::files::{clippy_files, lints_not_inherited, missing_in_architecture};
use homesync_tests::tidy::markers::unfinished;
use homesync_tests::tidy::platforms::scattered_platform_code;
use homesync_tests::tidy::shape::{long_file, long_functions, missing_opening};
use homesync_tests::tidy::test_habits::{ignored_without_reason, sleeping_tests};
use homesync_tests::tidy::words::banned_words;

/// Runs a rule over each Rust file.
fn in_sources(rule: impl Fn(&Source) -> Vec<String>) {
    let files = files(".rs");
    let check = |file: &TextFile| match Source::parse(file) {
        Ok(source) => rule(&source),
        Err(error) => vec![error],
    };
    expect_none(&files.iter().flat_map(check).collect::<Vec<_>>());
}

#[test]
fn files_are_short() {
    in_sources(long_file);
}

#[test]
fn functions_fit_in_the_eye() {
    in_sources(long_functions);
}

#[test]
fn files_say_what_they_are_first() {
    in_sources(missing_opening);
}

#[test]
fn production_code_is_finished() {
    in_sources(unfinished);
}

#[test]
fn systems_differ_in_one_place() {
    in_sources(scattered_platform_code);
}

#[test]
fn tests_wait_for_conditions_not_for_time() {
    in_sources(sleeping_tests);
}

#[test]
fn ignored_tests_say_why() {
    in_sources(ignored_without_reason);
}

#[test]
fn comments_use_none_of_the_banned_words() {
    in_sources(|source| banned_words(&source.file.path, &source.comments()));
}

#[test]
fn markdown_uses_none_of_the_banned_words() {
    let found: Vec<String> =
        files(".md").iter().flat_map(|file| banned_words(&file.path, &file.text)).collect();
    expect_none(&found);
}

#[test]
fn packages_inherit_the_lints() {
    expect_none(&lints_not_inherited(&files("Cargo.toml")));
}

#[test]
fn pure_crates_share_the_strict_bans() {
    expect_none(&clippy_files(&files("Cargo.toml"), &files("clippy.toml")));
}

#[test]
fn the_architecture_page_names_every_crate() {
    let page =
        std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is at the root");
    expect_none(&missing_in_architecture(&files("Cargo.toml"), &page));
}
