//! Which contents people wrote, and what has to be true of them at every moment.
//!
//! Every write gets a content of its own, which says its number. A content is *superseded* when a person who saw it at a path overwrote, removed
//! or replaced it there. Every other one must be on some disk, under a real name or in a recovery area.

use super::gone::Gone;
use crate::filesystem::{Found, SimFs};
use homesync_engine::Intent;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A file's number for a content.
pub type Id = usize;

/// All contents of a run.
#[derive(Debug, Default)]
pub struct Ledger {
    contents: Vec<Vec<u8>>,
    superseded: BTreeSet<Id>,
    excused: BTreeSet<Id>,
    /// Contents that a disk spoiled where they were in use: whether a person sees them at the end depends on what else is where.
    spoiled: BTreeSet<Id>,
    /// Contents in the recovery area that were on their way to a name: an index that was lost knew of it, or a person has made something else there.
    under_way: BTreeSet<Id>,
    /// Contents of which a program kept only a draft.
    void: BTreeSet<Id>,
    /// Bytes that a power cut made of a file that a person's program had not made durable.
    damage: BTreeSet<Vec<u8>>,
    /// For each machine, where its disk spoiled a content that nobody has touched since: what it made of it, and of which.
    rotten: Vec<BTreeMap<String, (Vec<u8>, Id)>>,
    /// For each machine, objects that stand in the place of a displaced one and may go back: copies of what is elsewhere.
    staged: Vec<BTreeSet<u64>>,
    /// A clock may show the same second twice, long after each other.
    pub(super) clocks_repeat: bool,
    /// People give things away and write attributes.
    pub(super) owners: bool,
    /// For each machine, whether a person did something there since the last look.
    pub(super) acted: Vec<bool>,
    /// For each machine, the objects there that patterns leave out, and their bytes.
    pub(super) left_out: Vec<Vec<(u64, Rc<Vec<u8>>)>>,
    /// For each machine, contents in the recovery area that may still go back, and to which path.
    displaced: Vec<Vec<(String, Id)>>,
    /// For each machine, what was in the recovery area at the last look.
    kept: Vec<BTreeSet<Vec<u8>>>,
    /// For each machine, what people took away there.
    pub(super) gone: Vec<Gone>,
    /// What time it is.
    pub(super) ticks: u64,
    /// For each machine, contents on its disk, wherever.
    held: Vec<BTreeSet<Id>>,
    /// For each machine, contents that people there took away or overwrote since the last look.
    taken: Vec<BTreeSet<Id>>,
}

/// What is being put together is a copy of what is elsewhere.
const STAGED: &str = ".homesync/staged/";
/// Below this nothing is a person's own place.
pub const AREA: &str = ".homesync/";
/// And in it, what was displaced.
const RECOVERY: &str = "recovery/";

impl Ledger {
    /// For so many machines.
    pub fn new(machines: usize) -> Self {
        let empty = || vec![BTreeSet::new(); machines];
        Self {
            held: empty(),
            taken: empty(),
            staged: vec![BTreeSet::new(); machines],
            rotten: vec![BTreeMap::new(); machines],
            acted: vec![true; machines],
            left_out: vec![Vec::new(); machines],
            displaced: vec![Vec::new(); machines],
            kept: vec![BTreeSet::new(); machines],
            gone: (0..machines).map(|_| Gone::default()).collect(),
            ..Self::default()
        }
    }

    /// A content that nobody wrote before.
    pub fn write(&mut self, machine: usize, size: usize) -> Vec<u8> {
        let id = self.contents.len();
        let mut content = format!("<{id:06}>").into_bytes();
        while content.len() < size {
            let next = (content.len() * 7 + id) as u8 | 1;
            content.push(next);
        }
        self.contents.push(content.clone());
        self.held[machine].insert(id);
        content
    }

    /// It could not be written after all.
    pub fn forget(&mut self, content: &[u8]) {
        let id = self.id_of(content);
        self.superseded.extend(id);
        self.void.extend(id);
        for held in &mut self.held {
            id.map(|id| held.remove(&id));
        }
    }

    /// It was written in place, and no time tells: on a disk with coarse times, after the clock was put back to the very second. Where that cannot
    /// be, it counts like any other.
    pub fn leaves_no_trace(&mut self, content: &[u8]) {
        if self.clocks_repeat {
            self.spoiled.extend(self.id_of(content));
        }
    }

    /// Which content these bytes are: all of it, or none.
    pub fn id_of(&self, bytes: &[u8]) -> Option<Id> {
        let digits = bytes.strip_prefix(b"<")?.get(..6)?;
        let id: Id = std::str::from_utf8(digits).ok()?.parse().ok()?;
        (self.contents.get(id)?.as_slice() == bytes).then_some(id)
    }

    /// A person takes away what is at and below a path, or writes over it.
    pub fn takes(&mut self, machine: usize, disk: &SimFs, path: &str) {
        let below = format!("{path}/");
        // Also what stands there for a moment only and may go back: it is what the person sees.
        let is_here =
            |found: &Found| found.path == path.as_bytes() || found.path.starts_with(below.as_bytes());
        let walk = disk.walk();
        let mut here: BTreeSet<Id> = walk
            .iter()
            .filter(|found| is_here(found))
            .filter_map(|found| self.id_of(&found.content))
            .collect();
        self.taken[machine].extend(here.iter().copied());
        // What the person sees there is what the disk has made of it.
        let is_taken = |at: &&String| *at == path || at.starts_with(&below);
        here.extend(self.rotten[machine].iter().filter(|(at, _)| is_taken(at)).map(|(_, (_, id))| *id));
        // The same content may still be at another path here: a move that is on its way to this machine, of which this was the new place.
        self.superseded.extend(here);
    }

    /// A disk made other bytes of a file. No other machine may ever see them, as long as no person says or does anything about that file.
    pub fn rots(&mut self, machine: usize, disk: &SimFs, path: &str, id: Id, bytes: Vec<u8>) {
        self.rotten[machine].insert(path.to_string(), (bytes, id));
        self.spoiled.insert(id);
        let before = self.held[machine].clone();
        self.look(machine, disk);
        for id in before.difference(&self.held[machine]) {
            if !self.held.iter().any(|held| held.contains(id)) {
                self.excused.insert(*id);
            }
        }
    }

    /// A person does something with what is at and below a path, and so with the bytes that are there: they are theirs from now on.
    pub fn touches(&mut self, machine: usize, disk: &SimFs, path: &str) {
        self.acted[machine] = true;
        if disk.status_of(path).is_err() {
            self.gone[machine].went(path, self.ticks);
        }
        let below = format!("{path}/");
        let is_at = |place: &str| place == path || place.starts_with(&below);
        // What is made there now is newer: what could not go back yet stays where it is.
        self.under_way.extend(self.displaced[machine].iter().filter(|(at, _)| is_at(at)).map(|(_, id)| *id));
        let rotten = std::mem::take(&mut self.rotten[machine]);
        for (place, (bytes, id)) in rotten {
            if is_at(&place) {
                self.damage.insert(bytes);
            } else {
                self.rotten[machine].insert(place, (bytes, id));
            }
        }
    }

    /// A person says that files are right as they are.
    pub fn keeps_damaged(&mut self, machine: usize) {
        let rotten = std::mem::take(&mut self.rotten[machine]);
        self.damage.extend(rotten.into_values().map(|(bytes, _)| bytes));
    }

    /// What is spoiled may have been moved by a plan, before anybody noticed.
    fn follow_rotten(&mut self, machine: usize, walk: &[Found]) {
        let rotten = std::mem::take(&mut self.rotten[machine]);
        for (place, (bytes, id)) in rotten {
            let is_there = walk.iter().any(|found| found.path == place.as_bytes() && *found.content == bytes);
            let moved = walk.iter().find(|found| !is_there && *found.content == bytes);
            let place = moved.and_then(|found| String::from_utf8(found.path.clone()).ok()).unwrap_or(place);
            self.rotten[machine].insert(place, (bytes, id));
        }
    }

    fn is_rotten(&self, machine: usize, bytes: &[u8]) -> bool {
        self.rotten[machine].values().any(|(rotten, _)| rotten == bytes)
    }

    fn ids(&self, machine: usize, walk: &[Found]) -> Vec<(String, Id)> {
        let is_staged = |found: &Found| {
            found.path.starts_with(STAGED.as_bytes()) || self.staged[machine].contains(&found.status.inode)
        };
        let kept = walk.iter().filter(|found| !is_staged(found));
        kept.filter_map(|found| {
            Some((String::from_utf8(found.path.clone()).ok()?, self.id_of(&found.content)?))
        })
        .collect()
    }

    /// Looks at a machine's disk after the program did something: nothing that was there may be gone, unless a person took it.
    pub fn check_disk(&mut self, machine: usize, walk: &[Found]) -> Result<(), String> {
        let paths = walk.iter().map(|found| &found.path);
        self.kept[machine] = paths.filter(|path| path_of_kept(path).is_some()).cloned().collect();
        self.follow_rotten(machine, walk);
        let now: BTreeSet<Id> = self.ids(machine, walk).into_iter().map(|(_, id)| id).collect();
        let before = std::mem::replace(&mut self.held[machine], now);
        let taken = std::mem::take(&mut self.taken[machine]);
        let lost: Vec<Id> =
            before.difference(&self.held[machine]).filter(|id| !taken.contains(id)).copied().collect();
        if lost.is_empty() {
            Ok(())
        } else {
            Err(format!("S2: machine {machine} lost the contents {lost:?} from its disk"))
        }
    }

    /// Looks at a machine's disk after a person did something.
    pub fn look(&mut self, machine: usize, disk: &SimFs) {
        self.held[machine] = self.ids(machine, &disk.walk()).into_iter().map(|(_, id)| id).collect();
        self.taken[machine].clear();
    }

    /// Every content that was not superseded is somewhere.
    pub fn check_all(&self) -> Result<(), String> {
        for id in
            (0..self.contents.len()).filter(|id| !self.superseded.contains(id) && !self.excused.contains(id))
        {
            if !self.held.iter().any(|held| held.contains(&id)) {
                return Err(format!("S1: content {id} is nowhere any more"));
            }
        }
        Ok(())
    }

    /// Files under real names hold what somebody wrote, whole.
    pub fn check_contents(&self, machine: usize, walk: &[Found]) -> Result<(), String> {
        for found in walk {
            let is_file = found.status.size > 0
                || found.status.kind == homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::File);
            let path = String::from_utf8_lossy(&found.path).into_owned();
            let is_link = found.status.kind == homesync_disk::ObjectKind::Kept(homesync_protocol::Kind::Link);
            if !is_file || is_link || path.starts_with(AREA) {
                continue;
            }
            let is_known_damage = |bytes: &Vec<u8>| {
                // A copy that was made of it before anybody noticed is an ordinary new file.
                let is_copied = || (0..self.rotten.len()).any(|machine| self.is_rotten(machine, bytes));
                self.damage.contains(bytes)
                    || self.is_rotten(machine, bytes)
                    || (path.contains(".sync-conflict-") && is_copied())
            };
            if self.id_of(&found.content).is_none() && !is_known_damage(&found.content) {
                return Err(format!(
                    "S3: {path} on machine {machine} holds what nobody wrote: {:?}",
                    String::from_utf8_lossy(&found.content)
                ));
            }
        }
        Ok(())
    }

    /// What a power cut may take: contents that were not durable on this machine and are nowhere else; and what it may leave in their place.
    pub fn power_cut(&mut self, machine: usize, durable: &[Found], after: &SimFs) -> Result<(), String> {
        let durable: BTreeSet<Id> = self.ids(machine, durable).into_iter().map(|(_, id)| id).collect();
        let walk = after.walk();
        let now: BTreeSet<Id> = self.ids(machine, &walk).into_iter().map(|(_, id)| id).collect();
        let before = std::mem::replace(&mut self.held[machine], now);
        let taken = std::mem::take(&mut self.taken[machine]);
        for id in before.difference(&self.held[machine]).filter(|id| !taken.contains(id)) {
            if durable.contains(id) {
                return Err(format!("S2: machine {machine} lost the durable content {id} in a power cut"));
            }
            if !self.held.iter().any(|held| held.contains(id)) {
                self.excused.insert(*id);
            }
        }
        for found in &walk {
            if self.id_of(&found.content).is_none() {
                self.damage.insert(found.content.to_vec());
            }
        }
        Ok(())
    }

    /// These intents are open: what is in their slots may go back.
    pub fn is_open(&mut self, machine: usize, disk: &SimFs, intents: &[Intent]) {
        let slot = |intent: &Intent| Some(format!("{AREA}{RECOVERY}{}", intent.slot.as_ref()?));
        let displaced = |intent: &Intent| {
            let bytes = disk.read(slot(intent)?).ok()?;
            Some((intent.path.as_str().to_string(), self.id_of(&bytes)?))
        };
        let staged = |intent: &Intent| {
            let there = disk.status_of(slot(intent)?).ok()?;
            intent.staged.map(|staged| staged.inode).filter(|staged| *staged == there.inode)
        };
        self.displaced[machine] = intents.iter().filter_map(displaced).collect();
        self.staged[machine] = intents.iter().filter_map(staged).collect();
    }

    /// Some operation is in the middle of its work: what came to the recovery area since the last look may go back as well.
    pub fn is_in_the_middle(&mut self, machine: usize, disk: &SimFs) {
        for found in disk.walk() {
            let is_new = !self.kept[machine].contains(&found.path);
            if let (true, Some(path), Some(id)) =
                (is_new, path_of_kept(&found.path), self.id_of(&found.content))
            {
                self.displaced[machine].push((path, id));
            }
        }
    }

    /// The index that knew about what is in these slots is gone. Nobody can know any more where it was to go.
    pub fn forgets(&mut self, machine: usize, walk: &[Found], slots: &[String]) {
        self.gone[machine].is_forgotten();
        let is_in_slot = |path: &String| slots.iter().any(|slot| path.contains(slot.as_str()));
        let ids = self.ids(machine, walk).into_iter().filter(|(path, _)| is_in_slot(path));
        self.under_way.extend(ids.map(|(_, id)| id).collect::<Vec<Id>>());
    }

    /// At the very end: a content that was not superseded and is not under a real name, where a person sees it.
    pub fn hidden(&self, tree: &BTreeMap<String, Rc<Vec<u8>>>) -> Option<Id> {
        let visible: BTreeSet<Id> = tree.values().filter_map(|content| self.id_of(content)).collect();
        let excused = [&self.superseded, &self.excused, &self.spoiled, &self.under_way];
        let is_owed = |id: &Id| !visible.contains(id) && !excused.iter().any(|excused| excused.contains(id));
        (0..self.contents.len()).find(is_owed)
    }
}

/// Where something in the recovery area was, also while it is beside its place there.
fn path_of_kept(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let (_, path) = path.strip_prefix(AREA)?.strip_prefix(RECOVERY)?.split_once('/')?;
    Some(path.strip_suffix("~displaced").unwrap_or(path).to_string())
}
