//! Matching one name, the part of a path between two slashes.

use super::glob::Step;

/// A pattern for one name, in the cheapest form that says the same.
#[derive(Debug)]
pub(super) enum Component {
    /// This name.
    Literal(Box<str>),
    /// `prefix*suffix`.
    Ends { prefix: Box<str>, suffix: Box<str> },
    /// `*middle*`.
    Contains(Box<str>),
    /// Anything else without `/`, `**` and groups.
    Glob(Box<[Step]>),
}

impl Component {
    /// From steps without `/`, `**` and groups; nothing when no name can match them.
    pub(super) fn new(steps: &[Step]) -> Option<Self> {
        if steps.is_empty() {
            return None;
        }
        let mut parts = steps.split(|step| *step == Step::AnyRun).map(literal);
        let simple = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(name)), None, ..) => Some(Self::Literal(name)),
            (Some(Some(prefix)), Some(Some(suffix)), None, _) => Some(Self::Ends { prefix, suffix }),
            (Some(Some(before)), Some(Some(middle)), Some(Some(after)), None)
                if before.is_empty() && after.is_empty() =>
            {
                Some(Self::Contains(middle))
            }
            _ => None,
        };
        Some(simple.unwrap_or_else(|| Self::Glob(steps.into())))
    }

    /// Whether the whole name matches.
    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Literal(literal) => **literal == *name,
            Self::Ends { prefix, suffix } => {
                name.strip_prefix(&**prefix).is_some_and(|rest| rest.ends_with(&**suffix))
            }
            Self::Contains(middle) => name.contains(&**middle),
            Self::Glob(steps) => glob(steps, name),
        }
    }
}

/// The text of steps that are all literal.
pub(super) fn literal(steps: &[Step]) -> Option<Box<str>> {
    let character = |step: &Step| if let Step::Literal(character) = step { Some(*character) } else { None };
    steps.iter().map(character).collect::<Option<String>>().map(String::into)
}

/// The first place where the steps behind a `*` fit is as good as any later one, so only the last `*` is ever widened: the
/// time is at most the product of both lengths, whatever the pattern.
fn glob(steps: &[Step], name: &str) -> bool {
    let mut next = 0;
    let mut rest = name.chars();
    let mut widen: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        match steps.get(next) {
            Some(Step::AnyRun) => {
                next += 1;
                if !skip_to(&mut rest, steps.get(next)) {
                    return false;
                }
                widen = Some((next, rest.clone()));
                continue;
            }
            Some(step) => {
                let mut ahead = rest.clone();
                if ahead.next().is_some_and(|character| step.takes(character)) {
                    rest = ahead;
                    next += 1;
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        let Some((behind, from)) = &mut widen else { return false };
        if from.next().is_none() || !skip_to(from, steps.get(*behind)) {
            return false;
        }
        next = *behind;
        rest = from.clone();
    }
}

/// Behind a `*`, only places where the next literal stands are worth a try. Says whether there may be one.
fn skip_to(rest: &mut std::str::Chars<'_>, step: Option<&Step>) -> bool {
    let Some(Step::Literal(literal @ '\0'..='\x7f')) = step else { return true };
    let text = rest.as_str();
    let Some(at) = text.bytes().position(|byte| char::from(byte) == *literal) else { return false };
    *rest = text[at..].chars();
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ignore::glob::parse;

    fn component(text: &str) -> Component {
        Component::new(&parse(text, '\\', false).expect("a pattern")).expect("not empty")
    }

    #[test]
    fn the_cheapest_form_is_chosen() {
        assert!(matches!(component("name"), Component::Literal(_)));
        assert!(matches!(component("*.o"), Component::Ends { .. }));
        assert!(matches!(component("*"), Component::Ends { .. }));
        assert!(matches!(component("*x*"), Component::Contains(_)));
        assert!(matches!(component("a*b*c"), Component::Glob(_)));
        assert!(matches!(component("a?"), Component::Glob(_)));
    }

    #[test]
    fn stars_find_every_split() {
        for (text, name, expected) in [
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("a*b*c", "abbcbc", true),
            ("a*b*c", "acb", false),
            ("*a?*c", "aabc", true),
            ("?*?", "春", false),
            ("?*?", "春夏", true),
        ] {
            assert_eq!(component(text).matches(name), expected, "{text} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let text = format!("{}?b", "*a".repeat(200));
        assert!(!component(&text).matches(&"a".repeat(255)));
    }
}
