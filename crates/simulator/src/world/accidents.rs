//! Accidents that leave everything running: clocks that jump, an index from a backup, a disk that goes away or rots.

use super::World;
use homesync_paths::RelativePath;

/// How many seconds a clock is ahead, at most.
pub(super) const AHEAD: i64 = 700_000;
/// Seconds that a file must have been left alone before it rots.
const LONG: i64 = 10;

impl World {
    /// One of those that this run has.
    pub(super) fn accident(&mut self) -> Result<(), String> {
        let number = self.choose(self.machines.len() as u64, "machine") as usize;
        match self.choose(5, "accident") {
            1 if self.swarm.clocks => {
                let skew = [-100_000, -5, 3, AHEAD][self.choose(4, "skew") as usize];
                self.say(|_| format!("{number}: its clock is off by {skew} s"));
                self.machines[number].skew = skew;
            }
            2 if self.swarm.old_index => self.old[number] = Some(self.machines[number].store.clone()),
            3 if self.swarm.root => self.root_goes_or_comes(number),
            4 if self.swarm.rot => self.bytes_rot(number),
            _ => {}
        }
        Ok(())
    }

    /// At the very moment at which a machine hears that another has parts of a file, everybody else leaves: also who has all of it.
    pub(super) fn holders_leave(&mut self, from: usize, to: usize) -> Result<(), String> {
        self.reach("unfinished files heard of");
        if !self.swarm.network || self.choose(2, "the others leave") == 0 {
            return Ok(());
        }
        for other in (0..self.machines.len()).filter(|other| *other != from && *other != to) {
            if self.network.is_up(to, other) {
                self.say(|_| format!("{other} leaves {to}"));
                self.cut(to.min(other), to.max(other));
            }
        }
        self.after(None)
    }

    /// The disk with the folder is taken out, or put in again. Where it was there is an empty directory meanwhile.
    fn root_goes_or_comes(&mut self, number: usize) {
        let is_away = !self.machines[number].is_away;
        self.machines[number].is_away = is_away;
        self.say(|_| format!("{number}: its root is {}", if is_away { "away" } else { "there again" }));
        if is_away {
            self.reach("root away");
        }
    }

    /// A file that has been at rest for long becomes another one, and its times do not show it.
    fn bytes_rot(&mut self, number: usize) {
        let machine = &self.machines[number];
        let is_at_rest = |path: &RelativePath| {
            let Ok(Some(local)) = machine.store.view().local(path) else { return false };
            let there = machine.disk.status_of(path.as_str()).ok().and_then(|status| status.stamp());
            // Otherwise it could as well be a person who wrote once more in the same moment.
            // A clock that is ahead may be put right before the next look.
            let long_ago = machine.here(self.now).seconds.min(self.now.seconds) as i64 - LONG;
            let is_old = local.stamp.is_some_and(|stamp| {
                !stamp.is_distrusted()
                    && stamp.changed.seconds < long_ago
                    && stamp.modified.seconds < long_ago
            });
            local.stamp == there && is_old && local.entry.validity.is_valid()
        };
        let mut files = Vec::new();
        for found in machine.disk.walk() {
            let path = std::str::from_utf8(&found.path).ok().and_then(|path| RelativePath::parse(path).ok());
            let content = self.ledger.borrow().id_of(&found.content);
            files.extend(path.filter(is_at_rest).zip(content));
        }
        if files.is_empty() {
            return;
        }
        let (path, id) = files.swap_remove(self.choose(files.len() as u64, "which file rots") as usize);
        let disk = self.machines[number].disk.clone();
        if let Ok(Some(bytes)) = disk.rot(path.as_str()) {
            self.say(|_| format!("{number}: {path:?} rots"));
            self.reach("file rotten");
            self.ledger.borrow_mut().rots(number, &disk, path.as_str(), id, bytes);
        }
    }
}
