//! `check`: what must hold for every commit, in at most three minutes on two cores.

use std::process::Command;

use crate::outcome::{Context, Outcome, no_arguments};
use crate::places;
use crate::process::{cargo, run as run_program};
use crate::steps::Steps;

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    no_arguments(arguments)?;
    let mut steps = Steps::new();
    static_steps(&mut steps)?;
    steps.step("unit tests and repository checks", || run_program(&mut fast_tests()?))?;
    documentation_step(&mut steps)
}

/// The steps that run none of our code. `test` shares them.
pub(crate) fn static_steps(steps: &mut Steps) -> Outcome {
    // The repository checks read the metadata of all packages, those for macOS too, and do so without network.
    steps.step("fetch dependencies", || run_program(&mut cargo(["fetch", "--locked"])))?;
    steps.step("format", || run_program(&mut cargo(["fmt", "--all", "--check"])))?;
    let lint = ["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    steps.step("lint", || run_program(&mut cargo(lint)))
}

/// Documentation with warnings denied: a broken link in a comment is a broken promise to the reader.
pub(crate) fn documentation_step(steps: &mut Steps) -> Outcome {
    let mut doc = cargo(["doc", "--locked", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    steps.step("documentation", || run_program(&mut doc))
}

/// Unit tests of all crates and the repository checks, in one call of cargo: two calls with different package
/// selections would compile shared dependencies twice, with different features.
fn fast_tests() -> Outcome<Command> {
    let mut tests = cargo(["test", "--locked", "--workspace", "--lib", "--bins"]);
    for name in repository_checks()? {
        tests.args(["--test", &name]);
    }
    Ok(tests)
}

/// The names of the repository checks: each file of `tests/tests` is one.
fn repository_checks() -> Outcome<Vec<String>> {
    let directory = places::workspace().join("tests/tests");
    let doing = format!("cannot list {}", directory.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&directory).context(&doing)? {
        let path = entry.context(&doing)?.path();
        if path.extension().is_some_and(|extension| extension == "rs")
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_checks_are_found_by_their_files() {
        let names = repository_checks().expect("the directory is in the repository");
        assert!(names.contains(&"tidy".to_owned()), "{names:?}");
    }
}
