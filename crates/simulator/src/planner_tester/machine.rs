//! One machine of a case: its trees, its disk, and the steps between them that the folder's state machine would take.

use super::contents;
use super::disk::{Disk, Left, Object};
use super::side_by_side::side_by_side;
use homesync_engine::{
    Changes, Command, Event, Folder, FolderKind, Local, Meaning, MemoryTrees, Now, Operation, Plan, Rules,
    Seen, Situation, Stamp, Step, Surroundings, Unreadable, View, plan, record,
};
use homesync_paths::RelativePath;
use homesync_protocol::{Content, DeviceId, Entry, Kind, ShortId, Validity, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub(super) struct Machine {
    pub(super) device: DeviceId,
    pub(super) rules: Rules,
    pub(super) situation: Situation,
    pub(super) trees: MemoryTrees,
    pub(super) disk: Disk,
    /// Paths to be planned again.
    pub(super) dirty: BTreeSet<RelativePath>,
    /// What waited in the last plan that looked at it.
    pub(super) held: BTreeMap<RelativePath, homesync_engine::Reason>,
    pub(super) guarded: BTreeMap<RelativePath, Version>,
    /// Of which paths the last plan was made that needed nothing but operations.
    pub(super) planned: BTreeSet<RelativePath>,
    /// Up to which of our sequence numbers each other machine was told.
    pub(super) told: Vec<u64>,
    /// Seconds that its clock is ahead.
    pub(super) skew: i64,
}

impl Machine {
    pub(super) fn new(number: usize, machines: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[0] = 0x20 * (number as u8 + 1);
        bytes[7] = 1;
        let device = DeviceId::from_bytes(bytes);
        Self {
            device,
            rules: Rules { guard: homesync_engine::Guard::Off, ..Rules::new(ShortId::from(device)) },
            situation: contents::situation(),
            trees: MemoryTrees::default(),
            disk: Disk::default(),
            dirty: BTreeSet::new(),
            held: BTreeMap::new(),
            guarded: BTreeMap::new(),
            planned: BTreeSet::new(),
            told: vec![0; machines],
            skew: 0,
        }
    }

    pub(super) fn set_clock(&mut self, now: u64) {
        self.situation.now = now.saturating_add_signed(self.skew);
    }

    pub(super) fn is_ignored(&self, path: &RelativePath) -> bool {
        // Without patterns only homesync's own names are left out, and nobody here has any.
        self.situation.ignore.pattern_count() > 0 && self.situation.ignore.decide(path).ignored
    }

    /// What stands there is what the index says.
    pub(super) fn is_believed(&self, path: &RelativePath) -> bool {
        self.trees.get(path).is_some_and(|own| own.entry.validity != Validity::Suspect)
    }

    /// Looks at everything and records what is found.
    pub(super) fn scan(&mut self) -> Result<(), Unreadable> {
        self.notice_left_out();
        let own = self.trees.locals().map(|own| (&own.entry.path, own));
        let both = side_by_side(self.disk.objects(), own.filter(|(_, own)| own.stamp.is_some()));
        // What is found at one path changes nothing about whether another one is as it was.
        let changed =
            both.filter(|(path, object, own)| !self.is_unchanged(path, object.map(Rc::as_ref), *own));
        let changed: Vec<RelativePath> = changed.map(|(path, _, _)| path.clone()).collect();
        // Directories last: whether one is more than a remnant is known when what is in it is.
        for path in changed.into_iter().rev() {
            self.look_at(&path)?;
        }
        Ok(())
    }

    /// What stands there looks as it did when the index heard of it.
    fn is_unchanged(&self, path: &RelativePath, object: Option<&Object>, own: Option<&Local>) -> bool {
        object.zip(own).is_some_and(|(object, own)| {
            let is_known = self.rules.metadata.is_known(object.stamp.kind, own.found.as_deref());
            let is_same = own.stamp == Some(object.stamp) && own.entry.validity == Validity::Valid;
            is_same && is_known && !self.is_ignored(path)
        })
    }

    fn notice_left_out(&mut self) {
        if self.situation.ignore.pattern_count() == 0 {
            return;
        }
        let mut left_out = BTreeSet::new();
        for (path, _) in self.disk.objects() {
            let verdict = self.situation.ignore.decide(path);
            if verdict.ignored && !verdict.deletable {
                left_out.extend(path.parent());
            }
        }
        let before = std::mem::replace(&mut self.situation.left_out, left_out);
        self.dirty.extend(before.symmetric_difference(&self.situation.left_out).cloned());
    }

    fn look_at(&mut self, path: &RelativePath) -> Result<(), Unreadable> {
        if self.situation.is_unknown(path) || self.situation.hold(path).is_some() {
            return Ok(());
        }
        let object = self.disk.get(path);
        let own = self.trees.get(path);
        if self.is_unchanged(path, object, own) {
            return Ok(());
        }
        if object.is_some_and(|object| object.content == Content::Directory) && self.is_remnant(path, own)? {
            return Ok(());
        }
        let is_ignored = self.is_ignored(path);
        let seen = match object {
            _ if is_ignored && object.is_some() => Seen::Ignored,
            None => Seen::Absent,
            Some(object) => Seen::Present {
                stamp: object.stamp,
                content: object.content.clone(),
                blank: object.content == *contents::blank(),
                racy: false,
                metadata: self.disk.hands.looks_at(object),
            },
        };
        self.record(path, &seen)
    }

    /// A directory that counts as removed and stands there only because of what is left out of the folder.
    fn is_remnant(&self, path: &RelativePath, own: Option<&Local>) -> Result<bool, Unreadable> {
        let was_removed = own.is_some_and(|own| own.entry.content == Content::Deleted(Kind::Directory));
        let holds = self.situation.left_out.iter().any(|left_out| left_out.is_at_or_below(path));
        Ok(was_removed && holds && self.trees.children(Some(path))?.is_empty())
    }

    fn record(&mut self, path: &RelativePath, seen: &Seen) -> Result<(), Unreadable> {
        let candidates = homesync_engine::Candidates::read(&self.trees, path)?;
        match record(path, seen, &candidates, &self.rules, self.situation.now) {
            Meaning::Unchanged => {}
            Meaning::Restamped(stamp, found) => {
                let restamped = vec![(path.clone(), stamp, found)];
                let changes = Changes { restamped, ..Changes::default() };
                self.trees.apply(&changes);
                if self.trees.get(path).is_some_and(|own| self.rules.metadata.is_untried(own)) {
                    self.touch(path)?;
                }
            }
            Meaning::Now(local) | Meaning::Suspect(local) => self.store(*local)?,
        }
        Ok(())
    }

    /// Our item is another one now; what may depend on it is planned again.
    pub(super) fn store(&mut self, local: Local) -> Result<(), Unreadable> {
        let path = local.entry.path.clone();
        self.touch(&path)?;
        self.trees.put(local);
        Ok(())
    }

    /// The path, and all below it, are planned again.
    fn touch(&mut self, path: &RelativePath) -> Result<(), Unreadable> {
        self.dirty.insert(path.clone());
        let dirty = &mut self.dirty;
        self.trees.paths_below(Some(path), &mut |below| {
            dirty.insert(below.clone());
            true
        })
    }

    /// Another machine said what it has.
    pub(super) fn hear(&mut self, from: DeviceId, entries: Vec<Entry>) -> Result<(), Unreadable> {
        for entry in entries {
            self.touch(&entry.path)?;
            self.trees.hear(from, entry);
        }
        Ok(())
    }

    /// What the others are to hear, after what they were told, as it travels.
    pub(super) fn news_for(&self, other: usize) -> Vec<Entry> {
        self.trees.since(self.told[other]).cloned().map(Entry::announced).collect()
    }

    pub(super) fn plan(&self, dirty: &BTreeSet<RelativePath>) -> Result<Plan, Unreadable> {
        plan(&Surroundings::new(&self.trees, &self.situation, &self.rules), dirty)
    }

    /// Plans what changed, records what needs only the index, and gives back what is to be done to the disk.
    pub(super) fn plan_news(&mut self) -> Result<Plan, Unreadable> {
        if self.dirty.is_empty() {
            return Ok(Plan::default());
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.extend(self.held.keys().cloned());
        let plan = self.plan(&dirty)?;
        self.held.clone_from(&plan.held);
        self.guarded.extend(plan.guarded.iter().cloned());
        if !plan.operations.is_empty() {
            // What waits may wait for one of these.
            self.dirty.extend(plan.held.keys().cloned());
        }
        if plan.recorded.is_empty() {
            self.planned = dirty;
        } else {
            // The operations may depend on what is recorded: they are planned again.
            self.dirty.extend(dirty);
            for local in plan.recorded.clone() {
                self.store(local)?;
            }
        }
        Ok(plan)
    }

    /// Does an operation; what it left is recorded unless the machine is stopped in between.
    pub(super) fn operate(&mut self, operation: &Operation, is_recorded: bool) -> Result<Left, String> {
        let ignore = self.situation.ignore.clone();
        let goes_along = move |path: &RelativePath| ignore.decide(path).deletable;
        let left = self.disk.operate(operation, &goes_along)?;
        if is_recorded {
            self.record_done(operation, &left).map_err(|error| error.to_string())?;
        }
        Ok(left)
    }

    fn record_done(&mut self, operation: &Operation, left: &Left) -> Result<(), Unreadable> {
        let path = &operation.path;
        let was_directory = left.copy.is_some() && operation.expected.is_directory();
        if was_directory {
            let mut below = Vec::new();
            self.trees.paths_below(Some(path), &mut |path| {
                below.push(path.clone());
                true
            })?;
            for path in below.into_iter().rev() {
                self.record(&path, &Seen::Absent)?;
            }
        }
        let found = match &operation.step {
            Step::Move { from, .. } => self.trees.get(from).and_then(|own| own.found.clone()),
            _ => left.found.clone(),
        };
        self.store(Local { entry: operation.entry.clone(), stamp: left.stamp, found })?;
        if let Step::Move { from, from_entry, .. } = &operation.step {
            self.store(Local { entry: (**from_entry).clone(), stamp: None, found: None })?;
            debug_assert!(self.disk.get(from).is_none());
        }
        if let Some(copy) = &left.copy {
            for above in copy.ancestors() {
                self.look_at(&above)?;
            }
            for path in self.disk.below(copy).into_iter().rev() {
                self.look_at(&path)?;
            }
            self.look_at(copy)?;
        }
        self.notice_left_out();
        Ok(())
    }

    /// A person says something to the folder's state machine, which answers with what is to be stored.
    pub(super) fn command(&mut self, command: Command) -> Result<(), Unreadable> {
        let now = Now { seconds: self.situation.now, ticks: 0 };
        let mut folder = Folder::new(self.rules.clone(), None);
        folder.handle(Event::Command(Command::Ignore(self.situation.ignore.clone())), &self.trees, now)?;
        if matches!(command, Command::Revert) && self.rules.kind == FolderKind::ReceiveOnly {
            let kept = self.trees.locals().filter(|own| own.entry.validity == Validity::OnlyHere);
            self.situation.reverting.extend(kept.map(|own| own.entry.path.clone()));
        }
        for action in folder.handle(Event::Command(command), &self.trees, now)? {
            if let homesync_engine::Action::Store(changes) = action {
                for local in changes.local {
                    self.store(local)?;
                }
            }
        }
        self.dirty.extend(self.situation.reverting.iter().cloned());
        Ok(())
    }

    /// All paths that anybody has said anything about.
    pub(super) fn everything(&self) -> Result<BTreeSet<RelativePath>, Unreadable> {
        let mut all = BTreeSet::new();
        self.trees.paths_below(None, &mut |path| {
            all.insert(path.clone());
            true
        })?;
        Ok(all)
    }
}

/// What an operation expects, as far as it matters here.
trait IsDirectory {
    fn is_directory(&self) -> bool;
}

impl IsDirectory for homesync_engine::Expected {
    fn is_directory(&self) -> bool {
        matches!(self, Self::Object(Stamp { kind: Kind::Directory, .. }))
    }
}
