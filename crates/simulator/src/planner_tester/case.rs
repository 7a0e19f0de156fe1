//! One case: who takes part, what they have in common, and what happens.

use super::contents;
use super::machine::Machine;
use crate::choices::{Choices, Generator, Tape, TapeReader};
use crate::scenario::Report;
use homesync_engine::{FolderKind, Guard, Local};
use homesync_protocol::{Content, Timestamp};
use std::collections::BTreeMap;

/// Things that people and accidents do in a case, at most.
const MOST_STEPS: u64 = 10;

/// Which kinds of special circumstances a case has.
#[derive(Default)]
pub(super) struct Swarm {
    pub(super) special_names: bool,
    /// Paths at which something happens more often than elsewhere.
    pub(super) favours: &'static [&'static str],
    pub(super) unread: bool,
    pub(super) rot: bool,
    pub(super) stops: bool,
    pub(super) reverts: bool,
    pub(super) overrides: bool,
    pub(super) owners: bool,
}

pub(super) struct Case {
    pub(super) machines: Vec<Machine>,
    pub(super) swarm: Swarm,
    pub(super) now: u64,
    /// How many contents were written, and of each whether a person took it away again.
    pub(super) written: usize,
    pub(super) superseded: [bool; contents::MOST],
    /// The order of batches while all comes to rest; nothing for the plain order.
    pub(super) order: Option<Generator>,
    /// A person took back, or imposed, what differs: contents may be in the recovery area alone.
    pub(super) was_imposed: bool,
    /// Plans made so far.
    pub(super) plans: u64,
    reader: TapeReader,
    reached: BTreeMap<&'static str, u64>,
    log: Option<Vec<String>>,
}

impl Case {
    pub(super) fn draw(tape: &Tape, tells: bool) -> Self {
        let mut case = Self {
            machines: Vec::new(),
            swarm: Swarm::default(),
            now: 1_700_000_000,
            written: 0,
            superseded: [false; contents::MOST],
            order: None,
            was_imposed: false,
            plans: 0,
            reader: tape.reader(),
            reached: BTreeMap::new(),
            log: tells.then(Vec::new),
        };
        // Most faults need no more than two or three, and four cost the time of many cases with two.
        let many = [2, 2, 2, 2, 3, 3, 3, 4][case.choose(8) as usize];
        case.machines = (0..many).map(|number| Machine::new(number, many)).collect();
        let order = case.choose(256);
        case.order = (order > 0).then(|| Generator::new(order));
        case.draw_specials();
        case.draw_owners();
        case.draw_ancestor();
        case
    }

    /// The first machine is always a plain one, with which the others are compared.
    fn draw_specials(&mut self) {
        let special = self.machines.len() - 1;
        let special_kind = self.choose(12);
        match special_kind {
            0..=5 => {}
            6 => self.machines[special].rules.kind = FolderKind::ReceiveOnly,
            7 => self.machines[special].rules.kind = FolderKind::SendOnly,
            8 => {
                self.machines[special].rules.folds_case = true;
                self.machines[special].disk.folds_case = true;
            }
            9 => self.machines[special].situation.ignore = contents::patterns(),
            10 => self.machines[special].rules.guard = Guard::MoreThan(1),
            _ => {
                self.machines[special].rules.permissions = false;
                // Copies that are too many go to the recovery area.
                self.machines[special].rules.most_conflicts = 1;
                self.was_imposed = true;
            }
        }
        let needs_names = special_kind == 8 || special_kind == 9;
        self.swarm.special_names = self.choose(2) == 1 || needs_names;
        self.swarm.favours = match special_kind {
            8 => &["a", "A", "b"],
            9 => &["d/k.ign", "d/e/k.ign", "d/k.tmp", "d", "d/e", "d/a"],
            _ => &[],
        };
        match self.choose(8) {
            0 | 1 => {}
            2 | 3 => self.swarm.unread = true,
            4 => self.swarm.rot = true,
            5 => self.swarm.stops = true,
            6 => (self.swarm.special_names, self.swarm.favours) = (true, &["r/.git", "r/.git/HEAD", "r"]),
            _ => (self.swarm.reverts, self.swarm.overrides) = (true, true),
        }
        // A clock may stand anywhere: nothing but the order of concurrent edits may depend on it.
        self.machines[special].skew = [0, 0, 0, 500, -500, -1_700_000_000][self.choose(6) as usize];
        if let Some(log) = &mut self.log {
            log.extend(self.machines.iter().enumerate().map(describe));
        }
    }

    /// What all machines have before anybody does anything.
    fn draw_ancestor(&mut self) {
        for number in 0..self.paths().len() {
            let path = &contents::paths()[number];
            let is_there = self.choose(2) == 1;
            if !is_there || !self.machines[0].disk.has_place_for(path) || path.name().contains(".ign") {
                continue;
            }
            // `A` is `a` on a machine that does not tell them apart.
            if path.as_str() == "A" {
                continue;
            }
            let content =
                if is_directory_name(path.as_str()) { Content::Directory } else { self.new_content() };
            self.say(|| format!("everywhere: {} {content:?}", path.as_str()));
            self.machines[0].disk.put(path, content, Timestamp::at(1_600_000_000), 0o755);
        }
        self.machines[0].set_clock(self.now);
        if self.machines[0].scan().is_err() {
            return;
        }
        let devices: Vec<_> = self.machines.iter().map(|machine| machine.device).collect();
        let entries: Vec<_> = self.machines[0].trees.locals().map(|own| own.entry.clone()).collect();
        for (number, machine) in self.machines.iter_mut().enumerate() {
            for entry in &entries {
                if number > 0 {
                    let stamp = machine.disk.put(&entry.path, entry.content.clone(), entry.modified, 0o755);
                    machine.trees.put(Local { entry: entry.clone(), stamp: Some(stamp), found: None });
                }
                for device in devices.iter().filter(|device| **device != machine.device) {
                    machine.trees.hear(*device, entry.clone());
                }
            }
            machine.told.fill(machine.trees.sequence());
            machine.dirty.clear();
        }
    }

    pub(super) fn run(mut self) -> Report {
        let failure = self.happen().and_then(|()| self.settle_down()).err();
        Report { failure, reached: self.reached, log: self.log.unwrap_or_default(), trace: self.plans }
    }

    fn happen(&mut self) -> Result<(), String> {
        for _ in 0..self.choose(MOST_STEPS) + 1 {
            if self.reader.is_exhausted() {
                break;
            }
            let number = self.choose(self.machines.len() as u64) as usize;
            self.now += self.choose(3);
            self.machines[number].set_clock(self.now);
            match self.choose(16) {
                0 => {}
                1..=8 => self.person_acts(number)?,
                9..=11 => self.hear_some(number)?,
                12 => self.work(number, true)?,
                _ => self.accident(number)?,
            }
        }
        Ok(())
    }

    pub(super) fn choose(&mut self, below: u64) -> u64 {
        self.reader.choose(below, "planner")
    }

    pub(super) fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(line());
        }
    }

    pub(super) fn reach(&mut self, what: &'static str) {
        *self.reached.entry(what).or_insert(0) += 1;
    }

    /// The names that are used in this case.
    pub(super) fn paths(&self) -> &'static [homesync_paths::RelativePath] {
        let all = contents::paths();
        if self.swarm.special_names { all } else { &all[..contents::PLAIN] }
    }

    /// A content that nobody has written before, as long as there are any.
    pub(super) fn new_content(&mut self) -> Content {
        self.written = (self.written + 1).min(contents::MOST);
        contents::file(self.written - 1)
    }
}

fn describe((number, machine): (usize, &Machine)) -> String {
    format!("machine {number}: {:?}, clock {:+}", machine.rules, machine.skew)
}

fn is_directory_name(path: &str) -> bool {
    matches!(path, "d" | "d/e" | "f" | "r" | "r/.git" | "r/.git/objects")
}
