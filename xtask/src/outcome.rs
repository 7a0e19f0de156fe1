//! How a chore ends: done, called wrongly, or failed with one sentence for the person who started it.

use std::fmt::Display;

/// The result of a chore or of a part of one.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a chore did not do what it was asked to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The call itself makes no sense.
    Usage(String),
    /// The work failed; the sentence says what and what to do next.
    Failed(String),
}

/// A failure with the given sentence; shorter to write than the variant.
pub(crate) fn failed(message: impl Into<String>) -> Failure {
    Failure::Failed(message.into())
}

/// A wrong call, with the reason.
pub(crate) fn usage(message: impl Into<String>) -> Failure {
    Failure::Usage(message.into())
}

/// Refuses arguments, for chores that take none: a mistyped option must not be ignored in silence.
pub(crate) fn no_arguments(arguments: &[String]) -> Outcome {
    match arguments.first() {
        None => Ok(()),
        Some(first) => Err(usage(format!("does not know `{first}`."))),
    }
}

/// Adds to an error what was being tried, so that no bare "No such file" reaches the terminal.
pub(crate) trait Context<T> {
    /// The value, or a failure that begins with the given words.
    fn context(self, doing: impl Display) -> Outcome<T>;
}

impl<T, E: Display> Context<T> for Result<T, E> {
    fn context(self, doing: impl Display) -> Outcome<T> {
        self.map_err(|error| failed(format!("{doing}: {error}")))
    }
}
