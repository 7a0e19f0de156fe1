//! What a program left behind when it ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use super::RunError;
use super::redact::Redactor;
use crate::log::escape;

/// How much of the end of standard error goes into an error.
const TAIL: usize = 2048;

/// How a program ended and what it wrote. `Debug` shows no content, because the content may be a secret that was asked for.
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to standard output, as it is.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error, as it is. For text in messages use [`Output::stderr_text`].
    pub stderr: Vec<u8>,
    /// Whether a stream is not whole here: it was longer than the cap, or a process that was left behind still held it.
    pub truncated: bool,
    /// From start to end.
    pub duration: Duration,
    pub(super) program: String,
    pub(super) redactor: Redactor,
}

impl Output {
    /// The output when the program succeeded, else an error that names program, status and the end of standard error.
    ///
    /// # Errors
    /// [`RunError::Failed`] for any status but 0.
    pub fn check(self) -> Result<Self, RunError> {
        if self.status.success() {
            return Ok(self);
        }
        Err(RunError::Failed {
            end: end_in_words(self.status),
            code: self.status.code(),
            stderr: self.stderr_text(),
            program: self.program,
        })
    }

    /// The end of standard error as text for people: secrets masked, control characters escaped, lines joined by ` | `.
    pub fn stderr_text(&self) -> String {
        text(&self.stderr, self.truncated, &self.redactor)
    }

    /// The end of standard output as text for people, made like [`Output::stderr_text`].
    pub fn stdout_text(&self) -> String {
        text(&self.stdout, self.truncated, &self.redactor)
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Output")
            .field("program", &self.program)
            .field("status", &self.status)
            .field("stdout_bytes", &self.stdout.len())
            .field("stderr_bytes", &self.stderr.len())
            .field("truncated", &self.truncated)
            .finish_non_exhaustive()
    }
}

/// The end of a stream for people. Masks first: cutting first could leave half a secret.
pub(super) fn text(stream: &[u8], cut: bool, redactor: &Redactor) -> String {
    let clean = redactor.clean(stream, cut);
    let tail = &clean[clean.len().saturating_sub(TAIL)..];
    let lossy = String::from_utf8_lossy(tail);
    let lines: Vec<String> =
        lossy.lines().map(|line| escape::visible(line.trim_end())).filter(|line| !line.is_empty()).collect();
    lines.join(" | ")
}

/// How it ended, as the end of a sentence that begins with the program.
fn end_in_words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}
