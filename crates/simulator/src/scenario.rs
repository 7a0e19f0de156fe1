//! A run as a file: its two tapes, and beside them, for people, what happened.
//!
//! Seeds mean something else as soon as what is drawn changes; a file keeps its bytes.

use crate::choices::{Tape, shrink};
use crate::world::{Report, Tapes, run};

/// The line that holds what people do.
const PEOPLE: &str = "people ";
/// The line that holds when what happens.
const SCHEDULE: &str = "schedule ";

/// The text of a scenario: its tapes, and the log of the run as comments.
pub fn write(tapes: &Tapes, report: &Report) -> String {
    let mut text = String::from(
        "# A run of the simulated world. `cargo xtask simulate --scenario FILE` plays it again.\n",
    );
    if let Some(failure) = &report.failure {
        for line in failure.lines() {
            text.push_str(&format!("# fails: {line}\n"));
        }
    }
    for (name, tape) in [(PEOPLE, &tapes.people), (SCHEDULE, &tapes.schedule)] {
        let bytes: String = tape.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{name}{bytes}\n"));
    }
    for line in &report.log {
        text.push_str(&format!("# {}\n", line.replace('\n', " ")));
    }
    text
}

/// Reads a scenario's tapes.
pub fn read(text: &str) -> Result<Tapes, String> {
    let tape = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let digits = line.ok_or_else(|| format!("no line that begins with `{}`", name.trim()))?.trim();
        let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2).unwrap_or("?"), 16);
        let bytes: Result<Vec<u8>, _> = (0..digits.len()).step_by(2).map(byte).collect();
        bytes
            .map(|bytes| Tape { bytes })
            .map_err(|_| format!("`{}` holds something else than bytes in hexadecimal", name.trim()))
    };
    Ok(Tapes { people: tape(PEOPLE)?, schedule: tape(SCHEDULE)? })
}

/// The smallest tapes found that still violate the same rule: first fewer deeds, then fewer accidents, then fewer deeds again.
pub fn simplify(tapes: &Tapes) -> Tapes {
    let rule = |report: &Report| {
        report.failure.as_ref().and_then(|failure| failure.split(':').next().map(str::to_owned))
    };
    let wanted = rule(&run(tapes, false));
    let mut best = tapes.clone();
    for _ in 0..2 {
        let schedule = best.schedule.clone();
        best.people = shrink(&best.people, &mut |people| {
            rule(&run(&Tapes { people: people.clone(), schedule: schedule.clone() }, false)) == wanted
        });
        let people = best.people.clone();
        best.schedule = shrink(&best.schedule, &mut |schedule| {
            rule(&run(&Tapes { people: people.clone(), schedule: schedule.clone() }, false)) == wanted
        });
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_plays_as_the_run_that_it_was_written_from() {
        let tapes = Tapes::from_seed(7);
        let report = run(&tapes, true);
        let again = read(&write(&tapes, &report)).unwrap();
        assert_eq!(again, tapes);
        assert_eq!(run(&again, false).trace, report.trace);
    }

    #[test]
    fn a_broken_scenario_says_what_is_missing() {
        assert!(read("schedule 00").unwrap_err().contains("people"));
        assert!(read("people 0x\nschedule 00").unwrap_err().contains("hexadecimal"));
    }
}
