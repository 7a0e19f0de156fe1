//! The only place that prints. Data goes to standard output, everything said about it to standard error.

mod progress;
mod table;
mod time;

pub use progress::{Progress, size};
pub use table::Fields;
pub use time::local_time;

use crate::arguments::ColorChoice;
use crate::conversions::of_output;
use crate::error::{CommandError, CommandResult, Kind};
use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use homesync_paths::Shown;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Emphasis for headings and names.
pub const STRONG: Style = Style::new().bold();
/// For what is in order.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what a person should look at.
pub const ATTENTION: Style = AnsiColor::Yellow.on_default().bold();
/// For what is wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what is there to be overlooked.
pub const FAINT: Style = Style::new().dimmed();

/// The way to print.
#[derive(Clone, Debug)]
pub struct Output {
    color: anstream::ColorChoice,
    quiet: bool,
    /// How the person would call this program again, root and all.
    program: String,
}

impl Output {
    /// As the options say.
    pub fn new(color: ColorChoice, quiet: bool, program: String) -> Self {
        let color = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self { color, quiet, program }
    }

    /// Without colours, for when nothing else is known.
    pub fn plain() -> Self {
        Self { color: anstream::ColorChoice::Never, quiet: false, program: "homesync".to_owned() }
    }

    /// Whether what is said on standard error may have colours.
    pub fn colors_errors(&self) -> bool {
        let chosen = match self.color {
            anstream::ColorChoice::Auto => AutoStream::choice(&io::stderr()),
            chosen => chosen,
        };
        chosen != anstream::ColorChoice::Never
    }

    /// A hint as it can be pasted here: commands of ours, written `` `homesync …` ``, become calls of this program with this root.
    pub fn hint(&self, hint: &str) -> String {
        hint.replace("`homesync ", &format!("`{} ", self.program))
    }

    /// Data: a line, or several.
    pub fn print(&self, text: impl Display) -> CommandResult<()> {
        let mut stream = AutoStream::new(io::stdout(), self.color);
        writeln!(stream, "{text}").and_then(|()| stream.flush()).map_err(of_output)
    }

    /// A value that comes from outside: exactly for a program that reads it, and for a terminal without anything that could deceive.
    pub fn print_value(&self, value: &str) -> CommandResult<()> {
        match io::stdout().is_terminal() {
            true => self.print(Shown::new(value)),
            false => self.print_bytes(format!("{value}\n").as_bytes()),
        }
    }

    /// Data as bytes, exactly.
    pub fn print_bytes(&self, bytes: &[u8]) -> CommandResult<()> {
        print_bytes(bytes).map_err(of_output)
    }

    /// Data for scripts.
    pub fn print_json(&self, value: &impl Serialize) -> CommandResult<()> {
        let text = serde_json::to_string_pretty(value)
            .map_err(|error| CommandError::from_error(Kind::Fault, &error))?;
        self.print_bytes((text + "\n").as_bytes())
    }

    /// A report for scripts, with the version of its fields.
    pub fn print_report(&self, report: &impl Serialize) -> CommandResult<()> {
        #[derive(Serialize)]
        struct Versioned<'r, R> {
            version: u32,
            #[serde(flatten)]
            report: &'r R,
        }
        self.print_json(&Versioned { version: 1, report })
    }

    /// What was done, or what comes next.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.say(&self.hint(text));
        }
    }

    /// What is odd but does not stop us.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.say(&format!("{ATTENTION}warning:{ATTENTION:#} {text}"));
        }
    }

    /// A question, with the cursor left behind it.
    pub fn question(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr(), self.color);
        let _ = write!(stream, "{text}").and_then(|()| stream.flush());
    }

    /// What could not be done: the thing, the causes, the next steps. A reader who has gone away is told nothing.
    pub fn error(&self, error: &CommandError) {
        if error.kind == Kind::BrokenPipe {
            return;
        }
        let mut text = format!("{BAD}error:{BAD:#} {}", error.message);
        for cause in &error.causes {
            text.push_str(&format!("\n  because: {cause}"));
        }
        for hint in &error.hints {
            text.push_str(&format!("\n  {GOOD}next:{GOOD:#} {}", self.hint(hint)));
        }
        self.say(&text);
    }

    /// There is nobody left to tell when standard error itself cannot be written.
    fn say(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr(), self.color);
        let _ = writeln!(stream, "{text}");
    }
}

/// Writes bytes to standard output, for those who answer before there is anything else.
pub fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stream = io::stdout();
    stream.write_all(bytes).and_then(|()| stream.flush())
}
