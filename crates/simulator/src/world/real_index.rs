//! Worlds in which machines have the real index: what a machine does without it while it is stopped, and what it must say.

use super::store::{Dangers, RealIndex, Store};
use super::{Machine, Swarm, World};
use crate::choices::SharedChoices;
use homesync_protocol::DeviceId;

/// The real index of a machine, in place of its twin.
pub(super) fn store(machine: &Machine, devices: &[DeviceId], choices: SharedChoices, swarm: Swarm) -> Store {
    let dangers = Dangers { stops: swarm.kills || swarm.power_cuts, errors: swarm.errors };
    Store::real(RealIndex::new(machine.store.index_id(), &machine.disk, devices, choices, dangers))
}

impl World {
    /// A machine whose index is not open takes part in nothing: whatever it hears meanwhile, it would forget. When it is open again, it says and
    /// asks everything anew.
    pub(super) fn disconnect_stopped(&mut self) {
        for one in 0..self.machines.len() {
            let began_again = std::mem::take(&mut self.machines[one].began_again);
            if !began_again && self.machines[one].store.is_open() {
                continue;
            }
            self.machines[one].outbox.clear();
            for other in (0..self.machines.len()).filter(|other| *other != one) {
                if self.network.is_up(one, other) {
                    self.say(|_| format!("{one}: its index is stopped, so it leaves {other}"));
                    self.cut(one.min(other), one.max(other));
                }
            }
        }
    }

    /// No real index said what it must not say.
    pub(super) fn check_indexes(&mut self) -> Result<(), String> {
        for number in 0..self.machines.len() {
            let Some(real) = self.machines[number].store.as_real() else { continue };
            let reached = real.take_reached();
            let violation = real.violation().map(|what| format!("machine {number}, its index: {what}"));
            for what in reached {
                self.say(|_| format!("{number}: {what}"));
                self.reach(what);
            }
            violation.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    /// From here on no index stops.
    pub(super) fn calm_indexes(&mut self) {
        let real = self.machines.iter_mut().filter_map(|machine| machine.store.as_real());
        real.for_each(RealIndex::calm);
    }

    /// At the end every real index is read as a whole.
    pub(super) fn check_indexes_whole(&mut self) -> Result<(), String> {
        let real = self.machines.iter_mut().filter_map(|machine| machine.store.as_real());
        real.for_each(RealIndex::check);
        if self.swarm.real_index {
            self.reach("real index");
        }
        self.check_indexes()
    }
}
