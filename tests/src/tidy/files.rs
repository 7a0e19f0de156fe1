//! Rules about files that are not Rust: manifests, clippy's configuration, the architecture page.

use std::collections::BTreeMap;

use crate::dependencies::table::SANS_IO;
use crate::repository::TextFile;

/// Manifests of packages that do not inherit the workspace's lints.
pub fn lints_not_inherited(manifests: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for manifest in manifests {
        match manifest.text.parse::<toml_edit::DocumentMut>() {
            Err(error) => findings.push(format!("{}: {error}", manifest.path)),
            Ok(document) => {
                let inherits = document.get("lints").and_then(|lints| lints.get("workspace"));
                let inherits = inherits.and_then(toml_edit::Item::as_bool) == Some(true);
                if document.contains_key("package") && !inherits {
                    findings.push(format!("{}: needs `[lints]` with `workspace = true`.", manifest.path));
                }
            }
        }
    }
    findings
}

/// SANS-I/O crates whose `clippy.toml` is missing or differs from the others', and files that lost the limit:
/// clippy does not merge files, so each must be whole.
pub fn clippy_files(manifests: &[TextFile], clippy: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    let by_path: BTreeMap<&str, &str> =
        clippy.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    let mut model: Option<(&str, &str)> = None;
    for name in SANS_IO {
        let path = format!("crates/{name}/clippy.toml");
        if !manifests.iter().any(|manifest| manifest.path == format!("crates/{name}/Cargo.toml")) {
            continue;
        }
        match (by_path.get(path.as_str()), model) {
            (None, _) => findings.push(format!("{path}: missing: copy it from another SANS-I/O crate.")),
            (Some(text), None) => model = Some((name, text)),
            (Some(text), Some((first, expected))) if *text != expected => {
                findings.push(format!("{path}: differs from crates/{first}/clippy.toml."));
            }
            _ => {}
        }
    }
    let without_limit = clippy.iter().filter(|file| !file.text.contains("too-many-lines-threshold = 70\n"));
    findings
        .extend(without_limit.map(|file| format!("{}: needs `too-many-lines-threshold = 70`.", file.path)));
    findings
}

/// Crates that the architecture page does not name by their place.
pub fn missing_in_architecture(manifests: &[TextFile], architecture: &str) -> Vec<String> {
    let places = manifests.iter().filter_map(|manifest| manifest.path.strip_suffix("/Cargo.toml"));
    let missing = places.filter(|place| place.starts_with("crates/") && !names(architecture, place));
    missing.map(|place| format!("ARCHITECTURE.md: does not name `{place}`.")).collect()
}

/// Whether the text names the place, and not only a longer one that begins like it.
fn names(text: &str, place: &str) -> bool {
    let continues =
        |rest: &str| rest.starts_with(|letter: char| letter.is_alphanumeric() || "-_".contains(letter));
    text.match_indices(place).any(|(at, _)| !continues(&text[at + place.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_manifest_without_lints_is_found() {
        let good = file("a/Cargo.toml", "[package]\nname = \"a\"\n[lints]\nworkspace = true\n");
        let bad = file("b/Cargo.toml", "[package]\nname = \"b\"\n[lints.rust]\nunused = \"warn\"\n");
        let root = file("Cargo.toml", "[workspace]\n");
        let broken = file("c/Cargo.toml", "[package\n");
        let found = lints_not_inherited(&[good, bad, root, broken]);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("b/Cargo.toml") && found[1].starts_with("c/Cargo.toml"), "{found:?}");
    }

    #[test]
    fn strict_files_must_be_there_alike_and_whole() {
        let manifests =
            ["paths", "protocol", "state", "host"].map(|name| file(&format!("crates/{name}/Cargo.toml"), ""));
        let limit = "too-many-lines-threshold = 70\n";
        let clippy = [
            file("crates/paths/clippy.toml", limit),
            file("crates/protocol/clippy.toml", &format!("{limit}# more\n")),
            file("clippy.toml", "# nothing\n"),
        ];
        let found = clippy_files(&manifests, &clippy);
        assert_eq!(found.len(), 3, "{found:?}");
        let alike =
            ["paths", "protocol", "state"].map(|name| file(&format!("crates/{name}/clippy.toml"), limit));
        assert_eq!(clippy_files(&manifests, &alike), Vec::<String>::new());
    }

    #[test]
    fn a_crate_missing_in_the_architecture_is_found() {
        let manifests =
            [file("crates/host/Cargo.toml", ""), file("crates/ho/Cargo.toml", ""), file("Cargo.toml", "")];
        let found = missing_in_architecture(&manifests, "The code map: `crates/host` is this machine.");
        assert_eq!(found, ["ARCHITECTURE.md: does not name `crates/ho`."]);
    }
}
