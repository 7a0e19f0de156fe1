//! How long short commands take from start to end, beside `true`, the floor that no program can be under.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::cpu;
use crate::outcome::{Context, Outcome, failed};
use crate::places;
use crate::process::{self, cargo, command};

const RUNS: usize = 50;
/// Runs before the measured ones: the first loads the program into the file cache.
const WARM_UP: usize = 5;

/// A measured command and what the project promises for it.
struct Subject {
    name: &'static str,
    program: PathBuf,
    arguments: &'static [&'static str],
    limit: Option<Duration>,
}

/// Builds the release binary and measures.
pub(super) fn run() -> Outcome {
    process::run(&mut cargo(["build", "--release", "--locked", "--package", "homesync"]))?;
    let binary = places::target().join("release/homesync");
    let floor = process::find("true").ok_or_else(|| failed("there is no program `true` here."))?;
    let limit = |milliseconds| Some(Duration::from_millis(milliseconds));
    let subjects = [
        Subject { name: "true", program: floor, arguments: &[], limit: None },
        Subject {
            name: "homesync --version",
            program: binary.clone(),
            arguments: &["--version"],
            limit: limit(10),
        },
        Subject { name: "homesync prompt", program: binary.clone(), arguments: &["prompt"], limit: limit(2) },
    ];
    let root = places::target().join("bench-root");
    // With a prompt to show, as on a machine that is set up: without one, the read would not be measured.
    let state = root.join("state");
    std::fs::create_dir_all(&state).context(format!("cannot create {}", state.display()))?;
    std::fs::write(state.join("prompt"), "✓\n").context("cannot write the prompt")?;
    let medians = measure(&subjects, &root)?;
    let size = std::fs::metadata(&binary).context(format!("cannot read {}", binary.display()))?.len();
    print!("\n{}", table(&subjects, &medians));
    println!("\nmedian of {RUNS}, interleaved · binary {:.2} MB", size as f64 / 1e6);
    println!("{}", cpu::line());
    let missed: Vec<&str> = missed(&subjects, &medians).collect();
    if missed.is_empty() { Ok(()) } else { Err(failed(format!("over the limit: {}.", missed.join(", ")))) }
}

/// The median wall time of each subject. Interleaved, so that other work on the machine hits all of them alike.
fn measure(subjects: &[Subject], root: &Path) -> Outcome<Vec<Duration>> {
    let mut times = vec![Vec::with_capacity(RUNS); subjects.len()];
    for round in 0..WARM_UP + RUNS {
        for (subject, times) in subjects.iter().zip(&mut times) {
            let time = once(subject, root)?;
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    Ok(times.into_iter().map(median).collect())
}

fn once(subject: &Subject, root: &Path) -> Outcome<Duration> {
    let mut command: Command = command(&subject.program);
    command.args(subject.arguments).env("HOMESYNC_ROOT", root).stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let status = command.status().context(format!("cannot start `{}`", subject.name))?;
    let time = began.elapsed();
    if status.success() { Ok(time) } else { Err(failed(format!("`{}` failed ({status}).", subject.name))) }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn missed<'a>(subjects: &'a [Subject], medians: &'a [Duration]) -> impl Iterator<Item = &'a str> {
    let over = |(subject, time): &(&Subject, &Duration)| subject.limit.is_some_and(|limit| **time >= limit);
    subjects.iter().zip(medians).filter(over).map(|(subject, _)| subject.name)
}

fn table(subjects: &[Subject], medians: &[Duration]) -> String {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    let floor = medians.first().map_or(1.0, |time| milliseconds(*time));
    let mut text = format!("{:<20} {:>10} {:>8} {:>8}\n", "command", "median", "× true", "limit");
    for (subject, time) in subjects.iter().zip(medians) {
        let limit = subject.limit.map_or("–".to_owned(), |limit| format!("{} ms", limit.as_millis()));
        let median = milliseconds(*time);
        text.push_str(&format!("{:<20} {median:>7.2} ms {:>8.2} {limit:>8}\n", subject.name, median / floor));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_one_slow_run() {
        let times = [900, 2, 1].map(Duration::from_millis).to_vec();
        assert_eq!(median(times), Duration::from_millis(2));
    }

    #[test]
    fn a_command_over_its_limit_is_named() {
        let subject = |name, limit| Subject { name, program: PathBuf::new(), arguments: &[], limit };
        let subjects = [subject("true", None), subject("slow", Some(Duration::from_millis(2)))];
        let medians = [1, 3].map(Duration::from_millis);
        assert_eq!(missed(&subjects, &medians).collect::<Vec<_>>(), ["slow"]);
        assert!(table(&subjects, &medians).contains("slow                    3.00 ms     3.00     2 ms"));
    }
}
