//! The known word that is spelled most like an unknown one.

/// Nobody means a setting by a longer word, and comparing costs the product of both lengths.
const LONGEST: usize = 64;

/// The candidate with the fewest edits, if it is near enough to be what was meant.
pub fn nearest<'word>(word: &str, candidates: impl IntoIterator<Item = &'word str>) -> Option<&'word str> {
    if word.len() > LONGEST {
        return None;
    }
    let (edits, candidate) = candidates
        .into_iter()
        .map(|candidate| (edits(word, candidate), candidate))
        .min_by_key(|(edits, _)| *edits)?;
    (edits <= candidate.chars().count().max(word.chars().count()) / 2).then_some(candidate)
}

/// How many characters must be added, removed, changed, or swapped with their neighbour, to turn one word into the other.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![vec![0; to.len() + 1]; from.len() + 1];
    for (row, line) in rows.iter_mut().enumerate() {
        line[0] = row;
    }
    for (column, cell) in rows[0].iter_mut().enumerate() {
        *cell = column;
    }
    for row in 1..=from.len() {
        for column in 1..=to.len() {
            let changed = usize::from(from[row - 1] != to[column - 1]);
            let mut least = (rows[row - 1][column] + 1)
                .min(rows[row][column - 1] + 1)
                .min(rows[row - 1][column - 1] + changed);
            let swapped =
                row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if swapped {
                least = least.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = least;
        }
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        for (from, to, count) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("levle", "level", 1),
            ("a", "a", 0),
        ] {
            assert_eq!(edits(from, to), count, "{from} to {to}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let words = ["log.level", "log.file", "sync.interval"];
        assert_eq!(nearest("log.levle", words), Some("log.level"));
        assert_eq!(nearest("intervall", words), Some("sync.interval"));
        assert_eq!(nearest("completely.different.thing", words), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest(&"log.level".repeat(100_000), words), None);
    }
}
