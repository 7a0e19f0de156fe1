//! Brings two changes of one text together, line by line, and never guesses: where both changed the same lines in different ways, that is a
//! conflict, and both are shown.
//!
//! Pure: texts go in, a text comes out. [`merge`] is for three texts, [`difference`] shows two.

use imara_diff::{Algorithm, BasicLineDiffPrinter, Diff, InternedInput, UnifiedDiffConfig};
use std::ops::Range;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The text. Where there are conflicts both sides stand between markers.
    pub text: String,
    /// How many.
    pub conflicts: usize,
}

/// What the two sides are called between the markers.
#[derive(Clone, Copy, Debug)]
pub struct Names<'n> {
    /// The first.
    pub ours: &'n str,
    /// The second.
    pub theirs: &'n str,
}

/// Brings together what `ours` and `theirs` made of `base`.
pub fn merge(base: &str, ours: &str, theirs: &str, names: Names<'_>) -> Merged {
    let mut merger = Merger {
        base: lines(base),
        ours: Side::new(base, ours),
        theirs: Side::new(base, theirs),
        names,
        merged: Merged { text: String::new(), conflicts: 0 },
    };
    let mut done = 0;
    while let Some(region) = merger.next_region() {
        merger.take_base(done..region.start);
        done = region.end;
        merger.take(region);
    }
    let end = merger.base.len();
    merger.take_base(done..end);
    merger.merged
}

/// The difference between two texts, as people read it; nothing if there is none.
pub fn difference(before: &str, after: &str) -> String {
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let printer = BasicLineDiffPrinter(&input.interner);
    diff.unified_diff(&printer, UnifiedDiffConfig::default(), &input).to_string()
}

/// A text and how it differs from the base.
struct Side<'t> {
    lines: Vec<&'t str>,
    hunks: Vec<Hunk>,
    /// The first hunk that was not taken.
    next: usize,
    /// By how much lines are shifted against the base, as of there.
    shift: i64,
}

/// Lines of the base, and what stands for them on this side.
#[derive(Clone)]
struct Hunk {
    base: Range<usize>,
    side: Range<usize>,
}

impl<'t> Side<'t> {
    fn new(base: &str, text: &'t str) -> Self {
        let input = InternedInput::new(base, text);
        let diff = Diff::compute(Algorithm::Histogram, &input);
        let range = |range: Range<u32>| range.start as usize..range.end as usize;
        let hunks = diff.hunks().map(|hunk| Hunk { base: range(hunk.before), side: range(hunk.after) });
        Self { hunks: hunks.collect(), lines: lines(text), next: 0, shift: 0 }
    }

    fn start(&self) -> Option<usize> {
        self.hunks.get(self.next).map(|hunk| hunk.base.start)
    }

    /// Takes every hunk that touches a region of the base, which grows by that. Answers whether any did.
    fn take_touching(&mut self, region: &mut Range<usize>) -> bool {
        let mut any = false;
        while let Some(hunk) = self.hunks.get(self.next).filter(|hunk| hunk.base.start <= region.end) {
            region.end = region.end.max(hunk.base.end);
            self.shift += hunk.side.len() as i64 - hunk.base.len() as i64;
            self.next += 1;
            any = true;
        }
        any
    }

    /// The lines that stand for a region of the base, given the shift before it.
    fn lines_for(&self, region: &Range<usize>, shift_before: i64) -> &[&'t str] {
        let at = |line: usize, shift: i64| usize::try_from(line as i64 + shift).unwrap_or(0);
        let (start, end) = (at(region.start, shift_before), at(region.end, self.shift));
        self.lines.get(start..end).unwrap_or_default()
    }
}

struct Merger<'t> {
    base: Vec<&'t str>,
    ours: Side<'t>,
    theirs: Side<'t>,
    names: Names<'t>,
    merged: Merged,
}

impl Merger<'_> {
    /// Where something changed next; only its beginning is known.
    fn next_region(&self) -> Option<Range<usize>> {
        let start = [self.ours.start(), self.theirs.start()].into_iter().flatten().min()?;
        // The end is what the region grows to when it is taken.
        Some(start..self.end_from(start))
    }

    /// How far changes of either side go on without a line between them that neither changed.
    fn end_from(&self, start: usize) -> usize {
        let mut end = start;
        loop {
            let before = end;
            for side in [&self.ours, &self.theirs] {
                let touching = side.hunks[side.next..].iter().take_while(|hunk| hunk.base.start <= end);
                end = touching.map(|hunk| hunk.base.end).fold(end, usize::max);
            }
            if end == before {
                return end;
            }
        }
    }

    fn take_base(&mut self, range: Range<usize>) {
        self.merged.text.extend(self.base[range].iter().copied());
    }

    fn take(&mut self, mut region: Range<usize>) {
        let (ours_before, theirs_before) = (self.ours.shift, self.theirs.shift);
        let changed_ours = self.ours.take_touching(&mut region);
        let changed_theirs = self.theirs.take_touching(&mut region);
        let ours = self.ours.lines_for(&region, ours_before);
        let theirs = self.theirs.lines_for(&region, theirs_before);
        let text = &mut self.merged.text;
        if !changed_theirs || ours == theirs {
            text.extend(ours.iter().copied());
        } else if !changed_ours {
            text.extend(theirs.iter().copied());
        } else {
            self.merged.conflicts += 1;
            conflict(text, ours, theirs, self.names);
        }
    }
}

/// Both sides between markers.
fn conflict(text: &mut String, ours: &[&str], theirs: &[&str], names: Names<'_>) {
    let mut part = |heading: String, lines: &[&str]| {
        text.push_str(&heading);
        text.extend(lines.iter().copied());
        // A last line without an end gets one: a marker begins a line.
        if !text.ends_with('\n') {
            text.push('\n');
        }
    };
    part(format!("<<<<<<< {}\n", names.ours), ours);
    part("=======\n".to_string(), theirs);
    part(format!(">>>>>>> {}\n", names.theirs), &[]);
}

/// Lines with their ends.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names { ours: "a", theirs: "b" };

    fn merged(base: &str, ours: &str, theirs: &str) -> (String, usize) {
        let Merged { text, conflicts } = merge(base, ours, theirs, NAMES);
        (text, conflicts)
    }

    #[test]
    fn changes_of_different_lines_come_together() {
        let base = "one\ntwo\nthree\nfour\nfive\n";
        let both = merged(base, "ONE\ntwo\nthree\nfour\nfive\n", "one\ntwo\nthree\nfour\nFIVE\nsix\n");
        assert_eq!(both, ("ONE\ntwo\nthree\nfour\nFIVE\nsix\n".to_string(), 0));
        assert_eq!(merged(base, base, "two\n"), ("two\n".to_string(), 0));
        assert_eq!(merged(base, "", base), (String::new(), 0));
        assert_eq!(merged("", "", ""), (String::new(), 0));
        assert_eq!(merged("a", "a", "a\nb"), ("a\nb".to_string(), 0));
    }

    #[test]
    fn the_same_change_on_both_sides_is_made_once() {
        assert_eq!(merged("a\nb\nc\n", "a\nB\nc\n", "a\nB\nc\n"), ("a\nB\nc\n".to_string(), 0));
    }

    #[test]
    fn different_changes_of_the_same_lines_are_both_shown() {
        let expected = "a\n<<<<<<< a\nX\n=======\nY\n>>>>>>> b\nc\n";
        assert_eq!(merged("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n"), (expected.to_string(), 1));
        let expected = "<<<<<<< a\nours\n=======\ntheirs\n>>>>>>> b\n";
        assert_eq!(merged("", "ours", "theirs"), (expected.to_string(), 1));
    }

    #[test]
    fn a_difference_is_shown_as_people_read_it() {
        assert_eq!(difference("a\n", "a\n"), "");
        let shown = difference("a\nb\n", "a\nc\n");
        assert!(shown.contains("-b\n") && shown.contains("+c\n"), "{shown}");
    }
}
