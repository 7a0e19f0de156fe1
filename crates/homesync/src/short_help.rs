//! `homesync -h`: what there is, on one screen. `--help` says all of it.

use crate::exit_code::Exit;
use crate::output;
use std::ffi::OsString;

/// The commands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    ("set up", &["up", "init", "machine", "folder", "config", "import"]),
    ("everyday", &["status", "sync", "handoff", "conflicts"]),
    ("look back", &["log", "undo", "recover", "explain", "verify", "doctor"]),
    ("plumbing", &["daemon", "prompt", "completions", "man"]),
];

/// Answers when nothing else was typed.
pub fn answer(arguments: &[OsString]) -> Option<Exit> {
    let [_, only] = arguments else { return None };
    (only.to_str() == Some("-h")).then(|| match output::print_bytes(text().as_bytes()) {
        Ok(()) => Exit::Done,
        Err(_) => Exit::Failed,
    })
}

fn text() -> String {
    let mut text = "Makes all of a person's machines feel like one machine\n\n\
                    Usage: homesync [OPTIONS] [COMMAND]\n\nCommands:\n"
        .to_owned();
    for (group, commands) in GROUPS {
        text.push_str(&format!("  {group:<10} {}\n", commands.join(" · ")));
    }
    text.push_str(
        "\nOptions:\n      --root <DIR>  Keep configuration, data and state below this directory\n  \
         -v, --verbose     Say more; twice or three times for even more\n      \
         --no-input    Never ask, never wait for another run\n  \
         -y, --yes         Answer every question with yes\n  \
         -n, --dry-run     Show what would change, and change nothing\n  \
         -V, --version     Print the version\n\n\
         A new machine begins with `homesync up`. All there is to say: `homesync --help`,\n\
         or `homesync COMMAND --help`.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::Arguments;
    use clap::CommandFactory;

    #[test]
    fn it_fits_a_screen_and_names_every_command_once() {
        let text = text();
        assert!(text.lines().count() <= 24, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        let mut named: Vec<&str> = GROUPS.iter().flat_map(|(_, commands)| commands.iter().copied()).collect();
        let command = Arguments::command();
        let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        named.sort_unstable();
        known.sort_unstable();
        assert_eq!(named, known);
    }
}
