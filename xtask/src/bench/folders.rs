//! Folders on one computer, between two installations: how soon a saved file is over there, how fast a tree arrives, what a large one takes to hold,
//! and how long a handoff takes when nothing changed.

mod pair;
mod trees;

use super::cpu;
use crate::outcome::{Context, Outcome, failed, usage};
use crate::places;
use crate::process::{self, cargo};
use pair::Pair;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Saved files that are waited for, in each direction.
const SAVES: usize = 20;
/// The tree that travels: files and bytes.
const FILES: usize = 20_000;
const BYTES: u64 = 1_200_000_000;
/// The large tree: files, and how large each says it is.
const MANY: usize = 350_000;
const EACH: u64 = 35_000;
/// What the project promises.
const SAVED: Duration = Duration::from_secs(1);
const HANDOFF: Duration = Duration::from_secs(2);
const MEMORY_KIB: u64 = 120 << 10;

/// One figure, what is promised for it, and whether that is kept.
struct Figure {
    name: &'static str,
    value: String,
    limit: String,
    is_kept: bool,
}

/// Builds the release binary and measures: once with `--quick`, three times without.
pub(super) fn run(arguments: &[String]) -> Outcome {
    let runs = match arguments {
        [] => 3,
        [only] if only == "--quick" => 1,
        [first, ..] => return Err(usage(format!("does not know `{first}`."))),
    };
    process::run(&mut cargo(["build", "--release", "--locked", "--package", "homesync"]))?;
    let binary = places::target().join("release/homesync");
    let place = places::target().join("bench-folders");
    let mut figures = Vec::new();
    for _ in 0..runs {
        let clean = Clean::new(&place)?;
        figures.push(measure(&binary, &clean.0)?);
    }
    let missed = print(&figures);
    println!("{}", cpu::line());
    if missed.is_empty() { Ok(()) } else { Err(failed(format!("not as promised: {}.", missed.join(", ")))) }
}

/// A directory that is empty at the beginning and gone at the end.
struct Clean(PathBuf);

impl Clean {
    fn new(place: &Path) -> Outcome<Self> {
        let _ = fs::remove_dir_all(place);
        fs::create_dir_all(place).context(format!("cannot create {}", place.display()))?;
        Ok(Self(place.to_owned()))
    }
}

impl Drop for Clean {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn measure(binary: &Path, place: &Path) -> Outcome<Vec<Figure>> {
    let mut figures = saving(binary, &place.join("saving"))?;
    figures.extend(arriving(binary, &place.join("arriving"))?);
    figures.push(holding(binary, &place.join("holding"))?);
    Ok(figures)
}

/// From the end of saving a file to the moment at which it is complete on the other side, with default settings.
fn saving(binary: &Path, place: &Path) -> Outcome<Vec<Figure>> {
    let mut pair = Pair::new(binary, place)?;
    pair.start()?;
    pair.wait()?;
    let mut times = Vec::new();
    for number in 0..SAVES * 2 {
        let (from, to) = if number % 2 == 0 { (0, 1) } else { (1, 0) };
        let text = format!("saved {number}");
        let there = pair.folder(to).join(format!("file-{number}"));
        let began = Instant::now();
        fs::write(pair.folder(from).join(format!("file-{number}")), &text).context("cannot save a file")?;
        pair.until(|| fs::read_to_string(&there).is_ok_and(|read| read == text))?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    Ok(vec![
        duration("a saved file is over there, median", median, SAVED),
        duration("a saved file is over there, worst", worst, SAVED),
    ])
}

/// A tree of mixed sizes arrives complete; then nothing changes and a handoff is asked for.
fn arriving(binary: &Path, place: &Path) -> Outcome<Vec<Figure>> {
    let mut pair = Pair::new(binary, place)?;
    let bytes = trees::mixed(&pair.folder(0), FILES, BYTES)?;
    let began = Instant::now();
    pair.start()?;
    pair.wait()?;
    let took = began.elapsed();
    let difference = trees::difference(&pair.folder(0), &pair.folder(1))?;
    let rate = bytes as f64 / 1e6 / took.as_secs_f64();
    let began = Instant::now();
    let is_safe = pair.handoff()?;
    let handoff = began.elapsed();
    let memory = pair.peak_memory(0).max(pair.peak_memory(1));
    Ok(vec![
        Figure {
            name: "20,000 files with 1.2 GB arrive",
            value: format!("{:.1} s, {rate:.0} MB/s", took.as_secs_f64()),
            limit: "complete and equal".to_owned(),
            is_kept: difference.is_none(),
        },
        Figure {
            name: "what differs of them",
            value: difference.unwrap_or_else(|| "nothing".to_owned()),
            limit: "nothing".to_owned(),
            is_kept: true,
        },
        Figure {
            is_kept: is_safe && handoff < HANDOFF,
            ..duration("a handoff when nothing changed", handoff, HANDOFF)
        },
        Figure {
            name: "memory of either daemon meanwhile",
            value: format!("{} MiB", memory >> 10),
            limit: "–".to_owned(),
            is_kept: true,
        },
    ])
}

/// One daemon reads a large tree, and then begins again with it.
fn holding(binary: &Path, place: &Path) -> Outcome<Figure> {
    let mut pair = Pair::new(binary, place)?;
    trees::many(&pair.folder(0), MANY, EACH)?;
    pair.start_one(0)?;
    pair.until(|| pair.looks(0) > 0)?;
    let first = pair.peak_memory(0);
    pair.stop(0);
    pair.start_one(0)?;
    pair.until(|| pair.looks(0) > 0)?;
    let again = pair.peak_memory(0);
    Ok(Figure {
        name: "memory with 350,000 files, at first and again",
        value: format!("{} and {} MiB", first >> 10, again >> 10),
        limit: format!("{} MiB", MEMORY_KIB >> 10),
        is_kept: first.max(again) < MEMORY_KIB,
    })
}

fn duration(name: &'static str, value: Duration, limit: Duration) -> Figure {
    Figure {
        name,
        value: format!("{:.0} ms", value.as_secs_f64() * 1_000.0),
        limit: format!("{} ms", limit.as_millis()),
        is_kept: value < limit,
    }
}

/// Prints each figure of each run, and answers which were missed in all of them: one slow run says nothing.
fn print(runs: &[Vec<Figure>]) -> Vec<&'static str> {
    let Some(first) = runs.first() else { return Vec::new() };
    let mut missed = Vec::new();
    println!("\n{:<48} {:>24}   limit", "", "measured");
    for (at, figure) in first.iter().enumerate() {
        let values: Vec<&str> = runs.iter().map(|run| run[at].value.as_str()).collect();
        println!("{:<48} {:>24}   {}", figure.name, values.join(" · "), figure.limit);
        if runs.iter().all(|run| !run[at].is_kept) {
            missed.push(figure.name);
        }
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_in_every_run_is_named() {
        let figure = |is_kept| Figure { name: "x", value: String::new(), limit: String::new(), is_kept };
        assert_eq!(print(&[vec![figure(false)], vec![figure(false)]]), ["x"]);
        assert!(print(&[vec![figure(false)], vec![figure(true)]]).is_empty());
        assert!(!duration("x", SAVED, SAVED).is_kept);
    }
}
