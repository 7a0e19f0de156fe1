//! The configuration of the older home-sync tool: one flat YAML mapping of five settings.

use super::nearest::nearest;
use super::read::{Warning, text_of};
use super::{Configuration, ConfigurationError, Days, LogLevel, Period, RepositoryPath};
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};
use std::collections::BTreeMap;
use std::path::Path;

/// The older tool's names, and what they are called here.
const NAMES: [(&str, &str); 5] = [
    ("sync_interval", "sync.interval"),
    ("backup_retention", "backup.retention_days"),
    ("auto_push", "sync.auto_push"),
    ("log_level", "log.level"),
    ("dotfiles_dir", "repository.path"),
];

/// What the older tool did when nothing was said. These differ from ours, so a person who comes from it keeps them.
const SYNC_INTERVAL: Period<60> = Period::from_seconds(3600);

/// The older tool's settings as ours. Texts are for [`super::Editable::set`].
#[derive(Debug)]
pub struct Imported {
    /// All of them together.
    pub configuration: Configuration,
    /// What the file says, by our names.
    pub said: Vec<(&'static str, String)>,
    /// What the file does not mention and the older tool did by default, by our names.
    pub defaults: Vec<(&'static str, String)>,
    /// Values that cannot be taken over. They are in neither list; the others can be.
    pub problems: Vec<ConfigurationError>,
    /// Names that the older tool did not know either.
    pub warnings: Vec<Warning>,
}

/// A value of the file, before we know whether it fits.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Switch(bool),
    Number(i64),
    Text(String),
    Other(serde::de::IgnoredAny),
}

/// Reads the bytes of the older tool's file; `path` is for messages.
pub fn import(path: &Path, bytes: &[u8]) -> Result<Imported, ConfigurationError> {
    let place = |location: Option<Location>| {
        location.map_or((1, 1), |location| (location.line() as usize, location.column() as usize))
    };
    let wrong =
        |(line, column), message| ConfigurationError::Older { path: path.to_owned(), line, column, message };
    let invalid = |location: Option<Location>, message: String| wrong(place(location), message);
    let text = text_of(bytes).map_err(|(place, message)| wrong(place, message))?;
    let entries: Option<BTreeMap<String, Spanned<Scalar>>> =
        serde_saphyr::from_str(text).map_err(|error| invalid(error.location(), plain(&error.to_string())))?;
    let entries = entries.unwrap_or_default();

    let mut configuration = Configuration::default();
    configuration.sync.interval = SYNC_INTERVAL;
    let (mut problems, mut warnings, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    let unmentioned: Vec<&str> =
        NAMES.iter().filter(|(name, _)| !entries.contains_key(*name)).map(|(_, setting)| *setting).collect();
    for (key, value) in entries {
        let Some((name, setting)) = NAMES.iter().find(|(name, _)| *name == key) else {
            let (line, column) = place(Some(value.referenced));
            let meant = nearest(&key, NAMES.map(|(name, _)| name));
            warnings.push(Warning { path: path.to_owned(), line, column, key, nearest: meant });
            continue;
        };
        if let Err(reason) = take_over(&mut configuration, setting, value.value) {
            problems.push(invalid(Some(value.referenced), format!("`{name}`: {reason}")));
            failed.push(*setting);
        }
    }
    let all = settings_of(&configuration).into_iter().filter(|(setting, _)| !failed.contains(setting));
    let (defaults, said) = all.partition(|(setting, _)| unmentioned.contains(setting));
    Ok(Imported { configuration, said, defaults, problems, warnings })
}

/// The YAML parser's messages, without the place (which we say ourselves) and without advice for programmers.
fn plain(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let said = match first.strip_prefix("error: line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, said)) => said,
        None => first,
    };
    let said = said.split(", set ").next().unwrap_or_default().split("; use ").next().unwrap_or_default();
    said.replace("expected mapping start", "expected lines of the form `name: value`")
}

fn take_over(configuration: &mut Configuration, setting: &str, value: Scalar) -> Result<(), String> {
    match (setting, value) {
        ("sync.interval", Scalar::Number(seconds)) => {
            configuration.sync.interval =
                seconds.to_string().parse::<Period<60>>().map_err(|error| error.0)?;
        }
        ("backup.retention_days", Scalar::Number(days)) => {
            configuration.backup.retention_days = Days::try_from(days).map_err(|error| error.0)?;
        }
        ("sync.auto_push", Scalar::Switch(on)) => configuration.sync.auto_push = on,
        ("sync.auto_push", Scalar::Text(word)) => configuration.sync.auto_push = switch_of(&word)?,
        ("log.level", Scalar::Text(level)) => {
            configuration.log.level = level.parse::<LogLevel>().map_err(|error| error.0)?;
        }
        ("repository.path", Scalar::Text(path)) => {
            configuration.repository.path = Some(path.parse::<RepositoryPath>().map_err(|error| error.0)?);
        }
        ("sync.interval" | "backup.retention_days", _) => return Err("expected a whole number".to_owned()),
        ("sync.auto_push", _) => return Err("expected true or false".to_owned()),
        _ => return Err("expected a text".to_owned()),
    }
    Ok(())
}

/// The older tool's YAML took these words for truth values.
fn switch_of(word: &str) -> Result<bool, String> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => Ok(true),
        "no" | "off" | "false" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// All five, as texts: what is written down does not change when a default does.
fn settings_of(configuration: &Configuration) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("sync.interval", configuration.sync.interval.to_string()),
        ("sync.auto_push", configuration.sync.auto_push.to_string()),
        ("backup.retention_days", configuration.backup.retention_days.count().to_string()),
        ("log.level", configuration.log.level.to_string()),
    ];
    if let Some(path) = &configuration.repository.path {
        settings.push(("repository.path", path.to_string()));
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import_text(text: &str) -> Imported {
        import(Path::new("config.yml"), text.as_bytes()).expect("it is YAML")
    }

    #[test]
    fn everything_the_older_tool_knew_is_taken_over() {
        let imported = import_text(
            "# mine\nsync_interval: 600\nbackup_retention: 14\nauto_push: no\nlog_level: WARNING\ndotfiles_dir: ~/dotfiles\n",
        );
        assert!(imported.problems.is_empty() && imported.warnings.is_empty());
        assert_eq!(
            imported.said,
            [
                ("sync.interval", "10m".to_owned()),
                ("sync.auto_push", "false".to_owned()),
                ("backup.retention_days", "14".to_owned()),
                ("log.level", "warn".to_owned()),
                ("repository.path", "~/dotfiles".to_owned()),
            ]
        );
    }

    #[test]
    fn its_defaults_are_kept_not_replaced_by_ours() {
        for text in ["", "# nothing\n", "log_level: INFO\n"] {
            let configuration = import_text(text).configuration;
            assert_eq!(configuration.sync.interval.seconds(), 3600);
            assert_eq!(configuration.backup.retention_days.count(), 30);
            assert!(configuration.sync.auto_push);
            assert_eq!(configuration.log.level, LogLevel::Info);
        }
        let imported = import_text("log_level: DEBUG\n");
        assert_eq!(imported.said, [("log.level", "debug".to_owned())]);
        let defaults: Vec<&str> = imported.defaults.iter().map(|(setting, _)| *setting).collect();
        assert_eq!(defaults, ["sync.interval", "sync.auto_push", "backup.retention_days"]);
    }

    #[test]
    fn one_bad_value_holds_back_only_itself() {
        let imported =
            import_text("sync_interval: 59\nbackup_retention: 0\nauto_push: perhaps\nlog_level: 3\n");
        let said: Vec<String> = imported.problems.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 4);
        assert!(
            said.contains(&"config.yml:1:16: `sync_interval`: it must be at least 60 seconds".to_owned()),
            "{said:?}"
        );
        assert!(
            said.contains(&"config.yml:2:19: `backup_retention`: it must be at least 1 day".to_owned()),
            "{said:?}"
        );
        assert!(
            imported.said.is_empty() && imported.defaults.is_empty(),
            "what is wrong is not replaced by a default"
        );
        for wrong in ["sync_interval: soon", "dotfiles_dir: [a]", "auto_push: 3", "log_level: loud"] {
            assert_eq!(import_text(wrong).problems.len(), 1, "{wrong}");
        }
        assert!(import_text("auto_push: on").configuration.sync.auto_push);
    }

    #[test]
    fn unknown_names_are_warned_about() {
        let imported = import_text("sync_intervall: 600\n");
        assert_eq!(imported.warnings.len(), 1);
        assert_eq!(imported.warnings[0].nearest, Some("sync_interval"));
    }

    #[test]
    fn what_is_no_mapping_is_an_error_with_its_place() {
        for text in ["- a\n- b\n", "a: [1\n", "just words\n", "a: b: c\n"] {
            let error = import(Path::new("config.yml"), text.as_bytes()).expect_err("no mapping");
            assert!(error.to_string().starts_with("config.yml:"), "{error}");
        }
        let error = import(Path::new("config.yml"), b"a: 1\na: 2\n").expect_err("twice").to_string();
        assert_eq!(error, "config.yml:2:1: duplicate mapping key: a");
        let error = import(Path::new("config.yml"), b"a: \xff").expect_err("no text");
        assert!(matches!(error, ConfigurationError::Older { line: 1, column: 4, .. }), "{error}");
    }
}
