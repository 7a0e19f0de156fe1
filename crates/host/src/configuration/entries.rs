//! Changing the tables of machines and folders, and keeping everything else as its owner wrote it.

use super::edit::Editable;
use super::{
    Configuration, ConfigurationError, FolderName, FolderSettings, MachineName, MachineSettings, ValueError,
    parse,
};
use toml_edit::{Array, DocumentMut, Item, Table, Value};

/// The keys of a folder's table that a person can set one by one, with what their values look like.
pub const FOLDER_KEYS: &[(&str, &str)] = &[
    ("path", "where it is on this machine"),
    ("with", "the machines that have it too, separated by commas"),
    ("id", "by what the others know it"),
    ("kind", "send-receive, send-only or receive-only"),
    ("paused", "true or false"),
    ("mode", "continuous or manual"),
    ("guard", "standard, off, or the number of removals that need no yes"),
    ("permissions", "true or false: whether permission bits are compared and set"),
    (
        "owner",
        "none, send or sync: whether owner and group are told to others, and set as they say where this machine may",
    ),
    ("attributes", "none, send or sync: the same for extended attributes and access control lists"),
    ("conflicts", "how many conflict copies of one file stay"),
    ("most_items", "how many items another machine may tell of; with more it is turned away"),
    (
        "versioning",
        "none, trash-can, simple or staggered: which versions are kept in .stversions; external: by a program",
    ),
    (
        "version_command",
        "the program that takes away a file before it is replaced or removed, with external: %FOLDER_PATH% and %FILE_PATH% stand for the file",
    ),
    ("keep_versions", "how many versions of each file, with simple"),
    ("keep_days", "for how many days versions are kept; 0 for ever"),
    ("networks", "the named networks on which it travels; everywhere when empty"),
    ("on_synced", "a program that is told when the folder is in step again"),
    ("on_conflict", "a program that is told of conflict copies"),
];

/// The keys of a network's table.
pub const NETWORK_KEYS: &[(&str, &str)] = &[
    ("subnets", "this machine has an address in one of these, such as `192.168.1.0/24`"),
    ("gateway", "what leads from there to everywhere else has this address"),
    ("gateway_mac", "and this hardware, such as `00:11:22:aa:bb:cc`"),
    ("wifi", "the name that its radio shows"),
];

/// The keys of a machine's table.
pub const MACHINE_KEYS: &[(&str, &str)] = &[
    ("device", "its device id"),
    (
        "addresses",
        "where it is: `tcp://HOST:PORT`, `quic://HOST:PORT`, or `dynamic` for wherever it announces itself",
    ),
    ("compression", "what is compressed on the way to it: metadata, always or never"),
    ("send_limit", "KiB a second that are sent to it at most; 0 for as many as there are"),
    ("receive_limit", "KiB a second that are received from it at most"),
    ("networks", "the named networks on which it is connected; everywhere when empty"),
];

impl Editable {
    /// What the file says, typed. It is always valid.
    pub fn configuration(&self) -> Result<Configuration, ConfigurationError> {
        parse(self.path(), self.document().to_string().as_bytes()).map(|(configuration, _)| configuration)
    }

    /// Names a machine, or changes what is known of it.
    pub fn put_machine(
        &mut self,
        name: &MachineName,
        machine: &MachineSettings,
    ) -> Result<(), ConfigurationError> {
        let before = self.configuration()?.machines.remove(name);
        self.put("machines", name.as_str(), machine, before.as_ref())
    }

    /// Names a folder, or changes what is known of it.
    pub fn put_folder(
        &mut self,
        name: &FolderName,
        folder: &FolderSettings,
    ) -> Result<(), ConfigurationError> {
        let before = self.configuration()?.folders.remove(name);
        self.put("folders", name.as_str(), folder, before.as_ref())
    }

    /// Takes a machine out of the file, and out of the folders that were shared with it. Answers whether it was there.
    pub fn remove_machine(&mut self, name: &MachineName) -> Result<bool, ConfigurationError> {
        for (folder, mut settings) in self.configuration()?.folders {
            if settings.with.contains(name) {
                settings.with.retain(|with| with != name);
                self.put_folder(&folder, &settings)?;
            }
        }
        self.remove("machines", name.as_str())
    }

    /// Gives a machine another name, everywhere. Answers whether it was there.
    pub fn rename_machine(
        &mut self,
        name: &MachineName,
        new: &MachineName,
    ) -> Result<bool, ConfigurationError> {
        let configuration = self.configuration()?;
        let Some(machine) = configuration.machines.get(name) else { return Ok(false) };
        self.put_machine(new, machine)?;
        for (folder, mut settings) in configuration.folders {
            if settings.with.contains(name) {
                settings.with.iter_mut().filter(|with| *with == name).for_each(|with| *with = new.clone());
                self.put_folder(&folder, &settings)?;
            }
        }
        self.remove("machines", name.as_str())
    }

    /// Takes a folder out of the file. Answers whether it was there.
    pub fn remove_folder(&mut self, name: &FolderName) -> Result<bool, ConfigurationError> {
        self.remove("folders", name.as_str())
    }

    /// Sets one value of a folder as a person typed it.
    pub fn set_folder(&mut self, name: &FolderName, key: &str, text: &str) -> Result<(), ValueError> {
        let Some((key, meaning)) = FOLDER_KEYS.iter().find(|(known, _)| *known == key) else {
            let known: Vec<&str> = FOLDER_KEYS.iter().map(|(known, _)| *known).collect();
            return Err(ValueError(format!("a folder has no `{key}`: it has {}", known.join(", "))));
        };
        let list = |separator: &dyn Fn(char) -> bool| {
            let parts = text.split(separator).map(str::trim).filter(|part| !part.is_empty());
            Value::from(parts.collect::<Array>())
        };
        let value = match *key {
            "with" | "networks" => list(&|character| character == ','),
            "on_synced" | "on_conflict" | "version_command" => list(&char::is_whitespace),
            "paused" | "permissions" => match text {
                "true" => true.into(),
                "false" => false.into(),
                _ => return Err(ValueError(format!("`{key}` is {meaning}"))),
            },
            "conflicts" | "most_items" | "keep_versions" | "keep_days" => match text.parse::<u32>() {
                Ok(many) => i64::from(many).into(),
                Err(_) => return Err(ValueError(format!("`{key}` is a number: {meaning}"))),
            },
            _ => text.into(),
        };
        let mut changed = self.document().clone();
        table(&mut changed, "folders", name.as_str()).insert(key, Item::Value(value));
        self.accept(changed).map_err(|error| match error {
            ConfigurationError::Invalid { message, .. } => ValueError(format!("`{key}`: {message}")),
            other => ValueError(other.to_string()),
        })
    }

    /// Writes what differs from what the file says already, so that comments and defaults stay as they are.
    fn put<T: serde::Serialize>(
        &mut self,
        tables: &str,
        name: &str,
        new: &T,
        before: Option<&T>,
    ) -> Result<(), ConfigurationError> {
        let (new, before) = (values(new), before.map(values).unwrap_or_default());
        let mut changed = self.document().clone();
        let table = table(&mut changed, tables, name);
        for (key, item) in new.iter() {
            let is_said = before.get(key).is_some_and(|before| before.to_string() == item.to_string());
            let is_needless = before.is_empty() && is_default(key, item);
            if !(is_said || is_needless) {
                table.insert(key, item.clone());
            }
        }
        for (key, _) in before.iter().filter(|(key, _)| !new.contains_key(key)) {
            table.remove(key);
        }
        self.accept(changed)
    }

    fn remove(&mut self, tables: &str, name: &str) -> Result<bool, ConfigurationError> {
        let mut changed = self.document().clone();
        let all = changed.get_mut(tables).and_then(Item::as_table_like_mut);
        let was_there = all.is_some_and(|all| all.remove(name).is_some());
        self.accept(changed)?;
        Ok(was_there)
    }
}

/// What a value that nobody has set says anyway need not be written.
fn is_default(key: &str, item: &Item) -> bool {
    let text = item.to_string();
    let text = text.trim();
    match key {
        "addresses" => text == "[\"dynamic\"]",
        "compression" => text == "\"metadata\"",
        "send_limit" | "receive_limit" => text == "0",
        "kind" => text == "\"send-receive\"",
        "paused" => text == "false",
        "mode" => text == "\"continuous\"",
        "guard" => text == "\"standard\"",
        "permissions" => text == "true",
        "conflicts" => text == "10",
        "most_items" => text == "10000000",
        "versioning" | "owner" | "attributes" => text == "\"none\"",
        "keep_versions" => text == "5",
        "on_synced" | "on_conflict" | "networks" | "version_command" => text == "[]",
        _ => false,
    }
}

/// The values of a table, as they are written.
fn values<T: serde::Serialize>(of: &T) -> Table {
    // Types that are made of texts, numbers and lists of texts can always be written.
    toml_edit::ser::to_document(of).map(|document| document.as_table().clone()).unwrap_or_default()
}

/// The table of a name, made with a heading of its own if it is missing.
fn table<'d>(document: &'d mut DocumentMut, tables: &str, name: &str) -> &'d mut dyn toml_edit::TableLike {
    let mut implicit = Table::new();
    implicit.set_implicit(true);
    let all = document.entry(tables).or_insert(Item::Table(implicit));
    if !all.is_table_like() {
        *all = Item::Table(Table::new());
    }
    let empty = || Item::Table(Table::new());
    let entry = match all {
        Item::Table(all) => all.entry(name).or_insert_with(empty),
        other => {
            // Written in one line by somebody: it stays one.
            other[name].or_insert(Item::Value(Value::InlineTable(toml_edit::InlineTable::new())))
        }
    };
    match entry {
        Item::Table(table) => table,
        Item::Value(Value::InlineTable(table)) => table,
        other => {
            *other = empty();
            match other {
                Item::Table(table) => table,
                _ => unreachable!("it was just made"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directories::Directories;
    use std::fs;

    const ID: &str = "4CKWLWX-VBOBCBM-HRK2E6J-32OXDTQ-JHH3YH4-GDLN43D-67GSLSM-XMMGSQO";

    fn open(text: &str) -> (tempfile::TempDir, Editable) {
        let place = tempfile::tempdir().expect("a temporary directory");
        let directories = Directories::find_in(Some(place.path()), |_| None).expect("a root");
        fs::create_dir_all(&directories.configuration).expect("created");
        fs::write(directories.configuration_file(), text).expect("written");
        let editable = Editable::open(&directories).expect("it is valid");
        (place, editable)
    }

    fn name<T: std::str::FromStr<Err = ValueError>>(text: &str) -> T {
        text.parse().expect("a good value")
    }

    #[test]
    fn the_tables_of_keys_and_the_types_know_the_same() {
        let names = |table: &Table| table.iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
        let known = |keys: &[(&str, &str)]| keys.iter().map(|(key, _)| (*key).to_owned()).collect::<Vec<_>>();
        let machine = MachineSettings::new(name(ID));
        assert_eq!(names(&values(&machine)), known(MACHINE_KEYS));
        let mut folder = FolderSettings::new(name("/a"));
        (folder.id, folder.keep_days) = (Some(name("b")), Some(1));
        let (mut written, mut known) = (names(&values(&folder)), known(FOLDER_KEYS));
        written.sort();
        known.sort();
        assert_eq!(written, known);
    }

    #[test]
    fn machines_and_folders_are_named_changed_renamed_and_removed() {
        let (_place, mut file) = open("# mine\n[log]\nlevel = \"debug\" # loud\n");
        let mut machine = MachineSettings::new(name(ID));
        machine.addresses = vec![name("tcp://b:22000")];
        file.put_machine(&name("b"), &machine).expect("written");
        let mut folder = FolderSettings::new(name("/srv/work"));
        folder.with = vec![name("b")];
        file.put_folder(&name("work"), &folder).expect("written");
        let expected = format!(
            "# mine\n[log]\nlevel = \"debug\" # loud\n\n[machines.b]\ndevice = \"{ID}\"\naddresses = [\"tcp://b:22000\"]\n\n[folders.work]\npath = \"/srv/work\"\nwith = [\"b\"]\n"
        );
        assert_eq!(file.text(), expected);
        file.put_folder(&name("work"), &folder).expect("written");
        assert_eq!(file.text(), expected, "what is said already is not said again");

        assert!(file.rename_machine(&name("b"), &name("attic")).expect("written"));
        let configuration = file.configuration().expect("valid");
        assert_eq!(configuration.machines.keys().map(MachineName::as_str).collect::<Vec<_>>(), ["attic"]);
        assert_eq!(configuration.folders[&name("work")].with, [name::<MachineName>("attic")]);
        assert!(file.remove_machine(&name("attic")).expect("written"));
        assert!(!file.remove_machine(&name("attic")).expect("written"));
        assert!(file.configuration().expect("valid").folders[&name("work")].with.is_empty());
        assert!(file.remove_folder(&name("work")).expect("written"));
        assert!(file.text().starts_with("# mine\n[log]\nlevel = \"debug\" # loud\n"));
    }

    #[test]
    fn values_of_folders_are_set_as_they_are_typed() {
        let (_place, mut file) = open("[folders.work]\npath = \"/a\" # here\n");
        for (key, text) in [
            ("paused", "true"),
            ("kind", "send-only"),
            ("guard", "7"),
            ("with", "a, b"),
            ("on_synced", "notify-send done"),
        ] {
            file.set_folder(&name("work"), key, text).expect("a good value");
        }
        let work = file.configuration().expect("valid").folders.remove(&name("work")).expect("there");
        assert!(work.paused && work.with.len() == 2 && work.on_synced == ["notify-send", "done"]);
        assert!(file.text().contains("path = \"/a\" # here\n"));
        let before = file.text();
        for (key, text, said) in [
            ("paused", "maybe", "`paused` is true or false"),
            ("kind", "both", "`kind`: expected one of send-receive, send-only, receive-only"),
            ("path", "relative", "`path`: expected a path that begins with / or ~/"),
            ("colour", "red", "a folder has no `colour`: it has path, with,"),
        ] {
            let error = file.set_folder(&name("work"), key, text).expect_err("it is wrong").to_string();
            assert!(error.starts_with(said), "{error}");
        }
        assert_eq!(file.text(), before);
    }

    #[test]
    fn tables_written_in_one_line_stay_so() {
        let (_place, mut file) = open("folders = { work = { path = \"/a\" } }\n");
        file.set_folder(&name("work"), "paused", "true").expect("a good value");
        assert!(
            file.text().contains("folders = { work = { path = \"/a\" , paused = true } }"),
            "{}",
            file.text()
        );
    }
}
