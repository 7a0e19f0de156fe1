//! The order in which operations are done: each finds what it needs, and an interruption leaves something sensible.

use crate::git;
use crate::operation::{Expected, Operation, Step};
use homesync_protocol::{Content, Kind};
use std::cmp::Ordering;

/// Stages of a plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Directories first, from the root down: what comes later has a place to be.
    Directories,
    /// Then what moves: its content is in a place that may be taken away below.
    Moves,
    /// Then content.
    Content,
    /// Then what goes: files, and directories from the leaves up.
    Removals,
    /// Last, what takes the place of a directory that is empty by now.
    InPlaceOfDirectories,
}

/// Sorts the operations. A git unit comes as a block: after everything that may have to be there for it, before everything that may hold it and
/// goes itself.
pub(super) fn sort(operations: &mut [Operation]) {
    operations.sort_by(|left, right| {
        let (left_stage, right_stage) = (stage(left), stage(right));
        part(left, left_stage)
            .cmp(&part(right, right_stage))
            .then_with(|| left.unit.cmp(&right.unit))
            .then_with(|| left_stage.cmp(&right_stage))
            .then_with(|| within(left_stage, left, right))
    });
}

/// What comes, then whole units, then what goes.
fn part(operation: &Operation, stage: Stage) -> u8 {
    match stage {
        _ if operation.unit.is_some() => 1,
        Stage::Directories | Stage::Moves | Stage::Content => 0,
        Stage::Removals | Stage::InPlaceOfDirectories => 2,
    }
}

fn stage(operation: &Operation) -> Stage {
    let is_over_directory =
        matches!(operation.expected, Expected::Object(stamp) if stamp.kind == Kind::Directory);
    match &operation.step {
        Step::Remove => Stage::Removals,
        Step::Move { .. } => Stage::Moves,
        Step::Adjust | Step::Dress => Stage::Content,
        Step::Put { .. } if operation.entry.content == Content::Directory => Stage::Directories,
        Step::Put { .. } if is_over_directory => Stage::InPlaceOfDirectories,
        Step::Put { .. } => Stage::Content,
    }
}

fn within(stage: Stage, left: &Operation, right: &Operation) -> Ordering {
    let rank =
        |operation: &Operation| operation.unit.as_ref().map_or(0, |unit| git::rank(&operation.path, unit));
    match stage {
        // A directory stands before what is in it in the order of names, so the reverse goes from the leaves up.
        Stage::Removals => right.path.cmp(&left.path),
        Stage::Directories => left.path.cmp(&right.path),
        _ => rank(left).cmp(&rank(right)).then_with(|| left.path.cmp(&right.path)),
    }
}
