//! The contents that people write: numbered, so that it can be told where each of them is.

use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockList, BlocksHash, Content};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// How many different contents a case can have.
pub(super) const MOST: usize = 96;

static FILES: LazyLock<Vec<Content>> = LazyLock::new(|| {
    (0..MOST).map(|number| Content::File(BlockList::of(format!("content {number:02}").as_bytes()))).collect()
});
static NUMBERS: LazyLock<BTreeMap<BlocksHash, usize>> = LazyLock::new(|| {
    FILES.iter().enumerate().filter_map(|(number, file)| Some((file.blocks()?.digest(), number))).collect()
});
static BLANK: LazyLock<Content> = LazyLock::new(|| Content::File(BlockList::of(&[0; 10])));
static IGNORE: LazyLock<Arc<IgnoreRules>> = LazyLock::new(|| {
    let rules = IgnoreRules::compile("(?d)*.tmp\n*.ign\n", &mut |_| Err(String::new()));
    Arc::new(rules.unwrap_or_else(|_| IgnoreRules::empty()))
});

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

static PARSED: LazyLock<Vec<RelativePath>> =
    LazyLock::new(|| PATHS.iter().filter_map(|text| RelativePath::parse(text).ok()).collect());

/// How many of the paths are plain ones; those behind them are special.
pub(super) const PLAIN: usize = 9;

pub(super) fn paths() -> &'static [RelativePath] {
    &PARSED
}

/// The content with this number.
pub(super) fn file(number: usize) -> Content {
    FILES[number % MOST].clone()
}

/// Which content this is.
pub(super) fn number(digest: BlocksHash) -> Option<usize> {
    NUMBERS.get(&digest).copied()
}

/// What a power cut leaves of a file.
pub(super) fn blank() -> Content {
    BLANK.clone()
}

/// Leaves out `*.ign`; `*.tmp` may be removed with its directory.
pub(super) fn patterns() -> Arc<IgnoreRules> {
    IGNORE.clone()
}
