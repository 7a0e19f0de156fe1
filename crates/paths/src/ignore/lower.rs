//! From a pattern to programs: the cheapest things that together match what it matches.

use super::automaton::Automaton;
use super::component::{Component, literal};
use super::glob::{Step, push_star};
use super::pattern::Pattern;

/// Groups and small sets are written out when they make no more programs than this, because literal text is found fastest.
/// Otherwise the pattern stays as it is, and for groups one automaton follows all alternatives.
const MOST_VARIANTS: usize = 16;

/// And when they have no more steps than this together, so that no list grows much by being compiled.
const MOST_STEPS: usize = 1024;

/// Something to try at one place of a path.
#[derive(Debug)]
pub(super) struct Program {
    /// What must match from there on.
    pub(super) body: Body,
    /// Matches only what is below the thing that the body matches.
    pub(super) below_only: bool,
    /// Bytes with which the path must go on at that place.
    pub(super) head: Box<str>,
    /// Bytes with which the name at that place must end.
    pub(super) tail: Box<str>,
}

/// How a program matches.
#[derive(Debug)]
pub(super) enum Body {
    /// Name by name.
    Names(Box<[Component]>),
    /// As a whole, if the path holds the text.
    Whole { automaton: Automaton, required: Box<str> },
    /// All paths do.
    Everything,
}

/// Programs and where to try each: at the beginning of a path only, or at each name.
#[derive(Debug, Default)]
pub(super) struct Programs {
    pub(super) rooted: Vec<Program>,
    pub(super) anywhere: Vec<Program>,
}

impl Programs {
    /// Lowers the pattern.
    pub(super) fn of(pattern: &Pattern) -> Self {
        let mut programs = Self::default();
        let variants = match count(&pattern.steps) {
            variants if variants <= MOST_VARIANTS && variants * size(&pattern.steps) <= MOST_STEPS => {
                flatten(&pattern.steps)
            }
            _ => vec![pattern.steps.clone()],
        };
        for variant in &variants {
            programs.add(pattern, variant);
        }
        if variants.first() == Some(&pattern.steps) {
            for overlap in overlaps(&pattern.steps) {
                programs.add(pattern, &overlap);
            }
        }
        programs
    }

    fn add(&mut self, pattern: &Pattern, steps: &[Step]) {
        let spans_names = steps.iter().any(|step| matches!(step, Step::AnyPath | Step::Group(_)));
        let body = if *steps == [Step::AnyPath] && !pattern.below_only {
            Some(Body::Everything)
        } else if spans_names {
            let required = longest_literal(steps, pattern.rooted);
            Some(Body::Whole { automaton: Automaton::new(steps, pattern.rooted), required })
        } else {
            let names = steps.split(|step| *step == Step::Literal('/')).map(Component::new);
            // A pattern with an empty name in it matches nothing, because no path has one.
            names.collect::<Option<Box<[_]>>>().map(Body::Names)
        };
        let Some(body) = body else { return };
        // An automaton finds the other places to begin at by itself.
        let at_beginning = pattern.rooted || !matches!(body, Body::Names(_));
        let (head, tail) = match &body {
            Body::Names(_) => (leading(steps), trailing(steps)),
            Body::Whole { .. } if pattern.rooted => (leading(steps), "".into()),
            _ => ("".into(), "".into()),
        };
        let program = Program { body, below_only: pattern.below_only, head, tail };
        if at_beginning { self.rooted.push(program) } else { self.anywhere.push(program) }
    }
}

/// How many steps there are, those in groups included.
fn size(steps: &[Step]) -> usize {
    let each = steps.iter().map(|step| match step {
        Step::Group(alternatives) => alternatives.iter().map(|steps| size(steps)).sum(),
        _ => 1,
    });
    each.sum()
}

/// How many patterns without groups and small sets say the same. Never zero, also for a part: a zero would hide how many its
/// neighbours make.
fn count(steps: &[Step]) -> usize {
    let each = steps.iter().map(|step| match step {
        Step::Group(alternatives) => {
            alternatives.iter().map(|steps| count(steps)).fold(0, usize::saturating_add)
        }
        Step::OneOf(set) => set.written_out().map_or(1, |characters| characters.len()),
        _ => 1,
    });
    each.fold(1, usize::saturating_mul)
}

/// Those patterns.
fn flatten(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut variants = vec![Vec::new()];
    for step in steps {
        let endings: Vec<Vec<Step>> = match step {
            Step::Group(alternatives) => {
                alternatives.iter().flat_map(|alternative| flatten(alternative)).collect()
            }
            Step::OneOf(set) => match set.written_out() {
                Some(characters) => {
                    characters.into_iter().map(|character| vec![Step::Literal(character)]).collect()
                }
                None => vec![vec![step.clone()]],
            },
            _ => vec![vec![step.clone()]],
        };
        let longer =
            |variant: &Vec<Step>| endings.iter().map(|ending| joined(variant, ending)).collect::<Vec<_>>();
        variants = variants.iter().flat_map(longer).collect();
    }
    variants
}

/// Joined, with stars that meet made one.
fn joined(steps: &[Step], ending: &[Step]) -> Vec<Step> {
    let mut all = steps.to_vec();
    for step in ending {
        match step {
            Step::AnyRun => push_star(&mut all, false),
            Step::AnyPath => push_star(&mut all, true),
            _ => all.push(step.clone()),
        }
    }
    all
}

/// In `text**more`, with no other wildcard, both texts may share characters: `a/**/b` matches `a/b`. That is how the format
/// has always been read, and people rely on it. Each way to share is one more literal pattern.
fn overlaps(steps: &[Step]) -> Vec<Vec<Step>> {
    let mut parts = steps.split(|step| *step == Step::AnyPath);
    let (Some(before), Some(after), None) = (parts.next(), parts.next(), parts.next()) else {
        return Vec::new();
    };
    if literal(before).is_none() || literal(after).is_none() {
        return Vec::new();
    }
    let most = before.len().min(after.len());
    let shared = (1..=most).filter(|count| before.ends_with(&after[..*count]));
    // A longer overlap than this is no pattern that anybody wrote, only a way to make the list big.
    shared.take(MOST_VARIANTS).map(|count| [before, &after[count..]].concat()).collect()
}

/// The literal text at the beginning, over slashes.
fn leading(steps: &[Step]) -> Box<str> {
    let is_literal = |step: &&Step| matches!(step, Step::Literal(_));
    let length = steps.iter().take_while(is_literal).count();
    literal(&steps[..length]).unwrap_or_default()
}

/// The literal text at the end of the first name.
fn trailing(steps: &[Step]) -> Box<str> {
    let name = steps.split(|step| *step == Step::Literal('/')).next().unwrap_or_default();
    let length = name.iter().rev().take_while(|step| matches!(step, Step::Literal(_))).count();
    literal(&name[name.len() - length..]).unwrap_or_default()
}

/// The longest text that every match must hold, besides the one at the beginning of a rooted pattern, which is the head.
fn longest_literal(steps: &[Step], rooted: bool) -> Box<str> {
    let runs = steps.split(|step| !matches!(step, Step::Literal(_)));
    runs.skip(usize::from(rooted)).max_by_key(|run| run.len()).and_then(literal).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(line: &str) -> Programs {
        Programs::of(&Pattern::parse(line, '\\', false).expect("a pattern"))
    }

    #[test]
    fn small_groups_are_written_out_and_large_ones_are_not() {
        assert_eq!(programs("*.{jpg,{png,gif}}").anywhere.len(), 3);
        let bomb = "{a,b}".repeat(100);
        let lowered = programs(&bomb);
        assert_eq!((lowered.rooted.len(), lowered.anywhere.len()), (1, 0));
        let hidden = format!("{{{bomb}[/],x}}");
        assert_eq!(programs(&hidden).rooted.len(), 1, "a set that takes nothing hides no bomb");
        let long = "{a,b}".to_owned() + &"*a".repeat(2000);
        assert_eq!(programs(&long).rooted.len(), 1);
    }

    #[test]
    fn overlaps_are_literals() {
        let texts = |line: &str| {
            let pattern = Pattern::parse(line, '\\', false).expect("a pattern");
            overlaps(&pattern.steps).iter().filter_map(|steps| literal(steps)).collect::<Vec<_>>()
        };
        assert_eq!(texts("a/**/b"), ["a/b".into()]);
        assert_eq!(texts("/ab**ba"), ["aba".into()]);
        assert_eq!(texts("a**b"), [] as [Box<str>; 0]);
        assert_eq!(texts("a/**/b*"), [] as [Box<str>; 0], "another wildcard");
    }

    #[test]
    fn heads_and_tails_are_what_a_match_must_have() {
        let lowered = programs("foo/b*");
        assert_eq!(&*lowered.anywhere[0].head, "foo/b");
        let lowered = programs("*.o");
        assert_eq!((&*lowered.anywhere[0].head, &*lowered.anywhere[0].tail), ("", ".o"));
        assert_eq!(programs("//a").rooted.len(), 0, "no path has an empty name");
    }
}
