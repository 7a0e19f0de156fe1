//! What the executor writes down durably before it moves a person's object, so that a later start can tell what happened.

use crate::{Expected, Stamp};
use homesync_paths::RelativePath;

/// One object that is about to leave its name.
///
/// The object goes through `slot`, a name inside the recovery area: for a replacement the staged new content is moved there first and
/// then exchanged with the target in one step. So at every moment the slot holds nothing, the staged object (known by its stamp),
/// or the displaced one; looking at it tells how far it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// Given by the journal; never used twice.
    pub number: u64,
    /// The target.
    pub path: RelativePath,
    /// What was to be found there.
    pub expected: Expected,
    /// The staged object, where one is put in place. Its number alone would not do: file systems give the number of an object that is gone to
    /// the next new one, which may be a person's.
    pub staged: Option<Stamp>,
    /// Under which name of ours it was put together, to which it goes back if nothing comes of it.
    pub staged_name: Option<String>,
    /// The name below the recovery area. None where nothing leaves its name: then the target is a directory that its owner may not write in, and
    /// that is lent to us until it gets the permissions of `expected` back.
    pub slot: Option<String>,
    /// The conflict copy that the displaced object becomes, in the order of preference; empty if it stays in the recovery area.
    pub copies: Vec<RelativePath>,
}

/// Where intents are kept: durable when the call returns.
pub trait Journal {
    /// Why it could not be written.
    type Error: std::fmt::Display;

    /// Numbers for this many intents, never given before.
    fn reserve(&mut self, many: u64) -> Result<u64, Self::Error>;

    /// Writes intents down. Nothing of a person's may be moved before this returns.
    fn begin(&mut self, intents: &[Intent]) -> Result<(), Self::Error>;
}
