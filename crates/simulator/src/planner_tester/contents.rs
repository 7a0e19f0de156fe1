//! The contents that people write: numbered, so that it can be told where each of them is.

use homesync_engine::Situation;
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockList, BlocksHash, Content};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many different contents a case can have.
pub(super) const MOST: usize = 96;

/// What all cases share. Each thread has its own: cores that count references in the same memory wait for each other, a tenth of the time.
struct Shared {
    files: Vec<Content>,
    numbers: BTreeMap<BlocksHash, usize>,
    blank: Content,
    ignore: Arc<IgnoreRules>,
    situation: Situation,
    paths: Vec<RelativePath>,
}

thread_local! {
    /// Never freed, so that it can be lent without being counted.
    static SHARED: &'static Shared = Box::leak(Box::new(Shared::new()));
}

impl Shared {
    fn new() -> Self {
        let file = |number| Content::File(BlockList::of(format!("content {number:02}").as_bytes()));
        let files: Vec<Content> = (0..MOST).map(file).collect();
        let rules = IgnoreRules::compile("(?d)*.tmp\n*.ign\n", &mut |_| Err(String::new()));
        Self {
            numbers: files
                .iter()
                .zip(0..)
                .filter_map(|(file, number)| Some((file.digest()?, number)))
                .collect(),
            files,
            blank: Content::File(BlockList::of(&[0; 10])),
            ignore: Arc::new(rules.unwrap_or_else(|_| IgnoreRules::empty())),
            situation: Situation::default(),
            paths: PATHS.iter().filter_map(|text| RelativePath::parse(text).ok()).collect(),
        }
    }
}

fn shared() -> &'static Shared {
    SHARED.with(|shared| *shared)
}

/// Where people keep their things. Some names are used for several kinds, and some differ only in case.
const PATHS: &[&str] = &[
    "a",
    "b",
    "d",
    "d/a",
    "d/b",
    "d/e",
    "d/e/a",
    "f",
    "f/a",
    "A",
    "d/k.ign",
    "d/e/k.ign",
    "d/k.tmp",
    "k.ign",
    "r",
    "r/.git",
    "r/.git/HEAD",
    "r/.git/objects",
    "r/.git/objects/x",
];

/// How many of the paths are plain ones; those behind them are special.
pub(super) const PLAIN: usize = 9;

pub(super) fn paths() -> &'static [RelativePath] {
    &shared().paths
}

/// The content with this number.
pub(super) fn file(number: usize) -> Content {
    shared().files[number % MOST].clone()
}

/// Which content this is.
pub(super) fn number(digest: BlocksHash) -> Option<usize> {
    shared().numbers.get(&digest).copied()
}

/// What a power cut leaves of a file.
pub(super) fn blank() -> &'static Content {
    &shared().blank
}

/// Leaves out `*.ign`; `*.tmp` may be removed with its directory.
pub(super) fn patterns() -> Arc<IgnoreRules> {
    shared().ignore.clone()
}

/// Nothing special is observed.
pub(super) fn situation() -> Situation {
    shared().situation.clone()
}
