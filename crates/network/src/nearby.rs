//! The machines that announced themselves on this machine's networks.

use crate::address::Address;
use homesync_protocol::DeviceId;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// For so long what was heard is believed.
const LIFE: Duration = Duration::from_secs(90);
/// The most machines that are remembered.
const MOST_MACHINES: usize = 1_000;
/// The most addresses of one machine that are remembered.
const MOST_ADDRESSES: usize = 64;

/// A machine that announced itself. Anybody on the network can announce anything: only a connection proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearby {
    /// Which machine it says it is.
    pub device: DeviceId,
    /// Where it says it can be reached.
    pub addresses: Vec<Address>,
}

#[derive(Debug, Default)]
pub(crate) struct Heard(BTreeMap<DeviceId, Machine>);

#[derive(Debug)]
struct Machine {
    /// Another number after each of its starts.
    instance: i64,
    /// When it was heard last, whatever it said.
    heard: Instant,
    /// When each was heard last. A machine is heard over both families, each with addresses of its own.
    addresses: BTreeMap<Address, Instant>,
}

/// What an announcement changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct News {
    /// The machine was not there before, or has started again.
    pub(crate) machine: bool,
    /// It can be reached at an address that was not known.
    pub(crate) address: bool,
}

impl Heard {
    /// Remembers what was heard.
    pub(crate) fn hear(
        &mut self,
        device: DeviceId,
        instance: i64,
        addresses: Vec<Address>,
        now: Instant,
    ) -> News {
        self.forget(now);
        if self.0.len() >= MOST_MACHINES && !self.0.contains_key(&device) {
            return News { machine: false, address: false };
        }
        let is_known = self.0.contains_key(&device);
        let machine =
            self.0.entry(device).or_insert(Machine { instance, heard: now, addresses: BTreeMap::new() });
        machine.heard = now;
        let is_new = !is_known || machine.instance != instance;
        if machine.instance != instance {
            // What it said before its start is void.
            machine.instance = instance;
            machine.addresses.clear();
        }
        let mut has_more = false;
        for address in addresses {
            if machine.addresses.len() < MOST_ADDRESSES || machine.addresses.contains_key(&address) {
                has_more |= machine.addresses.insert(address, now).is_none();
            }
        }
        News { machine: is_new, address: has_more }
    }

    /// Forgets what was not heard for long.
    pub(crate) fn forget(&mut self, now: Instant) {
        let is_fresh = |heard: &Instant| now.saturating_duration_since(*heard) <= LIFE;
        for machine in self.0.values_mut() {
            machine.addresses.retain(|_, heard| is_fresh(heard));
        }
        self.0.retain(|_, machine| is_fresh(&machine.heard));
    }

    /// Where a machine was heard of.
    pub(crate) fn addresses(&self, device: DeviceId) -> Vec<Address> {
        let machine = self.0.get(&device);
        machine.map(|machine| machine.addresses.keys().cloned().collect()).unwrap_or_default()
    }

    /// Everybody.
    pub(crate) fn all(&self) -> Vec<Nearby> {
        let nearby = |device: &DeviceId| Nearby { device: *device, addresses: self.addresses(*device) };
        self.0.keys().map(nearby).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u32) -> DeviceId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        DeviceId::from_bytes(bytes)
    }

    fn at(text: &str) -> Vec<Address> {
        vec![text.parse().unwrap()]
    }

    #[test]
    fn a_machine_is_new_once_and_after_each_start() {
        let (mut heard, now) = (Heard::default(), Instant::now());
        let mut say = |number, instance| heard.hear(device(number), instance, at("tcp://a:1"), now).machine;
        assert!(say(1, 1) && !say(1, 1) && say(2, 1) && say(1, 2) && !say(1, 2));
    }

    #[test]
    fn a_machine_that_can_be_reached_nowhere_is_not_new_each_time() {
        let (mut heard, now) = (Heard::default(), Instant::now());
        let mut say = || heard.hear(device(1), 1, Vec::new(), now);
        assert_eq!((say().machine, say().machine), (true, false));
    }

    #[test]
    fn both_families_are_remembered_and_each_fades_alone() {
        let (mut heard, start) = (Heard::default(), Instant::now());
        let one = device(1);
        assert!(heard.hear(one, 1, at("tcp://10.0.0.1:1"), start).address);
        let later = start + LIFE / 2;
        assert!(heard.hear(one, 1, at("tcp://[fd00::1]:1"), later).address);
        assert!(!heard.hear(one, 1, at("tcp://[fd00::1]:1"), later).address);
        assert_eq!(heard.addresses(one).len(), 2);
        heard.forget(start + LIFE + Duration::from_secs(1));
        assert_eq!(heard.addresses(one), at("tcp://[fd00::1]:1"));
        heard.forget(later + LIFE + Duration::from_secs(1));
        assert!(heard.all().is_empty());
    }

    #[test]
    fn only_so_much_is_remembered() {
        let (mut heard, now) = (Heard::default(), Instant::now());
        for number in 0..2_000 {
            heard.hear(device(number), 1, at("tcp://a:1"), now);
        }
        let many = (1..500).map(|port| format!("tcp://a:{port}").parse().unwrap()).collect();
        heard.hear(device(1), 1, many, now);
        assert_eq!((heard.all().len(), heard.addresses(device(1)).len()), (MOST_MACHINES, MOST_ADDRESSES));
    }
}
