//! Conflict copies: which there are, how the two sides differ, and bringing them together as a person wishes.

use super::{Answers, View};
use crate::clock::timestamp;
use crate::control::{Answer, ConflictReport, Keep, Refusal, RefusalKind, Shown};
use crate::folder::{Input, Shared};
use homesync_disk::{BaseStore, LARGEST_BASE, LocalFs, Recovery, read_whole};
use homesync_engine::View as _;
use homesync_index::Index;
use homesync_merge::{Merged, Names, difference, merge};
use homesync_paths::{RelativePath, is_conflict_name, original_of};
use homesync_protocol::{BlocksHash, ShortId};
use std::sync::Arc;

/// Items that are read at a time.
const AT_ONCE: usize = 10_000;
/// Permissions of a file of which nothing else is known.
const USUAL: u16 = 0o644;

/// One conflict copy.
struct Conflict {
    copy: RelativePath,
    original: RelativePath,
    /// What stands at the original's place was made here.
    original_is_mine: bool,
    /// The copy was made here.
    copy_is_mine: bool,
    /// What both were made from, as far as that is known.
    base: Option<BlocksHash>,
    permissions: u16,
}

/// What both sides hold, and what they were made from.
struct Texts {
    original: String,
    copy: String,
    base: Option<String>,
}

impl Answers {
    /// All conflict copies.
    pub(super) fn conflicts(&self, folder: Option<&str>) -> Result<Answer, Refusal> {
        let view = self.view();
        let mut all = Vec::new();
        for shared in view.folder_or_all(folder)? {
            let name = shared.plan().name;
            for conflict in self.conflicts_of(&shared)? {
                all.push(ConflictReport {
                    folder: name.clone(),
                    path: conflict.original.as_str().to_string(),
                    copy: conflict.copy.as_str().to_string(),
                    mine: conflict.mine().map(|mine| mine.as_str().to_string()),
                });
            }
        }
        Ok(Answer::Conflicts(all))
    }

    /// How the two sides differ, and what would come of bringing them together.
    pub(super) fn show_conflict(&self, folder: &str, path: &str) -> Result<Answer, Refusal> {
        let view = self.view();
        let (shared, conflict) = self.conflict(&view, folder, path)?;
        let texts = texts(&shared, &conflict)?;
        let merged = conflict.merged(&texts);
        Ok(Answer::Conflict(Shown {
            path: conflict.original.as_str().to_string(),
            copy: conflict.copy.as_str().to_string(),
            difference: difference(&texts.original, &texts.copy),
            has_base: texts.base.is_some(),
            conflicts: merged.conflicts,
            merged: merged.text,
        }))
    }

    /// Brings the two sides together. What is no longer seen afterwards is in the recovery area.
    pub(super) fn resolve(&self, folder: &str, path: &str, keep: Keep) -> Result<Answer, Refusal> {
        let view = self.view();
        let (shared, conflict) = self.conflict(&view, folder, path)?;
        match keep {
            Keep::Merged => {
                let texts = texts(&shared, &conflict)?;
                let merged = conflict.merged(&texts);
                if merged.conflicts > 0 {
                    let why =
                        if texts.base.is_some() { "" } else { "; what both were made from is not known" };
                    return Err(Refusal::new(
                        RefusalKind::Decision,
                        format!("both sides changed the same lines in {} places{why}", merged.conflicts),
                    )
                    .next(format!("see them: `homesync conflicts show {folder}/{path}`"))
                    .next("keep one: `homesync conflicts resolve --keep-mine` or `--keep-theirs`"));
                }
                replace(&shared, &conflict, Some(merged.text))?;
            }
            Keep::Both => keep_both(&shared, &conflict)?,
            Keep::Mine | Keep::Theirs => {
                let Some(mine) = conflict.mine() else {
                    return Err(Refusal::new(RefusalKind::Usage, "neither side was made on this machine")
                        .next("merge them, keep both, or say it on the machine that made one"));
                };
                let kept_is_copy = (*mine == conflict.copy) == (keep == Keep::Mine);
                match kept_is_copy {
                    true => replace(&shared, &conflict, None)?,
                    false => set_copy_aside(&shared, &conflict)?,
                }
            }
        }
        shared.tell(Input::LookAt(vec![conflict.original, conflict.copy]));
        Ok(Answer::Nothing)
    }

    fn conflicts_of(&self, shared: &Shared) -> Result<Vec<Conflict>, Refusal> {
        let mut found = Vec::new();
        let mut after: Option<RelativePath> = None;
        loop {
            let locals =
                shared.index.read(|index| index.locals(after.as_ref(), AT_ONCE)).map_err(super::failed)?;
            let Some(last) = locals.last() else { return Ok(found) };
            after = Some(last.entry.path.clone());
            for local in locals.iter().filter(|local| local.stamp.is_some()) {
                if is_conflict_name(local.entry.path.name()) {
                    found.extend(self.conflict_of(shared, &local.entry.path, local.entry.modified_by)?);
                }
            }
        }
    }

    fn conflict_of(
        &self,
        shared: &Shared,
        copy: &RelativePath,
        by: ShortId,
    ) -> Result<Option<Conflict>, Refusal> {
        let Some((original, _)) = original_of(copy) else { return Ok(None) };
        let own = self.exchange.own_short();
        let known = shared.index.read(|index| index.local(&original)).map_err(super::failed)?;
        let entry = known.filter(|local| local.stamp.is_some()).map(|local| local.entry);
        let original_is_mine = entry.as_ref().is_some_and(|entry| entry.modified_by == own);
        Ok(Some(Conflict {
            copy: copy.clone(),
            copy_is_mine: by == own && !original_is_mine,
            original_is_mine,
            base: shared.base_of(copy).or_else(|| entry.as_ref().and_then(|entry| entry.previous)),
            permissions: entry.and_then(|entry| entry.permissions).unwrap_or(USUAL),
            original,
        }))
    }

    /// The conflict that a path is part of.
    fn conflict(&self, view: &View, folder: &str, path: &str) -> Result<(Arc<Shared>, Conflict), Refusal> {
        let shared = view.folder(folder)?.clone();
        let mut found = self.conflicts_of(&shared)?;
        found.retain(|conflict| conflict.copy.as_str() == path || conflict.original.as_str() == path);
        let list = || format!("`homesync conflicts list {folder}` shows those that there are");
        match (found.pop(), found.len()) {
            (Some(conflict), 0) => Ok((shared, conflict)),
            (None, _) => {
                Err(Refusal::new(RefusalKind::Usage, format!("{path} is in no conflict")).next(list()))
            }
            (Some(_), more) => Err(Refusal::new(
                RefusalKind::Usage,
                format!("{path} has {} conflict copies: name one of them", more + 1),
            )
            .next(list())),
        }
    }
}

impl Conflict {
    /// The path of the side that was made here.
    fn mine(&self) -> Option<&RelativePath> {
        match (self.original_is_mine, self.copy_is_mine) {
            (true, _) => Some(&self.original),
            (_, true) => Some(&self.copy),
            _ => None,
        }
    }

    fn merged(&self, texts: &Texts) -> Merged {
        let (ours, theirs) = match self.copy_is_mine {
            true => (&texts.copy, &texts.original),
            false => (&texts.original, &texts.copy),
        };
        let base = texts.base.as_deref().unwrap_or("");
        merge(base, ours, theirs, Names { ours: "this machine", theirs: "the other" })
    }
}

/// Reads both sides, which must be texts.
fn texts(shared: &Arc<Shared>, conflict: &Conflict) -> Result<Texts, Refusal> {
    let (original, copy, base) = (conflict.original.clone(), conflict.copy.clone(), conflict.base);
    let read = super::on_disk(shared, move |vfs| {
        let text = |path: &RelativePath| match read_whole(vfs, path, LARGEST_BASE) {
            Ok(Some(bytes)) => String::from_utf8(bytes).map_err(|_| format!("{} is no text", path.as_str())),
            Ok(None) => Err(format!("{} is too large to be merged", path.as_str())),
            Err(error) => Err(format!("{} cannot be read: {error}", path.as_str())),
        };
        let base = base.and_then(|digest| BaseStore::new(vfs).get(digest));
        Ok::<_, String>(Texts {
            original: text(&original)?,
            copy: text(&copy)?,
            base: base.and_then(|bytes| String::from_utf8(bytes).ok()),
        })
    })?;
    read.map_err(|why| {
        Refusal::new(RefusalKind::Usage, why)
            .next("keep one of them, or both: `homesync conflicts resolve --help`")
    })
}

/// The original becomes this text, or what the copy holds; what it was, and the copy, go to the recovery area.
fn replace(shared: &Arc<Shared>, conflict: &Conflict, text: Option<String>) -> Result<(), Refusal> {
    let mut numbers = [0; 3];
    for number in &mut numbers {
        *number = shared.next_number().map_err(super::failed)?;
    }
    let (original, copy, permissions) =
        (conflict.original.clone(), conflict.copy.clone(), conflict.permissions);
    let replace = move |vfs: &LocalFs| {
        let (recovery, now) = (Recovery::new(vfs), timestamp());
        let act = match &text {
            Some(text) => recovery.add(&original, text.as_bytes(), permissions, now, numbers[0])?,
            None => recovery.set_aside(&copy, &original, now, numbers[0])?,
        };
        recovery.restore(&act, original.as_str(), now, numbers[1])?;
        if text.is_some() {
            recovery.set_aside(&copy, &copy, now, numbers[2])?;
        }
        Ok::<_, std::io::Error>(())
    };
    super::on_disk(shared, replace)?.map_err(super::failed)
}

fn set_copy_aside(shared: &Arc<Shared>, conflict: &Conflict) -> Result<(), Refusal> {
    let number = shared.next_number().map_err(super::failed)?;
    let copy = conflict.copy.clone();
    let set_aside =
        move |vfs: &LocalFs| Recovery::new(vfs).set_aside(&copy, &copy, timestamp(), number).map(drop);
    super::on_disk(shared, set_aside)?.map_err(super::failed)
}

/// The copy becomes an ordinary file beside the original.
fn keep_both(shared: &Arc<Shared>, conflict: &Conflict) -> Result<(), Refusal> {
    let name = conflict.original.name();
    let (stem, extension) = name.split_at(name.rfind('.').filter(|at| *at > 0).unwrap_or(name.len()));
    let parent = conflict.copy.parent();
    let copy = conflict.copy.clone();
    let names: Vec<RelativePath> = (1..100)
        .map(|number| format!("{stem} (other {number}){extension}"))
        .filter_map(|name| beside(parent.as_ref(), &name))
        .collect();
    let new = super::on_disk(shared, move |vfs| {
        let recovery = Recovery::new(vfs);
        let mut result = Err(std::io::ErrorKind::AlreadyExists.into());
        for name in names {
            result = recovery.rename(&copy, &name).map(|()| name);
            if !matches!(&result, Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists) {
                break;
            }
        }
        result
    })?;
    shared.tell(Input::LookAt(vec![new.map_err(super::failed)?]));
    Ok(())
}

fn beside(directory: Option<&RelativePath>, name: &str) -> Option<RelativePath> {
    match directory {
        Some(directory) => directory.join(name).ok(),
        None => RelativePath::parse(name).ok(),
    }
}
