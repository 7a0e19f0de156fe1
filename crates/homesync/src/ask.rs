//! Asking a person. The answer that changes nothing is the default, and an answer that is not understood is asked for again.

use crate::context::Context;
use crate::error::CommandResult;
use homesync_host::file::FileError;
use std::io::{self, BufRead};

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave it.
    No,
    /// There was nobody to ask.
    Nobody,
}

/// Asks a question that yes or no answers. With `--yes` or `--force` it is answered already; without a terminal there is nobody.
pub fn confirm(context: &Context, question: &str) -> CommandResult<Answer> {
    if context.is_answered() {
        return Ok(Answer::Yes);
    }
    if !context.can_ask() {
        return Ok(Answer::Nobody);
    }
    ask(question, &mut io::stdin().lock(), |text| context.output.question(text))
}

fn ask(question: &str, answers: &mut impl BufRead, mut say: impl FnMut(&str)) -> CommandResult<Answer> {
    loop {
        say(&format!("{question} [y/N] "));
        let mut line = Vec::new();
        answers.read_until(b'\n', &mut line).map_err(FileError::from_io("read", "standard input"))?;
        match String::from_utf8_lossy(&line).trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" | "" => return Ok(Answer::No),
            _ => say("Please answer y or n.\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::GlobalArguments;
    use crate::called_as::CalledAs;

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (typed, answer) in [
            (&b"y\n"[..], Answer::Yes),
            (b" YES \n", Answer::Yes),
            (b"\n", Answer::No),
            (b"", Answer::No),
            (b"n\n", Answer::No),
            (b"what\ny\n", Answer::Yes),
            (b"\xff\nn\n", Answer::No),
            (b"what", Answer::No),
        ] {
            let mut said = String::new();
            let answered = ask("Go on?", &mut &*typed, |text| said.push_str(text)).expect("asked");
            assert_eq!(answered, answer, "{typed:?}");
            assert_eq!(
                said.matches("Go on? [y/N] ").count(),
                typed.iter().filter(|byte| **byte == b'w' || **byte == 0xff).count() + 1
            );
        }
    }

    #[test]
    fn k9_without_a_terminal_nothing_is_asked() {
        let nobody = Context::new(
            GlobalArguments { no_input: true, ..GlobalArguments::default() },
            CalledAs::Homesync,
            "test",
        );
        assert_eq!(confirm(&nobody, "Go on?").expect("not asked"), Answer::Nobody);
        let yes = Context::new(
            GlobalArguments { yes: true, ..GlobalArguments::default() },
            CalledAs::Homesync,
            "test",
        );
        assert_eq!(confirm(&yes, "Go on?").expect("not asked"), Answer::Yes);
    }
}
