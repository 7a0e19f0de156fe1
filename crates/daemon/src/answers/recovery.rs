//! What was done to folders, and bringing back what was displaced.

mod displaced;

use super::{Answers, failed, on_disk};
use crate::clock::{seconds, timestamp};
use crate::control::{Answer, LogLine, Refusal, RefusalKind, Restored};
use crate::folder::Input;
use displaced::{Displaced, Place, displaced, grouped};
use homesync_disk::{Limits, LocalFs, Recovery};
use homesync_engine::{Deed, JournalRecord};
use homesync_index::Index;
use homesync_paths::RelativePath;
use homesync_protocol::ShortId;
use std::io;

/// Records that are read at a time.
const AT_ONCE: usize = 1_000;

impl Answers {
    /// What was done, newest first.
    pub(super) fn log(&self, folder: Option<&str>, deletions: bool, limit: usize) -> Result<Answer, Refusal> {
        let view = self.view();
        let mut lines = Vec::new();
        for shared in view.folder_or_all(folder)? {
            let plan = shared.plan();
            let name = |by: ShortId| view.author(by, self.exchange.own_short());
            let mut before = None;
            let mut found = 0;
            while found < limit {
                let records = shared.index.read(|index| index.journal(before, AT_ONCE)).map_err(failed)?;
                let Some((first, _)) = records.last() else { break };
                before = Some(*first);
                let wanted = records
                    .into_iter()
                    .map(|(_, record)| record)
                    .filter(|record| !deletions || record.deed == Deed::Removed);
                for record in wanted.take(limit - found) {
                    found += 1;
                    lines.push(line(&plan.name, &record, name(record.by)));
                }
            }
        }
        lines.sort_by_key(|line| std::cmp::Reverse(line.at));
        lines.truncate(limit);
        Ok(Answer::Log(lines))
    }

    /// What can be brought back, the newest first.
    pub(super) fn recovery(&self, folder: Option<&str>) -> Result<Answer, Refusal> {
        let view = self.view();
        let mut all = Vec::new();
        for shared in view.folder_or_all(folder)? {
            all.extend(grouped(&shared.plan().name, displaced(&shared)?));
        }
        all.sort_by(|one, other| (other.at, &other.act).cmp(&(one.at, &one.act)));
        Ok(Answer::Recovery(all))
    }

    /// Brings back what was displaced together, or some of it.
    pub(super) fn restore(&self, folder: &str, act: &str, paths: &[String]) -> Result<Answer, Refusal> {
        let view = self.view();
        let shared = view.folder(folder)?;
        let mut items = displaced(shared)?;
        items.retain(|item| item.group() == act || matches!(&item.place, Place::Act(name) if name == act));
        if items.is_empty() {
            return Err(Refusal::new(
                RefusalKind::Usage,
                format!("there is no {act} that could be brought back in {folder}"),
            )
            .next(format!("`homesync recover list {folder}` shows what there is")));
        }
        let below = |item: &String, path: &String| item == path || item.starts_with(&format!("{path}/"));
        items.retain(|item| paths.is_empty() || paths.iter().any(|path| below(&item.path, path)));
        if items.is_empty() {
            return Err(Refusal::new(RefusalKind::Usage, format!("{act} holds none of these paths")));
        }
        let mut numbered = Vec::new();
        for item in items {
            numbered.push((item, shared.next_number().map_err(failed)?));
        }
        let restored = on_disk(shared, move |vfs| restore_all(vfs, numbered))?;
        let looks = restored.iter().filter(|one| one.error.is_none());
        let looks: Vec<RelativePath> = looks.filter_map(|one| RelativePath::parse(&one.path).ok()).collect();
        shared.tell(Input::LookAt(looks));
        Ok(Answer::Restored(restored))
    }

    /// Lets go of what was displaced long ago.
    pub(super) fn prune(&self, folder: Option<&str>, older_than: u64) -> Result<Answer, Refusal> {
        let view = self.view();
        let limits = Limits { retention: i64::try_from(older_than).unwrap_or(i64::MAX), ..Limits::default() };
        let (mut gone, mut late) = (0, Vec::new());
        for shared in view.folder_or_all(folder)? {
            let collect = move |vfs: &LocalFs| Recovery::new(vfs).collect(seconds() as i64, limits);
            let collected = on_disk(&shared, collect)?.map_err(failed)?;
            gone += collected.gone.len() as u64;
            late.extend(
                collected.late.into_iter().map(|act| format!("{}: {}", shared.plan().name, act.name)),
            );
        }
        Ok(Answer::Pruned { gone, late })
    }
}

fn restore_all(vfs: &LocalFs, items: Vec<(Displaced, u64)>) -> Vec<Restored> {
    let (recovery, now) = (Recovery::new(vfs), timestamp());
    let bring = |item: &Displaced, number: u64| match &item.place {
        Place::Act(act) => recovery.restore(act, &item.path, now, number).map_err(|error| why(&error)),
        Place::Version(version) => {
            let path = RelativePath::parse(&item.path).map_err(|error| error.to_string())?;
            recovery.restore_version(version, &path, now, number).map_err(|error| why(&error))
        }
    };
    let restore = |(item, number): (Displaced, u64)| match bring(&item, number) {
        Ok(displaced) => Restored { path: item.path, displaced, error: None },
        Err(error) => Restored { path: item.path, displaced: None, error: Some(error) },
    };
    items.into_iter().map(restore).collect()
}

/// Why something could not be brought back.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "it is not kept any more: it has had its time, or somebody has taken it".to_string()
        }
        _ => error.to_string(),
    }
}

fn line(folder: &str, record: &JournalRecord, by: String) -> LogLine {
    let deed = match record.deed {
        Deed::Created => "created",
        Deed::Replaced => "replaced",
        Deed::Removed => "removed",
        Deed::Moved => "moved",
        Deed::Adjusted => "adjusted",
        Deed::KeptAside => "kept-aside",
    };
    LogLine {
        folder: folder.to_string(),
        at: record.at,
        deed: deed.to_string(),
        path: record.path.as_str().to_string(),
        by,
        kept: record.kept.as_ref().map(ToString::to_string),
    }
}
