//! Every direct dependency has a line in CONTRIBUTING.md that says why it is here.

use std::collections::BTreeSet;

use crate::metadata::Packages;

/// Direct dependencies of our packages, for product, build and tests, that no table row begins with.
pub fn undocumented(packages: &Packages, contributing: &str) -> Vec<String> {
    let documented = first_cells(contributing);
    let ours: BTreeSet<&str> = packages.ours().map(|package| package.name.as_str()).collect();
    let direct: BTreeSet<&str> =
        packages.ours().flat_map(|package| &package.declared).map(|(name, _)| name.as_str()).collect();
    let missing = direct.into_iter().filter(|name| !ours.contains(name) && !documented.contains(name));
    missing.map(|name| format!("CONTRIBUTING.md: no row of a table begins with `{name}`.")).collect()
}

/// The words in backticks in the first cells of all tables.
fn first_cells(markdown: &str) -> BTreeSet<&str> {
    let rows = markdown.lines().filter_map(|line| line.trim_start().strip_prefix('|'));
    let cells = rows.filter_map(|row| row.split('|').next());
    // Between backticks are the odd parts: before, code, between, code, after.
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_first_cells_only() {
        let text =
            "| crate | why |\n|---|---|\n| `clap`, `clap_complete` | not `other` |\ntext with `word`\n";
        assert_eq!(first_cells(text), BTreeSet::from(["clap", "clap_complete"]));
    }

    #[test]
    fn a_dependency_without_a_row_is_found() {
        let metadata = serde_json::json!({
            "workspace_members": ["a"],
            "packages": [{"id": "a", "name": "a", "dependencies": [{"name": "clap"}, {"name": "tempfile", "kind": "dev"}]}],
        });
        let found = undocumented(&Packages::parse(&metadata), "| `clap` | arguments |\n");
        assert_eq!(found, ["CONTRIBUTING.md: no row of a table begins with `tempfile`."]);
    }
}
