//! What the newest peers ask of an item, for what we send and for what we receive.
//!
//! They hang up on who breaks one of these, so we send nothing that does. Older peers are not so strict, with themselves neither: what one of them
//! may send is taken.

use crate::wire;
use std::fmt;

/// A rule that an item breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// What was removed has no blocks.
    RemovedWithBlocks,
    /// What can be had has blocks, an empty file one.
    FileWithoutBlocks,
    /// What is no file has no blocks.
    BlocksOfNoFile,
    /// A directory, or a link, has no size.
    SizeOfNoFile,
}

impl Rule {
    /// Some version of the peers does not keep it.
    pub(super) fn is_tolerated(self) -> bool {
        matches!(self, Self::BlocksOfNoFile | Self::SizeOfNoFile)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::RemovedWithBlocks => "it is removed and has blocks",
            Self::FileWithoutBlocks => "it is a file without blocks",
            Self::BlocksOfNoFile => "it is no file and has blocks",
            Self::SizeOfNoFile => "it is no file and has a size",
        })
    }
}

/// The first rule that an item breaks. Its name has rules of its own.
pub(super) fn broken(file: &wire::FileInfo) -> Option<Rule> {
    let is_file = file.kind == 0;
    if file.deleted && !file.blocks.is_empty() {
        Some(Rule::RemovedWithBlocks)
    } else if is_file && !file.deleted && !file.invalid && file.blocks.is_empty() {
        Some(Rule::FileWithoutBlocks)
    } else if !is_file && !file.blocks.is_empty() {
        Some(Rule::BlocksOfNoFile)
    } else if !is_file && file.size != 0 {
        Some(Rule::SizeOfNoFile)
    } else {
        None
    }
}
