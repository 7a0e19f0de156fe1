//! Dependencies point down, come from the table, and are explained.

use homesync_tests::dependencies::documented::undocumented;
use homesync_tests::dependencies::rules::{
    PRODUCT, arrows_that_point_up, impure, outside_the_table, refused_in_product, sans_io_packages,
};
use homesync_tests::dependencies::table::ROWS;
use homesync_tests::findings::expect_none;
use homesync_tests::metadata::{Packages, build_tree, runtime_tree};
use homesync_tests::repository::root;

#[test]
fn crates_use_only_what_their_row_names() {
    expect_none(&outside_the_table(&Packages::of_repository()));
}

#[test]
fn the_table_itself_points_down() {
    expect_none(&arrows_that_point_up(ROWS));
}

#[test]
fn nothing_refused_reaches_the_product() {
    expect_none(&refused_in_product(&build_tree(PRODUCT)));
}

#[test]
fn pure_crates_run_only_pure_crates() {
    let packages = sans_io_packages(&Packages::of_repository());
    assert!(!packages.is_empty(), "there are SANS-I/O crates");
    let found: Vec<String> =
        packages.iter().flat_map(|package| impure(package, &runtime_tree(package))).collect();
    expect_none(&found);
}

#[test]
fn every_direct_dependency_is_explained() {
    let page =
        std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("CONTRIBUTING.md is at the root");
    expect_none(&undocumented(&Packages::of_repository(), &page));
}
