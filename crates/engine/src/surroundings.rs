//! The facts about a path that [`decide`](crate::decide) needs, gathered from the trees and from what was observed.

use crate::Facts;
use crate::decide::Reason;
use crate::git;
use crate::rules::Rules;
use crate::trees::{Candidates, Unreadable, View};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Content, DeviceId, Entry, Kind, Relation, Validity, Version};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// What is known about the folder beside its trees. All of it is observed, none of it is work to be done.
#[derive(Clone)]
pub struct Situation {
    /// The patterns in force.
    pub ignore: Arc<IgnoreRules>,
    /// Paths that could not be read when we looked last; nothing at or below them is touched.
    pub unknown: BTreeSet<RelativePath>,
    /// Directories that directly hold something that is left out of the folder and may not be deleted with them.
    pub left_out: BTreeSet<RelativePath>,
    /// `.git` directories in which a git command is at work.
    pub busy: BTreeSet<RelativePath>,
    /// `.git` directories of which another machine said something a moment ago.
    pub restless: BTreeSet<RelativePath>,
    /// Paths that failed, and are not tried again yet.
    pub backoff: BTreeSet<RelativePath>,
    /// Names that this file system cannot hold.
    pub refused: BTreeSet<RelativePath>,
    /// Removals that a person has agreed to, by the version of their tombstone.
    pub approved: BTreeMap<RelativePath, Version>,
    /// Items that a person wants back as the others have them, in a folder that only receives or in place of what is damaged here.
    pub reverting: BTreeSet<RelativePath>,
    /// Damaged files that a person says are right as they are.
    pub believed: BTreeSet<RelativePath>,
    /// Removals that were done a short while ago: they belong to the same act as those that come now.
    pub recently_removed: u64,
    /// Seconds since 1970.
    pub now: u64,
}

impl Default for Situation {
    fn default() -> Self {
        Self {
            ignore: Arc::new(IgnoreRules::empty()),
            unknown: BTreeSet::new(),
            left_out: BTreeSet::new(),
            busy: BTreeSet::new(),
            restless: BTreeSet::new(),
            backoff: BTreeSet::new(),
            refused: BTreeSet::new(),
            approved: BTreeMap::new(),
            reverting: BTreeSet::new(),
            believed: BTreeSet::new(),
            recently_removed: 0,
            now: 0,
        }
    }
}

impl Situation {
    /// It, or a directory above it, could not be read.
    pub fn is_unknown(&self, path: &RelativePath) -> bool {
        has_at_or_above(&self.unknown, path)
    }

    /// It takes no part: a pattern says so, or it is something that only a running git command uses.
    pub(crate) fn is_left_out(&self, path: &RelativePath) -> bool {
        self.ignore.decide(path).ignored || git::is_volatile(path)
    }

    /// Why a path may not be touched for now, whatever is wanted.
    pub fn hold(&self, path: &RelativePath) -> Option<Reason> {
        if self.backoff.contains(path) {
            return Some(Reason::Backoff);
        }
        self.is_busy(path).then_some(Reason::Busy)
    }

    /// A git command is at work in the repository that it belongs to.
    pub(crate) fn is_busy(&self, path: &RelativePath) -> bool {
        has_at_or_above(&self.busy, path)
    }

    pub(crate) fn has_left_out_below(&self, path: &RelativePath) -> bool {
        has_at_or_below(&self.left_out, path)
    }

    /// Why a directory may not be displaced with what is in it: it could not be read, or is at work.
    pub(crate) fn left_alone_below(&self, path: &RelativePath) -> Option<Reason> {
        if has_at_or_below(&self.unknown, path) {
            return Some(Reason::Unknown);
        }
        has_at_or_below(&self.busy, path).then_some(Reason::Busy)
    }
}

/// The path, or a directory above it, is in the set.
pub(crate) fn has_at_or_above(set: &BTreeSet<RelativePath>, path: &RelativePath) -> bool {
    !set.is_empty() && path.at_or_above().any(|above| set.contains(&above))
}

/// The path, or something below it, is in the set.
fn has_at_or_below(set: &BTreeSet<RelativePath>, path: &RelativePath) -> bool {
    set.contains(path) || has_below(set, path)
}

/// Something below the path is in the set.
pub(crate) fn has_below(set: &BTreeSet<RelativePath>, path: &RelativePath) -> bool {
    if set.is_empty() {
        return false;
    }
    let prefix = format!("{}/", path.as_str());
    let mut below = set.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
    below.next().is_some_and(|first| first.as_str().starts_with(&prefix))
}

/// Reads the trees for one plan.
pub struct Surroundings<'a> {
    /// The trees.
    pub view: &'a dyn View,
    /// What is observed.
    pub situation: &'a Situation,
    /// What is set.
    pub rules: &'a Rules,
    /// What is not there as the index has it, as long as it is not sure what that means.
    unsettled: Option<&'a dyn Fn(&RelativePath) -> bool>,
    /// What is known by now about directories: whether nothing can be in them.
    closed: RefCell<BTreeMap<RelativePath, bool>>,
    /// Which repositories have nothing that leads to objects and that none of these machines knows.
    known_references: RefCell<BTreeMap<(RelativePath, BTreeSet<DeviceId>), bool>>,
}

impl<'a> Surroundings<'a> {
    /// For one plan: the trees may not change meanwhile.
    pub fn new(view: &'a dyn View, situation: &'a Situation, rules: &'a Rules) -> Self {
        Self {
            view,
            situation,
            rules,
            unsettled: None,
            closed: RefCell::default(),
            known_references: RefCell::default(),
        }
    }

    /// The same, where it is not sure what became of these.
    pub(crate) fn with_unsettled(self, unsettled: &'a dyn Fn(&RelativePath) -> bool) -> Self {
        Self { unsettled: Some(unsettled), ..self }
    }

    /// Why nothing may be done or said about a path for now. While it is not known whether a missing item was removed, what others make of it is not
    /// taken over: the removal would claim to have seen that.
    pub(crate) fn hold(&self, path: &RelativePath) -> Option<Reason> {
        let is_unsettled = self.unsettled.is_some_and(|unsettled| unsettled(path));
        if is_unsettled { Some(Reason::Unknown) } else { self.situation.hold(path) }
    }

    /// The facts about a path.
    pub fn facts<'c>(
        &self,
        path: &RelativePath,
        candidates: &'c Candidates,
    ) -> Result<Facts<'c>, Unreadable> {
        let own = candidates.own.as_ref();
        let global = candidates.global();
        let ours_is_directory = own.is_some_and(|own| own.entry.content == Content::Directory);
        // Only a directory that goes, or is gone, is asked about what is below: everything else would cost work without a question.
        let goes = global.is_some_and(|global| {
            global.content.is_deleted() || (global.content != Content::Directory && ours_is_directory)
        });
        let reverting = self.situation.reverting.contains(path);
        let goes = goes || (reverting && ours_is_directory);
        let (alive_below, ours_below) = if goes { self.below(path)? } else { (false, false) };
        Ok(Facts {
            own,
            global,
            ignored: self.situation.is_left_out(path),
            unknown: self.situation.is_unknown(path),
            alive_below,
            ours_below,
            ignored_below: (reverting || global.is_some_and(|global| global.content != Content::Directory))
                && self.situation.has_left_out_below(path),
            blocked: self.is_blocked(path, candidates)?,
            refused: self.situation.refused.contains(path) || self.is_spelled_otherwise(path, candidates)?,
            reverting,
        })
    }

    /// Whether something alive, and something alive of ours, is below.
    fn below(&self, path: &RelativePath) -> Result<(bool, bool), Unreadable> {
        let (mut alive, mut ours, mut failed) = (false, false, None);
        self.view.paths_below(Some(path), &mut |below| {
            match self.is_alive(below) {
                Ok((is_alive, is_ours)) => {
                    alive |= is_alive;
                    ours |= is_ours;
                }
                Err(error) => failed = Some(error),
            }
            failed.is_none() && !(alive && ours)
        })?;
        failed.map_or(Ok((alive, ours)), Err)
    }

    /// Whether an item keeps the directories above it alive, and whether it does so as an object that is on this disk.
    fn is_alive(&self, path: &RelativePath) -> Result<(bool, bool), Unreadable> {
        if self.situation.is_left_out(path) {
            return Ok((false, false));
        }
        let candidates = Candidates::read(self.view, path)?;
        let Some(global) = candidates.global() else { return Ok((false, false)) };
        let Some(own) = candidates.here() else { return Ok((global.is_present(), false)) };
        // Kept to this machine in a folder that only receives: it stays, unless a person wants to be rid of it.
        if own.entry.validity == Validity::OnlyHere {
            let stays = global.is_present() || !self.situation.reverting.contains(path);
            return Ok((stays, stays));
        }
        let stays = global.is_present() || edit_goes_first(&own.entry, global);
        Ok((stays, stays))
    }

    /// In the global tree, something above the path is present and no directory. (What nobody has a word about stops nothing: it is created
    /// on the way.)
    fn is_blocked(&self, path: &RelativePath, candidates: &Candidates) -> Result<bool, Unreadable> {
        if candidates.others.is_empty() {
            return Ok(false);
        }
        path.parent().map_or(Ok(false), |directory| self.is_closed(&directory))
    }

    /// The path, or something above it, is present in the global tree and no directory. It is asked for everything in a directory, so the answer
    /// is kept.
    fn is_closed(&self, path: &RelativePath) -> Result<bool, Unreadable> {
        let is_other = |global: &Entry| global.is_present() && global.content != Content::Directory;
        let (mut above, mut is_closed) = (Vec::new(), false);
        // Up to the first that is known or closed, one after the other: a path may have very many levels.
        for directory in path.at_or_above() {
            if let Some(known) = self.closed.borrow().get(&directory) {
                is_closed = *known;
                break;
            }
            is_closed = Candidates::read(self.view, &directory)?.global().is_some_and(is_other);
            above.push(directory);
            if is_closed {
                break;
            }
        }
        self.closed.borrow_mut().extend(above.into_iter().map(|directory| (directory, is_closed)));
        Ok(is_closed)
    }

    /// Whether one of these machines has seen all that leads to objects here, in a repository.
    pub(crate) fn references_are_known(
        &self,
        unit: &RelativePath,
        to: &BTreeSet<DeviceId>,
    ) -> Result<bool, Unreadable> {
        let key = (unit.clone(), to.clone());
        if let Some(known) = self.known_references.borrow().get(&key) {
            return Ok(*known);
        }
        let (mut known, mut failed) = (to.clone(), None);
        self.view.paths_below(Some(unit), &mut |path| {
            if git::is_reference(path, unit) {
                match Candidates::read(self.view, path) {
                    Ok(candidates) => {
                        if let Some(own) =
                            candidates.here().filter(|own| own.entry.content.blocks().is_some())
                        {
                            known.retain(|device| has_seen(&candidates, *device, &own.entry));
                        }
                    }
                    Err(error) => failed = Some(error),
                }
            }
            failed.is_none() && !known.is_empty()
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        self.known_references.borrow_mut().insert(key, !known.is_empty());
        Ok(!known.is_empty())
    }

    fn is_spelled_otherwise(&self, path: &RelativePath, candidates: &Candidates) -> Result<bool, Unreadable> {
        Ok(self.rules.folds_case && candidates.here().is_none() && !self.view.spellings(path)?.is_empty())
    }
}

/// What a machine said about a path last has seen this.
fn has_seen(candidates: &Candidates, device: DeviceId, own: &Entry) -> bool {
    let mut theirs = candidates.others.iter().filter(|(other, _)| *other == device);
    theirs.any(|(_, entry)| entry.version.relation(&own.version).has_seen())
}

/// A removal that had not seen this item does not take it.
fn edit_goes_first(own: &Entry, removal: &Entry) -> bool {
    let is_edit = own.content.kind() != Kind::Directory && own.validity != Validity::Suspect;
    is_edit && own.version.relation(&removal.version) != Relation::Older
}
