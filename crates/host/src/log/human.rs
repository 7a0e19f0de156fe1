//! An event as one line for a person.

use tracing::Level;

use super::escape::visible;
use super::record::{Record, Value};

/// For example `warning: cannot read the file (path=/x, error=no such file)`. The finer levels also say where the event comes from.
pub(super) fn line(record: &Record, color: bool) -> String {
    let (word, code) = match record.level {
        Level::ERROR => ("error", "1;31"),
        Level::WARN => ("warning", "1;33"),
        Level::INFO => ("info", "32"),
        Level::DEBUG => ("debug", "36"),
        Level::TRACE => ("trace", "2"),
    };
    let text = text(record);
    if color { format!("\u{1b}[{code}m{word}:\u{1b}[0m {text}\n") } else { format!("{word}: {text}\n") }
}

/// The line without the level, its end and colours.
pub(super) fn text(record: &Record) -> String {
    let mut text = String::new();
    if record.level >= Level::DEBUG {
        text.push_str(&format!("{}: ", visible(&record.target)));
    }
    text.push_str(&visible(&record.fields.message));
    let in_spans = record.spans.iter().flat_map(|span| &span.fields.others);
    let fields: Vec<String> = in_spans.chain(&record.fields.others).map(field).collect();
    if !fields.is_empty() {
        text.push_str(&format!(" ({})", fields.join(", ")));
    }
    text
}

fn field((name, value): &(&'static str, Value)) -> String {
    let text = visible(&value.to_string());
    if text.is_empty() || text.contains([',', '(', ')']) {
        format!("{name}=\"{text}\"")
    } else {
        format!("{name}={text}")
    }
}
