//! A few machines and the messages between them. Everything in them is real except disks, network and time.

use homesync_disk::ObjectKind;
use homesync_engine::{Event, Now, Rules};
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry, Kind, ShortId, Timestamp};
use homesync_simulator::filesystem::{Settings, SimFs};
use homesync_simulator::world::{Machine, Message};
use std::collections::{BTreeMap, VecDeque};

/// When everything begins.
const START: u64 = 1_700_000_000;
/// Messages within which machines must have said everything, while no time passes.
const MOST_MESSAGES: usize = 20_000;
/// Milliseconds after which what is tried again is not waited for: each attempt comes later than the one before.
const LONG: u64 = 300_000;
/// Rounds of waiting within which machines must have come to rest.
const MOST_ROUNDS: usize = 100;

/// What a person sees of a folder: each path with what it is and what it holds.
pub type Seen = BTreeMap<String, (ObjectKind, Vec<u8>)>;

/// Machines, who of them is connected, and everything that was said.
pub struct Group {
    pub machines: Vec<Machine>,
    pub now: Now,
    /// What arrived, in order: from whom, to whom, what.
    pub arrived: Vec<(usize, usize, Message)>,
    /// The blocks that were sent, whether they arrived or not: from whom, of which path, which.
    pub sent_blocks: Vec<(usize, RelativePath, u32)>,
    /// What is under way, for each direction in which two are connected.
    links: BTreeMap<(usize, usize), VecDeque<Message>>,
}

impl Group {
    /// Machines with empty folders, connected to nobody.
    pub fn new(count: usize) -> Self {
        let devices: Vec<DeviceId> =
            (0..count).map(|number| DeviceId::from_bytes([number as u8 + 1; 32])).collect();
        let mut machines = Vec::new();
        for (number, device) in devices.iter().enumerate() {
            let now = Timestamp::at(START as i64);
            let disk = SimFs::new(Settings { device: 100 + number as u64, now, ..Settings::default() });
            disk.user_mkdir(".stfolder").expect("a marker");
            disk.user_sync();
            let rules = Rules::new(ShortId::from(*device));
            machines.push(Machine::new(number, &devices, disk, rules, number as u64 + 1));
        }
        let now = Now { seconds: START, ticks: 0 };
        Self { machines, now, arrived: Vec::new(), sent_blocks: Vec::new(), links: BTreeMap::new() }
    }

    /// Two machines that are connected.
    pub fn pair() -> Self {
        let mut group = Self::new(2);
        group.connect(0, 1);
        group
    }

    pub fn disk(&self, number: usize) -> SimFs {
        self.machines[number].disk.clone()
    }

    pub fn connect(&mut self, one: usize, other: usize) {
        for (here, there) in [(one, other), (other, one)] {
            self.links.insert((here, there), VecDeque::new());
            let known = self.machines[there].store.position(self.machines[here].device);
            let device = self.machines[there].device;
            self.machines[here].connected(there, device, known, self.now);
        }
        self.send();
    }

    /// The connection is gone, with all that is under way.
    pub fn cut(&mut self, one: usize, other: usize) {
        for (here, there) in [(one, other), (other, one)] {
            self.links.remove(&(here, there));
            let device = self.machines[there].device;
            self.machines[here].disconnected(there, device, self.now);
        }
        self.send();
    }

    /// The program on a machine was killed and starts again, and is connected to whom it was connected to.
    pub fn start_again(&mut self, number: usize) {
        let peers: Vec<usize> =
            self.links.keys().filter(|(from, _)| *from == number).map(|(_, to)| *to).collect();
        for peer in &peers {
            self.cut(number, *peer);
        }
        self.machines[number].start_again(false, self.now);
        for peer in peers {
            self.connect(number, peer);
        }
    }

    /// A machine looks at its whole folder.
    pub fn scan(&mut self, number: usize) {
        self.machines[number].scan(None, self.now);
        self.send();
    }

    fn send(&mut self) {
        for number in 0..self.machines.len() {
            for (to, message) in std::mem::take(&mut self.machines[number].outbox) {
                let Some(link) = self.links.get_mut(&(number, to)) else { continue };
                if let Message::Response { wanted, block, bytes: Some(_) } = &message {
                    self.sent_blocks.push((number, wanted.path.clone(), *block));
                }
                link.push_back(message);
            }
        }
    }

    /// So many messages arrive.
    pub fn deliver_some(&mut self, many: usize) {
        for _ in 0..many {
            self.deliver();
        }
    }

    /// One message arrives; answers whether there was one. A block that is under way goes first, so that there is at most one on each link.
    pub fn deliver(&mut self) -> bool {
        let is_block = |queue: &VecDeque<Message>| matches!(queue.front(), Some(Message::Response { .. }));
        let last = self.arrived.last().map(|(from, to, _)| (*from, *to));
        // Otherwise one link after the other.
        let after = self.links.iter().filter(|(link, _)| Some(**link) > last);
        let next = after.chain(&self.links).find(|(_, queue)| !queue.is_empty());
        let next = self.links.iter().find(|(_, queue)| is_block(queue)).or(next);
        let Some((from, to)) = next.map(|(link, _)| *link) else { return false };
        let message = self.links.get_mut(&(from, to)).and_then(VecDeque::pop_front);
        let Some(message) = message else { return false };
        let device = self.machines[from].device;
        self.arrived.push((from, to, message.clone()));
        self.machines[to].receive(from, device, message, self.now);
        self.send();
        true
    }

    /// Everything that is said now arrives.
    pub fn deliver_all(&mut self) {
        for _ in 0..MOST_MESSAGES {
            if !self.deliver() {
                return;
            }
        }
        panic!("they go on talking");
    }

    /// Time passes; whoever waited for it wakes.
    pub fn pass(&mut self, ticks: u64) {
        let ticks = self.now.ticks + ticks;
        self.now = Now { seconds: START + ticks / 1_000, ticks };
        let time =
            Timestamp { seconds: self.now.seconds as i64, nanoseconds: (ticks % 1_000) as u32 * 1_000_000 };
        for machine in &mut self.machines {
            machine.disk.set_now(time);
            if machine.folder.next_wake().is_some_and(|wake| wake <= ticks) {
                machine.handle(Event::Tick, self.now);
            }
            if machine.needs_scan {
                machine.scan(None, self.now);
            }
        }
        self.send();
    }

    /// Time passes until nobody waits for anything that comes soon. The folders are not scanned.
    pub fn rest(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.deliver_all();
            let wakes = self.machines.iter().filter_map(|machine| machine.folder.next_wake());
            let wait = wakes.min().map_or(LONG, |wake| wake.saturating_sub(self.now.ticks));
            if wait >= LONG {
                return;
            }
            self.pass(wait.max(1));
        }
        panic!("they do not come to rest");
    }

    /// All look at their folders, tell each other and rest, twice: what was found in the moment in which it was written is found again.
    pub fn settle(&mut self) {
        for _ in 0..2 {
            self.pass(1_000);
            for number in 0..self.machines.len() {
                self.scan(number);
            }
            self.rest();
        }
    }

    /// What a person sees on a machine.
    pub fn seen(&self, number: usize) -> Seen {
        let mut seen = Seen::new();
        for found in self.machines[number].disk.walk() {
            let path = String::from_utf8_lossy(&found.path).into_owned();
            if !path.starts_with(".homesync") && !path.starts_with(".stfolder") {
                seen.insert(path, (found.status.kind, found.content.to_vec()));
            }
        }
        seen
    }

    /// The text of a file, if it is there.
    pub fn text(&self, number: usize, path: &str) -> Option<String> {
        let bytes = self.machines[number].disk.read(path).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Everything that machines announced to others about a path, in the order in which it arrived.
    pub fn announced(&self, path: &str) -> Vec<Entry> {
        self.entries().filter(|entry| entry.path.as_str() == path).cloned().collect()
    }

    /// Every entry that arrived anywhere.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.arrived.iter().flat_map(|(_, _, message)| match message {
            Message::Index { entries, .. } => entries.as_slice(),
            _ => &[],
        })
    }

    /// All machines show a person the same.
    pub fn expect_equal(&self) {
        for number in 1..self.machines.len() {
            assert_eq!(self.seen(0), self.seen(number), "machine 0 and machine {number}");
        }
    }
}

/// What a person sees at the path of a file with this content.
pub fn file(content: impl AsRef<[u8]>) -> (ObjectKind, Vec<u8>) {
    (ObjectKind::Kept(Kind::File), content.as_ref().to_vec())
}
