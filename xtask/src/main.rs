//! `cargo xtask CHORE`: everything the project does to itself besides being compiled.
//!
//! One file per chore. No dependencies, so that the first chore on a clean clone starts within seconds.

// A chore talks to the person who started it; this crate is the rendering.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a chore is its purpose")]

mod apt;
mod apt_sources;
mod bench;
mod check;
mod coverage;
mod docs;
mod later_suite;
mod macos;
mod outcome;
mod places;
mod process;
mod setup;
mod simulate;
mod steps;
mod test;

use std::process::ExitCode;

use outcome::{Failure, Outcome};

/// Exit code for a call that names no known chore, as in the product itself.
const USAGE: u8 = 2;

/// One chore: how it is called, what it takes, what it does, and the function that does it.
struct Chore {
    name: &'static str,
    arguments: &'static str,
    sentence: &'static str,
    run: fn(&[String]) -> Outcome,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "setup",
        arguments: "[--all]",
        sentence: "Installs the programs that tests need; with --all also the newer ones that are kept apart.",
        run: setup::run,
    },
    Chore {
        name: "check",
        arguments: "",
        sentence: "Format, lint, unit tests, repository checks and documentation: for every commit.",
        run: check::run,
    },
    Chore {
        name: "test",
        arguments: "",
        sentence: "Everything: set-up, what `check` does, and all tests.",
        run: test::run,
    },
    Chore {
        name: "coverage",
        arguments: "",
        sentence: "Line coverage of each crate; fails below the limits.",
        run: coverage::run,
    },
    Chore {
        name: "macos",
        arguments: "",
        sentence: "Types, lints and link for macOS on Linux; the result is compiled, never run.",
        run: macos::run,
    },
    Chore {
        name: "bench",
        arguments: "startup | folders [--quick]",
        sentence: "Wall time of short commands, or of folders between two installations.",
        run: bench::run,
    },
    Chore {
        name: "simulate",
        arguments: "[--runs N] [--seed S] [--only TESTER] [--scenario FILE] [--canaries]",
        sentence: "Tries the planner, the executor and whole simulated worlds; a failing run is made small and written to a file.",
        run: simulate::run,
    },
    Chore {
        name: "docs",
        arguments: "",
        sentence: "Writes the generated Markdown anew from the command line's own tree.",
        run: docs::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", help());
        return ExitCode::from(USAGE);
    };
    let asks_for_help = |argument: &str| ["--help", "-h", "help"].contains(&argument);
    if asks_for_help(name) || rest.iter().any(|argument| asks_for_help(argument)) {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name.as_str()) else {
        eprint!("xtask: there is no chore `{name}`.\n\n{}", help());
        return ExitCode::from(USAGE);
    };
    match (chore.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            let call = format!("cargo xtask {name} {}", chore.arguments);
            eprintln!("xtask {name}: {message}\nUsage: {}", call.trim_end());
            ExitCode::from(USAGE)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("The project's chores.\n\nUsage: cargo xtask CHORE\n\n");
    for chore in CHORES {
        let call = format!("{} {}", chore.name, chore.arguments);
        text.push_str(&format!("  {call:<15}  {}\n", chore.sentence));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_a_sentence_for_each_chore() {
        let text = help();
        for chore in CHORES {
            assert!(text.contains(chore.name) && chore.sentence.ends_with('.'), "{}", chore.name);
        }
    }

    #[test]
    fn chores_have_different_names() {
        let names: std::collections::BTreeSet<_> = CHORES.iter().map(|chore| chore.name).collect();
        assert_eq!(names.len(), CHORES.len());
    }
}
