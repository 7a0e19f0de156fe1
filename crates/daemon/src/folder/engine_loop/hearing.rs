//! What other machines say they have, as far as it is listened to.

use super::{Broken, EngineLoop, Heard, JUMP, random};
use crate::clock::seconds;
use crate::folder::lock;
use homesync_engine::{Command, Event, Rules, View};
use homesync_index::{Additions, Index, Position};
use homesync_protocol::{DeviceId, Entry};
use std::time::Instant;
use tracing::warn;

impl EngineLoop {
    pub(super) fn connected(&mut self, device: DeviceId) -> Result<(), Broken> {
        self.standing.connected.insert(device);
        self.handle(Event::Connected(device))
    }

    pub(super) fn disconnected(&mut self, device: DeviceId) -> Result<(), Broken> {
        self.standing.connected.remove(&device);
        self.handle(Event::Disconnected(device))
    }

    pub(super) fn hear(&mut self, heard: Heard) -> Result<(), Broken> {
        let Heard { device, index_id, full, entries, last, permit } = heard;
        if !self.shared.plan().with.contains(&device) {
            return Ok(());
        }
        let before = self.shared.index.read(|index| index.others_position(device))?;
        let before = before.filter(|before| !full && before.index_id == index_id);
        let sequence = last.max(before.map_or(0, |before| before.sequence));
        if self.standing.turned_away.contains_key(&device)
            || self.is_too_much(device, full, sequence, &entries)?
        {
            return Ok(());
        }
        if !self.shared.differences().is_known(device) {
            self.recount = true;
        }
        // After a failure the old position stays, and what came since is sent again.
        self.heard = Some((device, Position { index_id, sequence }));
        self.handle(Event::Index { device, full, entries })?;
        if let Some(unheard) = self.heard.take() {
            let additions = Additions { positions: vec![unheard], ..Additions::default() };
            self.shared.index.write(|index| index.commit_soon(&Default::default(), &additions))?;
            self.soon.get_or_insert_with(Instant::now);
        }
        drop(permit);
        Ok(())
    }

    pub(super) fn index_is(&mut self, device: DeviceId, index_id: u64) -> Result<(), Broken> {
        let known = self.shared.index.read(|index| index.others_position(device))?;
        if known.is_some_and(|known| known.index_id == index_id && index_id != 0) {
            return Ok(());
        }
        self.hear(Heard { device, index_id, full: true, entries: Vec::new(), last: 0, permit: None })
    }

    /// Our index is older than what others have seen of it: everything that we say from now on goes beyond that.
    pub(super) fn raise(&mut self, seen: u64) -> Result<(), Broken> {
        self.flush()?;
        let floor =
            self.remembered.counter_floor.max(self.engine.rules().counter_floor).max(seconds()) + JUMP;
        self.remembered.counter_floor = floor;
        self.remember();
        let id = random();
        self.shared.index.write(|index| index.raise(id, floor, seen.max(index.sequence())))?;
        warn!(folder = %self.shared.id, "the index is an older copy; it goes on above what others have seen of it");
        let rules = Rules { counter_floor: floor, ..self.engine.rules().clone() };
        self.handle(Event::Command(Command::Rules(rules)))?;
        (self.shared.share)();
        self.look_at_everything();
        Ok(())
    }

    /// With these a machine would have told of more items than it may. Nothing more is heard of it then.
    ///
    /// Each item takes a sequence number, so as long as there are few of those nothing has to be counted.
    fn is_too_much(
        &mut self,
        device: DeviceId,
        full: bool,
        sequence: u64,
        entries: &[Entry],
    ) -> Result<bool, Broken> {
        let plan = self.shared.plan();
        if sequence <= plan.most_items {
            self.told_of.remove(&device);
            return Ok(false);
        }
        let known = match self.told_of.get(&device).copied() {
            _ if full => 0,
            Some(many) => many,
            None => self.count_told_of(device)?,
        };
        let new = if full { entries.len() as u64 } else { self.count_new(device, entries)? };
        if known + new <= plan.most_items {
            self.told_of.insert(device, known + new);
            return Ok(false);
        }
        let why =
            format!("it tells of more than {} items, which is what `most_items` allows", plan.most_items);
        warn!(folder = %self.shared.id, %device, why, "turned away");
        self.standing.turned_away.insert(device, why);
        self.share_anew();
        Ok(true)
    }

    /// Whoever is turned away, or is no longer, hears of it at once.
    fn share_anew(&self) {
        lock(&self.shared.standing).turned_away.clone_from(&self.standing.turned_away);
        (self.shared.share)();
    }

    /// How many of these the machine has not told of before.
    fn count_new(&self, device: DeviceId, entries: &[Entry]) -> Result<u64, Broken> {
        let mut new = 0;
        self.shared.index.read(|index| {
            for entry in entries {
                new += u64::from(index.others(&entry.path)?.iter().all(|(other, _)| *other != device));
            }
            Ok(())
        })?;
        Ok(new)
    }

    fn count_told_of(&self, device: DeviceId) -> Result<u64, Broken> {
        let mut many = 0;
        self.shared.index.read(|index| {
            index.walk(&mut |_, candidates| many += u64::from(candidates.of(device).is_some()))
        })?;
        Ok(many)
    }

    /// A person has changed something: those who were turned away are heard again.
    pub(super) fn hear_again(&mut self) {
        if !self.standing.turned_away.is_empty() {
            self.standing.turned_away.clear();
            self.share_anew();
        }
    }
}
