//! `homesync config get`

use crate::context::Context;
use crate::error::CommandResult;
use crate::exit_code::Exit;
use crate::output::FAINT;
use homesync_host::configuration::{ConfigurationError, SETTINGS, Setting, nearest_setting};
use serde_json::{Map, Value, json};

pub fn run(context: &Context, key: Option<&str>, json: bool) -> CommandResult {
    let directories = context.directories()?;
    let configuration = context.settings(&directories)?.configuration;
    let values = serde_json::to_value(&configuration).unwrap_or_default();
    let value_of = |key: &str| {
        let (table, name) = key.split_once('.').unwrap_or((key, ""));
        values.get(table).and_then(|table| table.get(name)).cloned().unwrap_or_default()
    };
    match key {
        Some(key) => {
            let Some(setting) = Setting::find(key) else {
                return Err(ConfigurationError::UnknownKey {
                    key: key.to_owned(),
                    nearest: nearest_setting(key),
                }
                .into());
            };
            one(context, setting, value_of(setting.key), json)?;
        }
        None if json => {
            let all: Map<_, _> =
                SETTINGS.iter().map(|setting| (setting.key.to_owned(), value_of(setting.key))).collect();
            context.output.print_json(&json!({ "version": 1, "settings": all }))?;
        }
        None => all(context, value_of)?,
    }
    Ok(Exit::Done)
}

fn one(context: &Context, setting: &Setting, value: Value, json: bool) -> CommandResult<()> {
    if json {
        return context.output.print_json(&json!({ "version": 1, "key": setting.key, "value": value }));
    }
    match value {
        Value::Null => Ok(()),
        Value::String(text) => context.output.print_value(&text),
        Value::Array(values) => {
            for value in values {
                context.output.print_value(value.as_str().unwrap_or_default())?;
            }
            Ok(())
        }
        other => context.output.print(other),
    }
}

/// All of them, as a file could hold them, with what each means.
fn all(context: &Context, value_of: impl Fn(&str) -> Value) -> CommandResult<()> {
    let mut shown = "";
    for setting in SETTINGS {
        let (table, name) = setting.key.split_once('.').unwrap_or_default();
        if table != shown {
            let gap = if shown.is_empty() { "" } else { "\n" };
            context.output.print(format_args!("{gap}[{table}]"))?;
            shown = table;
        }
        context.output.print(format_args!("{FAINT}# {}{FAINT:#}", setting.meaning))?;
        match value_of(setting.key) {
            Value::Null => context.output.print(format_args!("{FAINT}# {name} = (not set){FAINT:#}"))?,
            value => context.output.print(format_args!("{name} = {value}"))?,
        }
    }
    Ok(())
}
