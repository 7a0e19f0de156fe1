//! An event as one line of JSON, for the log file.

use super::record::{Fields, Record, Value};

/// The line, with its end. Strings are encoded, so there is no other line end in it.
pub(super) fn line(record: &Record) -> String {
    let mut line = String::with_capacity(256);
    line.push_str(&format!("{{\"timestamp\":\"{:.6}\",\"level\":\"{}\",", record.time, record.level));
    line.push_str(&format!("\"pid\":{},\"target\":", std::process::id()));
    string(&mut line, &record.target);
    line.push_str(",\"message\":");
    string(&mut line, &record.fields.message);
    line.push_str(",\"fields\":");
    object(&mut line, &record.fields);
    if !record.spans.is_empty() {
        line.push_str(",\"spans\":[");
        for (index, span) in record.spans.iter().enumerate() {
            line.push_str(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
            string(&mut line, span.name);
            line.push_str(",\"fields\":");
            object(&mut line, &span.fields);
            line.push('}');
        }
        line.push(']');
    }
    line.push_str("}\n");
    line
}

fn object(line: &mut String, fields: &Fields) {
    line.push('{');
    for (index, (name, value)) in fields.others.iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        string(line, name);
        line.push(':');
        match value {
            Value::Text(text) => string(line, text),
            Value::Signed(_) | Value::Unsigned(_) | Value::Bool(_) => line.push_str(&value.to_string()),
        }
    }
    line.push('}');
}

/// A string literal. Control characters of all kinds are encoded, also those that JSON allows but a terminal obeys.
fn string(line: &mut String, text: &str) {
    line.push('"');
    for each in text.chars() {
        match each {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            each if each.is_control() || matches!(each, '\u{2028}' | '\u{2029}') => {
                line.push_str(&format!("\\u{:04x}", u32::from(each)));
            }
            each => line.push(each),
        }
    }
    line.push('"');
}
