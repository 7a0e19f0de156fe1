//! The reference pages are made from the command line and the settings themselves, and never stale.
//!
//! `cargo xtask docs` writes them anew (by setting `HOMESYNC_UPDATE_DOCS`).

use clap::{Arg, Command};
use homesync_host::configuration::{FOLDER_KEYS, MACHINE_KEYS, NETWORK_KEYS, SETTINGS};
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

const MADE: &str = "<!-- Made by `cargo xtask docs`; a test fails when it is stale. -->\n";

#[track_caller]
fn check(name: &str, expected: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("HOMESYNC_UPDATE_DOCS").is_some() {
        fs::write(&path, expected).expect("the docs can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/{name} is stale: run `cargo xtask docs`");
}

#[test]
fn the_command_line_reference_is_up_to_date() {
    let mut command = homesync::command();
    command.build();
    let mut page = format!("{MADE}\n# The command line\n");
    let is_global = |argument: &&Arg| argument.is_global_set();
    page.push_str("\n## Options for every command\n\n");
    command.get_arguments().filter(is_global).for_each(|argument| option(&mut page, argument));
    describe(&mut page, &command, "homesync", 2);
    check("command-line.md", &page);
}

fn describe(page: &mut String, command: &Command, name: &str, level: usize) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    writeln!(page, "\n{} `{name}`\n\n{}", "#".repeat(level), about.trim()).expect("text");
    let usage = command.clone().render_usage().to_string();
    writeln!(page, "\n`{}`", usage.trim_start_matches("Usage: ")).expect("text");
    let own = command.get_arguments().filter(|argument| !argument.is_global_set() && !argument.is_hide_set());
    let own: Vec<&Arg> =
        own.filter(|argument| !["help", "version"].contains(&argument.get_id().as_str())).collect();
    if !own.is_empty() {
        page.push('\n');
        own.into_iter().for_each(|argument| option(page, argument));
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        describe(page, below, &format!("{name} {}", below.get_name()), (level + 1).min(4));
    }
}

fn option(page: &mut String, argument: &Arg) {
    let value = argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
    let takes_value = argument.get_action().takes_values();
    let shown = match (argument.get_short(), argument.get_long()) {
        (_, None) => value,
        (short, Some(long)) => {
            let short = short.map(|short| format!("-{short}, ")).unwrap_or_default();
            format!("{short}--{long}{}", if takes_value { format!(" {value}") } else { String::new() })
        }
    };
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let help = help.replace("\n\n", ". ");
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let values: Vec<String> =
        argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let values = match takes_value && !values.is_empty() {
        true => format!(" ({})", values.join(", ")),
        false => String::new(),
    };
    writeln!(page, "- `{shown}`: {help}{values}").expect("text");
}

#[test]
fn the_settings_reference_is_up_to_date() {
    let mut page = format!("{MADE}\n# The settings\n\n");
    page.push_str(
        "They are in `$XDG_CONFIG_HOME/homesync/config.toml` (`config/config.toml` below `--root`), in TOML. What the file does not say\n\
         has its default. `homesync config set` keeps comments and order; `homesync config check` tells what is wrong and where.\n\n\
         Lengths of time are written `90` (seconds), `\"90s\"`, `\"5m\"` or `\"1h 30m\"`.\n\n\
         | setting | value | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default =
            if setting.default.is_empty() { "not set".to_owned() } else { format!("`{}`", setting.default) };
        let (key, kind, meaning) = (setting.key, setting.kind.description(), setting.meaning);
        writeln!(page, "| `{key}` | {kind} | {default} | {meaning} |").expect("text");
    }
    page.push_str(
        "\n## Machines: `[machines.NAME]`\n\nOne table for each other machine; `homesync machine add`, `rename` and `remove` change them.\n\n\
         | key | meaning |\n|---|---|\n",
    );
    for (key, meaning) in MACHINE_KEYS {
        page.push_str(&format!("| `{key}` | {meaning} |\n"));
    }
    page.push_str(
        "\n## Folders: `[folders.NAME]`\n\nOne table for each folder; `homesync folder add`, `set` and `remove` change them.\n\n\
         | key | meaning |\n|---|---|\n",
    );
    for (key, meaning) in FOLDER_KEYS {
        page.push_str(&format!("| `{key}` | {meaning} |\n"));
    }
    page.push_str(
        "\n## Networks: `[networks.NAME]`\n\nNames for networks, to which machines and folders can be kept: elsewhere nothing is dialled, listened for or announced.\n\n\
         | key | meaning |\n|---|---|\n",
    );
    for (key, meaning) in NETWORK_KEYS {
        page.push_str(&format!("| `{key}` | {meaning} |\n"));
    }
    check("configuration.md", &page);
}
