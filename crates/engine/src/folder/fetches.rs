//! Which content is on its way, from whom, and how much at a time.

use super::Action;
use super::temporaries::Temporaries;
use crate::git;
use crate::operation::{Operation, Step};
use crate::trees::{Candidates, Unreadable, View};
use crate::unfinished::Unfinished;
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry, ProgressUpdate};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes asked for and not answered yet, in the whole folder.
const MOST_OUTSTANDING: u64 = 32 << 20;
/// Milliseconds until a machine is asked again for what it could not give.
const ASK_AGAIN: u64 = 10_000;
/// Most operations in one batch, which share their durability. What is left over is planned again, so a large removal takes few of them.
const MOST_OPERATIONS: usize = 8_192;
/// Most operations in one batch that hold a file or directory open to its end.
const MOST_OPEN: usize = 256;
/// Files being filled at the same time.
const MOST_FILES: usize = 64;

/// The answer to a request for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockResult {
    /// The right bytes, and they are in the temporary file.
    Written,
    /// Other bytes than asked for; they were thrown away.
    Wrong,
    /// The machine does not have it, or could not be asked.
    Refused,
}

#[derive(Default)]
pub(super) struct Fetches {
    connected: BTreeSet<DeviceId>,
    files: BTreeMap<RelativePath, Fetch>,
    outstanding: u64,
    /// Paths for which there was no room.
    waiting: BTreeSet<RelativePath>,
    /// Paths whose unit was not complete.
    torn: BTreeSet<RelativePath>,
    /// Since when, in ticks, somebody could not give a block.
    refused_since: Option<u64>,
    /// Blocks that others have of what they are putting together themselves.
    temporaries: Temporaries,
}

/// One content being put together.
struct Fetch {
    wanted: Entry,
    stage: Stage,
}

enum Stage {
    /// The driver was asked what is there already.
    Preparing,
    /// These blocks are missing.
    Filling(BTreeMap<u32, Block>),
    /// All of it is in the temporary file.
    Complete,
}

#[derive(Default)]
struct Block {
    asked: Option<Asked>,
    failed: BTreeSet<DeviceId>,
}

#[derive(Clone, Copy, PartialEq)]
struct Asked {
    device: DeviceId,
    /// It does not have all of the file.
    from_temporary: bool,
}

impl Fetches {
    pub(super) fn connected(&mut self, device: DeviceId) {
        self.connected.insert(device);
        for block in self.files.values_mut().flat_map(Fetch::blocks) {
            block.failed.remove(&device);
        }
    }

    /// Requests to the machine will not be answered.
    pub(super) fn disconnected(&mut self, device: DeviceId, now: u64) -> Vec<RelativePath> {
        self.connected.remove(&device);
        self.temporaries.forget(device);
        let asked: Vec<(Entry, u32)> = self
            .files
            .iter_mut()
            .flat_map(|(_, fetch)| match &fetch.stage {
                Stage::Filling(blocks) => blocks
                    .iter()
                    .filter(|(_, block)| block.asked.is_some_and(|asked| asked.device == device))
                    .map(|(number, _)| (fetch.wanted.clone(), *number))
                    .collect(),
                _ => Vec::new(),
            })
            .collect();
        for (wanted, block) in &asked {
            self.answered(wanted, *block, device, BlockResult::Refused, now);
        }
        asked.into_iter().map(|(wanted, _)| wanted.path).collect()
    }

    /// The temporary file is open. The path to plan again, when all of it is there already.
    pub(super) fn prepared(&mut self, wanted: &Entry, missing: Vec<u32>) -> Option<RelativePath> {
        let fetch = self.files.get_mut(&wanted.path).filter(|fetch| fetch.wanted == *wanted)?;
        if missing.is_empty() {
            fetch.stage = Stage::Complete;
            return self.is_next(&wanted.path).then(|| wanted.path.clone());
        }
        fetch.stage = Stage::Filling(missing.into_iter().map(|block| (block, Block::default())).collect());
        None
    }

    /// The temporary file does not take the content. Answers whether it is still wanted.
    pub(super) fn give_up(&mut self, wanted: &Entry) -> bool {
        let is_wanted =
            self.files.get(&wanted.path).is_some_and(|fetch| fetch.wanted.content.is_same(&wanted.content));
        if is_wanted {
            self.drop_fetch(&wanted.path);
        }
        is_wanted
    }

    /// A block came or not. The path to plan again, when its content is complete. An answer for another content than the one that is wanted by
    /// now comes too late to say anything.
    pub(super) fn answered(
        &mut self,
        wanted: &Entry,
        number: u32,
        device: DeviceId,
        result: BlockResult,
        now: u64,
    ) -> Option<RelativePath> {
        let path = &wanted.path;
        let fetch = self.files.get_mut(path).filter(|fetch| fetch.wanted.content.is_same(&wanted.content))?;
        let size = fetch.size_of(number);
        let Stage::Filling(blocks) = &mut fetch.stage else { return None };
        let block = blocks.get_mut(&number)?;
        let asked = block.asked.take_if(|asked| asked.device == device)?;
        self.outstanding -= size;
        if result != BlockResult::Written && asked.from_temporary {
            // Whoever has all of the file is asked next, and at once.
            self.temporaries.failed(device, path, number, result);
            return None;
        }
        if result != BlockResult::Written {
            // Another machine may have it, or this one later.
            block.failed.insert(device);
            self.refused_since = self.refused_since.or(Some(now));
            return None;
        }
        blocks.remove(&number);
        if !blocks.is_empty() {
            return None;
        }
        fetch.stage = Stage::Complete;
        self.is_next(path).then(|| path.clone())
    }

    /// A path whose content is there now is worth a plan: of a unit only when the content of all of it is, for it has thousands of files.
    fn is_next(&self, path: &RelativePath) -> bool {
        let Some(unit) = git::unit_of(path) else { return true };
        let from = self.files.range::<RelativePath, _>(&unit..);
        let mut below = from.take_while(|(path, _)| path.as_str().starts_with(unit.as_str()));
        !below.any(|(path, fetch)| path.is_at_or_below(&unit) && !matches!(fetch.stage, Stage::Complete))
    }

    /// When machines are asked again for what they could not give.
    pub(super) fn next_wake(&self) -> Option<u64> {
        self.refused_since.map(|since| since + ASK_AGAIN)
    }

    /// They may be asked again. What is there by now is looked at anew: it may be the temporary file that does not take the blocks.
    pub(super) fn ask_again(&mut self, now: u64) -> Vec<Action> {
        if self.next_wake().is_none_or(|wake| wake > now) {
            return Vec::new();
        }
        self.refused_since = None;
        let mut actions = Vec::new();
        for fetch in self.files.values_mut() {
            if fetch.blocks().all(|block| block.failed.is_empty()) {
                continue;
            }
            if fetch.outstanding() > 0 {
                // Answers are on their way: later.
                self.refused_since = Some(now);
                continue;
            }
            fetch.stage = Stage::Preparing;
            actions.push(Action::Prepare(Box::new(fetch.wanted.clone())));
        }
        actions
    }

    /// A machine said something new about a path: what it could not give before, it may have now.
    pub(super) fn told(&mut self, device: DeviceId, entry: &Entry) {
        self.temporaries.has_now(device, entry);
        for block in self.files.get_mut(&entry.path).into_iter().flat_map(Fetch::blocks) {
            block.failed.remove(&device);
        }
    }

    /// A machine begins to say anew what it has.
    pub(super) fn begins_anew(&mut self, device: DeviceId) {
        self.temporaries.forget(device);
    }

    /// A machine said which blocks it has of files that it is putting together. From one that is not connected none can be had.
    pub(super) fn progress(&mut self, device: DeviceId, updates: Vec<ProgressUpdate>) {
        if self.connected.contains(&device) {
            self.temporaries.told(device, updates);
        }
    }

    /// Nothing is being put together.
    pub(super) fn is_idle(&self) -> bool {
        self.files.is_empty()
    }

    /// What is being put together, with the blocks that are there.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = Unfinished> {
        self.files.values().filter_map(|fetch| {
            let many = fetch.wanted.content.blocks()?.hashes().len() as u32;
            let blocks: Vec<u32> = match &fetch.stage {
                Stage::Preparing => return None,
                Stage::Filling(missing) => (0..many).filter(|block| !missing.contains_key(block)).collect(),
                Stage::Complete => (0..many).collect(),
            };
            Some(Unfinished { wanted: fetch.wanted.clone(), blocks })
        })
    }

    /// Splits a plan into what can be done now and what needs content first. A unit can be done when all of it can.
    pub(super) fn sort(&mut self, operations: Vec<Operation>) -> (Vec<Operation>, Vec<Action>) {
        let mut actions = Vec::new();
        let mut incomplete = BTreeSet::new();
        for operation in &operations {
            if !needs_content(operation) {
                self.drop_fetch(&operation.path);
                continue;
            }
            if self.is_complete(operation) {
                continue;
            }
            incomplete.extend(operation.unit.clone());
            actions.extend(self.start(operation));
        }
        let (ready, rest): (Vec<Operation>, Vec<Operation>) = operations.into_iter().partition(|operation| {
            let is_whole = operation.unit.as_ref().is_none_or(|unit| !incomplete.contains(unit));
            is_whole && (!needs_content(operation) || self.is_complete(operation))
        });
        for operation in rest.iter().filter(|operation| operation.unit.is_some()) {
            self.torn.extend(operation.paths().cloned());
        }
        (ready, actions)
    }

    /// Keeps one batch of operations, but never tears a unit, and gives back the rest.
    pub(super) fn split_off(&self, ready: &mut Vec<Operation>) -> Vec<Operation> {
        let holds_open =
            |operation: &Operation| matches!(operation.step, Step::Put { .. } | Step::Adjust | Step::Dress);
        let mut open = 0;
        let is_full = |(at, operation): (usize, &Operation)| {
            open += usize::from(holds_open(operation));
            at >= MOST_OPERATIONS || open > MOST_OPEN
        };
        let mut at = ready.iter().enumerate().position(is_full).unwrap_or(ready.len());
        while at < ready.len() && ready[at].unit.is_some() && ready[at].unit == ready[at - 1].unit {
            at += 1;
        }
        ready.split_off(at)
    }

    /// The content is used, or not wanted any more.
    pub(super) fn drop_fetch(&mut self, path: &RelativePath) {
        if let Some(fetch) = self.files.remove(path) {
            self.outstanding -= fetch.outstanding();
        }
    }

    /// As many of the paths that wait as there is room for.
    pub(super) fn take_waiting(&mut self) -> BTreeSet<RelativePath> {
        let room = MOST_FILES.saturating_sub(self.files.len());
        let rest = self.waiting.iter().nth(room).cloned();
        let rest = rest.map(|first| self.waiting.split_off(&first)).unwrap_or_default();
        std::mem::replace(&mut self.waiting, rest)
    }

    /// Paths that waited for the rest of their unit: whenever something is planned, they are looked at again with it.
    pub(super) fn take_torn(&mut self) -> BTreeSet<RelativePath> {
        std::mem::take(&mut self.torn)
    }

    /// What is not wanted any more makes room.
    pub(super) fn keep_wanted(&mut self, considered: &BTreeSet<RelativePath>, operations: &[Operation]) {
        let wanted: BTreeSet<&RelativePath> = operations.iter().map(|operation| &operation.path).collect();
        let gone: Vec<RelativePath> = self
            .files
            .keys()
            .filter(|path| considered.contains(*path) && !wanted.contains(path))
            .cloned()
            .collect();
        gone.iter().for_each(|path| self.drop_fetch(path));
    }

    /// Requests for missing blocks, to the machines that have them, as far as there is room. A machine that has only some of the file is asked
    /// for what no other one can give: it shares its line with what it fetches itself.
    pub(super) fn requests(&mut self, view: &dyn View) -> Result<Vec<Action>, Unreadable> {
        let mut actions = Vec::new();
        for (path, fetch) in &mut self.files {
            if self.outstanding >= MOST_OUTSTANDING {
                break;
            }
            let wanted = fetch.wanted.clone();
            let Some(list) = wanted.content.blocks() else { continue };
            let Stage::Filling(blocks) = &mut fetch.stage else { continue };
            if blocks.values().all(|block| block.asked.is_some()) {
                continue;
            }
            let candidates = Candidates::read(view, path)?;
            let holders: Vec<DeviceId> =
                candidates.holders(&wanted).filter(|device| self.connected.contains(device)).collect();
            let temporaries = self.temporaries.of(&wanted, list, &candidates, &self.connected);
            for (number, block) in blocks.iter_mut().filter(|(_, block)| block.asked.is_none()) {
                let Some(asked) = whom_to_ask(*number, block, &holders, &temporaries) else { continue };
                block.asked = Some(asked);
                self.outstanding += u64::from(list.extent(*number as usize).1);
                actions.push(Action::Request {
                    device: asked.device,
                    wanted: Box::new(wanted.clone()),
                    block: *number,
                    from_temporary: asked.from_temporary,
                });
                if self.outstanding >= MOST_OUTSTANDING {
                    break;
                }
            }
        }
        Ok(actions)
    }

    fn is_complete(&self, operation: &Operation) -> bool {
        self.files
            .get(&operation.path)
            .is_some_and(|fetch| fetch.wanted == operation.entry && matches!(fetch.stage, Stage::Complete))
    }

    fn start(&mut self, operation: &Operation) -> Option<Action> {
        if self.files.get(&operation.path).is_some_and(|fetch| fetch.wanted == operation.entry) {
            return None;
        }
        self.drop_fetch(&operation.path);
        // A unit is all or nothing, so its files do not wait for room among each other.
        if self.files.len() >= MOST_FILES && operation.unit.is_none() {
            self.waiting.insert(operation.path.clone());
            return None;
        }
        let wanted = operation.entry.clone();
        self.files.insert(operation.path.clone(), Fetch { wanted: wanted.clone(), stage: Stage::Preparing });
        Some(Action::Prepare(Box::new(wanted)))
    }
}

impl Fetch {
    fn blocks(&mut self) -> impl Iterator<Item = &mut Block> {
        match &mut self.stage {
            Stage::Filling(blocks) => Some(blocks.values_mut()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }

    fn size_of(&self, block: u32) -> u64 {
        self.wanted.content.blocks().map_or(0, |list| u64::from(list.extent(block as usize).1))
    }

    fn outstanding(&self) -> u64 {
        let Stage::Filling(blocks) = &self.stage else { return 0 };
        blocks
            .iter()
            .filter(|(_, block)| block.asked.is_some())
            .map(|(number, _)| self.size_of(*number))
            .sum()
    }
}

/// Spread over those who have it, by the block's number: every machine gives a part.
fn whom_to_ask(
    number: u32,
    block: &Block,
    holders: &[DeviceId],
    temporaries: &[(DeviceId, &BTreeSet<u32>)],
) -> Option<Asked> {
    let one_of = |devices: Vec<DeviceId>| devices.get(number as usize % devices.len().max(1)).copied();
    let complete = holders.iter().filter(|device| !block.failed.contains(device)).copied().collect();
    if let Some(device) = one_of(complete) {
        return Some(Asked { device, from_temporary: false });
    }
    let parts = temporaries.iter().filter(|(_, blocks)| blocks.contains(&number)).map(|(device, _)| *device);
    one_of(parts.collect()).map(|device| Asked { device, from_temporary: true })
}

/// The operation puts a file in place whose content must be in a temporary file first.
fn needs_content(operation: &Operation) -> bool {
    matches!(operation.step, Step::Put { .. }) && operation.entry.content.blocks().is_some()
}
