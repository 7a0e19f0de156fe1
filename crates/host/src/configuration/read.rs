//! From a file to a configuration, with a place in the file for everything that is wrong with it.

use super::settings::nearest_setting;
use super::{Configuration, ConfigurationError, older, position};
use crate::directories::Directories;
use crate::file;
use homesync_paths::Shown;
use std::fmt;
use std::path::{Path, PathBuf};
use toml_edit::{Document, Key};

/// The largest configuration we read. A person's settings fill a page; whatever is larger is not a configuration.
pub const MAX_BYTES: u64 = 1 << 20;

/// Where settings came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// There is no file: everything has its default.
    Defaults,
    /// Our own configuration file.
    File(PathBuf),
    /// The configuration of the older home-sync tool, which is the only one there is.
    Older(PathBuf),
}

/// Settings, and what a person should know about the file they came from.
#[derive(Debug)]
pub struct Loaded {
    /// The settings.
    pub configuration: Configuration,
    /// Where they came from.
    pub source: Source,
    /// What does not stop us but is probably not what was meant.
    pub warnings: Vec<Warning>,
}

/// Something in a configuration that is probably not what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// The setting that nothing knows.
    pub key: String,
    /// The setting that was probably meant.
    pub nearest: Option<&'static str>,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, key, nearest } = self;
        let (path, key) = (Shown::path(path), shortened(key));
        write!(formatter, "{path}:{line}:{column}: there is no setting `{}`", Shown::new(&key))?;
        match nearest {
            Some(nearest) => write!(formatter, "; the nearest is `{nearest}`"),
            None => Ok(()),
        }
    }
}

/// Reads this machine's settings: our own file, else the older tool's, else defaults.
pub fn load(directories: &Directories) -> Result<Loaded, ConfigurationError> {
    let path = directories.configuration_file();
    if let Some(bytes) = file::read_bounded(&path, MAX_BYTES)? {
        let (configuration, warnings) = parse(&path, &bytes)?;
        return Ok(Loaded { configuration, source: Source::File(path), warnings });
    }
    if let Some((path, bytes)) = find_older(directories)? {
        let imported = older::import(&path, &bytes)?;
        // To run with half of somebody's settings would be to run with settings nobody chose.
        if let Some(problem) = imported.problems.into_iter().next() {
            return Err(problem);
        }
        let configuration = imported.configuration;
        return Ok(Loaded { configuration, source: Source::Older(path), warnings: imported.warnings });
    }
    Ok(Loaded { configuration: Configuration::default(), source: Source::Defaults, warnings: Vec::new() })
}

/// The first configuration of the older tool that exists.
pub fn find_older(directories: &Directories) -> Result<Option<(PathBuf, Vec<u8>)>, ConfigurationError> {
    for path in directories.older_configuration_files() {
        if let Some(bytes) = file::read_bounded(&path, MAX_BYTES)? {
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}

/// Reads settings from the bytes of a TOML file; `path` is for messages.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<(Configuration, Vec<Warning>), ConfigurationError> {
    let invalid = |(line, column), message| ConfigurationError::Invalid {
        path: path.to_owned(),
        line,
        column,
        message,
    };
    let text = text_of(bytes).map_err(|(place, message)| invalid(place, message))?;
    let wrong = |message: &str, span: Option<std::ops::Range<usize>>| {
        invalid(position::of_offset(text, span.map_or(0, |span| span.start)), plain(message))
    };
    let document = Document::parse(text).map_err(|error| wrong(error.message(), error.span()))?;
    let mut unknown = Vec::new();
    let deserializer = toml_edit::de::Deserializer::from(document.clone());
    let configuration: Configuration =
        serde_ignored::deserialize(deserializer, |key| unknown.push(key.to_string()))
            .map_err(|error| wrong(error.message(), error.span()))?;
    let warnings = unknown.into_iter().map(|key| {
        let offset = offset_of_key(&document, &key).unwrap_or(0);
        let (line, column) = position::of_offset(text, offset);
        Warning { path: path.to_owned(), line, column, nearest: nearest_setting(&key), key }
    });
    Ok((configuration, warnings.collect()))
}

/// The file as text, or line and column of the first byte that is none, with the message about it.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, ((usize, usize), String)> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        (position::of_offset(&valid, valid.len()), "the file is not UTF-8 text from here on".to_owned())
    })
}

/// Parser messages in the words of a settings file.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    match first.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected a table such as `[log]`"),
        None => first.replace("expected a borrowed string", "expected a string"),
    }
}

/// A message is one line, however long the key is that somebody wrote.
fn shortened(key: &str) -> String {
    match key.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}

/// Where the key of a dotted path stands. Of a key in quotes with a dot in it only its table is found; its place is good enough.
fn offset_of_key(document: &Document<&str>, path: &str) -> Option<usize> {
    let mut table: &dyn toml_edit::TableLike = document.as_table();
    let mut place = None;
    for name in path.split('.') {
        let Some((key, item)) = table.get_key_value(name) else { break };
        place = Key::span(key).map(|span| span.start).or(place);
        let Some(below) = item.as_table_like() else { break };
        table = below;
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &[u8]) -> String {
        parse(Path::new("config.toml"), text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        let (configuration, warnings) = parse(Path::new("config.toml"), b"").expect("nothing is wrong");
        assert_eq!((configuration, warnings), (Configuration::default(), vec![]));
    }

    #[test]
    fn settings_are_read() {
        let text = b"[machine]\nname = \"attic\"\n[sync]\ninterval = 3600\nauto_push = false\n[log]\nlevel = \"DEBUG\"\n";
        let (configuration, _) = parse(Path::new("config.toml"), text).expect("nothing is wrong");
        assert_eq!(configuration.machine.name.map(|name| name.to_string()), Some("attic".to_owned()));
        assert_eq!(configuration.sync.interval.seconds(), 3600);
        assert!(!configuration.sync.auto_push);
    }

    #[test]
    fn k4_every_error_names_its_place_and_its_reason() {
        for (text, expected) in [
            (
                &b"[sync]\nauto_push = 1\n"[..],
                "config.toml:2:13: invalid type: integer `1`, expected a boolean",
            ),
            (b"[sync]\ninterval = 59\n", "config.toml:2:12: it must be at least 60 seconds"),
            (
                b"[sync]\ninterval = true\n",
                "config.toml:2:12: invalid type: boolean `true`, expected a length of time, such as 90 (seconds), \"5m\" or \"1h 30m\"",
            ),
            (
                b"machine = 5\n",
                "config.toml:1:11: invalid type: integer `5`, expected a table such as `[log]`",
            ),
            (
                b"[log]\nlevel = \"loud\"\n",
                "config.toml:2:9: expected one of error, warn, info, debug, trace",
            ),
            (
                b"[network]\nlisten = [\"tcp://:1\",\n  \"udp://:2\"]\n",
                "config.toml:2:10: expected tcp://HOST:PORT or quic://HOST:PORT, such as `tcp://0.0.0.0:22000`",
            ),
            (b"a = 1\nb = \xff\n", "config.toml:2:5: the file is not UTF-8 text from here on"),
        ] {
            assert_eq!(message(text), expected);
        }
    }

    #[test]
    fn k4_a_half_written_file_is_an_error_at_its_end() {
        for text in [&b"[machi"[..], b"[log]\nlevel = \"inf", b"[log]\nlevel =", b"[log]\nlevel"] {
            assert!(message(text).starts_with("config.toml:"), "{}", message(text));
        }
    }

    #[test]
    fn a_very_long_name_is_cut_in_messages() {
        let text = format!("{} = 1\n", "x".repeat(100_000));
        let (_, warnings) = parse(Path::new("config.toml"), text.as_bytes()).expect("nothing is wrong");
        assert_eq!(
            warnings[0].to_string().chars().count(),
            "config.toml:1:1: there is no setting ``".len() + 81
        );
    }

    #[test]
    fn k4_unknown_settings_are_warned_about_with_the_nearest_name() {
        let text = b"[log]\nlevel = \"info\"\nlevle = 3\n\n[netwrok]\nlisten = []\n";
        let (_, warnings) = parse(Path::new("config.toml"), text).expect("nothing is wrong");
        let shown: Vec<String> = warnings.iter().map(Warning::to_string).collect();
        assert_eq!(
            shown,
            [
                "config.toml:3:1: there is no setting `log.levle`; the nearest is `log.level`",
                "config.toml:5:2: there is no setting `netwrok`",
            ]
        );
    }
}
