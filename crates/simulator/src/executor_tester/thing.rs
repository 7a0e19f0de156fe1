//! What stands under a name, as the checkers see it. Every content has a number, so that each can be followed wherever it goes.

use crate::filesystem::Found;
use homesync_disk::ObjectKind;
use homesync_protocol::{BlockList, Kind};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A content that nobody wrote.
pub(super) const UNKNOWN: u32 = u32::MAX;

/// Longer than one block.
const LONG: usize = (128 << 10) + 100;

/// Contents with numbers from here on take several blocks.
pub(super) const LONG_FROM: u32 = 5_000;

/// One object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) kind: Kind,
    /// Which content; zero for a directory.
    pub(super) content: u32,
    pub(super) mode: u16,
    pub(super) marks: Marks,
}

/// Whose it is, and what its attribute says: numbers, of which zero is what everything is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Marks {
    pub(super) owner: u8,
    pub(super) attribute: u8,
}

/// The number of the user who makes everything; the others follow.
pub(super) const MAKER: u32 = 1_000;
/// The one attribute that things have.
pub(super) const ATTRIBUTE: &str = "user.mark";

impl Marks {
    fn of(found: &Found) -> Self {
        let attribute = found.attributes.get(ATTRIBUTE.as_bytes()).and_then(|value| value.first());
        Self { owner: (found.status.owner - MAKER) as u8, attribute: attribute.copied().unwrap_or(0) }
    }
}

/// Everything under people's names.
pub(super) type View = BTreeMap<String, Thing>;

/// The bytes of a content. All short ones have the same size, so that only their times tell them apart.
pub(super) fn bytes_of(content: u32) -> Vec<u8> {
    let line = format!("content {content:04}\n");
    if content < LONG_FROM {
        return line.into_bytes();
    }
    line.as_bytes().iter().copied().cycle().take(LONG).collect()
}

/// A content's blocks and its bytes.
type Known = (BlockList, Rc<Vec<u8>>);

thread_local! {
    static BLOCKS: RefCell<BTreeMap<u32, Known>> = const { RefCell::new(BTreeMap::new()) };
}

/// Its blocks. Hashing them anew for each run would take most of the time.
pub(super) fn blocks_of(content: u32) -> (BlockList, Rc<Vec<u8>>) {
    BLOCKS.with_borrow_mut(|known| {
        let (blocks, bytes) = known.entry(content).or_insert_with(|| {
            let bytes = bytes_of(content);
            (BlockList::of(&bytes), Rc::new(bytes))
        });
        (blocks.clone(), bytes.clone())
    })
}

/// Where a link of this number leads.
pub(super) fn target_of(content: u32) -> String {
    format!("target {content:04}")
}

fn number_in(bytes: &[u8]) -> Option<u32> {
    std::str::from_utf8(bytes.get(..4)?).ok()?.parse().ok()
}

/// Which content these bytes are.
fn content_in(found: &Found) -> u32 {
    let bytes = found.content.as_slice();
    let beginning: &[u8] =
        if found.status.kind == ObjectKind::Kept(Kind::Link) { b"target " } else { b"content " };
    let Some(number) = bytes.strip_prefix(beginning).and_then(number_in) else { return UNKNOWN };
    let is_right = if found.status.kind == ObjectKind::Kept(Kind::Link) {
        bytes.len() == target_of(number).len()
    } else if number < LONG_FROM {
        bytes.len() == 13 && bytes[12] == b'\n'
    } else {
        **blocks_of(number).1 == *bytes
    };
    if is_right { number } else { UNKNOWN }
}

pub(super) fn thing(found: &Found) -> Thing {
    let (kind, content) = match found.status.kind {
        ObjectKind::Kept(Kind::Directory) => (Kind::Directory, 0),
        ObjectKind::Kept(kind) => (kind, content_in(found)),
        ObjectKind::Special => (Kind::File, UNKNOWN),
    };
    let mode = if kind == Kind::Link { 0o777 } else { found.status.permissions };
    Thing { kind, content, mode, marks: Marks::of(found) }
}

/// What a walk found: under people's names, in the recovery area (by the path below it), and how many staged files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) real: View,
    pub(super) kept: View,
    pub(super) staged: usize,
}

pub(super) fn sight(found: &[Found]) -> Sight {
    let mut sight = Sight::default();
    for found in found {
        let path = String::from_utf8_lossy(&found.path);
        match path.strip_prefix(".homesync") {
            None => drop(sight.real.insert(path.into_owned(), thing(found))),
            Some(ours) => {
                if let Some(kept) = ours.strip_prefix("/recovery/") {
                    sight.kept.insert(kept.to_string(), thing(found));
                }
                sight.staged += usize::from(ours.starts_with("/staged/"));
            }
        }
    }
    sight
}

impl Sight {
    /// Every content that can be got at: in place or in the recovery area.
    pub(super) fn contents(&self) -> std::collections::BTreeSet<u32> {
        let things = self.real.values().chain(self.kept.values());
        things.map(|thing| thing.content).filter(|content| *content != 0 && *content != UNKNOWN).collect()
    }

    pub(super) fn is_real(&self, content: u32) -> bool {
        self.real.values().any(|thing| thing.content == content)
    }
}
