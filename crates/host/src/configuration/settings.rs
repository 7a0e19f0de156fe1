//! The one table of all settings. Help, the reference page, `config get` and suggestions come from it; a test holds it against the
//! types, so that neither can grow alone.

use super::nearest::nearest;

/// What a value looks like in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// Text in quotes.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// Texts in square brackets.
    List,
    /// A length of time: `"5m"`, or a number of seconds.
    Period,
}

impl ValueKind {
    /// For the reference page.
    pub fn description(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Switch => "true or false",
            Self::List => "list of texts",
            Self::Period => "length of time",
        }
    }
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name: table and key.
    pub key: &'static str,
    /// What its value looks like.
    pub kind: ValueKind,
    /// Its default for people to read; empty when it has none until `init` or a person gives it one.
    pub default: &'static str,
    /// What it does, in one or two sentences.
    pub meaning: &'static str,
}

/// All settings, in the order of the reference page.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "machine.name",
        kind: ValueKind::Text,
        default: "",
        meaning: "What people call this machine. `init` sets it to `user@host` unless it is told another.",
    },
    Setting {
        key: "machine.kind",
        kind: ValueKind::Text,
        default: "",
        meaning: "What sort of machine this is. `init` finds out `cloud`, `laptop`, `mac` or `server`; any other word may be chosen.",
    },
    Setting {
        key: "repository.path",
        kind: ValueKind::Text,
        default: "",
        meaning: "Where the home repository is, `~` allowed. `home` in the data directory when not set. Kept for the state plane, which is not part of this version.",
    },
    Setting {
        key: "sync.interval",
        kind: ValueKind::Period,
        default: "\"5m\"",
        meaning: "How often to ask for what other machines pushed, at least a minute. Kept for the state plane, which is not part of this version.",
    },
    Setting {
        key: "sync.auto_push",
        kind: ValueKind::Switch,
        default: "true",
        meaning: "Whether captured changes are pushed without being told to. Kept for the state plane, which is not part of this version.",
    },
    Setting {
        key: "backup.retention_days",
        kind: ValueKind::Number,
        default: "30",
        meaning: "For how many days one backup a day is kept, at least one. Kept for the state plane, which is not part of this version.",
    },
    Setting {
        key: "network.listen",
        kind: ValueKind::List,
        default: "[\"tcp://0.0.0.0:22000\", \"quic://0.0.0.0:22000\"]",
        meaning: "Where other machines can reach this one. `init` chooses other ports where these are taken.",
    },
    Setting {
        key: "network.discovery",
        kind: ValueKind::Switch,
        default: "true",
        meaning: "Whether machines on the same network find each other: this one announces where it listens, and hears the others.",
    },
    Setting {
        key: "network.discovery_port",
        kind: ValueKind::Number,
        default: "21027",
        meaning: "The port of those announcements, the same on all machines.",
    },
    Setting {
        key: "network.send_limit",
        kind: ValueKind::Number,
        default: "0",
        meaning: "KiB a second that are sent at most, to all machines together; 0 for as many as there are.",
    },
    Setting {
        key: "network.receive_limit",
        kind: ValueKind::Number,
        default: "0",
        meaning: "KiB a second that are received at most, from all machines together; 0 for as many as there are.",
    },
    Setting {
        key: "log.level",
        kind: ValueKind::Text,
        default: "\"info\"",
        meaning: "The least important message that is written to the log file and to the system's log: `error`, `warn`, `info`, `debug` or `trace`.",
    },
    Setting {
        key: "log.file",
        kind: ValueKind::Switch,
        default: "true",
        meaning: "Whether JSON lines are written to `logs/` in the state directory.",
    },
    Setting {
        key: "log.system",
        kind: ValueKind::Text,
        default: "\"none\"",
        meaning: "The system's log to write to as well: `none`, `journald` or `syslog`.",
    },
    Setting {
        key: "lock.timeout",
        kind: ValueKind::Period,
        default: "\"5m\"",
        meaning: "How long a command waits for another run that holds the lock. With `--no-input` it does not wait.",
    },
];

impl Setting {
    /// The setting of that name.
    pub fn find(key: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }
}

/// The setting that is spelled most like `key`. A wrong name below a table that exists most likely means a setting of that table.
pub fn nearest_setting(key: &str) -> Option<&'static str> {
    let all = || SETTINGS.iter().map(|setting| setting.key);
    let same_table = key.split_once('.').and_then(|(table, name)| {
        let names = || all().filter_map(|known| known.split_once('.').filter(|(of, _)| *of == table));
        let meant = nearest(name, names().map(|(_, name)| name));
        let meant = meant.or_else(|| names().map(|(_, name)| name).next())?;
        all().find(|known| known.split_once('.') == Some((table, meant)))
    });
    same_table
        .or_else(|| nearest(key, all()))
        // A key without its table: `level` for `log.level`.
        .or_else(|| all().find(|known| known.ends_with(&format!(".{key}"))))
}

#[cfg(test)]
mod tests {
    use super::super::Configuration;
    use super::*;
    use toml_edit::{DocumentMut, Item};

    #[test]
    fn the_table_and_the_types_know_the_same_settings_with_the_same_defaults() {
        let mut complete = Configuration::default();
        complete.machine.name = Some("pia@attic".parse().expect("a name"));
        complete.machine.kind = Some("laptop".parse().expect("a kind"));
        complete.repository.path = Some("/home".parse().expect("a path"));
        let document = toml_edit::ser::to_document(&complete).expect("a document");
        let mut keys: Vec<String> = document
            .iter()
            .flat_map(|(table, item)| {
                let names = item.as_table_like().expect("every setting is in a table").iter();
                names.map(|(name, _)| format!("{table}.{name}")).collect::<Vec<_>>()
            })
            .collect();
        let mut known: Vec<String> = SETTINGS.iter().map(|setting| setting.key.to_owned()).collect();
        keys.sort();
        known.sort();
        assert_eq!(keys, known);

        let defaults = toml_edit::ser::to_document(&Configuration::default()).expect("a document");
        for setting in SETTINGS {
            let (table, name) = setting.key.split_once('.').expect("table and name");
            let written = defaults.get(table).and_then(|table| table.get(name)).map(Item::to_string);
            assert_eq!(written.unwrap_or_default().trim(), setting.default, "{}", setting.key);
            if !setting.default.is_empty() {
                let text = format!("{} = {}", setting.key, setting.default);
                text.parse::<DocumentMut>().expect("the default is good TOML");
            }
        }
    }

    #[test]
    fn a_wrong_name_leads_to_the_one_that_was_meant() {
        for (wrong, meant) in [
            ("network.nonsense", Some("network.listen")),
            ("log.levle", Some("log.level")),
            ("lgo.level", Some("log.level")),
            ("sync.autopush", Some("sync.auto_push")),
            ("level", Some("log.level")),
            ("machine.nmae", Some("machine.name")),
            ("utterly.unlike.anything.here", None),
        ] {
            assert_eq!(nearest_setting(wrong), meant, "{wrong}");
        }
        assert!(Setting::find("log.level").is_some() && Setting::find("log").is_none());
    }
}
