//! The language of one pattern: from text to steps.

use super::error::Cause;

/// Groups in groups in groups: deeper than this nobody writes by hand, and the parser calls itself once for each.
const DEEPEST_GROUP: usize = 32;

/// One step of a pattern, in the order in which a path must satisfy them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This character; `/` is one too.
    Literal(char),
    /// `?`: one character that is not `/`.
    AnyOne,
    /// `*`: any characters that are not `/`, also none.
    AnyRun,
    /// `**`: any characters, also none.
    AnyPath,
    /// `[…]`: one character out of a set, never `/`.
    OneOf(Set),
    /// `{…,…}`: one of these.
    Group(Vec<Vec<Step>>),
}

/// The characters between brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Set {
    negated: bool,
    members: Members,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Members {
    Range(char, char),
    List(Box<[char]>),
}

impl Step {
    /// Whether this step, being one for a single character, takes it.
    pub(super) fn takes(&self, character: char) -> bool {
        match self {
            Step::Literal(literal) => *literal == character,
            Step::AnyOne => character != '/',
            Step::OneOf(set) => character != '/' && set.holds(character),
            Step::AnyRun | Step::AnyPath | Step::Group(_) => false,
        }
    }
}

impl Set {
    /// The characters of the set, when there are some and they are few enough to write them out.
    pub(super) fn written_out(&self) -> Option<Vec<char>> {
        const FEW: usize = 8;
        let characters: Vec<char> = match &self.members {
            _ if self.negated => return None,
            Members::Range(first, last) => (*first..=*last).take(FEW + 1).collect(),
            Members::List(list) => list.iter().copied().take(FEW + 1).collect(),
        };
        let few = characters.len() <= FEW;
        let taken: Vec<char> = characters.into_iter().filter(|character| *character != '/').collect();
        (few && !taken.is_empty()).then_some(taken)
    }

    fn holds(&self, character: char) -> bool {
        let among = match &self.members {
            Members::Range(first, last) => (*first..=*last).contains(&character),
            Members::List(list) => list.contains(&character),
        };
        among != self.negated
    }
}

/// The one lower-case form of a character: one for one, so that `?` counts the same before and after.
pub(super) fn lower(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    // The only character with a longer lower case is the dotted capital I: its first character is the plain i.
    character.to_lowercase().next().unwrap_or(character)
}

/// The steps of a pattern's text. The backslash always escapes; `escape` may be a second such character.
pub(super) fn parse(text: &str, escape: char, fold: bool) -> Result<Vec<Step>, Cause> {
    let mut parser = Parser { rest: text.chars().peekable(), escape, fold };
    parser.sequence(0)
}

struct Parser<'text> {
    rest: std::iter::Peekable<std::str::Chars<'text>>,
    escape: char,
    fold: bool,
}

/// A character and whether it stands for itself because an escape came before it.
#[derive(Clone, Copy)]
struct Read {
    character: char,
    escaped: bool,
}

impl Parser<'_> {
    /// The next character with its escape taken off. An escape with nothing behind it escapes nothing and is dropped.
    fn next(&mut self) -> Option<Read> {
        let character = self.rest.next()?;
        let escaped = character == self.escape || character == '\\';
        let character = if escaped { self.rest.next()? } else { character };
        let character = if self.fold { lower(character) } else { character };
        Some(Read { character, escaped })
    }

    /// Steps up to the end, or in a group up to a `,` or `}`, which stays. A group that is never closed ends with the
    /// pattern: so do other programs read it.
    fn sequence(&mut self, depth: usize) -> Result<Vec<Step>, Cause> {
        let mut steps = Vec::new();
        loop {
            if depth > 0 && matches!(self.rest.peek(), Some(',' | '}')) && !self.peeks_escape() {
                return Ok(steps);
            }
            let Some(Read { character, escaped }) = self.next() else { return Ok(steps) };
            match character {
                _ if escaped => steps.push(Step::Literal(character)),
                '?' => steps.push(Step::AnyOne),
                '*' => push_star(&mut steps, self.rest.next_if_eq(&'*').is_some()),
                '[' => steps.push(Step::OneOf(self.set()?)),
                '{' => steps.push(self.group(depth + 1)?),
                _ => steps.push(Step::Literal(character)),
            }
        }
    }

    /// Whether the next character is the escape, should somebody have chosen one with a meaning.
    fn peeks_escape(&mut self) -> bool {
        self.rest.peek() == Some(&self.escape)
    }

    fn group(&mut self, depth: usize) -> Result<Step, Cause> {
        if depth > DEEPEST_GROUP {
            return Err(Cause::GroupTooDeep);
        }
        let mut alternatives = vec![self.sequence(depth)?];
        while self.rest.next_if_eq(&',').is_some() {
            alternatives.push(self.sequence(depth)?);
        }
        self.rest.next_if_eq(&'}');
        Ok(Step::Group(alternatives))
    }

    /// What follows a `[`. A range is the exact form `[x-y]` and nothing else; in all other sets each character is itself.
    fn set(&mut self) -> Result<Set, Cause> {
        let negated = self.rest.next_if_eq(&'!').is_some();
        let mut read = Vec::new();
        loop {
            let next = self.next().ok_or(Cause::SetOpen)?;
            match next.character {
                ']' if !next.escaped => break,
                _ => read.push(next),
            }
        }
        let members = match read[..] {
            [] => return Err(Cause::SetEmpty),
            [first, dash, last] if is_dash(dash) => range(first.character, last.character)?,
            [_, dash, ..] if is_dash(dash) => return Err(Cause::SetMixed),
            _ => Members::List(read.iter().map(|read| read.character).collect()),
        };
        Ok(Set { negated, members })
    }
}

fn is_dash(read: Read) -> bool {
    read.character == '-' && !read.escaped
}

fn range(first: char, last: char) -> Result<Members, Cause> {
    if first > last { Err(Cause::RangeReversed) } else { Ok(Members::Range(first, last)) }
}

/// Adds a star. Beside `**` a further star adds nothing.
pub(super) fn push_star(steps: &mut Vec<Step>, across: bool) {
    match (steps.last(), across) {
        (Some(Step::AnyPath), _) | (Some(Step::AnyRun), false) => {}
        (Some(Step::AnyRun), true) => {
            steps.pop();
            steps.push(Step::AnyPath);
        }
        (_, true) => steps.push(Step::AnyPath),
        (_, false) => steps.push(Step::AnyRun),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        parse(text, '\\', false).expect("a pattern")
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(steps("a?"), [Step::Literal('a'), Step::AnyOne]);
        assert_eq!(steps("***"), [Step::AnyPath]);
        assert_eq!(steps("*\\*"), [Step::AnyRun, Step::Literal('*')]);
        assert_eq!(steps("{a,}"), [Step::Group(vec![vec![Step::Literal('a')], vec![]])]);
        assert_eq!(steps("{a"), [Step::Group(vec![vec![Step::Literal('a')]])]);
        assert_eq!(steps("a}\\"), [Step::Literal('a'), Step::Literal('}')]);
    }

    #[test]
    fn sets_hold_what_they_say_but_never_a_slash() {
        for (text, held, not_held) in [
            ("[a-c]", "abc", "d-/"),
            ("[!a-c]", "d-", "abc/"),
            ("[^a-c]", "^a-c", "bd"),
            ("[abc-]", "abc-", "d"),
            ("[\\]]", "]", "\\"),
            ("[a\\-c]", "a-c", "b"),
            ("[a/b]", "ab", "/"),
        ] {
            let [set] = &steps(text)[..] else { panic!("{text} is one step") };
            assert!(held.chars().all(|character| set.takes(character)), "{text}");
            assert!(!not_held.chars().any(|character| set.takes(character)), "{text}");
        }
    }

    #[test]
    fn groups_nest_so_deep_and_no_deeper() {
        assert!(parse(&"{a,".repeat(32), '\\', false).is_ok());
        assert_eq!(parse(&"{a,".repeat(33), '\\', false), Err(Cause::GroupTooDeep));
    }

    #[test]
    fn lower_case_is_one_for_one() {
        assert_eq!(['A', 'É', 'İ', 'ß', '春'].map(lower), ['a', 'é', 'i', 'ß', '春']);
    }
}
