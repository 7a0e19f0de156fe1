//! What the executor is asked to do to the disk: each with the exact object it must find and the exact object it leaves.

use crate::{Found, Kept, Stamp};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, Entry, Kind};
use std::sync::Arc;

/// One change of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Where.
    pub path: RelativePath,
    /// What must be there for the plan to hold.
    pub expected: Expected,
    /// What to do.
    pub step: Step,
    /// What the index says about the path when it is done: the winner's entry, under a version that has seen ours as well.
    pub entry: Entry,
    /// Operations with the same unit are done together or not at all (a git repository's `.git`).
    pub unit: Option<RelativePath>,
}

impl Operation {
    /// A directory leaves its place, with what is in it or without.
    pub fn displaces_directory(&self) -> bool {
        let is_directory = matches!(self.expected, Expected::Object(stamp) if stamp.kind == Kind::Directory);
        is_directory && !matches!(self.step, Step::Adjust | Step::Dress)
    }

    /// A directory gets other permissions.
    pub fn adjusts_directory(&self) -> bool {
        self.step == Step::Adjust && self.entry.content == Content::Directory
    }

    /// The paths that it changes: they are planned together.
    pub fn paths(&self) -> impl Iterator<Item = &RelativePath> {
        let from = match &self.step {
            Step::Move { from, .. } => Some(from),
            _ => None,
        };
        std::iter::once(&self.path).chain(from)
    }
}

/// The object that a plan was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing has this name.
    Absent,
    /// An object with this stamp. A directory is known by its kind and number alone: what is in it has its own operations.
    Object(Stamp),
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Put the file, directory or link of `entry` here. A displaced object goes where `displaced` says; a displaced directory that goes
    /// to the recovery area must turn out to be empty.
    Put {
        /// Where the object goes that was in this place.
        displaced: Displaced,
    },
    /// Move a file from another place, which has the content, time and permissions wanted here; nothing is here.
    Move {
        /// From where.
        from: RelativePath,
        /// What must be there.
        from_expected: Stamp,
        /// What the index says about the old place when it is done.
        from_entry: Box<Entry>,
    },
    /// Take it away, into the recovery area. A directory is taken away only when it is empty.
    Remove,
    /// Only permissions and time differ, and perhaps owner and attributes.
    Adjust,
    /// Only owner and attributes differ: they are set on the object itself, which tells others of no edit by that.
    Dress,
}

/// Where a displaced object goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Displaced {
    /// Into the recovery area: it lost by the rules, nobody needs to look at it.
    Recovery,
    /// To a conflict copy, because both sides changed it: the first of these names that is free. A directory goes with all that is in it.
    Conflict(Vec<RelativePath>),
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was asked.
    pub operation: Operation,
    /// What came of it.
    pub result: Result<Done, Undone>,
    /// The executor's intents that are settled with this.
    pub intents: Vec<u64>,
}

/// It is done, durably.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Done {
    /// The object that is there now; nothing after a removal.
    pub stamp: Option<Stamp>,
    /// Where the displaced object is, if one was displaced and became no conflict copy.
    pub kept: Option<Kept>,
    /// The conflict copy that was made, if one was.
    pub copy: Option<RelativePath>,
    /// How owner and attributes stand there, if the folder carries them; and why they are not as they should be.
    pub found: Option<Arc<Found>>,
}

/// It is not done. Everything is as before, but that the losing side of a conflict may have got its name already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// Another object was found than expected: a person was quicker. The path is looked at again.
    Changed,
    /// A directory to be removed still holds something. What is in it is looked at.
    NotEmpty,
    /// Content is not complete yet.
    Missing,
    /// The content here is damaged: hashing it gave something else.
    Damaged,
    /// The system refused.
    Failed(Failure),
}

/// Why the system refused, as far as it changes what happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What to do about it.
    pub remedy: Remedy,
    /// The system's words, with the path.
    pub text: String,
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// This item only; try again later, each time later.
    RetryItem,
    /// The whole folder waits: the disk is full, read-only or gone.
    PauseFolder,
    /// This item cannot be here: too large, or a name this file system cannot hold.
    GiveUpItem,
}
