//! When nobody does anything any more: all machines come to the same trees, and rest.

use super::case::Case;
use homesync_engine::{Command, FolderKind, Local};
use homesync_protocol::Validity;

impl Case {
    pub(super) fn settle_down(&mut self) -> Result<(), String> {
        self.say(|| "from here on all goes well".to_string());
        self.now += 10;
        for number in 0..self.machines.len() {
            let machine = &mut self.machines[number];
            machine.situation.unknown.clear();
            machine.situation.busy.clear();
            machine.dirty.extend(machine.held.keys().cloned());
            machine.set_clock(self.now);
            machine.scan().map_err(|error| error.to_string())?;
        }
        self.rounds()?;
        self.persons_speak()?;
        self.check_end()
    }

    /// Everybody hears and does everything, until nothing is new (L1, L2).
    fn rounds(&mut self) -> Result<(), String> {
        let paths = self.machines.iter().map(|machine| machine.trees.locals().count()).max().unwrap_or(0);
        for _ in 0..4 * paths.max(2) {
            let mut is_news = false;
            for number in 0..self.machines.len() {
                for from in (0..self.machines.len()).filter(|from| *from != number) {
                    is_news |= self.hear_all(number, from)?;
                }
                let before = self.machines[number].trees.sequence();
                self.work(number, true)?;
                is_news |= self.machines[number].trees.sequence() != before;
            }
            if !is_news {
                return Ok(());
            }
        }
        Err(format!("L1: not at rest after {} rounds", 4 * paths))
    }

    /// A person agrees to what waits, and says which side counts where that is a person's to say.
    fn persons_speak(&mut self) -> Result<(), String> {
        for _ in 0..4 {
            let mut has_spoken = false;
            for number in 0..self.machines.len() {
                let machine = &mut self.machines[number];
                let guarded = std::mem::take(&mut machine.guarded);
                machine.dirty.extend(guarded.keys().cloned());
                has_spoken |= !guarded.is_empty();
                machine.situation.approved.extend(guarded);
            }
            if !has_spoken {
                break;
            }
            self.rounds()?;
        }
        for number in 0..self.machines.len() {
            let kind = self.machines[number].rules.kind;
            let command = match kind {
                FolderKind::ReceiveOnly if self.swarm.reverts => Command::Revert,
                FolderKind::SendOnly if self.swarm.overrides => Command::Override,
                _ => continue,
            };
            self.say(|| format!("{number}: {command:?}"));
            self.reach(if kind == FolderKind::SendOnly { "override" } else { "revert" });
            self.was_imposed = true;
            self.machines[number].command(command).map_err(|error| error.to_string())?;
            self.rounds()?;
            let machine = &self.machines[number];
            let is_kept = |own: &&Local| own.entry.validity == Validity::OnlyHere && own.stamp.is_some();
            if let Some(own) = machine.trees.locals().find(is_kept) {
                return Err(format!("E18: machine {number} was reverted and still keeps {:?}", own.entry));
            }
        }
        Ok(())
    }
}
