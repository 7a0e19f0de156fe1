//! The folder state machine: what happens to a person's files, decided without touching anything.
//!
//! It knows no clock, file or socket. Events go in: what a scan saw, what other machines said, how operations ended, what a person wants.
//! Actions come out: what to store, announce, fetch, do and ask. Begin with the three [`trees`](View), then [`decide`], the function that says what
//! happens to one path, then [`plan`], which makes operations of the decisions.

mod canary;
mod conflict;
mod decide;
mod folder;
pub mod git;
mod intent;
mod kept;
mod memory;
mod metadata;
mod operation;
mod plan;
mod record;
mod root;
mod rules;
mod stamp;
mod surroundings;
mod trees;
mod unfinished;

#[cfg(feature = "canaries")]
pub use canary::plant;
pub use canary::{Bug, planted};
pub use conflict::date;
pub use decide::{Decision, Facts, Reason, decide};
pub use folder::{Action, BlockResult, Command, Event, Folder, Listing, Now, Question, may_stand};
pub use intent::{Intent, Journal};
pub use kept::Kept;
pub use memory::MemoryTrees;
pub use metadata::{Carry, Found, LARGEST_ATTRIBUTE, MOST_ATTRIBUTES, MetadataRules, travelling, travels};
pub use operation::{Displaced, Done, Expected, Failure, Operation, Outcome, Remedy, Step, Undone};
pub use plan::{Plan, plan};
pub use record::{Meaning, Seen, record};
pub use root::{RootChange, RootIdentity, RootLook, RootState};
pub use rules::{FolderKind, Guard, Rules};
pub use stamp::Stamp;
pub use surroundings::{Situation, Surroundings};
pub use trees::{Agreed, Candidates, Changes, Deed, JournalRecord, Local, Unreadable, View, all_below};
pub use unfinished::{Unfinished, progress};
