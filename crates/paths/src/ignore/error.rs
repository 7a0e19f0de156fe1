//! What is wrong with an ignore list, where, and what to write instead.

use crate::Shown;

/// A list that cannot be used: the first thing that is wrong with it. The whole list counts as unusable, because a list that
/// lost one line would announce or delete what the line was there to protect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: `{}`: {cause}; {}", Shown::new(file), Shown::new(&shortened(text)), cause.instead())]
pub struct IgnoreError {
    /// The file: `.stignore`, or the path of an included one seen from the folder's root.
    pub file: String,
    /// The line in that file, from 1.
    pub line: u32,
    /// The line as it is written, without the space around it.
    pub text: String,
    /// What is wrong.
    pub cause: Cause,
}

/// What can be wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Only prefixes, and nothing that they could apply to.
    #[error("there is no pattern after the prefix")]
    Nothing,
    /// A `[` without its `]`.
    #[error("the bracket is never closed")]
    SetOpen,
    /// `[]`.
    #[error("the bracket holds nothing")]
    SetEmpty,
    /// A range beside other characters in one bracket.
    #[error("a range must be alone in its bracket")]
    SetMixed,
    /// `[z-a]`.
    #[error("the range runs backwards")]
    RangeReversed,
    /// More braces within braces than anybody needs.
    #[error("the braces are nested too deep")]
    GroupTooDeep,
    /// `#escape=` with something else than one character.
    #[error("the escape must be one character, and not `/`")]
    EscapeNotOne,
    /// `#escape=` below a pattern.
    #[error("the escape is set after a pattern")]
    EscapeLate,
    /// `#escape=` twice in one file.
    #[error("the escape is set a second time")]
    EscapeAgain,
    /// `#include` without a name.
    #[error("it does not say which file to include")]
    IncludeNameless,
    /// The file cannot be had.
    #[error("the file {} cannot be read: {reason}", Shown::new(path))]
    IncludeUnreadable {
        /// Its path, seen from the folder's root.
        path: String,
        /// What the caller found.
        reason: String,
    },
    /// The file includes itself, directly or by others.
    #[error("the file {} includes itself", Shown::new(path))]
    IncludeCycle {
        /// Its path, seen from the folder's root.
        path: String,
    },
    /// The file was included before, under another name.
    #[error("the file {} is included already", Shown::new(path))]
    IncludeAgain {
        /// Its path, seen from the folder's root.
        path: String,
    },
    /// More than can be meant.
    #[error("the list has more than {limit} {things}")]
    TooMuch {
        /// How many there may be.
        limit: usize,
        /// Of what.
        things: &'static str,
    },
}

impl Cause {
    /// What to write instead.
    pub fn instead(&self) -> &'static str {
        match self {
            Cause::Nothing => "write the name behind it, as in `!name`",
            Cause::SetOpen => "close it with `]`, or write `\\[` for the bracket itself",
            Cause::SetEmpty => "put characters into it; write `\\]` for the bracket itself",
            Cause::SetMixed => {
                "write alternatives, as in `{[a-z],[A-Z]}`; put a dash that means itself last, or first"
            }
            Cause::RangeReversed => "write the smaller character first",
            Cause::GroupTooDeep => "write several lines",
            Cause::EscapeNotOne => "write one character, as in `#escape=|`",
            Cause::EscapeLate => "move it above the first pattern of the file",
            Cause::EscapeAgain => "keep one of the two lines",
            Cause::IncludeNameless => "write the name behind it, as in `#include name`",
            Cause::IncludeUnreadable { .. } => "create the file, or remove the line",
            Cause::IncludeCycle { .. } | Cause::IncludeAgain { .. } => "remove the line",
            Cause::TooMuch { .. } => "use wildcards, or leave the directory out as a whole",
        }
    }
}

/// So much of a line as a person needs to find it.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_place_the_text_the_cause_and_the_way_out() {
        let error = IgnoreError {
            file: "sub/more".into(),
            line: 7,
            text: "[z-a]\u{1b}[31m".into(),
            cause: Cause::RangeReversed,
        };
        assert_eq!(
            error.to_string(),
            "sub/more:7: `[z-a]\\u{1b}[31m`: the range runs backwards; write the smaller character first"
        );
    }

    #[test]
    fn a_long_line_is_shortened() {
        let text = "[".repeat(5000);
        let error = IgnoreError { file: ".stignore".into(), line: 1, text, cause: Cause::SetOpen };
        assert!(error.to_string().len() < 400);
    }
}
