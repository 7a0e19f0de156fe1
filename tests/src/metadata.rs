//! The resolved dependencies, as cargo tells them: packages, who uses whom, and for what.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::repository;

/// The systems that the product is for. Packages of others are in the lock file only.
const PLATFORMS: &[&str] =
    &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "aarch64-apple-darwin"];

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Part of the product.
    Normal,
    /// For its build scripts.
    Build,
    /// For its tests.
    Test,
}

/// A package of the workspace or from outside.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its name, as in the registry.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression.
    pub licence: Option<String>,
    /// Whether it is one of ours.
    pub ours: bool,
    /// Names of its direct dependencies, as its manifest declares them for any platform.
    pub declared: BTreeSet<(String, Purpose)>,
    /// Identifiers of the packages that these resolved to, on our platforms.
    pub resolved: BTreeSet<(String, Purpose)>,
}

/// All packages by cargo's identifier.
#[derive(Clone, Debug, Default)]
pub struct Packages {
    /// Packages by identifier.
    pub by_id: BTreeMap<String, Package>,
}

impl Packages {
    /// Asks cargo about this repository: first without network; when something was never downloaded, with it.
    ///
    /// # Panics
    /// When cargo cannot tell.
    pub fn of_repository() -> Self {
        let text = cargo(&arguments(true)).or_else(|offline| {
            cargo(&arguments(false)).map_err(|online| format!("offline: {offline}\nonline: {online}"))
        });
        let text = text
            .unwrap_or_else(|error| panic!("cargo metadata failed (try `cargo fetch --locked`):\n{error}"));
        Packages::parse(&serde_json::from_str(&text).expect("cargo writes JSON"))
    }

    /// Reads cargo's answer. What has an unexpected form is left out: the rules then miss a package they know.
    pub fn parse(metadata: &Value) -> Self {
        let mut packages = Packages::default();
        let members: BTreeSet<&str> =
            array(&metadata["workspace_members"]).filter_map(Value::as_str).collect();
        for package in array(&metadata["packages"]) {
            let id = text(&package["id"]);
            let declared = array(&package["dependencies"])
                .map(|dependency| (text(&dependency["name"]), purpose(&dependency["kind"])))
                .collect();
            let parsed = Package {
                name: text(&package["name"]),
                version: text(&package["version"]),
                licence: package["license"].as_str().map(str::to_owned),
                ours: members.contains(id.as_str()),
                declared,
                resolved: BTreeSet::new(),
            };
            packages.by_id.insert(id, parsed);
        }
        for node in array(&metadata["resolve"]["nodes"]) {
            if let Some(package) = packages.by_id.get_mut(&text(&node["id"])) {
                package.resolved = array(&node["deps"]).flat_map(resolved_edges).collect();
            }
        }
        packages
    }

    /// Our own packages.
    pub fn ours(&self) -> impl Iterator<Item = &Package> {
        self.by_id.values().filter(|package| package.ours)
    }

    /// The package of this name and all that becomes part of its build: normal and build dependencies, theirs too.
    pub fn tree(&self, name: &str) -> BTreeSet<&str> {
        let start = self.by_id.iter().filter(|(_, package)| package.name == name).map(|(id, _)| id);
        let mut waiting: Vec<&String> = start.collect();
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        while let Some(id) = waiting.pop() {
            if seen.insert(id)
                && let Some(package) = self.by_id.get(id)
            {
                let product = package.resolved.iter().filter(|(_, purpose)| *purpose != Purpose::Test);
                waiting.extend(product.map(|(id, _)| id));
            }
        }
        seen.into_iter().filter_map(|id| self.by_id.get(id)).map(|package| package.name.as_str()).collect()
    }
}

/// The crates that run inside this package of ours: its normal dependencies and theirs, with the features that it asks
/// for itself (cargo's metadata would unite them over the workspace), without compile-time macros.
///
/// # Panics
/// When cargo cannot tell.
pub fn runtime_tree(package: &str) -> BTreeSet<String> {
    tree(package, "normal,no-proc-macro")
}

/// The same with what builds it. (In cargo's metadata other systems' features count as well.)
///
/// # Panics
/// When cargo cannot tell.
pub fn build_tree(package: &str) -> BTreeSet<String> {
    tree(package, "normal,build")
}

fn tree(package: &str, edges: &str) -> BTreeSet<String> {
    let mut arguments = vec!["tree", "--locked", "--offline", "--package", package, "--edges", edges];
    arguments.extend(["--prefix", "none", "--format", "{p}"]);
    for platform in PLATFORMS {
        arguments.extend(["--target", platform]);
    }
    let listed = cargo(&arguments).unwrap_or_else(|error| panic!("cargo tree failed: {error}"));
    listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn arguments(offline: bool) -> Vec<&'static str> {
    let mut arguments = vec!["metadata", "--locked", "--format-version", "1"];
    arguments.extend(offline.then_some("--offline"));
    for platform in PLATFORMS {
        arguments.extend(["--filter-platform", platform]);
    }
    arguments
}

fn cargo(arguments: &[&str]) -> Result<String, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(arguments).current_dir(repository::root()).stdin(Stdio::null());
    let output = cargo.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

fn resolved_edges(dependency: &Value) -> impl Iterator<Item = (String, Purpose)> {
    let id = text(&dependency["pkg"]);
    array(&dependency["dep_kinds"]).map(move |kind| (id.clone(), purpose(&kind["kind"])))
}

fn purpose(kind: &Value) -> Purpose {
    match kind.as_str() {
        Some("dev") => Purpose::Test,
        Some("build") => Purpose::Build,
        _ => Purpose::Normal,
    }
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn test_dependencies_are_no_part_of_the_tree() {
        let edge = |to: &str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind}]});
        let package = |name: &str| json!({"id": name, "name": name, "version": "1.0.0", "license": "MIT", "dependencies": []});
        let all = ["a", "b", "c", "d"].map(package);
        let metadata = json!({
            "workspace_members": ["a"],
            "packages": all,
            "resolve": {"nodes": [
                {"id": "a", "deps": [edge("b", Value::Null), edge("c", json!("dev"))]},
                {"id": "b", "deps": [edge("d", json!("build"))]},
            ]},
        });
        let packages = Packages::parse(&metadata);
        assert_eq!(packages.tree("a"), BTreeSet::from(["a", "b", "d"]));
        assert_eq!(packages.ours().count(), 1);
    }
}
