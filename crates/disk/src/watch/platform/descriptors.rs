//! Which watch is for which directory. Small, because there may be many: a number, the one above, and a name.

use homesync_paths::{DiskName, RelativePath};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The system's number for a watch. It gives none twice.
pub(super) type Number = i32;

/// The watches, by number and by place.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    root: Number,
    places: HashMap<Number, (Number, Arc<[u8]>)>,
    below: BTreeMap<(Number, Arc<[u8]>), Number>,
}

impl Descriptors {
    /// With only the root.
    pub(super) fn new(root: Number) -> Self {
        Self { root, ..Self::default() }
    }

    pub(super) fn root(&self) -> Number {
        self.root
    }

    /// The watch is one of these.
    pub(super) fn knows(&self, number: Number) -> bool {
        number == self.root || self.places.contains_key(&number)
    }

    /// The watch of a directory in a directory.
    pub(super) fn find(&self, above: Number, name: &[u8]) -> Option<Number> {
        self.below.get(&(above, Arc::from(name))).copied()
    }

    /// A new watch, of which nothing is known yet.
    pub(super) fn insert(&mut self, number: Number, above: Number, name: &[u8]) {
        let name: Arc<[u8]> = Arc::from(name);
        self.places.insert(number, (above, name.clone()));
        self.below.insert((above, name), number);
    }

    /// Takes out a watch with all below it, which are answered.
    pub(super) fn remove(&mut self, number: Number) -> Vec<Number> {
        let mut gone = Vec::new();
        let mut waiting = vec![number];
        while let Some(number) = waiting.pop() {
            let Some((above, name)) = self.places.remove(&number) else { continue };
            self.below.remove(&(above, name));
            let empty: Arc<[u8]> = Arc::from(&[][..]);
            let children = self.below.range((number, empty.clone())..(number + 1, empty));
            waiting.extend(children.map(|(_, child)| *child));
            gone.push(number);
        }
        gone
    }

    /// The names that lead to a directory, from the root down, as the file system spells them; nothing if the watch is not known.
    pub(super) fn names(&self, number: Number) -> Option<Vec<Arc<[u8]>>> {
        let (mut names, mut at) = (Vec::new(), number);
        while at != self.root {
            let (above, name) = self.places.get(&at)?;
            names.push(name.clone());
            at = *above;
        }
        names.reverse();
        Some(names)
    }

    /// The path of a name in a directory; nothing if the watch is not known, or the path cannot travel.
    pub(super) fn path(&self, directory: Number, name: &[u8]) -> Option<RelativePath> {
        let mut text = String::new();
        for above in self.names(directory)? {
            text.push_str(&wire(&above)?);
            text.push('/');
        }
        text.push_str(&wire(name)?);
        RelativePath::parse(&text).ok()
    }
}

/// The name as it travels.
fn wire(name: &[u8]) -> Option<String> {
    DiskName::new(name).to_wire().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Descriptors {
        let mut tree = Descriptors::new(1);
        tree.insert(2, 1, b"a");
        tree.insert(3, 2, b"b");
        tree.insert(4, 3, "A\u{308}".as_bytes());
        tree.insert(5, 1, b"a-b");
        tree
    }

    #[test]
    fn paths_travel_in_one_form_whatever_the_disk_has() {
        let tree = tree();
        assert_eq!(tree.path(4, b"f").expect("a path").as_str(), "a/b/Ä/f");
        assert_eq!(tree.path(1, b"f").expect("a path").as_str(), "f");
        assert_eq!(tree.path(2, b"\xff"), None);
        assert_eq!(tree.path(9, b"f"), None);
    }

    #[test]
    fn what_goes_takes_all_below_it_and_nothing_beside() {
        let mut tree = tree();
        let mut gone = tree.remove(2);
        gone.sort_unstable();
        assert_eq!(gone, [2, 3, 4]);
        assert_eq!((tree.places.len(), tree.find(1, b"a"), tree.find(1, b"a-b")), (1, None, Some(5)));
        assert!(tree.remove(1).is_empty(), "the root stays");
        assert!(tree.remove(77).is_empty());
    }
}
