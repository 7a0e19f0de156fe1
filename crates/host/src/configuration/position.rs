//! From a byte offset to what editors show.

/// Line and column, both from 1, the column in characters.
pub fn of_offset(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    (line, String::from_utf8_lossy(&before[line_start..]).chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::of_offset;

    #[test]
    fn lines_and_columns_count_from_one() {
        let text = "a = 1\nä = 2\n";
        for (offset, place) in
            [(0, (1, 1)), (4, (1, 5)), (6, (2, 1)), (8, (2, 2)), (13, (3, 1)), (99, (3, 1))]
        {
            assert_eq!(of_offset(text, offset), place, "offset {offset}");
        }
    }
}
