//! Promises that are kept in each single step: what is left out stays as it is, what is done is what was planned, and nothing grows without bound.

use super::ledger::AREA;
use super::stored::Stored;
use super::{Message, World};
use crate::filesystem::Found;
use homesync_engine::{Operation, Outcome};
use std::rc::Rc;

/// Requests of one machine to another that are not answered, at most: these files are small, so each is one block.
const MOST_REQUESTS: usize = 64;
/// Milliseconds for which something is missing at the least before it is called removed.
const SECOND_LOOK: u64 = 1_000;

impl World {
    /// S13: what a pattern leaves out is changed by people alone.
    pub(super) fn check_left_out(&mut self, number: usize, walk: &[Found]) -> Result<(), String> {
        let now = left_out(walk);
        let mut ledger = self.ledger.borrow_mut();
        let is_persons = std::mem::take(&mut ledger.acted[number]);
        let before = std::mem::replace(&mut ledger.left_out[number], now);
        let after = &ledger.left_out[number];
        // Whoever moves a directory moves what is left out in it; so does a plan, and the bytes stay with their directory.
        let is_gone = before.iter().find(|object| !after.contains(object));
        match is_gone.filter(|_| !is_persons) {
            Some((inode, content)) => Err(format!(
                "S13: machine {number} changed what is left out: object {inode} with {} bytes",
                content.len()
            )),
            None => Ok(()),
        }
    }

    /// C13: what is missing may come back, and is not called removed before it was missed for a while.
    pub(super) fn check_second_look(&mut self, number: usize, stored: &Stored) -> Result<(), String> {
        let swarm = &self.swarm;
        if swarm.errors || swarm.kills || swarm.power_cuts || swarm.real_index {
            // An operation that was cut short may have taken it away before the person did.
            return Ok(());
        }
        let mut ledger = self.ledger.borrow_mut();
        for path in &stored.missed {
            if let Some(since) = ledger.gone[number].since(path)
                && self.now.ticks < since + SECOND_LOOK
            {
                let after = self.now.ticks - since;
                return Err(format!(
                    "C13: machine {number} called {path:?} removed {after} ms after it went"
                ));
            }
        }
        for local in &stored.changes.local {
            ledger.gone[number].is_known(&local.entry.path, self.now.ticks);
        }
        Ok(())
    }

    /// S15: what was done is what was planned, each once.
    pub(super) fn check_done(
        number: usize,
        planned: &[Operation],
        outcomes: &[Outcome],
    ) -> Result<(), String> {
        let is_same = planned.iter().eq(outcomes.iter().map(|outcome| &outcome.operation));
        if is_same {
            Ok(())
        } else {
            Err(format!("S15: machine {number} did something else than it had planned"))
        }
    }

    /// S12: what is asked for and not answered is bounded.
    pub(super) fn check_bounds(&self) -> Result<(), String> {
        for number in 0..self.machines.len() {
            let asked = self
                .network
                .messages_from(number)
                .filter(|message| matches!(message, Message::Request { .. }));
            let many = asked.count();
            if many > MOST_REQUESTS {
                return Err(format!("S12: machine {number} has asked for {many} blocks at once"));
            }
        }
        Ok(())
    }
}

/// Objects whose own name is left out and that stand under a real name.
fn left_out(walk: &[Found]) -> Vec<(u64, Rc<Vec<u8>>)> {
    let is_left_out =
        |found: &&Found| found.path.ends_with(b".ign") && !found.path.starts_with(AREA.as_bytes());
    walk.iter().filter(is_left_out).map(|found| (found.status.inode, Rc::clone(&found.content))).collect()
}
