//! Matching a whole path against a pattern that spans names or has many alternatives.
//!
//! All ways through the pattern are followed at once, one character after the other, so no pattern can make the time grow beyond
//! the product of both lengths.

use super::glob::Step;

/// A pattern as a small program.
#[derive(Debug)]
pub(super) struct Automaton {
    program: Box<[Instruction]>,
}

#[derive(Debug)]
enum Instruction {
    /// Take one character, then go to the next instruction.
    Take(Step),
    /// Take any one character but `/`, and stay.
    Run,
    /// Take any one character, and stay.
    Path,
    /// Go on at both places.
    Both(u32, u32),
    /// Go on there.
    Jump(u32),
    /// The pattern is satisfied.
    Done,
}

impl Automaton {
    /// For the steps at the beginning of a path or, unless `rooted`, also behind any slash.
    pub(super) fn new(steps: &[Step], rooted: bool) -> Self {
        let mut program = Vec::new();
        if !rooted {
            // Either the pattern at once, or any path, a slash, and then the pattern.
            program.push(Instruction::Both(1, 3));
            program.push(Instruction::Path);
            program.push(Instruction::Take(Step::Literal('/')));
        }
        append(&mut program, steps);
        program.push(Instruction::Done);
        Self { program: program.into() }
    }

    /// Whether the pattern matches the path or something that the path lies below; with `below_only`, only the latter.
    pub(super) fn matches(&self, path: &str, below_only: bool) -> bool {
        let mut now = States::new(self.program.len());
        let mut next = States::new(self.program.len());
        let mut pending = Vec::new();
        self.enter(&mut now, 0, &mut pending);
        for character in path.chars() {
            if character == '/' && now.done {
                return true;
            }
            if now.list.is_empty() {
                return false;
            }
            next.clear();
            for &at in &now.list {
                let enters = match &self.program[at as usize] {
                    Instruction::Take(step) if step.takes(character) => at + 1,
                    Instruction::Run if character != '/' => at,
                    Instruction::Path => at,
                    _ => continue,
                };
                self.enter(&mut next, enters, &mut pending);
            }
            std::mem::swap(&mut now, &mut next);
        }
        now.done && !below_only
    }

    /// Adds a state and all that it leads to without a character.
    fn enter(&self, states: &mut States, at: u32, pending: &mut Vec<u32>) {
        pending.push(at);
        while let Some(at) = pending.pop() {
            if std::mem::replace(&mut states.present[at as usize], true) {
                continue;
            }
            states.visited.push(at);
            match &self.program[at as usize] {
                Instruction::Take(_) => states.list.push(at),
                Instruction::Run | Instruction::Path => {
                    states.list.push(at);
                    pending.push(at + 1);
                }
                Instruction::Both(first, second) => pending.extend([*first, *second]),
                Instruction::Jump(to) => pending.push(*to),
                Instruction::Done => states.done = true,
            }
        }
    }
}

fn append(program: &mut Vec<Instruction>, steps: &[Step]) {
    for step in steps {
        match step {
            Step::AnyRun => program.push(Instruction::Run),
            Step::AnyPath => program.push(Instruction::Path),
            Step::Group(alternatives) => append_group(program, alternatives),
            _ => program.push(Instruction::Take(step.clone())),
        }
    }
}

/// Each alternative but the last is preceded by a choice and followed by a jump to the common end.
fn append_group(program: &mut Vec<Instruction>, alternatives: &[Vec<Step>]) {
    let mut jumps = Vec::new();
    for (number, alternative) in alternatives.iter().enumerate() {
        let choice = program.len();
        let is_last = number + 1 == alternatives.len();
        if !is_last {
            program.push(Instruction::Jump(0));
        }
        append(program, alternative);
        if !is_last {
            jumps.push(program.len());
            program.push(Instruction::Jump(0));
            program[choice] = Instruction::Both(position(choice + 1), position(program.len()));
        }
    }
    let end = position(program.len());
    for jump in jumps {
        program[jump] = Instruction::Jump(end);
    }
}

/// Programs are at most a few times as long as a pattern, which has a limit far below this one.
fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The places where the ways through the pattern stand.
struct States {
    present: Vec<bool>,
    /// What is `present`, to forget it without a walk over the whole program.
    visited: Vec<u32>,
    /// Those that wait for a character.
    list: Vec<u32>,
    done: bool,
}

impl States {
    fn new(length: usize) -> Self {
        Self { present: vec![false; length], visited: Vec::new(), list: Vec::new(), done: false }
    }

    fn clear(&mut self) {
        for at in self.visited.drain(..) {
            self.present[at as usize] = false;
        }
        self.list.clear();
        self.done = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ignore::glob::parse;

    fn automaton(text: &str, rooted: bool) -> Automaton {
        Automaton::new(&parse(text, '\\', false).expect("a pattern"), rooted)
    }

    #[test]
    fn it_stops_at_the_ends_of_names() {
        for (text, path, expected) in [
            ("a**b", "a/x/b", true),
            ("a**b", "a/x/bc", false),
            ("a**b", "a/x/bc/b/d", true),
            ("{a,b/c}d", "b/cd/e", true),
            ("{a,b/c}d", "bd", false),
            ("x{a*,b}y", "xaaay", true),
            ("{,a}{,b}", "ab", true),
            ("{{a,b},c}", "c", true),
        ] {
            assert_eq!(automaton(text, true).matches(path, false), expected, "{text} {path}");
        }
    }

    #[test]
    fn it_begins_behind_each_slash_unless_rooted() {
        assert!(automaton("a**b", false).matches("x/y/a/b", false));
        assert!(!automaton("a**b", true).matches("x/y/a/b", false));
        assert!(!automaton("a**b", false).matches("xa/b", false));
    }

    #[test]
    fn below_only_wants_something_below() {
        assert!(!automaton("a**b", true).matches("a/b", true));
        assert!(automaton("a**b", true).matches("a/b/c", true));
    }

    #[test]
    fn groups_of_groups_take_no_exponential_time() {
        let text = "{a*,*a,{a,aa}}".repeat(40) + "b";
        assert!(!automaton(&text, false).matches(&"a/".repeat(300), false));
    }
}
