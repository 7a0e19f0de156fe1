//! What was done to folders, and bringing back what was displaced.

use super::{Answers, failed, on_disk};
use crate::clock::{seconds, timestamp};
use crate::control::{Answer, LogLine, RecoveryAct, RecoveryItem, Refusal, RefusalKind, Restored};
use crate::folder::Input;
use homesync_disk::{Act, Limits, LocalFs, Recovery};
use homesync_engine::{Deed, JournalRecord};
use homesync_index::Index;
use homesync_paths::RelativePath;
use homesync_protocol::ShortId;
use std::collections::BTreeMap;

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
            let acts = on_disk(&shared, |vfs| Recovery::new(vfs).acts())?;
            all.extend(grouped(&shared.plan().name, acts.map_err(failed)?));
        }
        all.sort_by(|one, other| (other.at, &other.act).cmp(&(one.at, &one.act)));
        Ok(Answer::Recovery(all))
    }

    /// Brings back what was displaced together, or some of it.
    pub(super) fn restore(&self, folder: &str, act: &str, paths: &[String]) -> Result<Answer, Refusal> {
        let view = self.view();
        let shared = view.folder(folder)?;
        let acts = on_disk(shared, |vfs| Recovery::new(vfs).acts())?.map_err(failed)?;
        let mut items: Vec<(String, String)> = Vec::new();
        for found in acts.into_iter().filter(|found| found.name == act || group_of(&found.name) == act) {
            items.extend(found.items.into_iter().map(|item| (found.name.clone(), item.path)));
        }
        if items.is_empty() {
            return Err(Refusal::new(
                RefusalKind::Usage,
                format!("there is no {act} in the recovery area of {folder}"),
            )
            .next(format!("`homesync recover list {folder}` shows what there is")));
        }
        let below = |item: &String, path: &String| item == path || item.starts_with(&format!("{path}/"));
        items.retain(|(_, item)| paths.is_empty() || paths.iter().any(|path| below(item, path)));
        if items.is_empty() {
            return Err(Refusal::new(RefusalKind::Usage, format!("{act} holds none of these paths")));
        }
        let mut numbered = Vec::new();
        for (act, path) in items {
            numbered.push((act, path, shared.next_number().map_err(failed)?));
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

fn restore_all(vfs: &LocalFs, items: Vec<(String, String, u64)>) -> Vec<Restored> {
    let recovery = Recovery::new(vfs);
    let restore =
        |(act, path, number): (String, String, u64)| match recovery.restore(&act, &path, timestamp(), number)
        {
            Ok(displaced) => Restored { path, displaced, error: None },
            Err(error) => Restored { path, displaced: None, error: Some(error.to_string()) },
        };
    items.into_iter().map(restore).collect()
}

/// What was displaced in the same second, as people see it: a tree is removed file by file.
fn group_of(act: &str) -> &str {
    act.rsplit_once('-').map_or(act, |(group, _)| group)
}

fn grouped(folder: &str, acts: Vec<Act>) -> Vec<RecoveryAct> {
    let mut groups: BTreeMap<String, RecoveryAct> = BTreeMap::new();
    for act in acts {
        let name = group_of(&act.name).to_string();
        let group = groups.entry(name.clone()).or_insert_with(|| RecoveryAct {
            folder: folder.to_string(),
            act: name,
            at: act.at,
            bytes: 0,
            items: Vec::new(),
        });
        group.bytes += act.size();
        group.items.extend(act.items.into_iter().map(|item| RecoveryItem {
            path: item.path,
            bytes: item.size,
            late: item.is_late,
        }));
    }
    for group in groups.values_mut() {
        group.items.sort_by(|one, other| one.path.cmp(&other.path));
    }
    groups.into_values().collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_disk::Item;
    use homesync_protocol::Kind;

    #[test]
    fn what_was_displaced_in_the_same_second_is_shown_as_one() {
        let act = |name: &str, path: &str| Act {
            name: name.to_string(),
            at: Some(7),
            items: vec![Item { path: path.to_string(), kind: Kind::File, size: 3, is_late: false }],
        };
        let groups = grouped(
            "work",
            vec![act("20260102-030405-2", "b"), act("20260102-030405-1", "a"), act("20260102-030406-3", "c")],
        );
        let names: Vec<(&str, u64, usize)> =
            groups.iter().map(|group| (group.act.as_str(), group.bytes, group.items.len())).collect();
        assert_eq!(names, [("20260102-030405", 6, 2), ("20260102-030406", 3, 1)]);
        assert_eq!(groups[0].items[0].path, "a");
    }
}
