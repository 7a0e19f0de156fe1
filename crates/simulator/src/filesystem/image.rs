//! The objects of one simulated disk, in one of its two states: as calls see them, or as they are stored durably.

use super::content::Content;
use homesync_disk::{ObjectKind, Status};
use homesync_protocol::{Kind, Timestamp};
use std::collections::BTreeMap;
use std::rc::Rc;

/// An object's place in the table. Unlike the number that calls show, it is never given to another object.
pub(super) type Object = u32;

/// The root directory.
pub(super) const ROOT: Object = 0;

/// A name in a directory: the form by which it is found, and the form in which it is stored. They differ where case is folded.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) directory: Object,
    pub(super) key: Rc<[u8]>,
    pub(super) name: Rc<[u8]>,
}

impl Place {
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.directory == other.directory && self.key == other.key
    }
}

#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) name: Rc<[u8]>,
    pub(super) object: Object,
}

#[derive(Clone, Debug)]
pub(super) enum Body {
    File(Content),
    Directory(BTreeMap<Rc<[u8]>, Slot>),
    Link(Rc<[u8]>),
    Special,
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) number: u64,
    pub(super) body: Body,
    pub(super) permissions: u16,
    /// Numbers of its user and its group.
    pub(super) owner: (u32, u32),
    /// Shared between the two images until they are changed.
    pub(super) attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub(super) modified: Timestamp,
    pub(super) changed: Timestamp,
    /// Names that it has. A directory's own `.` and its children's `..` are not counted here.
    pub(super) names: u32,
    /// Where a directory is; meaningless for everything else.
    pub(super) parent: Object,
    /// Handles that point at it.
    pub(super) handles: u32,
}

impl Node {
    pub(super) fn is_directory(&self) -> bool {
        matches!(self.body, Body::Directory(_))
    }

    pub(super) fn kind(&self) -> ObjectKind {
        match self.body {
            Body::File(_) => ObjectKind::Kept(Kind::File),
            Body::Directory(_) => ObjectKind::Kept(Kind::Directory),
            Body::Link(_) => ObjectKind::Kept(Kind::Link),
            Body::Special => ObjectKind::Special,
        }
    }

    pub(super) fn allocated(&self) -> u64 {
        if let Body::File(content) = &self.body { content.allocated() } else { 0 }
    }
}

/// The state of all objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    nodes: Vec<Option<Node>>,
}

impl Image {
    pub(super) fn get(&self, object: Object) -> Option<&Node> {
        self.nodes.get(object as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, object: Object) -> Option<&mut Node> {
        self.nodes.get_mut(object as usize)?.as_mut()
    }

    /// The number that the next new object gets in the table.
    pub(super) fn next_object(&self) -> Object {
        Object::try_from(self.nodes.len()).unwrap_or(Object::MAX)
    }

    pub(super) fn insert(&mut self, object: Object, node: Node) {
        let index = object as usize;
        if self.nodes.len() <= index {
            self.nodes.resize(index + 1, None);
        }
        self.nodes[index] = Some(node);
    }

    /// Objects below this place in the table are taken, though they may be gone.
    pub(super) fn reserve(&mut self, next: Object) {
        if self.nodes.len() < next as usize {
            self.nodes.resize(next as usize, None);
        }
    }

    pub(super) fn forget(&mut self, object: Object) {
        if let Some(node) = self.nodes.get_mut(object as usize) {
            *node = None;
        }
    }

    pub(super) fn children(&self, directory: Object) -> Option<&BTreeMap<Rc<[u8]>, Slot>> {
        match &self.get(directory)?.body {
            Body::Directory(children) => Some(children),
            _ => None,
        }
    }

    pub(super) fn children_mut(&mut self, directory: Object) -> Option<&mut BTreeMap<Rc<[u8]>, Slot>> {
        match &mut self.get_mut(directory)?.body {
            Body::Directory(children) => Some(children),
            _ => None,
        }
    }

    pub(super) fn content_mut(&mut self, object: Object) -> Option<&mut Content> {
        match &mut self.get_mut(object)?.body {
            Body::File(content) => Some(content),
            _ => None,
        }
    }

    /// Puts an object at a name, or nothing, and gives back what was there.
    pub(super) fn set(&mut self, place: &Place, object: Option<Object>) -> Option<Object> {
        let children = self.children_mut(place.directory)?;
        let before = match object {
            Some(object) => {
                children.insert(Rc::clone(&place.key), Slot { name: Rc::clone(&place.name), object })
            }
            None => children.remove(&place.key),
        };
        before.map(|slot| slot.object)
    }

    pub(super) fn status(&self, object: Object, device: u64) -> Option<Status> {
        let node = self.get(object)?;
        let subdirectories = match &node.body {
            Body::Directory(children) => {
                children.values().filter(|slot| self.get(slot.object).is_some_and(Node::is_directory)).count()
                    as u64
            }
            _ => 0,
        };
        // As ext4 and tmpfs count: the name, the directory's `.`, and the `..` of each directory in it.
        let own = u64::from(node.names) * if node.is_directory() { 2 } else { 1 };
        Some(Status {
            kind: node.kind(),
            size: if let Body::File(content) = &node.body { content.length() } else { 0 },
            allocated: node.allocated(),
            modified: node.modified,
            changed: node.changed,
            inode: node.number,
            device,
            links: own + subdirectories,
            permissions: node.permissions,
            owner: node.owner.0,
            group: node.owner.1,
        })
    }

    /// Every object that can be reached from the root, with its path, parents before children, sorted by name.
    pub(super) fn walk(&self, mut each: impl FnMut(Vec<u8>, Object)) {
        let mut waiting = vec![(Vec::new(), ROOT)];
        while let Some((path, object)) = waiting.pop() {
            // Backwards, because the last one pushed comes first.
            for slot in self.children(object).into_iter().flat_map(BTreeMap::values).rev() {
                let mut inner = Vec::with_capacity(path.len() + 1 + slot.name.len());
                if !path.is_empty() {
                    inner.extend_from_slice(&path);
                    inner.push(b'/');
                }
                inner.extend_from_slice(&slot.name);
                waiting.push((inner, slot.object));
            }
            if object != ROOT {
                each(path, object);
            }
        }
    }

    /// Drops what no name leads to, closes every handle, and counts names and parents anew: a disk after its machine has started again.
    pub(super) fn settle(&mut self) {
        let mut names = vec![0_u32; self.nodes.len()];
        let mut parents = vec![ROOT; self.nodes.len()];
        names[ROOT as usize] = 1;
        let mut waiting = vec![ROOT];
        while let Some(directory) = waiting.pop() {
            for slot in self.children(directory).into_iter().flat_map(BTreeMap::values) {
                let index = slot.object as usize;
                names[index] += 1;
                parents[index] = directory;
                waiting.push(slot.object);
            }
        }
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if names[index] == 0 {
                *node = None;
            } else if let Some(node) = node {
                (node.names, node.parent, node.handles) = (names[index], parents[index], 0);
            }
        }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().flatten()
    }
}
