//! A whole world: machines with their real engines, executors and scanners, a network, people and accidents, all from two tapes of choices.
//!
//! One tape says what people do, the other when everything happens and what goes wrong, so that taking away a deed does not shuffle the rest.
//! First anything may happen and nothing may be lost (*safety*); when the tapes are used up everything works again, and all machines must come to
//! the same state and rest (*liveness*).

mod accidents;
mod gone;
mod ledger;
mod liveness;
mod machine;
mod network;
mod people;
mod promises;
mod real_index;
mod safety;
mod store;
mod stored;

pub use ledger::Ledger;
pub use machine::{Deed, Machine};
pub use network::{Message, Network};
pub use store::Store;
pub use stored::Stored;

use crate::choices::{Choices, Tape, TapeReader};
use crate::filesystem::{Settings, SimFs};
use homesync_engine::{Carry, Command, Event, FolderKind, Guard, Now, Rules};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Content, DeviceId, ShortId, Timestamp, Version};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The two tapes of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tapes {
    /// What people do.
    pub people: Tape,
    /// When what happens, and what goes wrong.
    pub schedule: Tape,
}

impl Tapes {
    /// The tapes of a seed.
    pub fn from_seed(seed: u64) -> Self {
        Self {
            people: Tape::from_seed(seed.wrapping_mul(2), 420),
            schedule: Tape::from_seed(seed.wrapping_mul(2) + 1, 1_400),
        }
    }
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was violated, if anything.
    pub failure: Option<String>,
    /// How often each named situation was reached.
    pub reached: BTreeMap<&'static str, u64>,
    /// What happened, if it was asked for.
    pub log: Vec<String>,
    /// A number over everything that happened.
    pub trace: u64,
}

/// Which kinds of accidents a run has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swarm {
    kills: bool,
    power_cuts: bool,
    interference: bool,
    network: bool,
    refusals: bool,
    errors: bool,
    clocks: bool,
    no_exchange: bool,
    coarse: bool,
    ordered: bool,
    old_index: bool,
    guard: bool,
    root: bool,
    rot: bool,
    kinds: bool,
    real_index: bool,
    /// Owners and attributes are carried.
    owners: bool,
}

impl Swarm {
    /// One of the machines may set neither owners nor attributes.
    fn hands_are_tied(&self) -> bool {
        self.owners && self.no_exchange
    }

    /// What kind of disk a machine has.
    fn settings(&self, number: usize) -> Settings {
        Settings {
            exchange: !(self.no_exchange && number == 1),
            clones: number % 2 == 1,
            ordered: self.ordered,
            granularity_nanoseconds: if self.coarse && number == COARSE { 1_000_000_000 } else { 1 },
            device: 100 + number as u64,
            // An ordinary user has nothing but what is theirs, and gives nothing away.
            is_bound: number.is_multiple_of(2) && !self.owners,
            now: Timestamp::at(START as i64),
            gives: !(self.hands_are_tied() && number == 1),
            attributes: !(self.hands_are_tied() && number == 1),
            ..Settings::default()
        }
    }
}

/// The machine whose disk may have coarse times.
const COARSE: usize = 0;

/// A run.
pub struct World {
    pub(crate) machines: Vec<Machine>,
    pub(crate) network: Network,
    pub(crate) ledger: Rc<RefCell<Ledger>>,
    pub(crate) now: Now,
    schedule: Rc<RefCell<TapeReader>>,
    people: Rc<RefCell<TapeReader>>,
    swarm: Swarm,
    touched: Vec<(usize, String)>,
    /// What was looked at last on a disk with coarse times.
    looked_at: Option<String>,
    refused: BTreeSet<(usize, String)>,
    old: Vec<Option<Store>>,
    /// For each machine, how many calls its disk had seen when it was checked last.
    checked: Vec<u64>,
    next_index_id: u64,
    counters: BTreeMap<(usize, RelativePath), u64>,
    heard: BTreeMap<(usize, u64, u64), (RelativePath, Version)>,
    /// What each version of a path is, by whoever announced it first.
    meant: BTreeMap<RelativePath, Vec<(Version, usize, Content)>>,
    pub(crate) reached: BTreeMap<&'static str, u64>,
    log: Option<Rc<RefCell<Vec<String>>>>,
    trace: u64,
    agreed: bool,
    /// How often a person said which side counts where changes go one way only.
    imposed: usize,
}

/// Named situations, and how often each must be reached in 10,000 runs: otherwise the runs test less than they seem to.
pub const MINIMUMS: &[(&str, u64)] = &[
    ("a person was asked", 100),
    ("a person was quicker", 5_000),
    ("block of an unfinished file wanted", 20),
    ("conflict copy made", 5_000),
    ("directory not empty", 300),
    ("file moved", 300),
    ("file replaced", 5_000),
    ("intents open at start", 50),
    ("item adjusted", 2_000),
    ("item created", 50_000),
    ("item removed", 5_000),
    ("kill in the middle", 2_000),
    ("older index", 200),
    ("operation refused", 2_000),
    ("owner or attributes set", 500),
    ("power cut in the middle", 2_000),
    ("real index", 300),
    ("real index cut in the middle", 200),
];

/// When a run begins.
const START: u64 = 1_700_000_000;
/// How many removals pass the guard where it is tight: worlds are small.
const TIGHT: u64 = 3;
/// How many machines there are: seldom many, because each costs time.
const MACHINES: [usize; 16] = [2, 3, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 3, 4, 5];
/// Most steps of the first phase.
const STEPS: usize = 260;

/// Runs a world from its tapes.
pub fn run(tapes: &Tapes, keep_log: bool) -> Report {
    run_with(tapes, keep_log, false)
}

/// Runs a world in which every machine has the real index, whatever its tapes say.
pub fn run_with_real_index(tapes: &Tapes, keep_log: bool) -> Report {
    run_with(tapes, keep_log, true)
}

fn run_with(tapes: &Tapes, keep_log: bool, real_index: bool) -> Report {
    let mut world = World::new(tapes, keep_log, real_index);
    let failure = world.live().err();
    world.trace = world
        .machines
        .iter()
        .fold(world.trace, |trace, machine| trace.rotate_left(7) ^ machine.disk.trace_hash());
    let log = world.log.map(|log| log.borrow().clone()).unwrap_or_default();
    Report { failure, reached: world.reached, log, trace: world.trace }
}

impl World {
    fn new(tapes: &Tapes, keep_log: bool, real_index: bool) -> Self {
        let schedule = Rc::new(RefCell::new(tapes.schedule.reader()));
        let mut swarm = draw_swarm(&mut *schedule.borrow_mut());
        swarm.real_index |= real_index;
        let count = MACHINES[schedule.borrow_mut().choose(MACHINES.len() as u64, "machines") as usize];
        let devices: Vec<DeviceId> =
            (0..count).map(|number| DeviceId::from_bytes([number as u8 + 1; 32])).collect();
        let ignore = Arc::new(
            IgnoreRules::compile("*.ign", &mut |name| Err(name.to_string()))
                .unwrap_or_else(|_| IgnoreRules::empty()),
        );
        let mut machines = Vec::new();
        for (number, device) in devices.iter().enumerate() {
            let disk = SimFs::new(swarm.settings(number));
            disk.set_choices(schedule.clone());
            let _ = disk.user_mkdir(".stfolder");
            disk.user_sync();
            let mut rules = Rules::new(ShortId::from(*device));
            if swarm.owners {
                (rules.metadata.owner, rules.metadata.attributes) = (Carry::Sync, Carry::Sync);
            }
            if swarm.guard {
                rules.guard = Guard::MoreThan(TIGHT);
            }
            if swarm.kinds && number == 1 {
                let kinds = [FolderKind::SendOnly, FolderKind::ReceiveOnly];
                rules.kind = kinds[schedule.borrow_mut().choose(2, "which kind") as usize];
            }
            let mut machine = Machine::new(number, &devices, disk, rules, number as u64 + 1);
            if swarm.real_index {
                machine.store = real_index::store(&machine, &devices, schedule.clone(), swarm);
            }
            machine.command(Command::Ignore(ignore.clone()), Now::default());
            if swarm.clocks && swarm.old_index && number == 0 {
                // What it counts while its clock is ahead, an older index does not know, and the clock is of no help any more.
                machine.skew = accidents::AHEAD;
            }
            machines.push(machine);
        }
        let mut ledger = Ledger::new(count);
        ledger.clocks_repeat = swarm.clocks && swarm.coarse;
        ledger.owners = swarm.owners;
        Self {
            ledger: Rc::new(RefCell::new(ledger)),
            old: vec![None; count],
            checked: vec![0; count],
            machines,
            network: Network::default(),
            now: Now { seconds: START, ticks: 0 },
            people: Rc::new(RefCell::new(tapes.people.reader())),
            schedule,
            swarm,
            touched: Vec::new(),
            looked_at: None,
            refused: BTreeSet::new(),
            next_index_id: 100,
            counters: BTreeMap::new(),
            heard: BTreeMap::new(),
            meant: BTreeMap::new(),
            reached: BTreeMap::new(),
            log: keep_log.then(|| Rc::new(RefCell::new(Vec::new()))),
            trace: 0,
            agreed: false,
            imposed: 0,
        }
    }

    /// The whole run.
    fn live(&mut self) -> Result<(), String> {
        self.say(|world| format!("{} machines, {:?}", world.machines.len(), world.swarm));
        for number in 0..self.machines.len() {
            self.machines[number].scan(None, self.now);
        }
        self.connect_all();
        self.after(None)?;
        for _ in 0..STEPS {
            if self.schedule.borrow().is_exhausted() {
                break;
            }
            self.step()?;
            self.check_indexes()?;
        }
        self.calm_indexes();
        self.settle_down()?;
        self.check_indexes_whole()
    }

    fn choose(&self, below: u64, what: &'static str) -> u64 {
        self.schedule.borrow_mut().choose(below, what)
    }

    /// One thing happens.
    fn step(&mut self) -> Result<(), String> {
        self.pass(self.now.ticks + 1 + self.choose(40, "milliseconds"));
        match self.choose(32, "what happens") {
            0..=9 => self.deliver(),
            10..=17 => self.person_acts(),
            18..=23 => self.watcher_speaks(),
            24..=26 => self.time_passes(),
            27 => self.scans(),
            28 => self.network_changes(),
            29 if self.choose(4, "really") == 3 => self.machine_stops(),
            29 => Ok(()),
            30 => self.disk_refuses(),
            _ => self.accident(),
        }
    }

    /// The message that comes next, on any link.
    fn deliver(&mut self) -> Result<(), String> {
        let busy = self.network.busy();
        if busy.is_empty() {
            return Ok(());
        }
        let link = busy[self.choose(busy.len() as u64, "link") as usize];
        let Some(message) = self.network.take(link) else { return Ok(()) };
        self.arrives(link, message)
    }

    pub(crate) fn arrives(&mut self, (from, to): (usize, usize), message: Message) -> Result<(), String> {
        self.check_message(from, &message)?;
        self.endanger(to);
        let device = self.machines[from].device;
        let now = self.now;
        self.say(|_| format!("{from} -> {to}: {}", brief(&message)));
        match &message {
            Message::Request { from_temporary: true, .. } => self.reach("block of an unfinished file wanted"),
            Message::Progress(_) => self.holders_leave(from, to)?,
            _ => {}
        }
        self.machines[to].receive(from, device, message, now);
        self.machines[to].tell_unfinished();
        self.after(Some(to))
    }

    fn person_acts(&mut self) -> Result<(), String> {
        let number = self.people.borrow_mut().choose(self.machines.len() as u64, "on which machine") as usize;
        // Where times are coarse, what happens right after a look is the hardest to notice.
        let again =
            self.looked_at.take().filter(|_| self.people.borrow_mut().choose(2, "again at once") == 1);
        let number = if again.is_some() { COARSE } else { number };
        let disk = self.machines[number].disk.clone();
        let deed = {
            let ledger = &mut self.ledger.borrow_mut();
            match again {
                Some(path) => people::write_again(number, &disk, ledger, &path),
                None => people::act(number, &disk, ledger, &mut *self.people.borrow_mut()),
            }
        };
        if let Some((what, paths)) = deed {
            self.say(|_| format!("{number}: {what}"));
            self.touched.extend(paths.into_iter().map(|path| (number, path)));
        }
        self.ledger.borrow_mut().look(number, &disk);
        Ok(())
    }

    /// The watcher noticed something; or it did not, and the next scan will.
    fn watcher_speaks(&mut self) -> Result<(), String> {
        if self.touched.is_empty() {
            return Ok(());
        }
        let which = self.choose(self.touched.len() as u64, "which change") as usize;
        let (number, path) = self.touched.swap_remove(which);
        if self.choose(16, "the watcher misses it") == 15 {
            return Ok(());
        }
        if self.swarm.coarse && number == COARSE {
            self.looked_at = Some(path.clone());
        }
        let Ok(path) = RelativePath::parse(&path) else { return Ok(()) };
        self.endanger(number);
        self.say(|_| format!("{number}: looks at {path:?}"));
        // The topmost directory that is new is what has to be looked at.
        let top = path
            .names()
            .next()
            .and_then(|name| RelativePath::parse(name).ok())
            .unwrap_or_else(|| path.clone());
        self.machines[number].scan(Some(&top), self.now);
        self.after(Some(number))
    }

    fn scans(&mut self) -> Result<(), String> {
        let number = self.choose(self.machines.len() as u64, "machine") as usize;
        self.endanger(number);
        self.say(|_| format!("{number}: scans"));
        self.machines[number].scan(None, self.now);
        self.after(Some(number))
    }

    fn time_passes(&mut self) -> Result<(), String> {
        let by = [50, 300, 1_100, 5_100, 70_000][self.choose(5, "how long") as usize];
        self.pass(self.now.ticks + by);
        for number in 0..self.machines.len() {
            self.endanger(number);
            self.tick(number)?;
        }
        Ok(())
    }

    pub(crate) fn tick(&mut self, number: usize) -> Result<(), String> {
        if self.machines[number].folder.next_wake().is_some_and(|wake| wake <= self.now.ticks) {
            let now = self.now;
            self.machines[number].handle(Event::Tick, now);
        }
        if self.machines[number].needs_scan {
            let now = self.now;
            self.machines[number].scan(None, now);
        }
        self.machines[number].tell_unfinished();
        self.after(Some(number))
    }

    pub(crate) fn pass(&mut self, ticks: u64) {
        self.now = Now { seconds: START + ticks / 1_000, ticks };
        self.ledger.borrow_mut().ticks = ticks;
        for machine in &self.machines {
            let seconds = machine.here(self.now).seconds;
            let nanoseconds = (ticks % 1_000) as u32 * 1_000_000;
            machine.disk.set_now(Timestamp { seconds: seconds as i64, nanoseconds });
        }
    }

    /// Connects what is not connected.
    pub(crate) fn connect_all(&mut self) {
        for one in 0..self.machines.len() {
            for other in one + 1..self.machines.len() {
                if !self.network.is_up(one, other) {
                    self.connect(one, other);
                }
            }
        }
    }

    fn connect(&mut self, one: usize, other: usize) {
        if [one, other].into_iter().any(|number| !self.machines[number].store.is_open()) {
            return;
        }
        self.network.connect(one, other);
        for (here, there) in [(one, other), (other, one)] {
            let known = self.machines[there].store.position(self.machines[here].device);
            let device = self.machines[there].device;
            let now = self.now;
            self.machines[here].connected(there, device, known, now);
        }
        self.flush();
    }

    pub(crate) fn cut(&mut self, one: usize, other: usize) {
        self.network.cut(one, other);
        for (here, there) in [(one, other), (other, one)] {
            let device = self.machines[there].device;
            let now = self.now;
            self.machines[here].disconnected(there, device, now);
        }
    }

    fn network_changes(&mut self) -> Result<(), String> {
        let count = self.machines.len() as u64;
        let one = self.choose(count, "machine") as usize;
        let other = (one + 1 + self.choose(count - 1, "other") as usize) % self.machines.len();
        let (one, other) = (one.min(other), one.max(other));
        match self.network.is_up(one, other) {
            true if self.swarm.network => {
                self.say(|_| format!("{one} and {other} are cut off"));
                self.cut(one, other);
            }
            true => {}
            false => {
                self.say(|_| format!("{one} and {other} find each other"));
                self.connect(one, other);
            }
        }
        self.after(None)
    }

    /// Hands what machines want to send to the network.
    pub(crate) fn flush(&mut self) {
        self.disconnect_stopped();
        for number in 0..self.machines.len() {
            for (to, message) in std::mem::take(&mut self.machines[number].outbox) {
                self.network.send(number, to, message);
            }
        }
    }

    pub(crate) fn reach(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    pub(crate) fn say(&self, what: impl FnOnce(&Self) -> String) {
        if let Some(log) = &self.log {
            log.borrow_mut().push(format!("{:>8} {}", self.now.ticks, what(self)));
        }
    }
}

fn draw_swarm(choices: &mut dyn Choices) -> Swarm {
    let mut on = |what| choices.choose(2, what) == 1;
    Swarm {
        kills: on("kills"),
        power_cuts: on("power cuts"),
        interference: on("interference"),
        network: on("network"),
        refusals: on("refusals"),
        errors: on("errors"),
        clocks: on("clocks"),
        no_exchange: on("no exchange"),
        coarse: on("coarse times"),
        ordered: on("ordered disk"),
        old_index: on("old index"),
        guard: on("a tight guard"),
        root: on("the root goes away"),
        rot: on("bytes rot"),
        kinds: on("kinds of folders") && on("really"),
        real_index: choices.choose(20, "the real index") == 19,
        owners: choices.choose(3, "owners and attributes") == 2,
    }
}

fn brief(message: &Message) -> String {
    match message {
        Message::Index { full, entries, .. } => {
            let entries: Vec<String> = entries
                .iter()
                .map(|entry| {
                    format!("{:?} {:?} {:?} {:?}", entry.path, entry.content, entry.version, entry.validity)
                })
                .collect();
            format!("index{} [{}]", if *full { " anew" } else { "" }, entries.join(", "))
        }
        Message::Request { wanted, block, from_temporary } => {
            let part = if *from_temporary { " that is not complete" } else { "" };
            format!("wants block {block} of {:?}{part}", wanted.path)
        }
        Message::Progress(updates) => {
            let updates: Vec<String> =
                updates.iter().map(|update| format!("{:?} {:?}", update.path, update.blocks)).collect();
            format!("has blocks of [{}]", updates.join(", "))
        }
        Message::Response { wanted, bytes, .. } => {
            format!("answers {:?} with {:?} bytes", wanted.path, bytes.as_ref().map(Vec::len))
        }
    }
}
