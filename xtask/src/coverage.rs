//! `coverage`: which lines the tests reach, per crate, with limits. By command only, because it takes minutes.
//!
//! cargo-tarpaulin with its LLVM engine: the compiler itself counts, programs that tests start are counted too, and
//! no further component of the toolchain is needed. A process that is killed reports nothing, so code that only runs
//! in killed processes looks uncovered.

mod cut_short;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::outcome::{Context, Outcome, failed, no_arguments};
use crate::places;
use crate::process::{cargo, run as run_program};
use crate::steps::Steps;

/// Percent of the lines of each crate.
const CRATE_LIMIT: f64 = 95.0;
/// Where a missed line loses data or secrets: every line. A directory ends with a slash.
const COMPLETE: &[&str] = &["crates/host/src/lock.rs", "crates/host/src/lock/"];
/// Chores and checks of the repository are no part of the product: package and directory.
const EXCLUDED: &[(&str, &str)] = &[("xtask", "xtask/*"), ("homesync-tests", "tests/*")];
/// How many seconds one test program may take: more than its own default, because counters slow everything down.
const PATIENCE: &str = "1200";

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    no_arguments(arguments)?;
    let mut steps = Steps::new();
    let home = places::tools().join("cargo-tarpaulin");
    steps.step("cargo-tarpaulin", || install(&home))?;
    let report = steps.step("tests with counters", || measure(&home))?;
    let files = parse_lcov(&report, &places::workspace());
    print!("\n{}\n{}", missed(&files), table(&files));
    let complaints = complaints(&files);
    if complaints.is_empty() { Ok(()) } else { Err(failed(complaints.join("\n"))) }
}

fn install(home: &Path) -> Outcome {
    if home.join("bin/cargo-tarpaulin").exists() {
        println!("There already: {}", home.display());
        return Ok(());
    }
    // Its build directory would be ours otherwise, and its artifacts would stay there for good.
    let build = home.join("build");
    let mut install = cargo(["install", "--locked", "cargo-tarpaulin", "--root"]);
    run_program(install.arg(home).arg("--target-dir").arg(&build))?;
    std::fs::remove_dir_all(&build).context(format!("cannot remove {}", build.display()))
}

/// Runs all tests with counters and returns the report in lcov's format.
fn measure(home: &Path) -> Outcome<String> {
    let output = home.join("report");
    std::fs::create_dir_all(&output).context(format!("cannot create {}", output.display()))?;
    let mut tarpaulin = crate::process::command(home.join("bin/cargo-tarpaulin"));
    tarpaulin.args([
        "tarpaulin",
        "--engine",
        "llvm",
        "--follow-exec",
        "--locked",
        "--workspace",
        "--skip-clean",
    ]);
    for (package, files) in EXCLUDED {
        tarpaulin.args(["--exclude", package, "--exclude-files", files]);
    }
    // Among the tools is the source of a whole compiler, which is not ours to count.
    tarpaulin.args(["--exclude-files", "target/*"]);
    tarpaulin.env("RUST_LOG", "cargo_tarpaulin=warn").env("NO_COLOR", "1");
    tarpaulin.args(["--timeout", PATIENCE, "--out", "Lcov", "--output-dir"]).arg(&output);
    // Counters change how everything is compiled: a directory of its own keeps the ordinary builds warm.
    let target = places::tools().join("coverage-target");
    tarpaulin.arg("--target-dir").arg(&target);
    cut_short::removed_during(&target.join("tarpaulin/profraws"), || run_program(&mut tarpaulin))?;
    let path = output.join("lcov.info");
    std::fs::read_to_string(&path).context(format!("cannot read {}", path.display()))
}

/// Lines that were reached, of how many, and the numbers of the others.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lines {
    reached: u64,
    all: u64,
    missed: Vec<String>,
}

impl Lines {
    fn percent(&self) -> f64 {
        if self.all == 0 { 100.0 } else { self.reached as f64 * 100.0 / self.all as f64 }
    }
}

/// Each file below the workspace with its lines.
fn parse_lcov(report: &str, workspace: &Path) -> BTreeMap<PathBuf, Lines> {
    let mut files = BTreeMap::new();
    let mut current = None;
    for line in report.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            current = Path::new(path).strip_prefix(workspace).ok().map(Path::to_path_buf);
        } else if let (Some(count), Some(path)) = (line.strip_prefix("DA:"), &current) {
            let lines: &mut Lines = files.entry(path.clone()).or_default();
            let (number, hits) = count.split_once(',').unwrap_or((count, "0"));
            lines.all += 1;
            if hits == "0" {
                lines.missed.push(number.to_owned());
            } else {
                lines.reached += 1;
            }
        }
    }
    files
}

fn per_crate(files: &BTreeMap<PathBuf, Lines>) -> BTreeMap<String, Lines> {
    let mut crates: BTreeMap<String, Lines> = BTreeMap::new();
    for (path, lines) in files {
        if let Ok(below) = path.strip_prefix("crates")
            && let Some(name) = below.iter().next()
        {
            let sum = crates.entry(format!("crates/{}", name.to_string_lossy())).or_default();
            sum.reached += lines.reached;
            sum.all += lines.all;
        }
    }
    crates
}

fn must_be_complete(path: &Path) -> bool {
    let text = path.to_string_lossy();
    COMPLETE.iter().any(|place| text == *place || (place.ends_with('/') && text.starts_with(place)))
}

/// The lines that no test reaches, by file: what to write the next test for.
fn missed(files: &BTreeMap<PathBuf, Lines>) -> String {
    let mut text = String::new();
    for (path, lines) in files.iter().filter(|(_, lines)| !lines.missed.is_empty()) {
        text.push_str(&format!("not reached: {}: {}\n", path.display(), lines.missed.join(" ")));
    }
    text
}

fn table(files: &BTreeMap<PathBuf, Lines>) -> String {
    let mut text = format!("{:>8}  {:>7}  {:>7}  crate or file\n", "covered", "reached", "lines");
    let complete = files.iter().filter(|(path, _)| must_be_complete(path));
    let rows = per_crate(files).into_iter();
    for (name, lines) in rows.chain(complete.map(|(path, lines)| (path.display().to_string(), lines.clone())))
    {
        text.push_str(&format!(
            "{:>6.1} %  {:>7}  {:>7}  {name}\n",
            lines.percent(),
            lines.reached,
            lines.all
        ));
    }
    text
}

fn complaints(files: &BTreeMap<PathBuf, Lines>) -> Vec<String> {
    let low = |name: String, lines: Lines, limit: f64| {
        (lines.percent() < limit)
            .then(|| format!("{name}: {:.1} % of lines, must be {limit} %.", lines.percent()))
    };
    let crates = per_crate(files);
    let crates = crates.into_iter().filter_map(|(name, lines)| low(name, lines, CRATE_LIMIT));
    let complete = files.iter().filter(|(path, _)| must_be_complete(path));
    crates
        .chain(complete.filter_map(|(path, lines)| low(path.display().to_string(), lines.clone(), 100.0)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(report: &str) -> BTreeMap<PathBuf, Lines> {
        parse_lcov(report, Path::new("/w"))
    }

    #[test]
    fn lines_are_summed_per_crate() {
        let found = files(
            "SF:/w/crates/a/src/x.rs\nDA:1,4\nDA:2,0\nend_of_record\nSF:/w/crates/a/src/y.rs\nDA:9,1\n",
        );
        assert_eq!(per_crate(&found)["crates/a"], Lines { reached: 2, all: 3, missed: Vec::new() });
        assert_eq!(missed(&found), "not reached: crates/a/src/x.rs: 2\n");
        assert_eq!(complaints(&found), ["crates/a: 66.7 % of lines, must be 95 %."]);
    }

    #[test]
    fn one_missed_line_of_the_lock_is_one_too_many() {
        let mut report = String::from("SF:/w/crates/host/src/lock/file.rs\nDA:1,0\n");
        for line in 2..200 {
            report.push_str(&format!("DA:{line},1\n"));
        }
        let found = complaints(&files(&report));
        assert_eq!(found, ["crates/host/src/lock/file.rs: 99.5 % of lines, must be 100 %."]);
    }

    #[test]
    fn files_of_others_do_not_count() {
        assert!(files("SF:/registry/x/lib.rs\nDA:1,0\n").is_empty());
    }
}
