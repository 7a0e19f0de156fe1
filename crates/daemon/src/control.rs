//! How commands talk to the daemon: a socket that only its owner can open, and one line of JSON for each thing that is said.

mod client;
mod server;
mod socket;

pub use client::{Client, ClientError};
pub(crate) use server::{Answerer, Server, Tell};
pub use socket::place_of;

use crate::report::{HandoffReport, HeldReport, Report};
use serde::{Deserialize, Serialize};

/// What a command wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request")]
pub enum Request {
    /// How things stand.
    Status,
    /// The settings were changed.
    Reload,
    /// The end.
    Stop,
    /// Everything in these folders is to be looked at; in all of them if none is named. Answered when it was.
    Scan {
        /// Which.
        folders: Vec<String>,
    },
    /// Waits until these folders are in step everywhere; all of them if none is named.
    Wait {
        /// Which.
        folders: Vec<String>,
        /// Give up after so many seconds.
        timeout: Option<u64>,
        /// Folders that rest by their mode travel meanwhile.
        travel: bool,
        /// Look at everything first.
        look: bool,
    },
    /// Waits until another machine has everything, and proves it.
    Handoff {
        /// Which.
        machine: String,
        /// Give up after so many seconds.
        timeout: Option<u64>,
    },
    /// A person decided something about a folder.
    Decide {
        /// Which folder.
        folder: String,
        /// What.
        decision: DecisionWord,
    },
    /// What was done to a folder, newest first; to all of them if none is named.
    Log {
        /// Which folder.
        folder: Option<String>,
        /// Only what was removed.
        deletions: bool,
        /// At most so many.
        limit: usize,
    },
    /// Which conflict copies there are.
    Conflicts {
        /// In which folder.
        folder: Option<String>,
    },
    /// How the two sides of a conflict differ.
    ShowConflict {
        /// In which folder.
        folder: String,
        /// The path of the file or of its copy.
        path: String,
    },
    /// Brings the two sides of a conflict together.
    ResolveConflict {
        /// In which folder.
        folder: String,
        /// The path of the file or of its copy.
        path: String,
        /// How.
        keep: Keep,
    },
    /// What undoing the last thing that was done to a folder would do.
    PlanUndo {
        /// Which folder; the one to which something was done last if none is named.
        folder: Option<String>,
    },
    /// Undoes it, if nothing was done since.
    Undo {
        /// The plan, as it was answered.
        plan: UndoPlan,
    },
    /// Why a path is as it is.
    Explain {
        /// In which folder.
        folder: String,
        /// Which.
        path: String,
    },
    /// Reads everything again and compares it with the index.
    Verify {
        /// Which folders; all if none is named.
        folders: Vec<String>,
    },
    /// What is in the recovery areas.
    RecoverList {
        /// Of which folder.
        folder: Option<String>,
    },
    /// Brings something back.
    RecoverRestore {
        /// In which folder.
        folder: String,
        /// Which act.
        act: String,
        /// Which paths of it; all if none is named.
        paths: Vec<String>,
    },
    /// Lets go of what is old.
    RecoverPrune {
        /// In which folder.
        folder: Option<String>,
        /// Older than so many seconds.
        older_than: u64,
    },
}

/// Which side of a conflict stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Both, brought together line by line.
    Merged,
    /// The one that was made here.
    Mine,
    /// The other one.
    Theirs,
    /// Both, beside each other.
    Both,
}

/// What a person can decide about a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionWord {
    /// The removals that wait are meant.
    ApproveRemovals,
    /// They are not: what was removed here comes back.
    RefuseRemovals,
    /// Damaged files are replaced by what others have.
    DiscardDamaged,
    /// Damaged files are right as they are.
    KeepDamaged,
    /// The directory is the right one.
    AcceptRoot,
    /// All machines are to become as this one.
    Override,
    /// This machine is to become as the others.
    Revert,
}

/// What the daemon says: any number of steps, then an answer or a refusal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// How far it is.
    Progress(Progress),
    /// It.
    Done(Box<Answer>),
    /// It cannot be done.
    Refused(Refusal),
}

/// How far something is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is waited for.
    pub text: String,
    /// Items that are still to travel.
    pub items: u64,
    /// Bytes that are.
    pub bytes: u64,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done.
    Nothing,
    /// How things stand.
    Status(Report),
    /// Whether the folders are in step, and what is open if they are not.
    Waited(Waited),
    /// Whether everything is on another machine.
    Handoff(HandoffReport),
    /// What was done.
    Log(Vec<LogLine>),
    /// Conflict copies.
    Conflicts(Vec<ConflictReport>),
    /// How the two sides of one differ.
    Conflict(Shown),
    /// What undoing would do.
    UndoPlan(UndoPlan),
    /// Why a path is as it is.
    Explained(Explained),
    /// What reading everything again has shown.
    Verified(Vec<Verified>),
    /// What can be brought back.
    Recovery(Vec<RecoveryAct>),
    /// What was brought back, and where what stood there went.
    Restored(Vec<Restored>),
    /// What was let go.
    Pruned {
        /// How many acts.
        gone: u64,
        /// Those whose time has come and that stay, because something in them was written to later.
        late: Vec<String>,
    },
}

/// How waiting ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waited {
    /// Everything is everywhere.
    pub in_step: bool,
    /// What is not, in one sentence each.
    pub open: Vec<String>,
    /// A person has to decide first.
    pub needs_decision: bool,
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// In which folder.
    pub folder: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What: created, replaced, removed, moved, adjusted, kept-aside.
    pub deed: String,
    /// To what.
    pub path: String,
    /// Who made the change that led to it.
    pub by: String,
    /// Where the bytes are that were displaced: below the recovery area, below `.stversions`, or `taken by` a program.
    pub kept: Option<String>,
}

/// A conflict copy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConflictReport {
    /// In which folder.
    pub folder: String,
    /// The file.
    pub path: String,
    /// Its copy.
    pub copy: String,
    /// Which of the two was made here.
    pub mine: Option<String>,
}

/// How the two sides of a conflict differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    /// The file.
    pub path: String,
    /// Its copy.
    pub copy: String,
    /// From the file to the copy.
    pub difference: String,
    /// What both were made from is known.
    pub has_base: bool,
    /// In how many places both changed the same lines.
    pub conflicts: usize,
    /// What would come of bringing them together.
    pub merged: String,
}

/// What undoing the last thing would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndoPlan {
    /// In which folder.
    pub folder: String,
    /// When it was done, in seconds since 1970.
    pub at: i64,
    /// The newest record of the journal that it knows: if there is a newer one, it is another plan.
    pub newest: u64,
    /// What would be done.
    pub steps: Vec<UndoStep>,
}

/// One thing of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UndoStep {
    /// To what.
    pub path: String,
    /// What.
    pub act: UndoAct,
    /// Why it cannot be done, after it was tried.
    pub error: Option<String>,
}

/// What is done to undo something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UndoAct {
    /// What was removed or replaced comes back.
    BringBack {
        /// Where it is, below the recovery area.
        kept: String,
    },
    /// It comes back from its version.
    BringVersion {
        /// Where that is, in the folder.
        version: String,
    },
    /// What came goes into the recovery area.
    TakeAway,
    /// It cannot be undone, for this reason.
    Leave(String),
}

/// Why a path is as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// In which folder.
    pub folder: String,
    /// Which.
    pub path: String,
    /// What the folder does with it, in one sentence each.
    pub says: Vec<String>,
    /// What each machine has.
    pub machines: Vec<ExplainedMachine>,
}

/// What a machine has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExplainedMachine {
    /// Which machine.
    pub machine: String,
    /// What it has.
    pub has: String,
    /// It is what counts.
    pub counts: bool,
    /// When it was changed, in seconds since 1970.
    pub modified: Option<i64>,
    /// By whom it was changed last.
    pub by: Option<String>,
}

/// What reading a folder again has shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    /// Which folder.
    pub folder: String,
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that hold something else than they should, although nobody wrote to them.
    pub damaged: Vec<String>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<HeldReport>,
    /// Files that were changed a moment ago and are looked at by themselves.
    pub changed: Vec<String>,
    /// The index itself is sound.
    pub index: bool,
}

/// What was displaced together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryAct {
    /// In which folder.
    pub folder: String,
    /// Its name.
    pub act: String,
    /// When, in seconds since 1970.
    pub at: Option<i64>,
    /// Its bytes.
    pub bytes: u64,
    /// What it holds.
    pub items: Vec<RecoveryItem>,
}

/// One thing in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryItem {
    /// Where it was.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// It was written to after it was displaced.
    pub late: bool,
    /// Where it is in the folder, if it is a version and not in the recovery area.
    #[serde(default)]
    pub version: Option<String>,
}

/// Something that was brought back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// Where it is again.
    pub path: String,
    /// Where what stood there is now, below the recovery area.
    pub displaced: Option<String>,
    /// Why it could not be brought back.
    pub error: Option<String>,
}

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// What sort of reason.
    pub kind: RefusalKind,
    /// What and why.
    pub message: String,
    /// What to do next.
    pub next: Vec<String>,
    /// What is open.
    pub open: Vec<HeldReport>,
}

impl Refusal {
    /// Without a next step.
    pub(crate) fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), next: Vec::new(), open: Vec::new() }
    }

    /// With one.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
}

/// What sort of reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// It failed.
    Failed,
    /// It makes no sense.
    Usage,
    /// A person has to decide first.
    Decision,
}
