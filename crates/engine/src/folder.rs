//! One folder's state machine: events in, actions out.
//!
//! It keeps observations (what could not be read, what was missing at the last look, what failed) and no list of work: what is to be done is
//! planned anew from the trees for the paths that changed. After each event the driver carries out the actions in their order, and then asks
//! [`Folder::poll`] until it answers nothing: a plan is made only from what is stored.

mod commands;
mod confirm;
mod epochs;
mod fetches;
mod others;
mod outcomes;
mod removals;
mod retry;
mod scan;
mod temporaries;
mod unheard;

pub use commands::{Command, Question};
pub use fetches::BlockResult;
pub use scan::{Listing, may_stand};

use crate::operation::{Failure, Operation, Outcome};
use crate::plan::{Plan, plan};
use crate::record::Seen;
use crate::root::{RootIdentity, RootLook, RootState, judge};
use crate::rules::Rules;
use crate::stamp::Stamp;
use crate::surroundings::{Situation, Surroundings};
use crate::trees::{Changes, Local, Unreadable, View};
use crate::unfinished::Unfinished;
use homesync_paths::{RelativePath, fold};
use homesync_protocol::{DeviceId, Entry, ProgressUpdate};
use std::collections::{BTreeMap, BTreeSet};

/// The two clocks, as the driver read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Now {
    /// Seconds since 1970: what goes into versions and journals. It may jump.
    pub seconds: u64,
    /// Milliseconds that only go forward: what delays are measured by.
    pub ticks: u64,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// Somebody looked at the folder's root.
    Root(RootLook),
    /// A directory was listed, and everything directly in it looked at.
    Listed(Listing),
    /// Single paths were looked at.
    Looked {
        /// What [`Folder::epoch`] was when the look began.
        as_of: u64,
        /// What was seen.
        seen: Vec<(RelativePath, Seen)>,
    },
    /// How what [`Action::Confirm`] asked about looks now; nothing for what is not there or cannot be told.
    Confirmed(Vec<(RelativePath, Option<Stamp>)>),
    /// Another machine said what it has.
    Index {
        /// Which machine.
        device: DeviceId,
        /// It begins anew: everything that it said before is void.
        full: bool,
        /// What it says.
        entries: Vec<Entry>,
    },
    /// Another machine can be asked for content.
    Connected(DeviceId),
    /// It cannot be asked any more.
    Disconnected(DeviceId),
    /// The temporary file for a content is open, and these blocks of it are not there yet.
    Prepared {
        /// The path and the content asked for, as in the action.
        wanted: Box<Entry>,
        /// Blocks that are neither in it nor anywhere on this machine.
        missing: Vec<u32>,
    },
    /// The temporary file for a content could not be made or written: the system refused.
    Unstaged {
        /// The path and the content asked for, as in the action.
        wanted: Box<Entry>,
        /// In the system's words, and what to do about it.
        failure: Failure,
    },
    /// An answer to a request for a block.
    Block {
        /// The path and the content asked for, as in the action.
        wanted: Box<Entry>,
        /// The block.
        block: u32,
        /// Who answered.
        device: DeviceId,
        /// What came.
        result: BlockResult,
    },
    /// Another machine said which blocks it has of files that it is putting together.
    Progress {
        /// Which machine.
        device: DeviceId,
        /// What it says.
        updates: Vec<ProgressUpdate>,
    },
    /// Operations ended.
    Finished(Vec<Outcome>),
    /// A person wants something.
    Command(Command),
    /// Time has passed.
    Tick,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Make this durable before the next action. If that fails, nothing of it has happened: the actions after it are left out, and everything is
    /// looked at again as soon as possible.
    Store(Changes),
    /// Tell the other machines what is new in the index.
    Announce,
    /// Look at these paths, and below those that are directories.
    Scan(Vec<RelativePath>),
    /// Read these files, whatever their times say, and tell what is in them.
    Read(Vec<RelativePath>),
    /// Look whether these objects are there, without reading them, and answer with [`Event::Confirmed`].
    Confirm(Vec<RelativePath>),
    /// Open the temporary file for this content, fill it with what this machine has, and answer with [`Event::Prepared`] or
    /// [`Event::Unstaged`].
    Prepare(Box<Entry>),
    /// Ask a machine for a block.
    Request {
        /// Whom.
        device: DeviceId,
        /// For which content.
        wanted: Box<Entry>,
        /// Which block of it.
        block: u32,
        /// It has only some of the file, and this block is said to be among that.
        from_temporary: bool,
    },
    /// Do this, in this order, and answer with [`Event::Finished`].
    Operate(Vec<Operation>),
}

/// Milliseconds for which something must be missing before it counts as removed: programs that save a file by removing it first, and disks that come back.
pub(crate) const SETTLE: u64 = 1_000;
/// Milliseconds after which removals no longer belong to the same act.
const SAME_ACT: u64 = 60_000;
/// Milliseconds for which nothing more must be said about a repository until objects go from it.
const REST: u64 = 2_000;
/// Milliseconds until what could not be read is looked at again.
const UNKNOWN_LOOK: u64 = 5_000;
/// Milliseconds until a file that was read right after it was written is read once more: longer than any file system's times are coarse.
const RACY_LOOK: u64 = 2_100;

/// One folder on this machine.
pub struct Folder {
    rules: Rules,
    situation: Situation,
    root: RootState,
    identity: Option<RootIdentity>,
    paused: Option<String>,
    /// The disk is full, or read-only: until when, in ticks, it is left alone.
    stuck: Option<(String, u64)>,
    dirty: BTreeSet<RelativePath>,
    is_operating: bool,
    removals: removals::Removals,
    fetches: fetches::Fetches,
    epochs: epochs::Epochs,
    /// Directories that were looked at while they were lent: they are looked at again.
    lent_meanwhile: BTreeSet<RelativePath>,
    failures: BTreeMap<RelativePath, outcomes::Attempts>,
    locks: BTreeMap<RelativePath, BTreeSet<Option<RelativePath>>>,
    /// Since when, in ticks, a repository was seen busy.
    busy_since: Option<u64>,
    /// Repositories that were busy and are not any more: what was not looked at meanwhile is looked at now.
    unlocked: BTreeSet<RelativePath>,
    /// Why what is unknown is.
    why_unknown: BTreeMap<RelativePath, String>,
    /// When, in ticks, another machine said something last of a repository.
    restless: BTreeMap<RelativePath, u64>,
    /// Since when, in ticks, something could not be read.
    unknown_since: Option<u64>,
    /// Objects that were there a moment ago, with the stamps that they had.
    confirmed: BTreeMap<RelativePath, Stamp>,
    /// What an operation of ours may have moved and put back, which changes the time that no program can set.
    put_back: BTreeSet<RelativePath>,
    /// Something else stands there than a directory, of which the index still has items: it is looked at again when they are gone.
    covering: BTreeSet<RelativePath>,
    /// Files that were written to so short before they were read that a further write could leave the same times.
    racy: BTreeSet<RelativePath>,
    /// Since when, in ticks, there are such files.
    racy_since: Option<u64>,
    removed: Option<(u64, u64)>,
    held: Plan,
}

impl Folder {
    /// A folder that has seen nothing yet in this run. `identity` is what the root was before, if the folder is not new.
    pub fn new(rules: Rules, identity: Option<RootIdentity>) -> Self {
        Self {
            rules,
            situation: Situation::default(),
            root: RootState::Fine,
            identity,
            paused: None,
            stuck: None,
            dirty: BTreeSet::new(),
            is_operating: false,
            removals: removals::Removals::default(),
            fetches: fetches::Fetches::default(),
            epochs: epochs::Epochs::default(),
            lent_meanwhile: BTreeSet::new(),
            failures: BTreeMap::new(),
            locks: BTreeMap::new(),
            busy_since: None,
            unlocked: BTreeSet::new(),
            why_unknown: BTreeMap::new(),
            restless: BTreeMap::new(),
            unknown_since: None,
            confirmed: BTreeMap::new(),
            put_back: BTreeSet::new(),
            covering: BTreeSet::new(),
            racy: BTreeSet::new(),
            racy_since: None,
            removed: None,
            held: Plan::default(),
        }
    }

    /// After a start: everything is to be looked at, because nobody knows what happened meanwhile.
    pub fn consider_everything(&mut self, view: &dyn View) -> Result<(), Unreadable> {
        // Almost everything is as it should be, and there may be very much of it.
        let metadata = self.rules.metadata;
        let is_untried = |own: &Local| metadata.is_untried(own);
        view.walk(&mut |path, candidates| {
            if !candidates.is_settled() || candidates.here().is_some_and(is_untried) {
                self.dirty.insert(path.clone());
            }
        })
    }

    /// Takes in what happened.
    pub fn handle(&mut self, event: Event, view: &dyn View, now: Now) -> Result<Vec<Action>, Unreadable> {
        self.situation.now = now.seconds;
        match event {
            Event::Root(look) => self.root_seen(&look, view),
            // What was seen in another place than the folder says nothing about it.
            Event::Listed(_) | Event::Looked { .. } if self.root != RootState::Fine => Ok(Vec::new()),
            Event::Listed(listing) => self.listed(listing, view, now),
            Event::Looked { as_of, seen } => self.looked(as_of, seen, view, now),
            Event::Confirmed(found) => self.confirmed(found, view, now),
            Event::Index { device, full, entries } => self.told(device, full, entries, view, now),
            Event::Connected(device) => {
                self.fetches.connected(device);
                self.dirty.extend(std::mem::take(&mut self.held.held).into_keys());
                Ok(Vec::new())
            }
            Event::Disconnected(device) => {
                self.dirty.extend(self.fetches.disconnected(device, now.ticks));
                Ok(Vec::new())
            }
            Event::Prepared { wanted, missing } => {
                self.dirty.extend(self.fetches.prepared(&wanted, missing));
                Ok(Vec::new())
            }
            Event::Unstaged { wanted, failure } => {
                if self.fetches.give_up(&wanted) {
                    self.system_refused(&wanted.path, failure, now);
                }
                Ok(Vec::new())
            }
            Event::Block { wanted, block, device, result } => {
                self.dirty.extend(self.fetches.answered(&wanted, block, device, result, now.ticks));
                Ok(Vec::new())
            }
            Event::Progress { device, updates } => {
                self.fetches.progress(device, updates);
                Ok(Vec::new())
            }
            Event::Finished(outcomes) => self.finished(outcomes, view, now),
            Event::Command(command) => self.commanded(command, view, now),
            Event::Tick => self.ticked(view, now),
        }
    }

    /// What is to be done next, from what is stored by now. Nothing when there is nothing, or when the end of something is awaited.
    pub fn poll(&mut self, view: &dyn View, now: Now) -> Result<Vec<Action>, Unreadable> {
        self.situation.now = now.seconds;
        if self.is_halted() {
            return Ok(Vec::new());
        }
        if self.is_operating || self.dirty.is_empty() {
            return Ok(self.fetches.requests(view)?.into_iter().collect());
        }
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.extend(self.fetches.take_torn());
        dirty.extend(std::mem::take(&mut self.held.again));
        dirty.extend(self.other_spellings(&dirty));
        self.situation.recently_removed = self.recently_removed(now);
        self.situation.backoff = outcomes::waiting(&self.failures, now);
        let surroundings = Surroundings::new(view, &self.situation, &self.rules);
        let is_unsettled =
            |path: &RelativePath| self.removals.is_missing(path) || self.covering.contains(path);
        let plan = plan(&surroundings.with_unsettled(&is_unsettled), &dirty)?;
        self.remember_held(&dirty, &plan);
        if !plan.recorded.is_empty() {
            // The operations are planned again when this is stored: they may depend on it.
            self.dirty.extend(dirty);
            return self.record_confirmed(plan.recorded, view);
        }
        self.fetches.keep_wanted(&dirty, &plan.operations);
        self.operate(plan.operations, view)
    }

    /// When [`Event::Tick`] is due, in ticks.
    pub fn next_wake(&self) -> Option<u64> {
        let failed = self.failures.values().filter_map(|attempts| attempts.until).min();
        let settling = self.removals.next_wake();
        let busy = self.locks_wake();
        let is_unknown = !self.situation.unknown.is_empty();
        let restless = self.restless.values().min().map(|since| since + REST);
        let unknown = self.unknown_since.filter(|_| is_unknown).map(|since| since + UNKNOWN_LOOK);
        let stuck = self.stuck.as_ref().map(|(_, until)| *until);
        let racy = self.racy_since.map(|since| since + RACY_LOOK);
        [failed, settling, busy, restless, unknown, stuck, racy, self.fetches.next_wake()]
            .into_iter()
            .flatten()
            .min()
    }

    /// What a look at the disk that begins now has to carry.
    pub fn epoch(&self) -> u64 {
        self.epochs.now()
    }

    /// Files that are being put together, with the blocks of them that others can have from here already.
    pub fn unfinished(&self) -> impl Iterator<Item = Unfinished> {
        self.fetches.unfinished()
    }

    /// There are such files.
    pub fn has_unfinished(&self) -> bool {
        !self.fetches.is_idle()
    }

    /// What waits, and why.
    pub fn held(&self) -> impl Iterator<Item = (&RelativePath, crate::Reason)> {
        self.held.held.iter().map(|(path, reason)| (path, *reason))
    }

    /// What could not be read when it was looked at last, and why.
    pub fn unknown(&self) -> impl Iterator<Item = (&RelativePath, &str)> {
        self.why_unknown.iter().map(|(path, why)| (path, why.as_str()))
    }

    /// The system's words about an item that it refused.
    pub fn refusal(&self, path: &RelativePath) -> Option<&str> {
        self.failures.get(path)?.text.as_deref()
    }

    /// How often in a row something about an item did not work.
    pub fn tries(&self, path: &RelativePath) -> u32 {
        self.failures.get(path).map_or(0, |attempts| attempts.many)
    }

    /// Why the folder stands still as a whole.
    pub fn halted(&self) -> Option<String> {
        match &self.root {
            RootState::Changed(change) => Some(change.to_string()),
            RootState::Fine => {
                self.paused.clone().or_else(|| self.stuck.as_ref().map(|(text, _)| text.clone()))
            }
        }
    }

    /// The settings.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The patterns in force.
    pub fn ignore(&self) -> &std::sync::Arc<homesync_paths::IgnoreRules> {
        &self.situation.ignore
    }

    /// Everything was looked at since the start, and that is stored: from now on what appears here is news.
    pub fn scanned(&mut self) {
        self.rules.is_catching_up = false;
    }

    /// What the root was when it was last believed.
    pub fn identity(&self) -> Option<RootIdentity> {
        self.identity
    }

    fn is_halted(&self) -> bool {
        self.root != RootState::Fine || self.paused.is_some() || self.stuck.is_some()
    }

    fn root_seen(&mut self, look: &RootLook, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        self.root = judge(self.identity, look, &|| agreed_at_top(view))?;
        if let (RootState::Fine, RootLook::Read { identity, .. }) = (&self.root, look) {
            self.identity = Some(*identity);
        }
        if self.root != RootState::Fine {
            self.dirty.extend(self.removals.all().keys().cloned());
            self.removals.forget_all();
        }
        Ok(Vec::new())
    }

    /// What waits is kept to be shown, and to be planned again when its reason may have gone.
    fn remember_held(&mut self, considered: &BTreeSet<RelativePath>, plan: &Plan) {
        self.held.held.retain(|path, _| !considered.contains(path));
        self.held.guarded.retain(|(path, _)| !considered.contains(path));
        self.held.held.extend(plan.held.iter().map(|(path, reason)| (path.clone(), *reason)));
        self.held.guarded.extend(plan.guarded.iter().cloned());
        self.held.again.extend(plan.again.iter().cloned());
    }

    /// What waits because of another spelling that something is new about.
    fn other_spellings(&self, dirty: &BTreeSet<RelativePath>) -> Vec<RelativePath> {
        if !self.rules.folds_case {
            return Vec::new();
        }
        let folded: BTreeSet<String> = dirty.iter().map(|path| fold(path.as_str())).collect();
        let waits = self.held.held.iter().filter(|(_, reason)| **reason == crate::Reason::Refused);
        waits.map(|(path, _)| path).filter(|path| folded.contains(&fold(path.as_str()))).cloned().collect()
    }

    /// Starts what needs content, and does what needs none or has it.
    fn operate(&mut self, operations: Vec<Operation>, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        let (mut ready, mut actions) = self.fetches.sort(operations);
        let rest = self.fetches.split_off(&mut ready);
        self.dirty.extend(rest.iter().flat_map(Operation::paths).cloned());
        actions.extend(self.fetches.requests(view)?);
        self.dirty.extend(self.fetches.take_waiting());
        if !ready.is_empty() {
            self.is_operating = true;
            self.epochs.operated(ready.iter(), view)?;
            actions.push(Action::Operate(ready));
        }
        Ok(actions)
    }

    fn ticked(&mut self, view: &dyn View, now: Now) -> Result<Vec<Action>, Unreadable> {
        // First, because what comes after something that cannot be stored is not done.
        let mut actions = self.fetches.ask_again(now.ticks);
        self.stuck.take_if(|(_, until)| *until <= now.ticks);
        for path in outcomes::due(&mut self.failures, now) {
            self.dirty.insert(path);
        }
        self.rest(now);
        let mut looks = self.removals.due(now);
        looks.extend(self.busy_units(now));
        if self.unknown_since.is_some_and(|since| now.ticks >= since + UNKNOWN_LOOK) {
            looks.extend(self.situation.unknown.iter().cloned());
            self.unknown_since = (!self.situation.unknown.is_empty()).then_some(now.ticks);
        }
        if self.racy_since.is_some_and(|since| now.ticks >= since + RACY_LOOK) {
            looks.extend(std::mem::take(&mut self.racy));
            self.racy_since = None;
        }
        actions.extend(self.settle(view, now)?);
        if !looks.is_empty() {
            actions.push(Action::Scan(looks));
        }
        Ok(actions)
    }

    /// What waited until nothing more was said about its repository is planned.
    fn rest(&mut self, now: Now) {
        self.restless.retain(|_, since| now.ticks < *since + REST);
        let is_at_rest = |unit: &&RelativePath| !self.restless.contains_key(*unit);
        let at_rest: Vec<RelativePath> = self.situation.restless.iter().filter(is_at_rest).cloned().collect();
        for unit in at_rest {
            self.situation.restless.remove(&unit);
            self.dirty.extend(self.held.held.keys().filter(|path| path.is_at_or_below(&unit)).cloned());
        }
    }

    fn recently_removed(&self, now: Now) -> u64 {
        self.removed.filter(|(at, _)| now.ticks.saturating_sub(*at) < SAME_ACT).map_or(0, |(_, many)| many)
    }

    fn count_removed(&mut self, many: u64, now: Now) {
        if many > 0 {
            self.removed = Some((now.ticks, self.recently_removed(now) + many));
        }
    }
}

/// The names that the agreed tree has in the root.
fn agreed_at_top(view: &dyn View) -> Result<BTreeSet<String>, Unreadable> {
    let mut names = BTreeSet::new();
    for path in view.children(None)? {
        if view.agreed(&path)?.is_some_and(|agreed| !agreed.deleted) {
            names.insert(path.as_str().to_string());
        }
    }
    Ok(names)
}
