//! What calls have done to the cached image and the disk does not hold yet: in order, each whole or not at all.

use super::image::{Body, Image, Node, Object, Place};
use homesync_protocol::Timestamp;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What goes to the disk with an object itself, in one piece.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    pub(super) permissions: u16,
    pub(super) owner: (u32, u32),
    pub(super) extended: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(super) modified: Timestamp,
    pub(super) changed: Timestamp,
    /// A file's length.
    pub(super) length: u64,
}

impl Attributes {
    /// All but the length.
    pub(super) fn give(&self, node: &mut Node) {
        (node.permissions, node.owner) = (self.permissions, self.owner);
        (node.modified, node.changed) = (self.modified, self.changed);
        node.attributes = Rc::clone(&self.extended);
    }
}

/// One step from the durable state towards the cached one.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// A new object and its name, or a further name for one (then the durable image may know the object already).
    Create { place: Place, object: Object, initial: Box<Node>, at: Timestamp },
    /// Another name, over whatever had it.
    Rename { from: Place, to: Place, object: Object, is_directory: bool, at: Timestamp },
    /// Two objects change names.
    Exchange { one: Place, two: Place, objects: (Object, Object), has_directory: bool, at: Timestamp },
    /// A name less.
    Remove { place: Place, object: Object, at: Timestamp },
    /// Length, permissions, owner, attributes and times. `cut` is the length to which the file was cut, if it was.
    Inode { object: Object, attributes: Attributes, cut: Option<u64> },
    /// Bytes of a file. They say nothing about its length.
    Write { object: Object, offset: u64, bytes: Rc<[u8]> },
}

impl Effect {
    /// The names that it touches.
    pub(super) fn places(&self) -> [Option<&Place>; 2] {
        match self {
            Self::Create { place, .. } | Self::Remove { place, .. } => [Some(place), None],
            Self::Rename { from, to, .. } => [Some(from), Some(to)],
            Self::Exchange { one, two, .. } => [Some(one), Some(two)],
            Self::Inode { .. } | Self::Write { .. } => [None, None],
        }
    }

    pub(super) fn is_in(&self, directory: Object) -> bool {
        self.places().into_iter().flatten().any(|place| place.directory == directory)
    }

    /// The object whose content or metadata it is, if it is of that kind.
    pub(super) fn inner_object(&self) -> Option<Object> {
        match self {
            Self::Inode { object, .. } | Self::Write { object, .. } => Some(*object),
            _ => None,
        }
    }

    pub(super) fn is_write(&self) -> bool {
        matches!(self, Self::Write { .. })
    }

    fn moves_directory(&self) -> bool {
        matches!(self, Self::Rename { is_directory: true, .. } | Self::Exchange { has_directory: true, .. })
    }

    /// Cannot be on the disk without the earlier one.
    pub(super) fn needs(&self, earlier: &Self) -> bool {
        if let Some(object) = self.inner_object() {
            // Metadata is written as a whole, so the later one holds the earlier. Bytes of the same file go their own ways
            // (`crash` keeps their order in each place). Neither needs a name.
            return !self.is_write() && !earlier.is_write() && earlier.inner_object() == Some(object);
        }
        if earlier.inner_object().is_some() {
            return false;
        }
        self.shares_name(earlier)
            || self.builds_in(earlier)
            || self.empties_for(earlier)
            // Two moves of directories, each fine in its turn, could make a ring if only the later one were kept.
            || (self.moves_directory() && earlier.moves_directory())
    }

    fn shares_name(&self, earlier: &Self) -> bool {
        let mine = self.places();
        mine.into_iter()
            .flatten()
            .any(|place| earlier.places().into_iter().flatten().any(|other| place.is_same(other)))
    }

    /// The earlier one made the directory in which this one works, or the object that it moves.
    fn builds_in(&self, earlier: &Self) -> bool {
        let Self::Create { object: created, .. } = earlier else { return false };
        let moved = match self {
            Self::Create { object, .. } | Self::Rename { object, .. } | Self::Remove { object, .. } => {
                object == created
            }
            Self::Exchange { objects, .. } => objects.0 == *created || objects.1 == *created,
            Self::Inode { .. } | Self::Write { .. } => false,
        };
        moved || self.is_in(*created)
    }

    /// This one takes away a directory, or puts another object over one, that the earlier one helped to empty.
    fn empties_for(&self, earlier: &Self) -> bool {
        match self {
            Self::Remove { object, .. } => earlier.is_in(*object),
            _ => false,
        }
    }

    /// Brings everything but file content to an image.
    pub(super) fn apply(&self, image: &mut Image) {
        match self {
            Self::Create { place, object, initial, at } => {
                if image.get(*object).is_none() {
                    image.insert(*object, (**initial).clone());
                } else {
                    moved(image, *object, *at);
                }
                image.set(place, Some(*object));
                touch(image, place.directory, *at);
            }
            Self::Rename { from, to, object, at, .. } => {
                image.set(from, None);
                image.set(to, Some(*object));
                moved(image, *object, *at);
                touch(image, from.directory, *at);
                touch(image, to.directory, *at);
            }
            Self::Exchange { one, two, objects, at, .. } => {
                image.set(one, Some(objects.1));
                image.set(two, Some(objects.0));
                moved(image, objects.0, *at);
                moved(image, objects.1, *at);
                touch(image, one.directory, *at);
                touch(image, two.directory, *at);
            }
            Self::Remove { place, at, .. } => {
                image.set(place, None);
                touch(image, place.directory, *at);
            }
            Self::Inode { object, attributes, .. } => {
                if let Some(node) = image.get_mut(*object) {
                    attributes.give(node);
                    if let Body::File(content) = &mut node.body {
                        content.set_length(attributes.length);
                    }
                }
            }
            Self::Write { .. } => {}
        }
    }
}

/// A directory in which names changed.
fn touch(image: &mut Image, directory: Object, at: Timestamp) {
    if let Some(node) = image.get_mut(directory) {
        (node.modified, node.changed) = (at, at);
    }
}

fn moved(image: &mut Image, object: Object, at: Timestamp) {
    if let Some(node) = image.get_mut(object) {
        node.changed = at;
    }
}

/// Which of the effects have to reach the disk when these do: with everything that they need.
pub(super) fn with_needs(effects: &[Effect], wanted: impl Fn(&Effect) -> bool) -> Vec<bool> {
    let mut chosen: Vec<bool> = effects.iter().map(wanted).collect();
    for later in (0..effects.len()).rev() {
        if !chosen[later] {
            continue;
        }
        for earlier in 0..later {
            chosen[earlier] = chosen[earlier] || effects[later].needs(&effects[earlier]);
        }
    }
    chosen
}
