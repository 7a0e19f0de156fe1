//! What to run, and how: collected piece by piece, then run once.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use super::redact::Redactor;
use super::{Cancel, Limit, Output, RunError, spawn, supervise};
use crate::interrupt::{Deferred, Keyboard};
use crate::log::escape;
use crate::secret::Secret;

/// How much of each stream is kept unless told otherwise.
const CAP: usize = 16 * 1024 * 1024;
/// The time between asking a program to end and killing it.
const GRACE: Duration = Duration::from_secs(2);
/// How much of a command line is shown in messages.
const LONGEST_TEXT: usize = 400;

/// What the program finds on its standard input.
pub(super) enum Input {
    Nothing,
    Plain(Vec<u8>),
    Secret(Secret<Vec<u8>>),
}

impl Input {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Nothing => &[],
            Self::Plain(bytes) => bytes,
            Self::Secret(secret) => secret.expose(),
        }
    }
}

/// A program to run. See the [module](super) for the rules it runs under.
#[must_use = "nothing runs before `run` or `interactive`"]
pub struct Program {
    pub(super) name: OsString,
    pub(super) directory: Option<PathBuf>,
    pub(super) variables: Vec<(OsString, Option<OsString>)>,
    pub(super) input: Input,
    pub(super) limit: Limit,
    pub(super) grace: Duration,
    pub(super) cap: usize,
    pub(super) cancel: Cancel,
    arguments: Vec<OsString>,
    paths: Option<Vec<OsString>>,
}

impl Program {
    /// Where a program that wants its secret in a file finds what came with [`Program::secret_on_stdin`], on Linux and macOS.
    ///
    /// There is no secret on a descriptor of its own: to give a child another descriptor than the three standard ones, safe Rust would have
    /// to make it inheritable in this process first, and every other child that starts at that moment would inherit it too.
    pub const SECRET_PATH: &str = "/dev/fd/0";

    /// A program by its name, looked up in `PATH`, or by its path.
    pub fn new(name: impl AsRef<OsStr>) -> Self {
        Self {
            name: name.as_ref().to_owned(),
            directory: None,
            variables: Vec::new(),
            input: Input::Nothing,
            limit: Limit::default(),
            grace: GRACE,
            cap: CAP,
            cancel: Cancel::new(),
            arguments: Vec::new(),
            paths: None,
        }
    }

    /// Adds one argument, which arrives as it is.
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn arguments<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|each| each.as_ref().to_owned()));
        self
    }

    /// Adds paths. They come last, after one `--`, so that none can be taken for an option. The `--` is there even when there are none.
    pub fn paths<I: IntoIterator<Item: AsRef<OsStr>>>(mut self, paths: I) -> Self {
        let all = self.paths.get_or_insert_default();
        all.extend(paths.into_iter().map(|each| each.as_ref().to_owned()));
        self
    }

    /// Runs it in this directory.
    pub fn directory(mut self, directory: impl AsRef<Path>) -> Self {
        self.directory = Some(directory.as_ref().to_owned());
        self
    }

    /// Sets an environment variable. Never for secrets: other processes can read a program's environment.
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), Some(value.as_ref().to_owned())));
        self
    }

    /// Takes an environment variable away.
    pub fn without_variable(mut self, name: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), None));
        self
    }

    /// Gives it text to read, for example a list of names. The program may stop reading at any time.
    pub fn input_on_stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Plain(input.into());
        self
    }

    /// Gives it a secret to read. Where the program repeats it, errors and traces show `[secret]`; that holds for its exact bytes, its lines
    /// and the values of lines like `password=…`, not for what the program makes of them.
    pub fn secret_on_stdin(mut self, secret: Secret<Vec<u8>>) -> Self {
        self.input = Input::Secret(secret);
        self
    }

    /// Chooses when it is stopped; without a choice it is [`Limit::GIT_LOCAL`].
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    /// Chooses the time between asking and killing: when stopped, and for what the program left behind with its output still open.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Chooses how many bytes of each stream are kept.
    pub fn output_cap(mut self, bytes: usize) -> Self {
        self.cap = bytes;
        self
    }

    /// Lets the switch stop it.
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = cancel.clone();
        self
    }

    /// Runs it to its end. That it failed is not an error here: see [`Output::check`].
    ///
    /// # Errors
    /// When it could not be started, was stopped by limit or switch, or got lost.
    pub fn run(self) -> Result<Output, RunError> {
        supervise::run(self)
    }

    /// Runs a program that talks to the person, such as an editor: it has the terminal, the person's locale, no limit, and stays in our
    /// process group so that it owns the keyboard. Ctrl-C is its business alone until it ends; a
    /// request to end is ours, once it has ended. Input, limit and switch have no meaning here.
    ///
    /// # Errors
    /// When it could not be started or got lost.
    pub fn interactive(self) -> Result<ExitStatus, RunError> {
        let deferred = Deferred::begin(Keyboard::Theirs)
            .map_err(|source| RunError::Lost { program: self.text(), source })?;
        let mut child = spawn::interactive(&self)?;
        let status = child.wait().map_err(|source| RunError::Lost { program: self.text(), source })?;
        if deferred.was_asked() {
            return Err(RunError::Cancelled { program: self.text() });
        }
        tracing::debug!(program = self.text(), %status, "ran a program in the terminal");
        Ok(status)
    }

    /// All arguments, as the program gets them.
    pub(super) fn all_arguments(&self) -> impl Iterator<Item = &OsStr> {
        let separator = self.paths.is_some().then_some(OsStr::new("--"));
        let paths = self.paths.iter().flatten().map(OsString::as_os_str);
        self.arguments.iter().map(OsString::as_os_str).chain(separator).chain(paths)
    }

    pub(super) fn redactor(&self) -> Redactor {
        match &self.input {
            Input::Secret(secret) => Redactor::new(Some(secret)),
            Input::Nothing | Input::Plain(_) => Redactor::new(None),
        }
    }

    /// The command for people to read. Not for a shell: it is cut when long.
    pub(super) fn text(&self) -> String {
        let mut text = self.name.to_string_lossy().into_owned();
        for argument in self.all_arguments() {
            let argument = argument.to_string_lossy();
            let quote = if argument.is_empty() || argument.contains(char::is_whitespace) { "'" } else { "" };
            text.push_str(&format!(" {quote}{argument}{quote}"));
        }
        // A secret does not belong into arguments. Where a caller put it there all the same, it must not spread.
        let clean = self.redactor().clean(text.as_bytes(), false);
        let shown = escape::visible(&String::from_utf8_lossy(&clean));
        match shown.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}…", &shown[..end]),
            None => shown,
        }
    }
}
