//! `cargo xtask simulate`: runs worlds from seeds, says how many a second, which situations were reached, and what was violated.
//!
//! A failing run is made as small as it gets and written to a file that plays it again.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of this program is its purpose")]

mod arguments;

use arguments::{Arguments, USAGE};
use homesync_simulator::scenario;
use homesync_simulator::world::{MINIMUMS, Report, Tapes, run};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Every so many runs one is done twice, and must be the same.
const TWICE: u64 = 50;
/// How many failures are made small and written down.
const MOST_FILES: usize = 3;
/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let is_good = match &arguments.scenario {
        Some(file) => play(file),
        None => worlds(&arguments),
    };
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays one scenario and tells it.
fn play(file: &str) -> bool {
    let read = std::fs::read_to_string(file)
        .map_err(|error| error.to_string())
        .and_then(|text| scenario::read(&text));
    let tapes = match read {
        Ok(tapes) => tapes,
        Err(mistake) => {
            eprintln!("{file}: {mistake}");
            return false;
        }
    };
    let report = run(&tapes, true);
    report.log.iter().for_each(|line| println!("{line}"));
    match report.failure {
        None => println!("nothing was violated"),
        Some(ref failure) => println!("{failure}"),
    }
    report.failure.is_none()
}

/// Runs worlds from seeds.
fn worlds(arguments: &Arguments) -> bool {
    let (started, mut told) = (Instant::now(), Instant::now());
    let mut reached: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut failures = 0;
    println!("worlds from seed {} on, {} of them", arguments.seed, arguments.runs);
    for number in 0..arguments.runs {
        let seed = arguments.seed + number;
        let tapes = Tapes::from_seed(seed);
        let report = run(&tapes, false);
        if number % TWICE == 0 && run(&tapes, false).trace != report.trace {
            println!("seed {seed}: two runs of the same tapes differ");
            failures += 1;
        }
        for (what, many) in &report.reached {
            *reached.entry(what).or_default() += many;
        }
        if let Some(failure) = &report.failure {
            failures += 1;
            println!("seed {seed}: {failure}");
            if failures <= MOST_FILES {
                keep(seed, &tapes);
            }
        }
        if told.elapsed() > PROGRESS {
            told = Instant::now();
            eprintln!("{} of {}, {failures} failed", number + 1, arguments.runs);
        }
    }
    let rate = arguments.runs as f64 / started.elapsed().as_secs_f64();
    println!("{} worlds, {failures} failed, {rate:.0} a second", arguments.runs);
    are_reached(&reached, arguments.runs) && failures == 0
}

/// Each named situation must have been reached so often in 10,000 runs; otherwise the runs test less than they seem to.
fn are_reached(reached: &BTreeMap<&'static str, u64>, runs: u64) -> bool {
    let mut is_good = true;
    for (what, minimum) in MINIMUMS {
        let (many, wanted) = (reached.get(what).copied().unwrap_or(0), minimum * runs / 10_000);
        let is_enough = many >= wanted;
        is_good &= is_enough;
        println!(
            "  {many:>9}  {what}{}",
            if is_enough { String::new() } else { format!("  (at least {wanted} wanted)") }
        );
    }
    is_good
}

/// Makes a failing run small and writes it to a file.
fn keep(seed: u64, tapes: &Tapes) {
    let small = scenario::simplify(tapes);
    let report: Report = run(&small, true);
    let file = format!("scenario-{seed}.txt");
    match std::fs::write(&file, scenario::write(&small, &report)) {
        Ok(()) => println!("  made small in {file}; `cargo xtask simulate --scenario {file}` plays it"),
        Err(error) => println!("  {file} could not be written: {error}"),
    }
}
