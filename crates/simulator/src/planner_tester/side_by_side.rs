//! Two lists by path, walked together.

use homesync_paths::RelativePath;
use std::cmp::Ordering;

/// What both lists have at each path, in the order of names, which is that of the lists.
pub(super) fn side_by_side<'a, L, R>(
    left: impl Iterator<Item = (&'a RelativePath, L)>,
    right: impl Iterator<Item = (&'a RelativePath, R)>,
) -> impl Iterator<Item = (&'a RelativePath, Option<L>, Option<R>)> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || {
        let order = match (left.peek(), right.peek()) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        let ours = if order.is_le() { left.next() } else { None };
        let theirs = if order.is_ge() { right.next() } else { None };
        let path = ours.as_ref().map(|(path, _)| *path).or(theirs.as_ref().map(|(path, _)| *path))?;
        Some((path, ours.map(|(_, ours)| ours), theirs.map(|(_, theirs)| theirs)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_comes_once_with_what_both_lists_have() {
        let paths = ["a", "b", "c", "d"].map(|path| RelativePath::parse(path).unwrap());
        let left = [(&paths[0], 1), (&paths[2], 2)];
        let right = [(&paths[1], 'b'), (&paths[2], 'c'), (&paths[3], 'd')];
        let both: Vec<_> = side_by_side(left.into_iter(), right.into_iter())
            .map(|(path, left, right)| (path.as_str(), left, right))
            .collect();
        assert_eq!(
            both,
            [("a", Some(1), None), ("b", None, Some('b')), ("c", Some(2), Some('c')), ("d", None, Some('d'))]
        );
    }
}
