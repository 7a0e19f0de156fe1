//! The simulated file system answers like the real one, or it teaches us fiction.
//!
//! Each script of the tables is replayed on both. No expected answer is written down: the oracle is that they agree. A script all of
//! whose answers are errors is reported too, because it probably tests something else than its writer meant; `!` says that it is meant.
//!
//! Linux is what is simulated; other systems have other errors in some places.
#![cfg(target_os = "linux")]

mod conformance {
    pub mod player;
    pub mod random;
    pub mod script;
    pub mod stage;
}

use conformance::player::{Answer, play};
use conformance::random::script_of;
use conformance::script::{Line, lines};
use conformance::stage::{Can, RealStage, SimulatedStage};
use homesync_simulator::choices::{Tape, shrink};
use std::path::Path;

const TABLES: [(&str, &str); 4] = [
    ("every.txt", include_str!("conformance/every.txt")),
    ("names.txt", include_str!("conformance/names.txt")),
    ("content.txt", include_str!("conformance/content.txt")),
    ("metadata.txt", include_str!("conformance/metadata.txt")),
];

/// Disagreements of one line, and whether any of its scripts had an answer that is no error.
fn compare(line: &Line, real: &Path, can: Can, findings: &mut Vec<String>) -> usize {
    let mut some_success = line.errors_are_meant;
    let scripts = line.scripts();
    for script in &scripts {
        let simulated = play(script, &SimulatedStage::new(can));
        let real = play(script, &RealStage::new(real));
        some_success |= real.iter().any(|answer| answer.is_success && answer.counts);
        if let Some(disagreement) = disagreement(&simulated, &real) {
            findings.push(format!("{}: {}\n{disagreement}", line.place, script.join("; ")));
        }
    }
    if !some_success {
        findings.push(format!("{}: gives nothing but errors; mark it with `!` if that is meant", line.place));
    }
    scripts.len()
}

fn disagreement(simulated: &[Answer], real: &[Answer]) -> Option<String> {
    let (simulated, real) = simulated.iter().zip(real).find(|(simulated, real)| simulated != real)?;
    Some(format!(
        "    at `{}`\n    simulated: {}\n    real:      {}",
        real.command, simulated.text, real.text
    ))
}

fn expect_agreement(directory: &Path) {
    let (mut findings, mut scripts) = (Vec::new(), 0);
    let can = RealStage::new(directory).can();
    for (table, text) in TABLES {
        for line in lines(table, text) {
            scripts += compare(&line, directory, can, &mut findings);
        }
    }
    assert!(scripts >= 300, "only {scripts} scripts were found");
    assert!(findings.is_empty(), "{} of {scripts} scripts:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn scripts_have_equal_answers_where_temporary_files_are() {
    expect_agreement(&std::env::temp_dir());
}

/// What nobody thought of: random calls on few names. A disagreement is made as short as it gets.
#[test]
fn random_scripts_have_equal_answers() {
    let directory = std::env::temp_dir();
    let can = RealStage::new(&directory).can();
    let disagrees = |tape: &Tape| {
        let script = script_of(tape);
        disagreement(&play(&script, &SimulatedStage::new(can)), &play(&script, &RealStage::new(&directory)))
    };
    for seed in 0..2_000 {
        let tape = Tape::from_seed(seed, 250);
        if disagrees(&tape).is_some() {
            let short = shrink(&tape, &mut |tape| disagrees(tape).is_some());
            panic!(
                "seed {seed}: {}\n{}",
                script_of(&short).join("; "),
                disagrees(&short).unwrap_or_default()
            );
        }
    }
}

/// Linux has a file system in memory there; elsewhere there is nothing more to compare.
#[test]
fn scripts_have_equal_answers_in_shared_memory() {
    let directory = Path::new("/dev/shm");
    if directory.is_dir() {
        expect_agreement(directory);
    }
}
