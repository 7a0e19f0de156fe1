//! When nothing goes wrong any more: all machines come to the same state, and rest.

use super::{Machine, World};
use crate::filesystem::{Faults, Settings};
use homesync_disk::ObjectKind;
use homesync_engine::{Command, FolderKind};
use homesync_protocol::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Rounds within which all must have come to rest.
const ROUNDS: usize = 200;
/// How often a person settles which side counts: what one has settled may cross what another machine is only just saying.
const IMPOSED: usize = 4;
/// In one of so many rounds everything is looked at.
const SCANS: usize = 4;
/// Messages within which a round must have come to rest.
const MESSAGES: usize = 5_000;

/// What a person sees at a path: what it is, and what it holds.
type Seen = (ObjectKind, u16, i64, Rc<Vec<u8>>, Marks);

/// Whose it is, and its attributes.
type Marks = (u32, u32, Rc<BTreeMap<Vec<u8>, Vec<u8>>>);

impl World {
    pub(crate) fn settle_down(&mut self) -> Result<(), String> {
        self.say(|_| "from here on all goes well".to_string());
        self.refused.clear();
        // From here on people say yes to what waits for them.
        self.agreed = true;
        for number in 0..self.machines.len() {
            let disk = &self.machines[number].disk;
            disk.set_faults(Faults::default());
            disk.refuse_nothing();
            disk.set_settings(Settings { capacity: 1 << 40, objects: 1 << 40, ..disk.settings() });
            self.machines[number].skew = 0;
            self.machines[number].is_away = false;
        }
        let (mut is_read, mut quiet) = (false, 0);
        for round in 0..ROUNDS {
            let (stored, wakes) = self.round(round)?;
            quiet = if stored || !wakes { 0 } else { quiet + 1 };
            // What was heard in one round may be asked about in the next: at the end two in a row say nothing new.
            if quiet < if is_read { 2 } else { 1 } {
                continue;
            }
            quiet = 0;
            if is_read && self.is_imposed() {
                return self.check_end();
            }
            if is_read {
                self.impose();
                continue;
            }
            // The daily look: whatever the times say, everything is read. What that finds is settled in further rounds.
            is_read = true;
            for number in 0..self.machines.len() {
                let now = self.now;
                self.machines[number].reread(None, now);
                self.after(Some(number))?;
            }
        }
        let held = self
            .machines
            .iter()
            .find_map(|machine| machine.folder.held().next().map(|(path, _)| path.clone()));
        let why = held.map(|path| self.explain(path.as_str())).unwrap_or_default();
        Err(format!("L1: not at rest after {ROUNDS} rounds{why}"))
    }

    /// Scans, delivers everything and lets time pass. Answers whether anything was new, and whether nobody waits for the clock.
    fn round(&mut self, round: usize) -> Result<(bool, bool), String> {
        let before: Vec<u64> = self.machines.iter().map(|machine| machine.store.trees().sequence()).collect();
        self.connect_all();
        for number in 0..self.machines.len() {
            let now = self.now;
            if !self.machines[number].store.open_intents().is_empty() {
                self.machines[number].recover(now);
            }
            // What people did last is found at once; after that only now and then somebody looks at everything.
            if round.is_multiple_of(SCANS) {
                self.machines[number].scan(None, now);
            }
            // A person agrees to whatever waits.
            if !self.machines[number].folder.questions().is_empty() {
                self.reach("a person was asked");
                let damaged =
                    if round.is_multiple_of(2) { Command::DiscardDamaged } else { Command::KeepDamaged };
                self.machines[number].command(Command::ApproveRemovals, now);
                if matches!(damaged, Command::KeepDamaged) {
                    self.ledger.borrow_mut().keeps_damaged(number);
                }
                self.machines[number].command(damaged, now);
            }
            self.after(Some(number))?;
        }
        for _ in 0..MESSAGES {
            let Some(link) = self.network.busy().first().copied() else { break };
            let Some(message) = self.network.take_all_news(link) else { break };
            self.arrives_safely(link, message)?;
        }
        if self.network.under_way() > 0 {
            return Err(format!("L2: still talking after {MESSAGES} messages in round {round}"));
        }
        let wake = self
            .machines
            .iter()
            .filter_map(|machine| machine.folder.next_wake())
            .filter(|wake| *wake < u64::MAX)
            .min();
        self.pass(wake.unwrap_or(self.now.ticks).max(self.now.ticks + 1_000));
        for number in 0..self.machines.len() {
            self.tick(number)?;
        }
        let after: Vec<u64> = self.machines.iter().map(|machine| machine.store.trees().sequence()).collect();
        Ok((before != after, wake.is_none()))
    }

    fn arrives_safely(&mut self, link: (usize, usize), message: super::Message) -> Result<(), String> {
        self.check_message(link.0, &message)?;
        let device = self.machines[link.0].device;
        let now = self.now;
        self.say(|_| format!("{} -> {}: {}", link.0, link.1, super::brief(&message)));
        self.machines[link.1].receive(link.0, device, message, now);
        self.after(Some(link.1))
    }

    fn check_end(&mut self) -> Result<(), String> {
        let trees: Vec<BTreeMap<String, Seen>> =
            (0..self.machines.len()).map(|number| self.tree(number)).collect();
        let remnants: BTreeSet<String> =
            (0..self.machines.len()).flat_map(|number| self.remnants(number, &trees[number])).collect();
        let first = without(&trees[0], &remnants);
        for (number, tree) in trees.iter().enumerate().skip(1) {
            let other = without(tree, &remnants);
            if let Some(path) = difference(&first, &other).filter(|path| !self.is_stopped_by_ignored(path)) {
                let say = |tree: &BTreeMap<String, Seen>| {
                    tree.get(&path).map(|seen| {
                        format!(
                            "{:?} {:o} {} {:?} {:?}",
                            seen.0,
                            seen.1,
                            seen.2,
                            seen.4,
                            String::from_utf8_lossy(&seen.3).chars().take(20).collect::<String>()
                        )
                    })
                };
                return Err(format!(
                    "L1: {path} is {:?} on machine 0 and {:?} on machine {number}{}",
                    say(&first),
                    say(&other),
                    self.explain(&path)
                ));
            }
        }
        let mut visible: BTreeMap<String, Rc<Vec<u8>>> = BTreeMap::new();
        for number in 0..self.machines.len() {
            visible.extend(
                self.tree(number).into_iter().map(|(path, seen)| (format!("{number}:{path}"), seen.3)),
            );
        }
        // What is left out of the folder is a person's as well, and stays on its machine.
        for machine in &self.machines {
            for found in machine.disk.walk() {
                let path = String::from_utf8_lossy(&found.path).into_owned();
                if path.contains(".ign") {
                    visible.insert(format!("{}:{path}", machine.number), found.content);
                }
            }
        }
        // What a person imposed put other people's contents into the recovery areas, as they wanted.
        if self.swarm.kinds {
            return Ok(());
        }
        let ledger = self.ledger.borrow();
        match ledger.hidden(&visible) {
            Some(id) => Err(format!(
                "E: content {id} is under no real name any more; it is at {:?}",
                self.places_of(|bytes| ledger.id_of(bytes) == Some(id))
            )),
            None => Ok(()),
        }
    }

    /// Where files with such bytes are, on which machine.
    fn places_of(&self, is_it: impl Fn(&[u8]) -> bool) -> Vec<String> {
        let of_machine = |machine: &Machine| {
            let found = machine.disk.walk().into_iter().filter(|found| is_it(&found.content));
            let number = machine.number;
            found
                .map(|found| format!("{number}:{}", String::from_utf8_lossy(&found.path)))
                .collect::<Vec<String>>()
        };
        self.machines.iter().flat_map(of_machine).collect()
    }

    /// No machine has a state of its own any more that a person has not yet settled.
    fn is_imposed(&self) -> bool {
        !self.swarm.kinds || self.imposed >= IMPOSED
    }

    /// A person settles which side counts where changes go one way only.
    fn impose(&mut self) {
        self.imposed += 1;
        for number in 0..self.machines.len() {
            let command = match self.machines[number].folder.rules().kind {
                FolderKind::SendReceive => continue,
                FolderKind::SendOnly => Command::Override,
                FolderKind::ReceiveOnly => Command::Revert,
            };
            self.reach("one side imposed");
            self.say(|_| format!("{number}: {command:?}"));
            let now = self.now;
            self.machines[number].command(command, now);
        }
        self.flush();
    }

    /// A directory is to make place, and holds what is left out of the folder: that waits for a person, on purpose.
    fn is_stopped_by_ignored(&self, path: &str) -> bool {
        let is_above = |held: &homesync_paths::RelativePath| {
            path == held.as_str() || path.starts_with(&format!("{}/", held.as_str()))
        };
        let mut held = self.machines.iter().flat_map(|machine| machine.folder.held());
        held.any(|(held, reason)| reason == homesync_engine::Reason::IgnoredBelow && is_above(held))
    }

    /// What each machine knows and waits for at a path and above it.
    fn explain(&self, path: &str) -> String {
        let mut text = String::new();
        for machine in &self.machines {
            let Ok(mut path) = homesync_paths::RelativePath::parse(path) else { continue };
            let top = path.names().next().unwrap_or_default().to_string();
            let on_disk: Vec<String> = machine
                .disk
                .walk()
                .iter()
                .map(|found| String::from_utf8_lossy(&found.path).into_owned())
                .filter(|found| found.starts_with(&top))
                .collect();
            text.push_str(&format!("\n    {} has {on_disk:?}", machine.number));
            loop {
                let own = machine.store.view().local(&path).ok().flatten();
                let others = machine.store.view().others(&path).unwrap_or_default();
                let held = machine.folder.held().find(|(held, _)| **held == path).map(|(_, reason)| reason);
                let brief = |entry: &homesync_protocol::Entry| {
                    format!(
                        "{:?} {:?} {:?} {:o} {:?}",
                        entry.content,
                        entry.version,
                        entry.validity,
                        entry.permissions.unwrap_or(0),
                        entry.metadata
                    )
                };
                let others: Vec<String> = others.iter().map(|(_, entry)| brief(entry)).collect();
                text.push_str(&format!(
                    "\n    {} {path:?}: own {:?} others {others:?} held {held:?} halted {:?}",
                    machine.number,
                    own.map(|own| brief(&own.entry)),
                    machine.folder.halted()
                ));
                let Some(parent) = path.parent() else { break };
                path = parent;
            }
        }
        text
    }

    fn tree(&self, number: usize) -> BTreeMap<String, Seen> {
        let mut tree = BTreeMap::new();
        for found in self.machines[number].disk.walk() {
            let path = String::from_utf8_lossy(&found.path).into_owned();
            let is_ours = path.starts_with(".homesync") || path.starts_with(".stfolder");
            if is_ours || path.split('/').any(|name| name.ends_with(".ign")) {
                continue;
            }
            let is_file = found.status.kind == ObjectKind::Kept(Kind::File);
            let is_link = found.status.kind == ObjectKind::Kept(Kind::Link);
            let time = if is_file { found.status.modified.seconds } else { 0 };
            let permissions = if is_link { 0 } else { found.status.permissions & 0o777 };
            let marks = match self.swarm.owners && !self.swarm.hands_are_tied() {
                true => (found.status.owner, found.status.group, found.attributes),
                false => Marks::default(),
            };
            tree.insert(path, (found.status.kind, permissions, time, found.content, marks));
        }
        tree
    }

    /// Directories that only hold what is left out of the folder: they may stay on one machine.
    fn remnants(&self, number: usize, tree: &BTreeMap<String, Seen>) -> Vec<String> {
        let mut remnants = Vec::new();
        for found in self.machines[number].disk.walk() {
            let path = String::from_utf8_lossy(&found.path).into_owned();
            if !path.contains(".ign") {
                continue;
            }
            let above = path.match_indices('/').map(|(at, _)| path[..at].to_string());
            remnants.extend(above.filter(|above| {
                let below = format!("{above}/");
                !tree.iter().any(|(other, seen)| {
                    other.starts_with(&below) && seen.0 != ObjectKind::Kept(Kind::Directory)
                })
            }));
        }
        remnants
    }
}

fn without(tree: &BTreeMap<String, Seen>, remnants: &BTreeSet<String>) -> BTreeMap<String, Seen> {
    let is_remnant =
        |path: &str, seen: &Seen| seen.0 == ObjectKind::Kept(Kind::Directory) && remnants.contains(path);
    tree.iter()
        .filter(|(path, seen)| !is_remnant(path, seen))
        .map(|(path, seen)| (path.clone(), seen.clone()))
        .collect()
}

fn difference(one: &BTreeMap<String, Seen>, other: &BTreeMap<String, Seen>) -> Option<String> {
    one.keys().chain(other.keys()).find(|path| one.get(*path) != other.get(*path)).cloned()
}
