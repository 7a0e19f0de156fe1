//! The rules over the dependency tree. Each takes the packages, so that a planted tree can be tried.

use std::collections::BTreeSet;

use super::table::{REFUSED, ROWS, Row, SANS_IO, SANS_IO_TREE, WORKSHOP};
use crate::metadata::{Package, Packages, Purpose};

/// The name of the product's package.
pub const PRODUCT: &str = "homesync";

/// Our packages without a row, and dependencies that a package's row does not name.
pub fn outside_the_table(packages: &Packages) -> Vec<String> {
    let ours: BTreeSet<&str> = packages.ours().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages.ours().filter(|package| !WORKSHOP.contains(&package.name.as_str())) {
        match row(&package.name) {
            None => findings.push(format!("{}: has no row in the table of crates.", package.name)),
            Some(row) => findings.extend(refused_by(row, package, &ours)),
        }
    }
    findings
}

fn refused_by(row: &Row, package: &Package, ours: &BTreeSet<&str>) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, purpose) in &package.declared {
        let allowed = if ours.contains(name.as_str()) { row.ours } else { row.others };
        if *purpose == Purpose::Normal && !allowed.contains(&short(name)) {
            findings.push(format!("{} must not depend on {name}: its row does not name it.", package.name));
        }
    }
    findings
}

fn row(package: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == short(package))
}

/// The directory's name: packages of ours carry the product's name in front.
fn short(package: &str) -> &str {
    package.strip_prefix("homesync-").unwrap_or(package)
}

/// Crates in the product that must not be there: refused ones, and those of the workshop.
pub fn refused_in_product(tree: &BTreeSet<String>) -> Vec<String> {
    if tree.is_empty() {
        return vec![format!("there is no package `{PRODUCT}`, so nothing was checked.")];
    }
    let refused = REFUSED.iter().filter(|(name, _)| tree.contains(*name));
    let refused = refused.map(|(name, reason)| format!("{name} is in the product: {reason}."));
    let workshop = WORKSHOP.iter().filter(|name| tree.contains(**name));
    refused
        .chain(workshop.map(|name| format!("{name} is in the product: it is for the work on it only.")))
        .collect()
}

/// SANS-I/O crates that exist, as packages.
pub fn sans_io_packages(packages: &Packages) -> Vec<String> {
    let is_pure = |package: &&Package| SANS_IO.contains(&short(&package.name));
    packages.ours().filter(is_pure).map(|package| package.name.clone()).collect()
}

/// Crates that run inside the SANS-I/O package but are not known to be harmless.
pub fn impure(package: &str, tree: &BTreeSet<String>) -> Vec<String> {
    let pure = |name: &str| SANS_IO_TREE.contains(&name) || SANS_IO.contains(&short(name));
    let strangers = tree.iter().filter(|name| !pure(name));
    strangers.map(|name| format!("{package}: {name} runs in it; is it free of input and output?")).collect()
}

/// Arrows of a table that do not point down: every crate comes before what it uses.
pub fn arrows_that_point_up(rows: &[Row]) -> Vec<String> {
    let mut findings = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let below = &rows[place + 1..];
        let wrong = row.ours.iter().filter(|name| !below.iter().any(|other| other.name == **name));
        findings.extend(wrong.map(|name| format!("{} points at {name}, which is not below it.", row.name)));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, ours: bool, uses: &[(&str, Purpose)]) -> (String, Package) {
        let edges: BTreeSet<(String, Purpose)> =
            uses.iter().map(|(name, purpose)| ((*name).to_owned(), *purpose)).collect();
        let package = Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            licence: None,
            ours,
            declared: edges.clone(),
            resolved: edges,
        };
        (name.to_owned(), package)
    }

    fn packages(list: impl IntoIterator<Item = (String, Package)>) -> Packages {
        Packages { by_id: list.into_iter().collect() }
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let found = outside_the_table(&packages([
            package("homesync-host", true, &[("homesync-paths", Purpose::Normal)]),
            package("homesync-paths", true, &[("homesync-host", Purpose::Normal)]),
        ]));
        assert_eq!(found, ["homesync-paths must not depend on homesync-host: its row does not name it."]);
    }

    #[test]
    fn a_table_with_a_circle_is_found() {
        let row = |name, ours| Row { name, ours, others: &[] };
        assert_eq!(
            arrows_that_point_up(&[row("a", &["b"]), row("b", &["a"])]),
            ["b points at a, which is not below it."]
        );
        assert_eq!(arrows_that_point_up(&[row("a", &["a"])]).len(), 1);
        assert_eq!(arrows_that_point_up(&[row("a", &["b"]), row("b", &[])]).len(), 0);
    }

    #[test]
    fn a_stranger_is_found_but_tests_may_use_it() {
        let with =
            |purpose| outside_the_table(&packages([package("homesync-paths", true, &[("rustix", purpose)])]));
        assert_eq!(with(Purpose::Normal).len(), 1);
        assert_eq!(with(Purpose::Test).len(), 0);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        assert_eq!(outside_the_table(&packages([package("homesync-surprise", true, &[])])).len(), 1);
    }

    #[test]
    fn a_refused_crate_deep_in_the_product_is_found() {
        let found = refused_in_product(&["homesync", "a", "ring"].map(str::to_owned).into());
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("ring"));
    }

    #[test]
    fn the_workshop_in_the_product_is_found() {
        let found = refused_in_product(&["homesync", "xtask"].map(str::to_owned).into());
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_random_source_in_a_pure_crate_is_found() {
        let tree = ["homesync-paths", "tinyvec", "getrandom"].map(str::to_owned).into();
        assert_eq!(impure("homesync-paths", &tree).len(), 1);
    }
}
