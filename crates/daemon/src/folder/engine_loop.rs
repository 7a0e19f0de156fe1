//! The thread that drives a folder's engine: one input after the other, and what follows from it.

mod directory;
mod hearing;
mod input;

pub(crate) use input::{Heard, Input};

use super::hooks::{Happened, Hooks, Told};
use super::memory::Remembered;
use super::standing::Held;
use super::staying::Staying;
use super::{END, Named, Shared, Standing, look, operate, short_id};
use crate::clock::{Clock, seconds};
use crate::crew::Crew;
use crate::differences::Side;
use crate::fleet::FolderPlan;
use crate::inbox::Next;
use aws_lc_rs::rand;
use homesync_disk::{LocalFs, Vfs, Watcher};
use homesync_engine::{Command, Done, Event, Folder, Outcome, Rules, Unreadable, View};
use homesync_index::{Additions, Database, FolderOptions, Index, IndexError, Position};
use homesync_paths::RelativePath;
use homesync_protocol::DeviceId;
use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tracing::warn;

/// What is to be durable soon waits for others at most this long.
const SOON: Duration = Duration::from_millis(100);
/// After so long something that could not be stored, or a root that is away, is looked at again.
const AGAIN: Duration = Duration::from_secs(5);
/// Once a day everything is looked at, in case that something was not noticed.
const DAILY: Duration = Duration::from_secs(86_400);
/// What cannot be watched is looked at so often.
const UNWATCHED: Duration = Duration::from_secs(60);
/// Counters that may have been lost are jumped over by so much: seconds of a hundred years, since counters follow the clock.
const JUMP: u64 = 3_155_760_000;

/// The index has failed.
pub(super) struct Broken(pub(super) String);

impl From<IndexError> for Broken {
    fn from(error: IndexError) -> Self {
        Self(error.to_string())
    }
}

impl From<Unreadable> for Broken {
    fn from(error: Unreadable) -> Self {
        Self(error.to_string())
    }
}

/// Runs a folder until its end.
pub(crate) fn run(shared: &Arc<Shared>, database: &Database, opened: &Sender<()>) {
    let engine_loop = EngineLoop::open(shared, database);
    let _ = opened.send(());
    let result = engine_loop.and_then(|mut engine_loop| {
        let result = engine_loop.run_with_threads();
        engine_loop.remember();
        result
    });
    shared.inbox.close();
    shared.index.set(None);
    if let Err(Broken(reason)) = result {
        super::lock(&shared.standing).problem = Some(reason.clone());
        (shared.trouble)(reason);
    }
}

/// The engine and what it is driven with.
pub(super) struct EngineLoop {
    pub(super) shared: Arc<Shared>,
    pub(super) engine: Folder,
    pub(super) clock: Clock,
    pub(super) remembered: Remembered,
    /// What a machine just said reaches up to here.
    pub(super) heard: Option<(DeviceId, Position)>,
    /// Since when something is stored that is not durable yet.
    pub(super) soon: Option<Instant>,
    /// Others are to hear of it then.
    pub(super) is_news: bool,
    /// Something could not be stored: nothing that was seen counts until everything is looked at again.
    pub(super) is_doubtful: bool,
    /// Differences are to be counted anew.
    pub(super) recount: bool,
    /// Who waits until what they wanted is stored.
    pub(super) waiting: Vec<Sender<()>>,
    pub(super) is_operating: bool,
    /// Texts that were kept since it was looked whether they fit.
    pub(super) bases: usize,
    /// When to look again.
    look_at: Option<Instant>,
    /// The root is not there, or not to be believed.
    is_away: bool,
    /// Why the patterns cannot be used.
    pattern_problem: Option<String>,
    daily: Instant,
    /// When what is old is let go.
    tidy_at: Instant,
    /// What changes is heard of.
    watcher: Option<Watcher>,
    /// But not in these directories.
    unwatched: Vec<RelativePath>,
    look_at_unwatched: Option<Instant>,
    /// Until when everything that did not change since is durable.
    pub(super) settled: Option<super::actions::Settled>,
    standing: Standing,
    /// How many items other machines have told of, where that was counted.
    told_of: BTreeMap<DeviceId, u64>,
    /// What cannot travel.
    staying: Staying,
    /// What the patterns were compiled from.
    patterns: Option<Vec<u8>>,
    is_travelling: bool,
    hooks: Option<Hooks>,
    /// Something came or went since the folder was in step last.
    is_unsaid: bool,
    /// When others hear how far it is what is being put together.
    pub(super) tell_at: Option<Instant>,
}

impl EngineLoop {
    fn open(shared: &Arc<Shared>, database: &Database) -> Result<Self, Broken> {
        let plan = shared.plan();
        let remembered = Remembered::read(&shared.memory).map_err(|error| Broken(error.to_string()))?;
        let abilities = LocalFs::open(&plan.path).map(|vfs| vfs.abilities());
        let folds_case = abilities.is_ok_and(|abilities| abilities.folds_case);
        let options = FolderOptions { index_id_if_new: random(), folds_case };
        let mut index = database.folder(&shared.id, options)?;
        let mut remembered = remembered;
        if index.fresh() && remembered.counter_floor == 0 && remembered.identity().is_some() {
            // The index was begun anew: numbers that were given before must not be given again.
            remembered.counter_floor = seconds() + JUMP;
        }
        if remembered.counter_floor > index.counter_floor() {
            index.raise(index.index_id(), remembered.counter_floor, index.sequence())?;
        }
        let own = short_id(shared.own);
        let floor = index.counter_floor();
        let rules = Rules { counter_floor: floor, folds_case, ..rules_of(&plan, Rules::new(own)) };
        *super::lock(&shared.conflict_bases) = remembered.conflict_bases();
        shared.index.set(Some(index));
        let mut standing = Standing::new(&plan);
        standing.is_paused = plan.is_paused;
        Ok(Self {
            shared: shared.clone(),
            engine: Folder::new(rules, remembered.identity()),
            clock: Clock::start(),
            remembered,
            heard: None,
            soon: None,
            is_news: false,
            is_doubtful: false,
            recount: true,
            waiting: Vec::new(),
            is_operating: false,
            bases: 0,
            look_at: None,
            is_away: false,
            pattern_problem: None,
            daily: Instant::now() + DAILY,
            tidy_at: Instant::now() + DAILY,
            watcher: None,
            unwatched: Vec::new(),
            look_at_unwatched: None,
            settled: None,
            standing,
            told_of: BTreeMap::new(),
            staying: Staying::default(),
            patterns: None,
            is_travelling: false,
            hooks: Hooks::start(&shared.id).ok(),
            is_unsaid: false,
            tell_at: None,
        })
    }

    /// Runs with the threads that look and operate, which end with it.
    fn run_with_threads(&mut self) -> Result<(), Broken> {
        let shared = self.shared.clone();
        let (looking, operating) = (shared.clone(), shared.clone());
        let mut crew = Crew::new();
        let started = crew
            .spawn(format!("look {}", shared.id), move || look::run(&looking, &looking.looks, &looking.inbox))
            .and_then(|()| crew.spawn(format!("operate {}", shared.id), move || operate::run(&operating)));
        let result = match started {
            Err(error) => Err(Broken(format!("no thread can be started: {error}"))),
            Ok(()) => self.begin().and_then(|()| self.run()),
        };
        self.watcher = None;
        shared.looks.end();
        shared.deeds.close();
        // Who waits for room in the inbox waits no longer.
        shared.inbox.close();
        if !crew.end(END) {
            warn!(folder = %shared.id, "its disk does not answer, and is not waited for");
        }
        result
    }

    fn begin(&mut self) -> Result<(), Broken> {
        let plan = self.shared.plan();
        self.pause_as(&plan)?;
        self.shared.looks.root();
        Ok(())
    }

    fn run(&mut self) -> Result<(), Broken> {
        let mut asked = Instant::now();
        loop {
            let is_busy = self.shared.inbox.is_filled();
            if !is_busy || self.is_soon_over() {
                self.flush()?;
                self.publish()?;
            }
            // What is due costs by all that waits for its time, so it is not asked for each of many inputs.
            let is_asked = !is_busy || asked.elapsed() > SOON;
            let next = self.shared.inbox.take(is_asked.then(|| self.next_wake()));
            self.standing.turns = self.shared.take_turn();
            match next {
                Next::Closed => return self.flush(),
                Next::Item(_) if self.shared.is_ending() => return self.flush(),
                Next::Item(input) => self.take(input)?,
                Next::Late => {}
            }
            if is_asked {
                asked = Instant::now();
                self.be_on_time()?;
            }
        }
    }

    fn is_soon_over(&self) -> bool {
        self.soon.is_some_and(|since| since.elapsed() > SOON)
    }

    fn next_wake(&self) -> Instant {
        let engine = self.engine.next_wake().map(|ticks| self.clock.moment(ticks));
        let soon = self.soon.map(|since| since + SOON);
        [engine, soon, self.look_at, self.look_at_unwatched, self.tell_at]
            .into_iter()
            .flatten()
            .fold(self.daily.min(self.tidy_at), Instant::min)
    }

    /// Does what is due.
    fn be_on_time(&mut self) -> Result<(), Broken> {
        if self.engine.next_wake().is_some_and(|ticks| ticks <= self.clock.now().ticks) {
            self.handle(Event::Tick)?;
        }
        let now = Instant::now();
        if self.tell_at.is_some_and(|at| at <= now) {
            self.tell_unfinished();
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
            match self.is_away || self.shared.root.opened().is_none() {
                true => self.shared.looks.root(),
                false => self.look_at_everything(),
            }
        }
        if self.look_at_unwatched.is_some_and(|at| at <= now) {
            self.look_at_unwatched = Some(now + UNWATCHED);
            match self.watcher {
                Some(_) => self.look_at(self.unwatched.clone())?,
                None => self.look_at_everything(),
            }
        }
        if self.daily <= now {
            self.look_at_everything();
        }
        if self.tidy_at <= now {
            self.tidy_at = now + DAILY;
            operate::tidy_up(&self.shared);
        }
        Ok(())
    }

    pub(super) fn look_at_everything(&mut self) {
        self.look_at = None;
        self.daily = Instant::now() + DAILY;
        self.standing.is_scanning = true;
        self.shared.looks.everything();
    }

    /// Looks again in a while: what is in the way may go by itself.
    pub(super) fn look_again(&mut self) {
        self.look_at.get_or_insert(Instant::now() + AGAIN);
    }

    /// Looks at paths. Until everything was looked at once, a part proves nothing.
    pub(super) fn look_at(&mut self, paths: Vec<RelativePath>) -> Result<(), Broken> {
        match self.shared.index.read(|index| Ok(index.fresh()))? {
            true => self.look_at_everything(),
            false => self.shared.looks.paths(paths),
        }
        Ok(())
    }

    fn take(&mut self, input: Input) -> Result<(), Broken> {
        match input {
            Input::Engine(event) => {
                match &event {
                    Event::Listed(listing) => self.staying.listed(listing),
                    Event::Looked { seen, .. } => {
                        seen.iter().for_each(|(path, seen)| self.staying.looked(path, seen));
                    }
                    Event::Finished(outcomes) => {
                        self.is_operating = false;
                        self.is_unsaid |= outcomes.iter().any(|outcome| outcome.result.is_ok());
                        self.note_conflicts(outcomes)?;
                    }
                    _ => {}
                }
                self.handle(event)
            }
            Input::Root(look) => self.root_seen(look),
            Input::EverythingBegins => {
                self.is_doubtful = false;
                self.settled = super::actions::Settled::now(&self.shared);
                Ok(())
            }
            Input::EverythingLookedAt => self.everything_looked_at(),
            Input::LookEnded => Ok(()),
            Input::LookAtEverything => {
                self.look_at_everything();
                Ok(())
            }
            Input::LookAt(paths) => self.look_at(paths),
            Input::ReadAgain(paths) => {
                self.shared.looks.reads(paths);
                Ok(())
            }
            Input::Heard(heard) => self.hear(heard),
            Input::Progress(device, updates, _permit) => self.handle(Event::Progress { device, updates }),
            Input::IndexIs(device, index_id) => self.index_is(device, index_id),
            Input::SeenMore(sequence) => self.raise(sequence),
            Input::Unwatched(directories, advice) => {
                self.standing.advice = Some(advice);
                self.unwatched = directories;
                self.look_at_unwatched = Some(Instant::now() + UNWATCHED);
                Ok(())
            }
            Input::Connected(device) => self.connected(device),
            Input::Disconnected(device) => self.disconnected(device),
            Input::Command(command, answer) => {
                self.waiting.push(answer);
                if matches!(command, Command::AcceptRoot) {
                    return self.accept_root();
                }
                self.handle(Event::Command(command))
            }
            Input::Plan(plan) => self.plan_is(*plan),
            Input::Travel(travels) => self.travel(travels),
            Input::End => Ok(()),
        }
    }

    /// What both sides were made from is known until it is stored that they have come together.
    fn note_conflicts(&mut self, outcomes: &[Outcome]) -> Result<(), Broken> {
        let mut is_new = false;
        let mut copies = Vec::new();
        for outcome in outcomes {
            let Ok(Done { copy: Some(copy), .. }) = &outcome.result else { continue };
            copies.push(copy.clone());
            let agreed = self.shared.index.read(|index| index.agreed(&outcome.operation.path))?;
            if let Some(digest) = agreed.and_then(|agreed| agreed.digest) {
                super::lock(&self.shared.conflict_bases).insert(copy.clone(), digest);
                is_new = true;
            }
        }
        if is_new {
            self.remember();
        }
        if let Some(hooks) = self.hooks.as_ref().filter(|_| !copies.is_empty()) {
            let plan = self.shared.plan();
            hooks.say(Happened::Conflicts(told(&plan, &plan.on_conflict), copies));
        }
        Ok(())
    }

    /// Whoever wants to know hears that the folder is in step again.
    fn say_when_in_step(&mut self) {
        let is_in_step = self.standing.is_at_rest()
            && self.standing.held_count == 0
            && self.shared.differences().lacking(Side::Here).items == 0;
        if is_in_step && std::mem::take(&mut self.is_unsaid) {
            let plan = self.shared.plan();
            self.hooks.iter().for_each(|hooks| hooks.say(Happened::Synced(told(&plan, &plan.on_synced))));
        }
    }

    fn everything_looked_at(&mut self) -> Result<(), Broken> {
        self.patterns_are()?;
        if self.is_doubtful || self.is_root_away() {
            return Ok(());
        }
        if self.shared.index.read(|index| Ok(index.fresh()))? {
            let scanned = Additions { scanned: true, ..Additions::default() };
            self.shared.index.write(|index| index.commit_with(&Default::default(), &scanned))?;
        }
        self.engine.scanned();
        self.standing.is_known = true;
        self.standing.is_scanning = self.shared.looks.is_everything_wanted();
        self.standing.looks += 1;
        Ok(())
    }

    fn plan_is(&mut self, plan: FolderPlan) -> Result<(), Broken> {
        let rules = rules_of(&plan, self.engine.rules().clone());
        self.recount = true;
        self.shared.differences().share_with(&plan.with);
        self.hear_again();
        *self.shared.plan.write().unwrap_or_else(PoisonError::into_inner) = plan.clone();
        let looks_at_more = rules.metadata != self.engine.rules().metadata;
        if rules != *self.engine.rules() {
            self.handle(Event::Command(Command::Rules(rules)))?;
        }
        if looks_at_more {
            // What was not looked at before is told to others, or set, only when it is known how it stands.
            self.look_at_everything();
        }
        self.pause_as(&plan)
    }

    fn travel(&mut self, travels: bool) -> Result<(), Broken> {
        self.is_travelling = travels;
        let plan = self.shared.plan();
        self.pause_as(&plan)
    }

    fn pause_as(&mut self, plan: &FolderPlan) -> Result<(), Broken> {
        self.standing.is_paused = plan.is_paused;
        self.standing.is_resting = false;
        let command = if plan.is_paused {
            Command::Pause("paused".to_string())
        } else if let Some(problem) = &self.pattern_problem {
            Command::Pause(problem.clone())
        } else if plan.is_manual && !self.is_travelling {
            self.standing.is_resting = true;
            Command::Pause("it travels at sync and handoff".to_string())
        } else {
            Command::Resume
        };
        self.handle(Event::Command(command))
    }

    /// Writes down which directory the root is.
    fn remember(&mut self) {
        let before = self.remembered.clone();
        self.remembered.set_conflict_bases(&super::lock(&self.shared.conflict_bases));
        if let Some(identity) = self.engine.identity() {
            self.remembered.set_identity(Some(identity));
        }
        self.remembered.counter_floor = self.remembered.counter_floor.max(self.engine.rules().counter_floor);
        if self.remembered != before
            && let Err(error) = self.remembered.write(&self.shared.memory)
        {
            warn!(folder = %self.shared.id, %error, "cannot write down which directory the folder is");
        }
    }

    /// Says how things stand.
    fn publish(&mut self) -> Result<(), Broken> {
        self.expect_unfinished();
        if std::mem::take(&mut self.recount) {
            self.count_differences()?;
        }
        let standing = &mut self.standing;
        standing.is_looking = self.shared.looks.is_busy() || self.shared.inbox.is_filled();
        standing.is_operating = self.is_operating;
        standing.halted = self.engine.halted();
        standing.questions = self.engine.questions();
        standing.held_count = self.engine.held().count();
        let held = self.engine.held().take(super::standing::MOST_NAMED);
        let held = held.map(|(path, reason)| Held {
            path: path.clone(),
            reason,
            words: self.engine.refusal(path).map(str::to_string),
            tries: self.engine.tries(path),
        });
        standing.held = held.collect();
        standing.unread = Named::default();
        for (path, why) in self.engine.unknown() {
            standing.unread.add(path.as_str().to_string(), why.to_string());
        }
        (standing.unsyncable, standing.special) = self.staying.all();
        standing.is_waiting = self.engine.next_wake().is_some() || self.look_at.is_some();
        (standing.items, standing.sequence, standing.index_id) =
            self.shared.index.read(|index| Ok((index.present()?, index.sequence(), index.index_id())))?;
        *super::lock(&self.shared.standing) = standing.clone();
        self.say_when_in_step();
        self.shared.changes.ring();
        Ok(())
    }
}

/// What a person has set, over what else the engine goes by.
fn rules_of(plan: &FolderPlan, rules: Rules) -> Rules {
    Rules {
        kind: plan.kind,
        guard: plan.guard,
        permissions: plan.permissions,
        metadata: plan.metadata,
        most_conflicts: plan.most_conflicts,
        ..rules
    }
}

fn told(plan: &FolderPlan, program: &[String]) -> Told {
    Told { program: program.to_vec(), folder: plan.name.clone(), path: plan.path.clone() }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    // Without random numbers there is no identity and no connection either; then any number will do.
    let _ = rand::fill(&mut bytes);
    u64::from_be_bytes(bytes).max(1)
}
