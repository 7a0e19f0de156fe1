//! What a person can say, and what they are asked.

use super::scan::Gathered;
use super::{Action, Folder, Now};
use crate::decide::Reason;
use crate::root::{RootChange, RootState};
use crate::rules::{FolderKind, Rules};
use crate::trees::{Candidates, Local, Unreadable, View, all_below};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Content, Entry, Timestamp, Validity, Version};
use std::sync::Arc;

/// What a person wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Yes to all removals that wait now, those made here and those made elsewhere.
    ApproveRemovals,
    /// No: what was removed here comes back from the other machines. (What was removed elsewhere stays.)
    RefuseRemovals,
    /// Damaged files are replaced by what the other machines have, even if it is older. What is here goes to the recovery area.
    DiscardDamaged,
    /// Damaged files are right as they are, and count as edits.
    KeepDamaged,
    /// The root is right as it is now.
    AcceptRoot,
    /// In a folder that only sends: all other machines are to become as this one.
    Override,
    /// In a folder that only receives: this machine is to become as the others.
    Revert,
    /// Stand still, for this reason.
    Pause(String),
    /// Go on.
    Resume,
    /// Other patterns. The folder must be scanned after this.
    Ignore(Arc<IgnoreRules>),
    /// Other settings.
    Rules(Rules),
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// So many items were removed here. Is that meant?
    RemovedHere(usize),
    /// So many items were removed on other machines. Are they to be removed here?
    RemovedElsewhere(usize),
    /// The root is not what it was. Which is right?
    Root(RootChange),
    /// These files are damaged here, and no other machine has them.
    Damaged(Vec<RelativePath>),
}

impl Folder {
    /// What waits for a person.
    pub fn questions(&self) -> Vec<Question> {
        let mut questions = Vec::new();
        if let RootState::Changed(change) = &self.root {
            questions.push(Question::Root(change.clone()));
        }
        if !self.removals.guarded.is_empty() {
            questions.push(Question::RemovedHere(self.removals.guarded.len()));
        }
        if !self.held.guarded.is_empty() {
            questions.push(Question::RemovedElsewhere(self.held.guarded.len()));
        }
        let damaged = self.damaged();
        if !damaged.is_empty() {
            questions.push(Question::Damaged(damaged));
        }
        questions
    }

    pub(super) fn commanded(
        &mut self,
        command: Command,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        match command {
            Command::ApproveRemovals => {
                self.removals.approve();
                for (path, version) in std::mem::take(&mut self.held.guarded) {
                    self.situation.approved.insert(path.clone(), version);
                    self.dirty.insert(path);
                }
                let looks = self.removals.due(now);
                Ok(if looks.is_empty() { Vec::new() } else { vec![Action::Scan(looks)] })
            }
            Command::RefuseRemovals => self.refused(view),
            Command::DiscardDamaged => self.damaged_discarded(view),
            Command::KeepDamaged => {
                let damaged = self.damaged();
                self.situation.believed.extend(damaged.iter().cloned());
                Ok(vec![Action::Scan(damaged)])
            }
            Command::AcceptRoot => {
                self.identity = None;
                self.root = RootState::Fine;
                self.consider_everything(view)?;
                Ok(Vec::new())
            }
            Command::Override => self.overridden(view, now),
            Command::Revert => self.reverted(view),
            Command::Pause(reason) => {
                self.paused = Some(reason);
                Ok(Vec::new())
            }
            Command::Resume => {
                self.paused = None;
                self.dirty.extend(std::mem::take(&mut self.held.held).into_keys());
                Ok(Vec::new())
            }
            Command::Ignore(ignore) => {
                self.situation.ignore = ignore;
                self.situation.left_out.clear();
                self.consider_everything(view)?;
                Ok(Vec::new())
            }
            Command::Rules(rules) => {
                let again = self.try_again(&rules, view)?;
                self.rules = Rules { is_catching_up: self.rules.is_catching_up, ..rules };
                self.consider_everything(view)?;
                Ok(again.into_iter().collect())
            }
        }
    }

    /// Damaged files that no other machine has.
    fn damaged(&self) -> Vec<RelativePath> {
        self.held().filter(|(_, reason)| *reason == Reason::Suspect).map(|(path, _)| path.clone()).collect()
    }

    /// What is damaged here is to be as another machine has it.
    fn damaged_discarded(&mut self, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        for path in self.damaged() {
            if view.others(&path)?.iter().any(|(_, entry)| entry.is_present()) {
                self.situation.reverting.insert(path.clone());
                self.dirty.insert(path);
            }
        }
        Ok(Vec::new())
    }

    /// What was removed here counts as never had, so that the others' versions are wanted again.
    fn refused(&mut self, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        let mut gathered = Gathered::default();
        for path in self.removals.refuse() {
            let candidates = Candidates::read(view, &path)?;
            let Some(own) = &candidates.own else { continue };
            let content = Content::Deleted(own.entry.content.kind());
            let entry = Entry {
                content,
                version: Version::empty(),
                validity: Validity::OnlyHere,
                ..own.entry.clone()
            };
            self.noted(Local { entry, stamp: None, found: None }, &candidates, view, &mut gathered)?;
        }
        self.gathered(gathered, view)
    }

    /// Every item that differs gets a version that has seen the others' and is ours; what is not here becomes removed.
    fn overridden(&mut self, view: &dyn View, now: Now) -> Result<Vec<Action>, Unreadable> {
        let mut gathered = Gathered::default();
        if self.rules.kind != FolderKind::SendOnly {
            return Ok(Vec::new());
        }
        for path in all_below(view, None)? {
            let candidates = Candidates::read(view, &path)?;
            let Some(global) = candidates.global() else { continue };
            let own = candidates.own.as_ref();
            let is_ignored = self.situation.ignore.decide(&path).ignored;
            // Nobody wants bytes everywhere that a disk has made: they are asked about that first.
            let is_damaged = own.is_some_and(|own| own.entry.validity == Validity::Suspect);
            if is_ignored
                || is_damaged
                || own.is_some_and(|own| own.entry == *global)
                || (own.is_none() && global.content.is_deleted())
            {
                continue;
            }
            let here = own.filter(|own| own.stamp.is_some());
            let mut entry = here.map_or_else(
                || Entry {
                    content: Content::Deleted(global.content.kind()),
                    modified: Timestamp::at(now.seconds as i64),
                    permissions: None,
                    previous: None,
                    ..global.clone()
                },
                |own| own.entry.clone(),
            );
            let seen =
                own.map_or_else(Version::empty, |own| own.entry.version.clone()).merged(&global.version);
            entry.version = seen.changed(self.rules.own, now.seconds.max(self.rules.counter_floor));
            entry.modified_by = self.rules.own;
            entry.validity = Validity::Valid;
            let local = Local {
                entry,
                stamp: here.and_then(|own| own.stamp),
                found: here.and_then(|own| own.found.clone()),
            };
            self.noted(local, &candidates, view, &mut gathered)?;
        }
        self.gathered(gathered, view)
    }

    /// What was changed here counts as never seen by anybody, so that the others' versions replace it; what nobody else has is taken away. Both
    /// leave the bytes in the recovery area.
    fn reverted(&mut self, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        let mut gathered = Gathered::default();
        for path in all_below(view, None)? {
            let candidates = Candidates::read(view, &path)?;
            let Some(own) = candidates.own.as_ref().filter(|own| own.entry.validity == Validity::OnlyHere)
            else {
                continue;
            };
            self.situation.reverting.insert(path.clone());
            let entry = Entry { version: Version::empty(), ..own.entry.clone() };
            let local = Local { entry, ..own.clone() };
            self.noted(local, &candidates, view, &mut gathered)?;
        }
        self.gathered(gathered, view)
    }
}
