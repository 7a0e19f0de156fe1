//! What must be true at every moment, and the accidents that try to make it false.

use super::ledger::AREA;
use super::{Deed, Message, World, people};
use crate::filesystem::{Call, Calls, Fault, Faults, Found, When};
use crate::tidying::is_tidied_up;
use homesync_engine::{Changes, Operation, Outcome, Step, Undone};
use homesync_paths::RelativePath;
use homesync_protocol::Validity;
use rustix::io::Errno;

/// How far counters jump ahead of the clock when an index was brought back from an older copy.
const COUNTERS_AHEAD: u64 = 1_000_000;
/// How far apart such jumps are at the least: more than a person changes a path in a run.
const COUNTERS_APART: u64 = 1_000;

impl World {
    /// Before a machine does something: it may be killed in the middle, a person may interfere, calls may fail.
    pub(crate) fn endanger(&mut self, number: usize) {
        let disk = self.machines[number].disk.clone();
        if (self.swarm.kills || self.swarm.power_cuts) && self.choose(64, "it stops") == 63 {
            disk.set_crash_at(Some(disk.calls() + 1 + self.choose(80, "after how many calls")));
        }
        if self.swarm.interference && self.choose(4, "a person interferes") == 3 {
            self.interfere(number);
        }
        let errors = self.swarm.errors && self.choose(8, "calls fail") == 7;
        disk.set_faults(if errors { self.draw_fault() } else { Faults::default() });
    }

    fn draw_fault(&self) -> Faults {
        let all = Calls::ALL;
        // A flush that fails loses what people wrote, whatever anybody does; the executor's own tester looks at what it does to our files.
        let no_flush = all.without(Calls::SYNCHRONIZING);
        let (calls, errno) = [
            (no_flush, Errno::IO),
            (Calls::MUTATING.without(Calls::DRESSING), Errno::NOSPC),
            (all.without(Calls::DRESSING), Errno::ACCESS),
            (Calls::MUTATING, Errno::ROFS),
            (all, Errno::MFILE),
        ][self.choose(5, "which error") as usize];
        let when = When::OneIn(8 + self.choose(40, "how often"));
        let stays = self.choose(4, "from now on") == 3;
        Faults {
            faults: vec![Fault { calls, errno, when, stays }],
            short_reads_one_in: 4,
            short_writes_one_in: 4,
        }
    }

    /// A person does something between two calls.
    fn interfere(&self, number: usize) {
        let (ledger, choices) = (self.ledger.clone(), self.people.clone());
        let mut countdown = self.choose(60, "before which call");
        let log = self.log.clone();
        self.machines[number].disk.set_hook(Box::new(move |disk, _, call: Call| {
            if countdown > 0 {
                countdown -= 1;
                return;
            }
            countdown = u64::MAX;
            ledger.borrow_mut().is_in_the_middle(number, disk);
            let deed = people::act(number, disk, &mut ledger.borrow_mut(), &mut *choices.borrow_mut());
            if let (Some(log), Some((what, _))) = (&log, deed) {
                log.borrow_mut().push(format!("         {number}: (before {call:?}) {what}"));
            }
        }));
    }

    /// After something happened: everything that must be true is checked, and a machine that stopped starts again.
    pub(crate) fn after(&mut self, number: Option<usize>) -> Result<(), String> {
        for number in number.map_or(0..self.machines.len(), |number| number..number + 1) {
            self.machines[number].disk.clear_hook();
            self.check_deeds(number)?;
            let mut starts = 0;
            while self.machines[number].disk.has_crashed() {
                starts += 1;
                self.start_again(number, starts)?;
            }
            self.machines[number].disk.set_crash_at(None);
        }
        self.flush();
        self.check_bounds()?;
        self.ledger.borrow().check_all()
    }

    /// A machine that was stopped in the middle starts again, and may be stopped again while it recovers.
    fn start_again(&mut self, number: usize, starts: usize) -> Result<(), String> {
        let is_power_cut = self.swarm.power_cuts && (!self.swarm.kills || self.choose(2, "power") == 1);
        let disk = self.machines[number].disk.clone();
        self.say(|_| {
            format!(
                "{number}: {} after {} calls",
                if is_power_cut { "loses power" } else { "is killed" },
                disk.calls()
            )
        });
        self.reach(if is_power_cut { "power cut in the middle" } else { "kill in the middle" });
        disk.set_faults(Faults::default());
        for other in (0..self.machines.len()).filter(|other| *other != number) {
            if self.network.is_up(number, other) {
                self.cut(number.min(other), number.max(other));
            }
        }
        if is_power_cut {
            let durable = disk.durable_walk();
            self.check_order(number)?;
            disk.reboot();
            self.ledger.borrow_mut().acted[number] = true;
            self.ledger.borrow_mut().power_cut(number, &durable, &disk)?;
        }
        let open = self.machines[number].store.acknowledged_intents();
        if !open.is_empty() {
            self.reach("intents open at start");
        }
        if self.swarm.old_index
            && self.choose(4, "index from a backup") == 3
            && let Some(old) = self.old[number].clone()
        {
            self.say(|_| format!("{number}: its index is an older one"));
            self.reach("older index");
            // How files looked before their bytes changed, it does not know.
            self.ledger.borrow_mut().keeps_damaged(number);
            let slots: Vec<String> = open.into_iter().filter_map(|intent| intent.slot).collect();
            self.ledger.borrow_mut().forgets(number, &disk.walk(), &slots);
            self.next_index_id += 1;
            let earlier = old.counter_floor().unwrap_or(0);
            self.machines[number].store = old;
            self.counters.retain(|(machine, _), _| *machine != number);
            self.machines[number].store.renew(self.next_index_id);
            // Twice within a second must not give the same counters: outside the simulation a random number does that.
            let apart = COUNTERS_APART * self.next_index_id;
            // The clock may have been put back since an earlier restore, and the same copy be restored again: what was given then is known from
            // outside of the database.
            let machine = &self.machines[number];
            let known = machine.here(self.now).seconds.max(earlier).max(machine.counter_floor);
            let floor = known + COUNTERS_AHEAD + apart;
            self.machines[number].counter_floor = floor;
        }
        if starts < 3 && self.choose(4, "it stops again") == 3 {
            disk.set_crash_at(Some(disk.calls() + 1 + self.choose(40, "after how many calls")));
        }
        let now = self.now;
        self.machines[number].start_again(false, now);
        self.check_deeds(number)
    }

    pub(super) fn machine_stops(&mut self) -> Result<(), String> {
        let number = self.choose(self.machines.len() as u64, "machine") as usize;
        if self.swarm.kills || self.swarm.power_cuts {
            self.machines[number].disk.crash();
        }
        self.after(Some(number))
    }

    /// Something below a machine's root cannot be read for a while.
    pub(super) fn disk_refuses(&mut self) -> Result<(), String> {
        if !self.swarm.refusals {
            return Ok(());
        }
        let number = self.choose(self.machines.len() as u64, "machine") as usize;
        let path = ["d", "f", "d/e", "a"][self.choose(4, "what") as usize].to_string();
        if !self.refused.insert((number, path.clone())) {
            self.refused.remove(&(number, path.clone()));
            let _ = self.machines[number].disk.refuse(&path, None);
            return Ok(());
        }
        self.say(|_| format!("{number}: {path} cannot be read"));
        let _ = self.machines[number].disk.refuse(&path, Some(Errno::ACCESS));
        Ok(())
    }

    fn check_deeds(&mut self, number: usize) -> Result<(), String> {
        let deeds = std::mem::take(&mut self.machines[number].deeds);
        let disk = self.machines[number].disk.clone();
        let mut planned = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Stored(stored) => {
                    self.check_stored(number, &stored.changes, &stored.still_there)?;
                    self.check_second_look(number, &stored)?;
                    // Where people interfere in the middle, nobody can know better.
                    if let Some(path) = stored.not_there.first().filter(|_| !self.swarm.interference) {
                        return Err(format!(
                            "S10: machine {number} took over a look at {path:?} that was out of date"
                        ));
                    }
                }
                Deed::Operating(operations) => {
                    self.check_guard(number, &operations)?;
                    planned = operations;
                }
                Deed::Operated(outcomes) => {
                    Self::check_done(number, &planned, &outcomes)?;
                    self.count(number, &outcomes);
                }
            }
        }
        if std::mem::replace(&mut self.checked[number], disk.changing_calls()) == disk.changing_calls() {
            return Ok(());
        }
        let intents = self.machines[number].store.acknowledged_intents();
        self.ledger.borrow_mut().is_open(number, &disk, &intents);
        let walk = disk.walk();
        self.check_left_out(number, &walk)?;
        self.machines[number].check_mount_point()?;
        self.ledger.borrow_mut().check_disk(number, &walk)?;
        self.ledger.borrow().check_contents(number, &walk)
    }

    /// S8: own counters only grow. S10: what cannot be read is not announced as removed.
    fn check_stored(
        &mut self,
        number: usize,
        changes: &Changes,
        there: &[RelativePath],
    ) -> Result<(), String> {
        let own = homesync_protocol::ShortId::from(self.machines[number].device);
        for local in changes.local.iter().filter(|local| local.entry.modified_by == own) {
            let path = &local.entry.path;
            self.say(|_| {
                format!(
                    "{number}: now {path:?} {:?} {:?} {:?}",
                    local.entry.content, local.entry.version, local.entry.validity
                )
            });
            let counter = local.entry.version.counter(own);
            if counter == 0 || matches!(local.entry.validity, Validity::Suspect | Validity::OnlyHere) {
                // Taken back on a person's word, given up for what others have, or kept to this machine. What they remember of it stays below what comes next.
                self.counters.remove(&(number, path.clone()));
                continue;
            }
            let known = self.counters.entry((number, path.clone())).or_default();
            if counter < *known {
                return Err(format!(
                    "S8: machine {number} counted back from {known} to {counter} at {path:?}"
                ));
            }
            *known = counter;
            let is_hidden = |refused: &RelativePath| path != refused && path.is_at_or_below(refused);
            let disk = &self.machines[number].disk;
            let hidden = self.refused.iter().any(|(machine, refused)| {
                *machine == number
                    && RelativePath::parse(refused).is_ok_and(|refused| is_hidden(&refused))
                    // A person may have put another directory in its place.
                    && disk.refuses(refused)
            });
            if there.contains(path) && hidden {
                return Err(format!(
                    "S10: machine {number} announced {path:?} as removed, which it could not read"
                ));
            }
        }
        Ok(())
    }

    /// S11: no plan removes more than the guard allows.
    fn check_guard(&mut self, number: usize, operations: &[Operation]) -> Result<(), String> {
        for operation in operations {
            self.say(|_| {
                format!(
                    "{number}: does {:?} to {:?} for {:?} {:?}",
                    kind_of(&operation.step),
                    operation.path,
                    operation.entry.content,
                    operation.entry.version
                )
            });
        }
        if self.agreed {
            return Ok(());
        }
        let machine = &self.machines[number];
        let view = machine.store.view();
        let is_removal = |operation: &&Operation| operation.step == Step::Remove;
        let is_of_a_person = |operation: &&Operation| !is_tidied_up(&operation.path, view);
        let removals = operations.iter().filter(is_removal).filter(is_of_a_person).count() as u64;
        let present = machine.store.view().present().unwrap_or(0);
        if removals > 0 && machine.folder.rules().guard.holds(removals, present) {
            return Err(format!("S11: machine {number} removes {removals} of {present} items unasked"));
        }
        Ok(())
    }

    fn count(&mut self, number: usize, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let operation = &outcome.operation;
            self.say(|_| {
                format!(
                    "{number}: {:?} -> {:?}",
                    operation.path,
                    outcome.result.as_ref().map(|done| done.stamp.map(|stamp| stamp.inode))
                )
            });
            let what = match (&outcome.result, &operation.step) {
                (Err(Undone::Changed), _) => "a person was quicker",
                (Err(Undone::NotEmpty), _) => "directory not empty",
                (Err(Undone::Failed(_)), _) => "operation refused",
                (Err(_), _) => "content not there",
                (Ok(done), Step::Put { .. }) if done.copy.is_some() => "conflict copy made",
                (Ok(done), Step::Put { .. }) if done.kept.is_some() => "file replaced",
                (Ok(_), Step::Put { .. }) => "item created",
                (Ok(_), Step::Move { .. }) => "file moved",
                (Ok(_), Step::Remove) => "item removed",
                (Ok(_), Step::Adjust) => "item adjusted",
                (Ok(_), Step::Dress) => "owner or attributes set",
            };
            self.reach(what);
        }
    }

    /// S6: what the index says we have is durable.
    fn check_order(&mut self, number: usize) -> Result<(), String> {
        let machine = &self.machines[number];
        let durable = machine.disk.durable_walk();
        for local in machine.store.trees().locals().filter(|local| local.entry.is_present()) {
            let path = local.entry.path.as_str();
            let Some(blocks) = local.entry.content.blocks() else { continue };
            let digest = |bytes: &[u8]| homesync_protocol::BlockList::of(bytes).digest();
            let cached = machine.disk.read(path).ok().map(|bytes| digest(&bytes));
            // Whatever a person did there since is not what the index speaks of.
            let stamp = machine.disk.status_of(path).ok().and_then(|status| status.stamp());
            if stamp != local.stamp {
                continue;
            }
            if cached != Some(blocks.digest()) {
                continue;
            }
            let there = durable.iter().find(|found| found.path == path.as_bytes());
            // Under another real name it is where a person has moved it, who did not make that durable.
            let is_there = |found: &Found| {
                !found.path.starts_with(AREA.as_bytes()) && digest(&found.content) == blocks.digest()
            };
            if !durable.iter().any(is_there) {
                return Err(format!(
                    "S6: machine {number} says that it has {path}, and a power cut would leave {:?}",
                    there.map(|found| &found.content)
                ));
            }
        }
        Ok(())
    }

    /// S7: under one index id, a sequence number never means two things; and a version of a path never means two contents, whoever says so.
    pub(crate) fn check_message(&mut self, from: usize, message: &Message) -> Result<(), String> {
        let Message::Index { index_id, entries, .. } = message else { return Ok(()) };
        for entry in entries {
            let meaning = (entry.path.clone(), entry.version.clone());
            let known =
                self.heard.entry((from, *index_id, entry.sequence)).or_insert_with(|| meaning.clone());
            if *known != meaning {
                let sequence = entry.sequence;
                return Err(format!(
                    "S7: machine {from} used the sequence number {sequence} for {known:?} and {meaning:?}"
                ));
            }
            if !entry.validity.is_valid() {
                continue;
            }
            let meant = self.meant.entry(entry.path.clone()).or_default();
            let Some((_, by, content)) = meant.iter().find(|(version, ..)| *version == entry.version) else {
                meant.push((entry.version.clone(), from, entry.content.clone()));
                continue;
            };
            let are_both_gone = content.is_deleted() && entry.content.is_deleted();
            if !are_both_gone && !content.is_same(&entry.content) {
                return Err(format!(
                    "S7: {:?} {:?} is {:?} for machine {from}, and {content:?} for machine {by}",
                    entry.path, entry.version, entry.content
                ));
            }
        }
        Ok(())
    }
}

fn kind_of(step: &Step) -> String {
    match step {
        Step::Put { displaced } => format!("put {displaced:?}"),
        Step::Move { from, .. } => format!("move from {from:?}"),
        Step::Remove => "remove".to_string(),
        Step::Adjust => "adjust".to_string(),
        Step::Dress => "dress".to_string(),
    }
}
