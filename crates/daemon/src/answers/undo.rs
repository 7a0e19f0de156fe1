//! Taking back the last thing that was done to a folder: what others' changes did to the files here.
//!
//! The plan is a value: what is shown is what is done, and only if nothing was done since.

use super::recovery::why;
use super::{Answers, View, failed};
use crate::clock::timestamp;
use crate::control::{Answer, Refusal, RefusalKind, UndoAct, UndoPlan, UndoStep};
use crate::folder::{Input, Shared};
use homesync_disk::{LocalFs, Recovery};
use homesync_engine::{Deed, JournalRecord, Kept};
use homesync_index::Index;
use homesync_paths::RelativePath;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What was done within so many seconds of each other belongs together.
const TOGETHER: i64 = 3;
/// The most that is undone at once.
const MOST: usize = 10_000;

impl Answers {
    /// What undoing the last thing would do.
    pub(super) fn plan_undo(&self, folder: Option<&str>) -> Result<Answer, Refusal> {
        let view = self.view();
        let mut newest: Option<UndoPlan> = None;
        for shared in view.folder_or_all(folder)? {
            let plan = plan_of(&shared)?;
            if let Some(plan) = plan.filter(|plan| newest.as_ref().is_none_or(|newest| plan.at > newest.at)) {
                newest = Some(plan);
            }
        }
        match newest {
            Some(plan) => Ok(Answer::UndoPlan(plan)),
            None => Err(Refusal::new(RefusalKind::Usage, "nothing was done yet that could be undone")
                .next("what you removed yourself is on the other machines: `homesync recover list` there")),
        }
    }

    /// Undoes it. Answers the plan with what could not be done.
    pub(super) fn undo(&self, plan: UndoPlan) -> Result<Answer, Refusal> {
        let view = self.view();
        let shared = checked(&view, &plan)?;
        let UndoPlan { folder, at, newest, steps } = plan;
        let mut numbered = Vec::new();
        for step in steps {
            numbered.push((step, shared.next_number().map_err(failed)?));
        }
        let steps = super::on_disk(&shared, move |vfs| undo_all(vfs, numbered))?;
        let looks = steps.iter().filter_map(|step| RelativePath::parse(&step.path).ok());
        shared.tell(Input::LookAt(looks.collect()));
        Ok(Answer::UndoPlan(UndoPlan { folder, at, newest, steps }))
    }
}

/// The plan is still the one that would be made now.
fn checked(view: &View, plan: &UndoPlan) -> Result<Arc<Shared>, Refusal> {
    let shared = view.folder(&plan.folder)?.clone();
    let now = plan_of(&shared)?;
    if now.as_ref() != Some(plan) {
        return Err(Refusal::new(RefusalKind::Decision, "something else was done meanwhile")
            .next("see what would be undone now: `homesync undo --dry-run`"));
    }
    Ok(shared)
}

fn plan_of(shared: &Shared) -> Result<Option<UndoPlan>, Refusal> {
    let records = shared.index.read(|index| index.journal(None, MOST)).map_err(failed)?;
    Ok(plan(&shared.plan().name, &records))
}

/// What was done last, from the newest record back to a pause, and how it is taken back.
fn plan(folder: &str, records: &[(u64, JournalRecord)]) -> Option<UndoPlan> {
    let (newest, last) = records.first()?;
    let mut at = last.at;
    let mut steps = Vec::new();
    let mut seen = BTreeSet::new();
    for (_, record) in records {
        if (at - record.at).abs() > TOGETHER {
            break;
        }
        at = record.at;
        // Of several things that were done to a path, the last decides what is there now.
        if seen.insert(record.path.clone()) {
            steps.push(step(record));
        }
    }
    Some(UndoPlan { folder: folder.to_string(), at: last.at, newest: *newest, steps })
}

fn step(record: &JournalRecord) -> UndoStep {
    let act = match (record.deed, &record.kept) {
        (Deed::Removed | Deed::Replaced, Some(Kept::Recovery(kept))) => {
            UndoAct::BringBack { kept: kept.clone() }
        }
        (Deed::Removed | Deed::Replaced, Some(Kept::Version(version))) => {
            UndoAct::BringVersion { version: version.as_str().to_string() }
        }
        (Deed::Removed | Deed::Replaced, Some(Kept::Program(name))) => UndoAct::Leave(format!(
            "{name} has taken it, as the folder's settings say: it is to be had back from there"
        )),
        (Deed::Created, _) => UndoAct::TakeAway,
        (Deed::KeptAside, _) => UndoAct::Leave("both sides are there: `homesync conflicts list`".to_string()),
        (Deed::Moved, _) => UndoAct::Leave("it has another name only: move it back".to_string()),
        (Deed::Adjusted, _) => {
            UndoAct::Leave("only its permissions, its time, its owner or its attributes changed".to_string())
        }
        (Deed::Removed | Deed::Replaced, None) => {
            UndoAct::Leave("a directory comes back with what was in it".to_string())
        }
    };
    UndoStep { path: record.path.as_str().to_string(), act, error: None }
}

/// What comes back first, so that what is taken away cannot be in its way; and directories after what is in them.
fn undo_all(vfs: &LocalFs, steps: Vec<(UndoStep, u64)>) -> Vec<UndoStep> {
    let (recovery, now) = (Recovery::new(vfs), timestamp());
    let mut order: Vec<(UndoStep, u64)> = steps;
    order.sort_by(|(one, _), (other, _)| {
        let is_taken = |step: &UndoStep| step.act == UndoAct::TakeAway;
        (is_taken(one), &other.path).cmp(&(is_taken(other), &one.path))
    });
    let undo = |step: &UndoStep, number: u64| -> Result<(), String> {
        match &step.act {
            UndoAct::Leave(_) => Ok(()),
            UndoAct::BringBack { kept } => {
                let (act, item) = kept.split_once('/').ok_or("it is not known where it is kept")?;
                recovery.restore(act, item, now, number).map(drop).map_err(|error| why(&error))
            }
            UndoAct::BringVersion { version } => {
                let parse = |text: &str| RelativePath::parse(text).map_err(|error| error.to_string());
                let (version, path) = (parse(version)?, parse(&step.path)?);
                recovery.restore_version(&version, &path, now, number).map(drop).map_err(|error| why(&error))
            }
            UndoAct::TakeAway => {
                let path = RelativePath::parse(&step.path).map_err(|error| error.to_string())?;
                recovery.set_aside(&path, &path, now, number).map(drop).map_err(|error| error.to_string())
            }
        }
    };
    order.into_iter().map(|(step, number)| UndoStep { error: undo(&step, number).err(), ..step }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_protocol::ShortId;

    fn record(at: i64, path: &str, deed: Deed) -> JournalRecord {
        let kept = (deed == Deed::Removed).then(|| Kept::Recovery(format!("act/{path}")));
        JournalRecord { at, path: RelativePath::parse(path).unwrap(), deed, by: ShortId(1), kept }
    }

    #[test]
    fn what_is_a_version_comes_back_from_there_and_what_a_program_has_stays_with_it() {
        let version = RelativePath::parse(".stversions/b~20260102-030405").unwrap();
        let kept =
            |path: &str, kept: Kept| JournalRecord { kept: Some(kept), ..record(7, path, Deed::Replaced) };
        let records =
            [(2, kept("b", Kept::Version(version))), (1, kept("a", Kept::Program("/bin/keep".to_string())))];
        let plan = plan("work", &records).unwrap();
        let version = ".stversions/b~20260102-030405".to_string();
        assert_eq!(plan.steps[0].act, UndoAct::BringVersion { version });
        assert!(
            matches!(&plan.steps[1].act, UndoAct::Leave(why) if why.starts_with("/bin/keep has taken it"))
        );
    }

    #[test]
    fn what_was_done_together_is_undone_together_and_nothing_before_it() {
        let records = [
            (9, record(100, "b", Deed::Removed)),
            (8, record(99, "b", Deed::Created)),
            (7, record(98, "a", Deed::Created)),
            (6, record(50, "old", Deed::Removed)),
        ];
        let plan = plan("work", &records).unwrap();
        assert_eq!((plan.newest, plan.at), (9, 100));
        let steps: Vec<(&str, &UndoAct)> =
            plan.steps.iter().map(|step| (step.path.as_str(), &step.act)).collect();
        let back = UndoAct::BringBack { kept: "act/b".to_string() };
        assert_eq!(steps, [("b", &back), ("a", &UndoAct::TakeAway)]);
    }
}
