//! One event, taken apart once for all sinks.

use std::error::Error;
use std::fmt;

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Longer messages are cut. With the other limits it keeps a line well below what a datagram can carry.
const LONGEST_MESSAGE: usize = 16 * 1024;
/// Longer field values are cut.
const LONGEST_VALUE: usize = 4 * 1024;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Signed(i64),
    Unsigned(u64),
    Bool(bool),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Signed(number) => number.fmt(formatter),
            Self::Unsigned(number) => number.fmt(formatter),
            Self::Bool(truth) => truth.fmt(formatter),
        }
    }
}

/// The fields of an event or span, in the order of the code; `message` is kept apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", value) => self.message = cut(value.to_string(), LONGEST_MESSAGE),
            (name, Value::Text(text)) => self.replace(name, Value::Text(cut(text, LONGEST_VALUE))),
            (name, value) => self.replace(name, value),
        }
    }

    /// Takes over newer values.
    pub(super) fn merge(&mut self, newer: Self) {
        for (name, value) in newer.others {
            self.replace(name, value);
        }
    }

    /// A span may be given a new value for a field; an object in JSON must not have a name twice.
    fn replace(&mut self, name: &'static str, value: Value) {
        match self.others.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, Value::Unsigned(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, Value::Text(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text.push_str(&format!(": {error}"));
            cause = error.source();
        }
        self.put(field, Value::Text(text));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Value::Text(format!("{value:?}")));
    }
}

/// A span that an event happened in.
#[derive(Clone, Debug)]
pub(super) struct SpanRecord {
    pub(super) name: &'static str,
    pub(super) fields: Fields,
}

/// An event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) time: Timestamp,
    pub(super) level: Level,
    pub(super) target: String,
    pub(super) fields: Fields,
    /// Outermost first.
    pub(super) spans: Vec<SpanRecord>,
}

impl Record {
    pub(super) fn new(event: &Event<'_>, spans: Vec<SpanRecord>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let (level, target) = (*metadata.level(), metadata.target().to_owned());
        Self { time: Timestamp::now(), level, target, fields, spans }
    }
}

/// At most so many bytes, with a mark where something is missing.
fn cut(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
    text
}
