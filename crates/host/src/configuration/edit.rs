//! Changing one setting and keeping everything else as its owner wrote it.

use super::read::{MAX_BYTES, find_older};
use super::settings::{Setting, ValueKind, nearest_setting};
use super::{ConfigurationError, older, parse};
use crate::directories::Directories;
use crate::file::{self, Staged};
use std::path::{Path, PathBuf};
use toml_edit::{Array, DocumentMut, Item, Table, Value};

/// What a new configuration begins with.
const HEADING: &str = "# The settings of this machine. `homesync config get` lists them all.\n\n";

/// What some editors begin a text with.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The configuration file, open for changes. It is always valid: it is only opened when it is, and only changed to what is.
#[derive(Debug)]
pub struct Editable {
    path: PathBuf,
    /// Comes before the document: our heading in a file that we begin, the mark that some editors put there.
    heading: &'static str,
    /// Whether lines end as they do on Windows.
    is_crlf: bool,
    document: DocumentMut,
    /// The document as it was opened.
    original: String,
    /// The older tool's file that the settings were taken over from, if there was no file of our own.
    pub imported_from: Option<PathBuf>,
}

impl Editable {
    /// Opens our own file. Without one it begins with the older tool's settings, because from then on that file is no longer read;
    /// without that, with nothing.
    pub fn open(directories: &Directories) -> Result<Self, ConfigurationError> {
        let path = directories.configuration_file();
        if let Some(bytes) = file::read_bounded(&path, MAX_BYTES)? {
            parse(&path, &bytes)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let heading = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
            let is_crlf = text.contains("\r\n");
            let document = document(&path, &text)?;
            let original = document.to_string();
            return Ok(Self { path, heading, is_crlf, document, original, imported_from: None });
        }
        let mut new = Self::empty(directories);
        if let Some((path, bytes)) = find_older(directories)? {
            let imported = older::import(&path, &bytes)?;
            if let Some(problem) = imported.problems.into_iter().next() {
                return Err(problem);
            }
            for (key, value) in imported.said.into_iter().chain(imported.defaults) {
                new.set(key, &value)?;
            }
            new.imported_from = Some(path);
        }
        Ok(new)
    }

    /// Begins a new file with nothing but a heading, whatever there is.
    pub fn empty(directories: &Directories) -> Self {
        let path = directories.configuration_file();
        let document = DocumentMut::new();
        Self {
            path,
            heading: HEADING,
            is_crlf: false,
            document,
            original: String::new(),
            imported_from: None,
        }
    }

    /// The file that will be written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file as it would be written.
    pub fn text(&self) -> String {
        let document = self.document.to_string();
        let document = document.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&document);
        match self.is_crlf {
            true => format!("{}{}", self.heading, document.replace("\r\n", "\n").replace('\n', "\r\n")),
            false => format!("{}{document}", self.heading),
        }
    }

    /// Whether anything was changed.
    pub fn is_changed(&self) -> bool {
        self.document.to_string() != self.original
    }

    /// The value as it stands in the file, if it does.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let (table, name) = key.split_once('.')?;
        self.document.get(table)?.get(name)?.as_value()
    }

    /// Gives a setting a value. Comments, order and spacing stay.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigurationError> {
        let Some(setting) = Setting::find(key) else {
            return Err(ConfigurationError::UnknownKey {
                key: key.to_owned(),
                nearest: nearest_setting(key),
            });
        };
        let refused =
            |reason: String| ConfigurationError::Value { key: setting.key, value: text.to_owned(), reason };
        let value = value_of(setting.kind, text).map_err(|reason| refused(reason.to_owned()))?;
        let mut changed = self.document.clone();
        place(&mut changed, setting.key, value).map_err(|reason| refused(reason.to_owned()))?;
        // The whole file was right before, so what is wrong now is this value.
        match parse(&self.path, changed.to_string().as_bytes()) {
            Ok(_) => self.document = changed,
            Err(ConfigurationError::Invalid { message, .. }) => return Err(refused(message)),
            Err(other) => return Err(other),
        }
        Ok(())
    }

    /// The document as it would be written.
    pub(super) fn document(&self) -> &DocumentMut {
        &self.document
    }

    /// Takes a changed document if it is still a valid configuration.
    pub(super) fn accept(&mut self, changed: DocumentMut) -> Result<(), ConfigurationError> {
        parse(&self.path, changed.to_string().as_bytes())?;
        self.document = changed;
        Ok(())
    }

    /// Writes the file beside its place, durable. Nothing has changed until that is committed.
    pub fn stage(&self) -> Result<Staged, ConfigurationError> {
        if let Some(directory) = self.path.parent() {
            file::create_private_directory(directory)?;
        }
        Ok(Staged::write(&self.path, self.text().as_bytes(), 0o600)?)
    }
}

fn document(path: &Path, text: &str) -> Result<DocumentMut, ConfigurationError> {
    text.parse().map_err(|error: toml_edit::TomlError| ConfigurationError::Invalid {
        path: path.to_owned(),
        line: 1,
        column: 1,
        message: error.message().to_owned(),
    })
}

/// What a person typed on a command line, as a value of the file.
fn value_of(kind: ValueKind, text: &str) -> Result<Value, &'static str> {
    let unquoted = || match text.parse::<Value>() {
        Ok(Value::String(quoted)) => quoted.into_value(),
        _ => text.to_owned(),
    };
    match kind {
        ValueKind::Text => Ok(unquoted().into()),
        ValueKind::Number => {
            text.trim().parse::<i64>().map(Value::from).map_err(|_| "expected a whole number")
        }
        ValueKind::Switch => {
            text.trim().parse::<bool>().map(Value::from).map_err(|_| "expected true or false")
        }
        ValueKind::Period => Ok(text.trim().parse::<i64>().map_or_else(|_| unquoted().into(), Value::from)),
        ValueKind::List if text.trim_start().starts_with('[') => match text.trim().parse::<Value>() {
            Ok(Value::Array(array)) => Ok(array.into()),
            _ => Err("expected a list such as [\"a\", \"b\"], or a,b"),
        },
        ValueKind::List => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Ok(parts.collect::<Array>().into())
        }
    }
}

/// Puts a value in its table. An existing value keeps the blanks and the comment around it; a new table gets a heading of its own.
fn place(document: &mut DocumentMut, key: &str, mut value: Value) -> Result<(), &'static str> {
    let Some((table, name)) = key.split_once('.') else { return Err("it has no table") };
    let item = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
    let table = item.as_table_like_mut().ok_or("its table is not a table")?;
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(existing) => {
            *value.decor_mut() = existing.decor().clone();
            *existing = value;
        }
        None => {
            table.insert(name, Item::Value(value));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn place_with(text: &str) -> (tempfile::TempDir, Directories) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directories = Directories::find_in(Some(place.path()), |_| None).expect("a root");
        fs::create_dir_all(&directories.configuration).expect("created");
        fs::write(directories.configuration_file(), text).expect("written");
        (place, directories)
    }

    #[test]
    fn comments_order_and_spacing_stay() {
        let text = "# mine\n[log]   # chatty\nlevel = \"info\"   # for now\nextra = 1\n\n[machine]\nname = \"attic\"\n";
        let (_place, directories) = place_with(text);
        let mut file = Editable::open(&directories).expect("it is valid");
        assert!(!file.is_changed());
        file.set("log.level", "debug").expect("a good value");
        file.set("sync.interval", "10m").expect("a good value");
        let expected = text.replace("\"info\"", "\"debug\"") + "\n[sync]\ninterval = \"10m\"\n";
        assert_eq!(file.text(), expected);
        assert!(file.is_changed());
        file.stage().expect("staged").commit().expect("written");
        assert_eq!(fs::read_to_string(directories.configuration_file()).expect("readable"), expected);
    }

    #[test]
    fn a_file_from_another_editor_keeps_its_line_ends_and_its_mark() {
        for text in [
            "[log]\r\nlevel = \"info\"\r\n",
            "\u{feff}[log]\nlevel = \"info\"\n",
            "\u{feff}[log]\r\nlevel = \"info\"",
        ] {
            let (_place, directories) = place_with(text);
            let mut file = Editable::open(&directories).expect("it is valid");
            assert!(!file.is_changed(), "{text:?}");
            file.set("log.level", "info").expect("a good value");
            assert!(!file.is_changed(), "{text:?}");
            file.set("log.level", "debug").expect("a good value");
            let expected = text.replace("info", "debug");
            assert_eq!(file.text().trim_end(), expected.trim_end(), "{text:?}");
        }
    }

    #[test]
    fn values_are_written_as_their_setting_wants_them() {
        let (_place, directories) = place_with("");
        let mut file = Editable::open(&directories).expect("it is valid");
        for (key, typed, written) in [
            ("sync.auto_push", "false", "false"),
            ("backup.retention_days", "7", "7"),
            ("sync.interval", "90", "90"),
            ("lock.timeout", "0s", "\"0s\""),
            ("machine.name", "7", "\"7\""),
            ("machine.name", "\"attic\"", "\"attic\""),
            ("network.listen", "tcp://:1, quic://:2", "[\"tcp://:1\", \"quic://:2\"]"),
            ("network.listen", "[\"tcp://:3\"]", "[\"tcp://:3\"]"),
            ("network.listen", "", "[]"),
        ] {
            file.set(key, typed).expect("a good value");
            assert_eq!(
                file.get(key).map(|value| value.to_string().trim().to_owned()).as_deref(),
                Some(written)
            );
        }
    }

    #[test]
    fn k4_a_wrong_name_or_value_changes_nothing() {
        let (_place, directories) = place_with("[log]\nlevel = \"info\"\n");
        let mut file = Editable::open(&directories).expect("it is valid");
        for (key, value, said) in [
            ("network.nonsense", "1", "there is no setting `network.nonsense`"),
            ("log", "1", "there is no setting `log`"),
            ("sync.interval", "59", "`sync.interval` cannot be 59: it must be at least 60 seconds"),
            ("sync.auto_push", "maybe", "`sync.auto_push` cannot be maybe: expected true or false"),
            ("backup.retention_days", "x", "`backup.retention_days` cannot be x: expected a whole number"),
            ("network.listen", "[1]", "`network.listen` cannot be [1]: "),
            ("network.listen", "[", "`network.listen` cannot be [: "),
            ("machine.name", "a b", "`machine.name` cannot be a b: "),
        ] {
            let error = file.set(key, value).expect_err("it is wrong").to_string();
            assert!(error.starts_with(said), "{error}");
        }
        assert!(!file.is_changed());
    }

    #[test]
    fn k4_a_broken_file_is_not_built_upon() {
        let (_place, directories) = place_with("[log\n");
        let error = Editable::open(&directories).expect_err("it is broken").to_string();
        assert!(error.contains("config.toml:1:"), "{error}");
    }

    #[test]
    fn a_new_file_takes_the_older_tools_settings_over() {
        let (_place, directories) = place_with("");
        fs::rename(directories.configuration_file(), directories.configuration.join("config.yml"))
            .expect("moved");
        let older = directories.configuration.join("config.yml");
        fs::write(&older, "sync_interval: 120\n").expect("written");
        let file = Editable::open(&directories).expect("it is valid");
        assert_eq!(file.imported_from.as_ref(), Some(&older));
        assert_eq!(file.get("sync.interval").and_then(Value::as_str), Some("2m"));
        fs::write(&older, "sync_interval: 1\n").expect("written");
        assert!(Editable::open(&directories).is_err(), "settings that are wrong are not dropped in silence");
    }
}
