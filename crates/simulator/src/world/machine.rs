//! One simulated machine: the real engine, executor, scanner and staging on a simulated disk, driven as the daemon drives them.

use super::network::Message;
use super::store::Store;
use super::stored::Stored;
use crate::filesystem::{Settings, SimFs};
use homesync_disk::{
    Executor, Known, Report, Scanner, Staging, failure, make_durable, serve, serve_staged, stamps,
};
use homesync_engine::{
    Action, BlockResult, Changes, Command, Event, Folder, Now, Operation, Outcome, RootIdentity, RootLook,
    Rules, Unfinished, progress,
};
use homesync_engine::{Failure, Remedy, Undone};
use homesync_index::Position;
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a machine did, for whoever checks it.
#[derive(Debug)]
pub enum Deed {
    /// It made this durable.
    Stored(Box<Stored>),
    /// It is about to do this.
    Operating(Vec<Operation>),
    /// It has done this.
    Operated(Vec<Outcome>),
}

/// One machine.
pub struct Machine {
    /// Its place in the world.
    pub number: usize,
    /// Its name on the wire.
    pub device: DeviceId,
    /// Its disk.
    pub disk: SimFs,
    /// What it remembers.
    pub store: Store,
    /// Its engine, as long as it runs.
    pub folder: Folder,
    /// The root as it was known at the last stop.
    pub identity: Option<RootIdentity>,
    /// Up to which sequence each peer was told, in this connection.
    pub told: BTreeMap<usize, u64>,
    /// Which blocks of unfinished files each peer was told of.
    told_unfinished: BTreeMap<usize, Vec<Unfinished>>,
    /// By how many seconds its clock is wrong.
    pub skew: i64,
    /// Messages to send.
    pub outbox: Vec<(usize, Message)>,
    /// Above which its counters begin, because its index is an older one.
    pub counter_floor: u64,
    /// Something could not be stored: everything is to be looked at again.
    pub needs_scan: bool,
    /// The disk with its folder is not there; where it was is an empty directory.
    pub is_away: bool,
    /// The folder began again, and knows of no connection: each is to be made anew.
    pub began_again: bool,
    /// What it did since somebody looked.
    pub deeds: Vec<Deed>,
    /// Up to where another machine is known when what it just said is stored.
    heard: Option<(DeviceId, Position)>,
    peers: Vec<DeviceId>,
    /// What is where the folder should be while that is away.
    mount_point: SimFs,
}

impl Machine {
    /// A machine with an empty folder.
    pub fn new(number: usize, devices: &[DeviceId], disk: SimFs, rules: Rules, index_id: u64) -> Self {
        Self {
            number,
            device: devices[number],
            disk,
            store: Store::new(index_id),
            folder: Folder::new(rules, None),
            identity: None,
            told: BTreeMap::new(),
            told_unfinished: BTreeMap::new(),
            skew: 0,
            outbox: Vec::new(),
            counter_floor: 0,
            needs_scan: false,
            is_away: false,
            began_again: false,
            heard: None,
            deeds: Vec::new(),
            peers: devices.to_vec(),
            mount_point: SimFs::new(Settings { device: 1, ..Settings::default() }),
        }
    }

    /// Lets the engine know of something, and does everything that follows until it waits.
    pub fn handle(&mut self, event: Event, now: Now) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            if self.disk.has_crashed() {
                return;
            }
            // After something could not be stored, what was seen with it says nothing without it.
            if self.needs_scan && matches!(event, Event::Looked { .. } | Event::Listed(_)) {
                continue;
            }
            let Ok(actions) = self.folder.handle(event, self.store.view(), self.here(now)) else {
                self.needs_scan |= !self.store.is_open();
                return;
            };
            self.perform(actions, now, &mut events);
            while events.is_empty() && !self.disk.has_crashed() && !self.needs_scan {
                let Ok(actions) = self.folder.poll(self.store.view(), self.here(now)) else { return };
                if actions.is_empty() {
                    break;
                }
                self.perform(actions, now, &mut events);
            }
        }
    }

    /// The time as this machine's clock shows it.
    pub fn here(&self, now: Now) -> Now {
        Now { seconds: now.seconds.saturating_add_signed(self.skew), ticks: now.ticks }
    }

    fn perform(&mut self, actions: Vec<Action>, now: Now, events: &mut VecDeque<Event>) {
        for action in actions {
            if self.disk.has_crashed() {
                return;
            }
            match action {
                Action::Store(changes) => {
                    if !self.is_durable(&changes) {
                        // Nobody may hear of it. The next look finds it again.
                        self.needs_scan = true;
                        return;
                    }
                    let stored = Box::new(Stored::look(changes, self.device.into(), &self.store, &self.disk));
                    let heard: Vec<_> = self.heard.take().into_iter().collect();
                    if self.store.commit_hearing(&stored.changes, heard).is_err() {
                        // Whether it is there is known when the index is opened again. Until then nobody may hear of it either.
                        self.needs_scan = true;
                        return;
                    }
                    self.deeds.push(Deed::Stored(stored));
                }
                Action::Announce => self.announce(),
                Action::Scan(paths) => {
                    for path in paths {
                        self.scan_into(Some(&path), now, events);
                    }
                }
                // Nothing is written where the folder should be and is not.
                Action::Prepare(wanted) if !self.is_root_believed() => {
                    events.push_back(Event::Root(self.look_at_root()));
                    events.push_back(Event::Prepared { missing: all_blocks(&wanted), wanted });
                }
                Action::Operate(operations) if !self.is_root_believed() => {
                    events.push_back(Event::Root(self.look_at_root()));
                    events.push_back(Event::Finished(refused(operations, "the root is away")));
                }
                Action::Prepare(wanted) => events.push_back(self.prepare(wanted)),
                Action::Confirm(paths) => {
                    let found = stamps(self.mounted(), &paths);
                    events.push_back(Event::Confirmed(paths.into_iter().zip(found).collect()));
                }
                Action::Read(paths) => {
                    for path in paths {
                        self.scan_knowing(Some(&path), &|_| None, now, events);
                    }
                }
                Action::Request { device, wanted, block, from_temporary } => {
                    let to = self.peers.iter().position(|peer| *peer == device);
                    self.outbox.extend(to.map(|to| (to, Message::Request { wanted, block, from_temporary })));
                }
                Action::Operate(operations) => events.push_back(self.operate(operations, now)),
            }
        }
    }

    /// Makes what people here changed durable before the index says that it is so.
    fn is_durable(&self, changes: &Changes) -> bool {
        // What an operation did is durable already.
        let done: BTreeSet<&RelativePath> = changes.journal.iter().map(|record| &record.path).collect();
        let seen = changes.local.iter().map(|local| &local.entry.path).filter(|path| !done.contains(path));
        let paths: Vec<&RelativePath> = seen.chain(changes.restamped.iter().map(|(path, ..)| path)).collect();
        paths.is_empty() || (self.is_root_believed() && make_durable(&self.disk, &paths).is_ok())
    }

    fn operate(&mut self, operations: Vec<Operation>, now: Now) -> Event {
        self.deeds.push(Deed::Operating(operations.clone()));
        let ignore = self.folder.ignore().clone();
        let deletable = |path: &RelativePath| ignore.decide(path).deletable;
        let time = Timestamp::at(self.here(now).seconds as i64);
        let executor =
            Executor::new(&self.disk, &deletable, time).with_metadata(self.folder.rules().metadata);
        let open = self.store.open_intents();
        if !open.is_empty() {
            match executor.settle(&open) {
                Ok(()) if self.store.settle_intents().is_ok() => {}
                // Not now: everything is tried again later.
                Ok(()) => return Event::Finished(refused(operations, "the index is not open")),
                Err(error) => return Event::Finished(refused(operations, &error.to_string())),
            }
        }
        let outcomes = executor.execute(operations, &mut self.store);
        self.deeds.push(Deed::Operated(outcomes.clone()));
        Event::Finished(outcomes)
    }

    fn prepare(&self, wanted: Box<Entry>) -> Event {
        let digest = wanted.content.digest();
        let twins =
            digest.and_then(|digest| self.store.view().files_with(digest, 4).ok()).unwrap_or_default();
        let sources: Vec<RelativePath> = twins.into_iter().chain([wanted.path.clone()]).collect();
        match Staging::new(&self.disk).prepare(&wanted, &sources) {
            Ok(missing) => Event::Prepared { wanted, missing },
            Err(error) => {
                let failure = failure(&wanted.path, &error);
                Event::Unstaged { wanted, failure }
            }
        }
    }

    /// Looks at a path, or at everything, and tells the engine.
    pub fn scan(&mut self, path: Option<&RelativePath>, now: Now) {
        if !self.store.is_open() {
            return self.begin_again(now);
        }
        // Until all was looked at, a part proves nothing.
        let path = path.filter(|_| !self.store.is_fresh());
        if path.is_none() {
            self.needs_scan = false;
        }
        let mut events = VecDeque::new();
        self.scan_into(path, now, &mut events);
        for event in events {
            self.handle(event, now);
        }
        if path.is_some() || self.needs_scan || self.disk.has_crashed() {
            return;
        }
        if self.store.is_fresh() {
            self.needs_scan = self.store.scanned().is_err();
        }
        if !self.needs_scan {
            self.folder.scanned();
        }
    }

    fn scan_into(&self, path: Option<&RelativePath>, now: Now, events: &mut VecDeque<Event>) {
        let known = |path: &RelativePath| self.store.view().local(path).ok().flatten();
        self.scan_knowing(path, &known, now, events);
    }

    /// Reads a file, or everything, whatever the times say.
    pub fn reread(&mut self, path: Option<&RelativePath>, now: Now) {
        if path.is_none() {
            self.needs_scan = false;
        }
        let mut events = VecDeque::new();
        self.scan_knowing(path, &|_| None, now, &mut events);
        for event in events {
            self.handle(event, now);
        }
    }

    fn scan_knowing(
        &self,
        path: Option<&RelativePath>,
        known: Known<'_>,
        now: Now,
        events: &mut VecDeque<Event>,
    ) {
        events.push_back(Event::Root(self.look_at_root()));
        let as_of = self.folder.epoch();
        let here = self.here(now);
        let time =
            Timestamp { seconds: here.seconds as i64, nanoseconds: (here.ticks % 1_000) as u32 * 1_000_000 };
        let scanner = Scanner::new(self.mounted(), self.folder.ignore(), known, time, as_of)
            .with_metadata(self.folder.rules().metadata);
        scanner.scan(path, &mut |report| {
            events.push_back(match report {
                Report::Look(path, seen) => Event::Looked { as_of, seen: vec![(path, seen)] },
                Report::Listing(listing) => Event::Listed(listing),
            });
        });
    }

    /// What is there where the folder is, or should be.
    fn mounted(&self) -> &SimFs {
        if self.is_away { &self.mount_point } else { &self.disk }
    }

    /// The root is still the one that was believed at the last look.
    fn is_root_believed(&self) -> bool {
        let there = self.mounted().status_of("").ok();
        let there = there.map(|status| RootIdentity { device: status.device, inode: status.inode });
        self.folder.identity().is_none_or(|believed| there == Some(believed))
    }

    /// E14: where the folder is not, nothing is made.
    pub fn check_mount_point(&self) -> Result<(), String> {
        match self.mount_point.walk().iter().find(|found| !found.path.is_empty()) {
            None => Ok(()),
            Some(found) => {
                let path = String::from_utf8_lossy(&found.path);
                Err(format!("E14: machine {} made {path} where its folder should be", self.number))
            }
        }
    }

    fn look_at_root(&self) -> RootLook {
        let disk = self.mounted();
        let status = match disk.status_of("") {
            Ok(status) => status,
            Err(_) => return RootLook::Missing,
        };
        let identity = RootIdentity { device: status.device, inode: status.inode };
        let names: BTreeSet<String> =
            disk.names_in_root().into_iter().filter_map(|name| String::from_utf8(name).ok()).collect();
        let marker = names.contains(".stfolder");
        RootLook::Read { identity, marker, names }
    }

    /// Tells every connected peer what it has not heard yet.
    pub fn announce(&mut self) {
        for (peer, told) in &mut self.told {
            let entries: Vec<Entry> = self.store.since(*told).into_iter().map(Entry::announced).collect();
            if let Some(last) = entries.last() {
                *told = last.sequence;
                self.outbox
                    .push((*peer, Message::Index { full: false, index_id: self.store.index_id(), entries }));
            }
        }
    }

    /// Tells every connected peer which blocks it has of files that it is putting together.
    pub fn tell_unfinished(&mut self) {
        if self.disk.has_crashed() {
            return;
        }
        let unfinished: Vec<Unfinished> = self.folder.unfinished().collect();
        for peer in self.told.keys() {
            let before = self.told_unfinished.insert(*peer, unfinished.clone()).unwrap_or_default();
            let updates = progress(&before, &unfinished);
            if !updates.is_empty() {
                self.outbox.push((*peer, Message::Progress(updates)));
            }
        }
    }

    /// A peer can be talked to. `known` is what it says it knows of this machine's index.
    pub fn connected(&mut self, peer: usize, device: DeviceId, known: Option<(u64, u64)>, now: Now) {
        let id = self.store.index_id();
        let from = known.filter(|(index_id, sequence)| *index_id == id && *sequence <= self.store.sequence());
        self.told.insert(peer, from.map_or(0, |(_, sequence)| sequence));
        if from.is_none() {
            self.outbox.push((peer, Message::Index { full: true, index_id: id, entries: Vec::new() }));
        }
        self.announce();
        self.handle(Event::Connected(device), now);
    }

    /// A peer cannot be talked to any more.
    pub fn disconnected(&mut self, peer: usize, device: DeviceId, now: Now) {
        self.told.remove(&peer);
        self.told_unfinished.remove(&peer);
        self.handle(Event::Disconnected(device), now);
    }

    /// A message came.
    pub fn receive(&mut self, from: usize, device: DeviceId, message: Message, now: Now) {
        match message {
            Message::Index { full, index_id, entries } => {
                let last = entries.last().map(|entry| entry.sequence);
                let before = self.store.position(device).map_or(0, |(_, sequence)| sequence);
                let sequence = last.unwrap_or(if full { 0 } else { before });
                // After a failure the old position stays, and what came since is sent again.
                self.heard = Some((device, Position { index_id, sequence }));
                self.handle(Event::Index { device, full, entries }, now);
                let unheard = self.heard.take().filter(|_| !self.disk.has_crashed());
                if unheard.is_some() {
                    let _ = self.store.commit_hearing(&Changes::default(), unheard.into_iter().collect());
                }
            }
            Message::Progress(updates) => self.handle(Event::Progress { device, updates }, now),
            Message::Request { wanted, block, from_temporary } => {
                let part =
                    from_temporary.then(|| serve_staged(self.mounted(), &wanted, block).ok().flatten());
                let bytes = part.flatten().or_else(|| serve(self.mounted(), &wanted, block).ok().flatten());
                let is_believed =
                    self.store.view().local(&wanted.path).ok().flatten().is_some_and(|own| {
                        own.entry.is_present() && own.entry.content.is_same(&wanted.content)
                    });
                if bytes.is_none() && is_believed {
                    // The file is not what the index believes: whatever its times say, it is read again.
                    self.reread(Some(&wanted.path), now);
                }
                self.outbox.push((from, Message::Response { wanted, block, bytes }));
            }
            Message::Response { wanted, block, bytes } => {
                let result = match bytes {
                    None => BlockResult::Refused,
                    Some(_) if !self.is_root_believed() => BlockResult::Refused,
                    Some(bytes) => match Staging::new(&self.disk).write_block(&wanted, block, &bytes) {
                        Ok(true) => BlockResult::Written,
                        Ok(false) => BlockResult::Wrong,
                        Err(error) => {
                            let failure = failure(&wanted.path, &error);
                            return self.handle(Event::Unstaged { wanted, failure }, now);
                        }
                    },
                };
                self.handle(Event::Block { wanted, block, device, result }, now);
            }
        }
    }

    /// A person said something.
    pub fn command(&mut self, command: Command, now: Now) {
        self.handle(Event::Command(command), now);
    }

    /// The program, or the whole machine, stopped and starts again.
    pub fn start_again(&mut self, power_cut: bool, now: Now) {
        // A disk that is there again was off: whoever started it cut the power.
        self.store.stop(power_cut || !self.disk.has_crashed());
        if power_cut {
            self.disk.reboot()
        } else {
            self.disk.restart()
        }
        self.begin_again(now);
    }

    /// The folder starts with what its index says. If that cannot be opened, it is tried again at the next look.
    fn begin_again(&mut self, now: Now) {
        self.told.clear();
        self.told_unfinished.clear();
        self.outbox.clear();
        self.began_again = true;
        self.needs_scan = self.store.open(self.counter_floor).is_err();
        if self.needs_scan {
            return;
        }
        self.counter_floor = self.store.counter_floor().unwrap_or(self.counter_floor);
        self.identity = self.folder.identity().or(self.identity);
        let ignore = self.folder.ignore().clone();
        let rules =
            Rules { counter_floor: self.counter_floor, is_catching_up: true, ..self.folder.rules().clone() };
        self.folder = Folder::new(rules, self.identity);
        self.handle(Event::Command(Command::Ignore(ignore)), now);
        self.recover(now);
    }

    /// Settles what was under way, and looks at everything. Cut short, it is repeated at the next start.
    pub fn recover(&mut self, now: Now) {
        if !self.store.is_open() {
            return self.begin_again(now);
        }
        let deletable = |_: &RelativePath| false;
        let time = Timestamp::at(self.here(now).seconds as i64);
        if !self.is_root_believed() {
            return self.scan(None, now);
        }
        let settled = Executor::new(&self.disk, &deletable, time).settle(&self.store.open_intents());
        if settled.is_ok() && !self.disk.has_crashed() && self.store.settle_intents().is_ok() {
            self.scan(None, now);
        }
    }
}

fn all_blocks(wanted: &Entry) -> Vec<u32> {
    (0..wanted.content.blocks().map_or(0, |blocks| blocks.hashes().len()) as u32).collect()
}

/// Nothing was done.
fn refused(operations: Vec<Operation>, text: &str) -> Vec<Outcome> {
    let failure = Failure { remedy: Remedy::RetryItem, text: text.to_string() };
    let undone = Undone::Failed(failure);
    operations
        .into_iter()
        .map(|operation| Outcome { operation, result: Err(undone.clone()), intents: Vec::new() })
        .collect()
}
