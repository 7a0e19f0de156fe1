//! What one run is about, before it is played: a tree, a batch, and who disturbs it.

use super::thing::{Marks, Thing, View};
use crate::filesystem::{Faults, Settings};

/// One run.
#[derive(Clone, Debug, Default)]
pub(super) struct Scenario {
    pub(super) settings: Settings,
    /// Owners and attributes are set as entries say.
    pub(super) carries: bool,
    /// What is there at first; directories come before what is in them.
    pub(super) tree: View,
    pub(super) batch: Vec<Planned>,
    /// At which call, and what a person does just before it.
    pub(super) person: Vec<(u64, Act)>,
    pub(super) crashes: Vec<Crash>,
    pub(super) faults: Faults,
    /// The journal cannot be written.
    pub(super) journal_fails: bool,
}

/// One operation of the batch.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) path: String,
    pub(super) step: Wish,
    /// What the plan says is there: right, or how it is wrong.
    pub(super) expectation: Expectation,
    pub(super) staged: Content,
    pub(super) unit: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// `Some` are names for a conflict copy; otherwise to the recovery area.
    Put {
        wanted: Thing,
        copies: Option<Vec<String>>,
    },
    Move {
        from: String,
    },
    Remove,
    Adjust {
        mode: u16,
    },
    Dress {
        marks: Marks,
    },
}

/// How right a plan is about what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expectation {
    /// As the tree is, or nothing if nothing is there.
    Right,
    /// Nothing, whatever is there.
    Nothing,
    OtherNumber,
    OtherTime,
    OtherSize,
}

/// How much of a file's content is staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Whole,
    LastBlockMissing,
    None,
}

/// What a person does.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A new file is renamed over it.
    Save(String, u32),
    /// The same file is emptied and written again.
    WriteInPlace(String, u32),
    Remove(String),
    /// It goes, and a directory with a file in it takes its place.
    ReplaceByDirectory(String, u32),
    /// A new file in it.
    MakeInside(String, u32),
    ReplaceByLink(String, u32),
    Rename(String, String),
    Chmod(String, u16),
    Touch(String, i64),
    /// Given to somebody, with something written on it.
    Mark(String, Marks),
}

/// The end of the program or of the power.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    /// After so many calls since the start or the last crash.
    pub(super) after: u64,
    pub(super) power: bool,
}

impl Scenario {
    /// Nothing but the batch happens.
    pub(super) fn is_quiet(&self) -> bool {
        self.is_undisturbed() && self.crashes.is_empty()
    }

    /// Neither people nor errors; perhaps crashes.
    pub(super) fn is_undisturbed(&self) -> bool {
        self.person.is_empty() && !self.has_faults()
    }

    pub(super) fn has_faults(&self) -> bool {
        !self.faults.faults.is_empty() || self.journal_fails
    }

    /// For people to read.
    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!(
            "file system: exchange {}, ordered {}, folds case {}, reuses numbers {}; owners and attributes {}",
            self.settings.exchange,
            self.settings.ordered,
            self.settings.folds_case,
            self.settings.reuses_numbers,
            self.carries
        )];
        lines.push("at first:".to_string());
        for (path, thing) in &self.tree {
            let Thing { kind, content, mode, marks } = thing;
            lines.push(format!("  {path}: {kind:?} {content:04} mode {mode:o} {marks:?}"));
        }
        lines.push("batch:".to_string());
        lines.extend(self.batch.iter().map(|planned| format!("  {planned:?}")));
        lines.extend(self.person.iter().map(|(call, act)| format!("before call {call}: {act:?}")));
        lines.extend(self.crashes.iter().map(|crash| format!("then {crash:?}")));
        if self.has_faults() {
            lines.push(format!("{:?}, journal fails: {}", self.faults, self.journal_fails));
        }
        lines.join("\n")
    }
}
