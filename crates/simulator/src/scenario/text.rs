//! A run as a file: whose it is, its tapes, and beside them, for people, what happened.
//!
//! Seeds mean something else as soon as what is drawn changes; a file keeps its bytes.

use super::{Report, Scenario};
use crate::choices::Tape;
use crate::tester::Tester;
use crate::world::Tapes;

/// The first line says which tester plays it. Without it, it is a world.
const TESTER: &str = "tester ";
/// The line that holds all choices of a planner's case or of an executor's run.
const TAPE: &str = "tape ";
/// The line that holds what people do in a world.
const PEOPLE: &str = "people ";
/// The line that holds when what happens in a world.
const SCHEDULE: &str = "schedule ";

/// The text of a scenario: its tapes, and the log of the run as comments.
pub fn write(scenario: &Scenario, report: &Report) -> String {
    let mut text = format!("{TESTER}{}\n", scenario.tester().name());
    text.push_str("# `cargo xtask simulate --scenario FILE` plays this run again.\n");
    if let Some(failure) = &report.failure {
        for line in failure.lines() {
            text.push_str(&format!("# fails: {line}\n"));
        }
    }
    let tapes = match scenario {
        Scenario::Planner(tape) | Scenario::Executor(tape) => vec![(TAPE, tape)],
        Scenario::Worlds(tapes) => vec![(PEOPLE, &tapes.people), (SCHEDULE, &tapes.schedule)],
    };
    for (name, tape) in tapes {
        let bytes: String = tape.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{name}{bytes}\n"));
    }
    for line in &report.log {
        text.push_str(&format!("# {}\n", line.replace('\n', " ")));
    }
    text
}

/// Reads a scenario.
pub fn read(text: &str) -> Result<Scenario, String> {
    let tester = match text.lines().next().and_then(|line| line.strip_prefix(TESTER)) {
        None => Tester::Worlds,
        Some(name) => {
            let name = name.trim();
            Tester::named(name).ok_or_else(|| format!("there is no tester `{name}`"))?
        }
    };
    let tape = |name: &str| tape(text, name);
    Ok(match tester {
        Tester::Planner => Scenario::Planner(tape(TAPE)?),
        Tester::Executor => Scenario::Executor(tape(TAPE)?),
        Tester::Worlds => Scenario::Worlds(Tapes { people: tape(PEOPLE)?, schedule: tape(SCHEDULE)? }),
    })
}

fn tape(text: &str, name: &str) -> Result<Tape, String> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let digits = line.ok_or_else(|| format!("no line that begins with `{}`", name.trim()))?.trim();
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2).unwrap_or("?"), 16);
    let bytes: Result<Vec<u8>, _> = (0..digits.len()).step_by(2).map(byte).collect();
    bytes
        .map(|bytes| Tape { bytes })
        .map_err(|_| format!("`{}` holds something else than bytes in hexadecimal", name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_plays_as_the_run_that_it_was_written_from() {
        for tester in Tester::ALL {
            let scenario = Scenario::from_seed(tester, 7);
            let report = scenario.play(true);
            let text = write(&scenario, &report);
            assert!(text.starts_with(&format!("tester {}\n", tester.name())), "{text}");
            let again = read(&text).unwrap();
            assert_eq!(again, scenario);
            let played = again.play(true);
            assert!(!played.log.is_empty());
            assert_eq!((played.trace, played.log), (report.trace, report.log));
        }
    }

    #[test]
    fn a_file_that_names_no_tester_is_a_world() {
        let read = read("# a comment\npeople 01\nschedule 02\n");
        assert!(matches!(read, Ok(Scenario::Worlds(tapes)) if tapes.schedule.bytes == [2]));
    }

    #[test]
    fn a_broken_scenario_says_what_is_missing() {
        assert!(read("schedule 00").unwrap_err().contains("people"));
        assert!(read("people 0x\nschedule 00").unwrap_err().contains("hexadecimal"));
        assert!(read("tester planner\npeople 00\nschedule 00").unwrap_err().contains("tape"));
        assert!(read("tester nobody\ntape 00").unwrap_err().contains("nobody"));
    }
}
