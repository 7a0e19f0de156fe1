//! Scripts that nobody wrote: a tape decides on calls and on names, of which there are few so that calls meet.

use homesync_simulator::choices::{Choices, Tape, TapeReader};

const PATHS: [&str; 10] = ["a", "b", "c", "a/a", "a/b", "b/a", "b/b", "a/a/a", "@d/a", "@d/b"];

const COMMANDS: [&str; 26] = [
    "tree",
    "mkdir PATH MODE",
    "mkdir PATH MODE",
    "create PATH MODE SLOT",
    "create PATH MODE SLOT",
    "link PATH a",
    "rename PATH PATH",
    "rename PATH PATH",
    "rename PATH PATH",
    "exchange PATH PATH",
    "exchange PATH PATH",
    "exchange PATH PATH",
    "rm PATH",
    "rmdir PATH",
    "dir d PATH",
    "open SLOT PATH",
    "openw SLOT PATH",
    "close SLOT",
    "write SLOT NUMBER text",
    "write SLOT NUMBER longer-text",
    "read SLOT NUMBER 20",
    "length SLOT NUMBER",
    "fstatus SLOT",
    "chmod SLOT MODE",
    "dstatus PATH",
    "mtime SLOT NUMBER NUMBER",
];

/// The script that a tape stands for. Where the tape ends, so does the script; it closes with a look at everything.
pub fn script_of(tape: &Tape) -> Vec<String> {
    let mut choices = tape.reader();
    let mut script = Vec::new();
    while !choices.is_exhausted() {
        let command = pick(&mut choices, &COMMANDS);
        let words: Vec<&str> = command.split(' ').map(|word| filled(word, &mut choices)).collect();
        script.push(words.join(" "));
    }
    script.push("tree".into());
    script
}

fn filled<'a>(word: &'a str, choices: &mut TapeReader) -> &'a str {
    match word {
        "PATH" => pick(choices, &PATHS),
        "MODE" => pick(choices, &["755", "700", "644", "600"]),
        "SLOT" => pick(choices, &["h", "i"]),
        "NUMBER" => pick(choices, &["0", "1", "5", "4096", "10000"]),
        other => other,
    }
}

fn pick(choices: &mut TapeReader, from: &[&'static str]) -> &'static str {
    let index = choices.choose(from.len() as u64, "word");
    usize::try_from(index).ok().and_then(|index| from.get(index)).copied().unwrap_or(from[0])
}
