//! What is not the same everywhere yet, kept up to date with every change, so that "is everything there?" costs nothing to answer.
//!
//! Paths are remembered by a hash of 16 bytes and not by their text: when a machine is new it lacks everything.

use crate::partial::Partial;
use homesync_engine::{Candidates, MetadataRules};
use homesync_protocol::{DeviceId, Entry, Validity};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How much of something there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// Items.
    pub(crate) items: u64,
    /// Bytes in files.
    pub(crate) bytes: u64,
}

/// What one machine lacks or has to take away, by the short names of paths, with its bytes.
type Lacking = HashMap<u128, u64>;

/// The differences of one folder.
#[derive(Debug, Default)]
pub(crate) struct Differences {
    /// Between this machine and what counts.
    here: Lacking,
    /// Between each other machine and what counts; nothing for a machine that has not said yet what it has.
    others: BTreeMap<DeviceId, Option<Lacking>>,
    /// What counts, as of the last count.
    total: Amount,
    is_counting: bool,
    /// Changed here and kept to this machine until a person decides.
    only_here: BTreeSet<u128>,
    /// Here, and not wholly as it should be.
    partial: Partial,
}

/// One of those who compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// This machine.
    Here,
    /// Another.
    Other(DeviceId),
}

impl Differences {
    /// Nothing is known to differ between this machine and those, of which some have said what they have.
    pub(crate) fn new(with: &BTreeSet<DeviceId>, known: &BTreeSet<DeviceId>) -> Self {
        let lacking = |device: &DeviceId| known.contains(device).then(Lacking::new);
        Self {
            others: with.iter().map(|device| (*device, lacking(device))).collect(),
            is_counting: true,
            ..Self::default()
        }
    }

    /// Owners and attributes count as these say.
    pub(crate) fn with_metadata(self, rules: MetadataRules) -> Self {
        Self { partial: Partial::new(rules), ..self }
    }

    /// What is here and not wholly as it should be.
    pub(crate) fn partial(&self) -> &Partial {
        &self.partial
    }

    /// Everything was looked at: room that is not needed any more is given back.
    pub(crate) fn is_counted(&mut self) {
        self.is_counting = false;
        let others = self.others.values_mut().flatten();
        others.chain([&mut self.here]).for_each(HashMap::shrink_to_fit);
    }

    /// The machine has said what it has.
    pub(crate) fn is_known(&self, device: DeviceId) -> bool {
        self.others.get(&device).is_some_and(Option::is_some)
    }

    /// Those are the machines that it is shared with now. What the new ones lack is to be counted.
    pub(crate) fn share_with(&mut self, with: &BTreeSet<DeviceId>) {
        self.others.retain(|device, _| with.contains(device));
        for device in with {
            self.others.entry(*device).or_default();
        }
    }

    /// Looks at what everybody says about a path.
    pub(crate) fn look(&mut self, path: &str, candidates: &Candidates) {
        let short = short(path);
        let global = candidates.global().filter(|global| is_wanted(global));
        let bytes = global.map_or(0, bytes_of);
        let own = candidates.own.as_ref().map(|own| &own.entry);
        note(&mut self.here, short, lacks(own, global), bytes);
        self.partial.look(path, candidates);
        match own.is_some_and(is_kept_here) {
            true => self.only_here.insert(short),
            false => self.only_here.remove(&short),
        };
        if self.is_counting && global.is_some_and(Entry::is_present) {
            self.total.items += 1;
            self.total.bytes = self.total.bytes.saturating_add(bytes);
        }
        for (device, lacking) in &mut self.others {
            let Some(lacking) = lacking else { continue };
            note(lacking, short, lacks(candidates.of(*device), global), bytes);
        }
    }

    /// How much a machine lacks.
    pub(crate) fn lacking(&self, side: Side) -> Amount {
        let lacking = match side {
            Side::Here => Some(&self.here),
            Side::Other(device) => match self.others.get(&device) {
                Some(None) => return self.total,
                known => known.and_then(Option::as_ref),
            },
        };
        let sum = |lacking: &Lacking| Amount {
            items: lacking.len() as u64,
            bytes: lacking.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes)),
        };
        lacking.map(sum).unwrap_or_default()
    }

    /// Items that are kept to this machine.
    pub(crate) fn only_here(&self) -> u64 {
        self.only_here.len() as u64
    }
}

/// A machine lacks what counts: it has another version of it, or none. Who leaves an item out lacks nothing; who never had what was removed
/// neither.
pub(crate) fn lacks(entry: Option<&Entry>, global: Option<&Entry>) -> bool {
    let Some(global) = global else { return false };
    match entry {
        None => global.is_present(),
        Some(entry) if entry.validity == Validity::OnlyHere => !is_kept_here(entry),
        Some(entry) if !entry.validity.is_valid() => entry.validity == Validity::Suspect,
        Some(entry) => entry.version != global.version,
    }
}

/// It stays on this machine until a person decides. What a person gave up has seen nothing, and is on its way to what the others have.
fn is_kept_here(own: &Entry) -> bool {
    own.validity == Validity::Suspect || (own.validity == Validity::OnlyHere && !own.version.is_empty())
}

/// What counts can be had at all.
pub(crate) fn is_wanted(global: &Entry) -> bool {
    global.validity.is_valid()
}

/// Bytes that have to travel for an item.
pub(crate) fn bytes_of(entry: &Entry) -> u64 {
    entry.content.blocks().map_or(0, |blocks| blocks.size())
}

fn note(lacking: &mut Lacking, short: u128, lacks: bool, bytes: u64) {
    match lacks {
        true => lacking.insert(short, bytes),
        false => lacking.remove(&short),
    };
    if lacking.is_empty() {
        // What a new machine once lacked is not kept room for.
        lacking.shrink_to_fit();
    }
}

/// The short name of a path.
pub(crate) fn short(path: &str) -> u128 {
    let hash = homesync_protocol::BlockHash::of(path.as_bytes());
    hash.0.iter().take(16).fold(0, |sum, byte| (sum << 8) | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use homesync_engine::Local;
    use homesync_paths::RelativePath;
    use homesync_protocol::{BlockList, Content, Kind, ShortId, Timestamp, Version};

    fn entry(content: Content, counter: u64) -> Entry {
        Entry {
            path: RelativePath::parse("a").unwrap(),
            content,
            validity: Validity::Valid,
            version: Version::from_counters([(ShortId(1), counter)]).unwrap(),
            modified: Timestamp::default(),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 1,
            previous: None,
            metadata: None,
        }
    }

    fn device() -> DeviceId {
        DeviceId::from_bytes([1; 32])
    }

    fn look(own: Option<Entry>, theirs: Option<Entry>) -> (Amount, Amount) {
        let mut differences = Differences::new(&[device()].into(), &[device()].into());
        let own = own.map(|entry| Local { entry, stamp: None, found: None });
        let others = theirs.into_iter().map(|entry| (device(), entry)).collect();
        differences.look("a", &Candidates { own, others });
        (differences.lacking(Side::Here), differences.lacking(Side::Other(device())))
    }

    #[test]
    fn who_has_an_older_version_or_none_lacks_what_counts() {
        let file = |counter| entry(Content::File(BlockList::of(b"bytes")), counter);
        let gone = |counter| entry(Content::Deleted(Kind::File), counter);
        let (none, one) = (Amount::default(), Amount { items: 1, bytes: 5 });
        let removal = Amount { items: 1, bytes: 0 };
        assert_eq!(look(Some(file(2)), Some(file(2))), (none, none));
        assert_eq!(look(Some(file(2)), None), (none, one));
        assert_eq!(look(None, Some(file(2))), (one, none));
        assert_eq!(look(Some(file(2)), Some(file(1))), (none, one));
        assert_eq!(look(Some(file(1)), Some(gone(2))), (removal, none));
        assert_eq!(look(None, Some(gone(2))), (none, none));
        let ignored = Entry { validity: Validity::Invalid, ..file(1) };
        assert_eq!(look(Some(file(2)), Some(ignored)), (none, none));
    }

    #[test]
    fn what_was_lacking_and_has_come_lacks_no_more() {
        let mut differences = Differences::new(&[device()].into(), &[device()].into());
        let file = entry(Content::File(BlockList::of(b"bytes")), 2);
        let own = Some(Local { entry: file.clone(), stamp: None, found: None });
        differences.look("a", &Candidates { own: own.clone(), others: Vec::new() });
        assert_eq!(differences.lacking(Side::Other(device())).items, 1);
        differences.look("a", &Candidates { own, others: vec![(device(), file)] });
        assert_eq!(differences.lacking(Side::Other(device())), Amount::default());
        assert_eq!(differences.lacking(Side::Here), Amount::default());
    }
}
