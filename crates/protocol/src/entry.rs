//! One item of a folder as machines tell each other about it, and which of several machines' items wins.

use crate::{BlockList, BlocksHash, Metadata, Relation, ShortId, Version};
use homesync_paths::RelativePath;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Seconds since 1970, which may lie before it, and nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp {
    /// Whole seconds, rounded down.
    pub seconds: i64,
    /// The rest, below one thousand million.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// At a whole second.
    pub const fn at(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0 }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:09}", self.seconds, self.nanoseconds)
    }
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
}

/// What an item holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Content {
    /// A regular file's blocks.
    File(BlockList),
    /// A directory; what is in it are items of their own.
    Directory,
    /// A symbolic link's target, as it is stored, never followed.
    Link(Arc<str>),
    /// Nothing: the item was removed. What it was before is kept, because the wire asks for it.
    Deleted(Kind),
}

impl Content {
    /// What the item is, or was before it was removed.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Directory => Kind::Directory,
            Self::Link(_) => Kind::Link,
            Self::Deleted(kind) => *kind,
        }
    }

    /// The item was removed.
    pub fn is_deleted(&self) -> bool {
        matches!(self, Self::Deleted(_))
    }

    /// The same thing would be on the disk. Block sizes may differ between machines, and only equal ones can be compared.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Deleted(_), Self::Deleted(_)) => true,
            (Self::File(ours), Self::File(theirs)) => {
                ours.size() == theirs.size() && ours.digest() == theirs.digest()
            }
            (ours, theirs) => ours == theirs,
        }
    }

    /// The blocks of a file.
    pub fn blocks(&self) -> Option<&BlockList> {
        match self {
            Self::File(blocks) => Some(blocks),
            _ => None,
        }
    }

    /// A file's content in 32 bytes.
    pub fn digest(&self) -> Option<BlocksHash> {
        self.blocks().map(BlockList::digest)
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(blocks) => write!(formatter, "file {blocks:?}"),
            Self::Directory => formatter.write_str("directory"),
            Self::Link(target) => write!(formatter, "link to {target:?}"),
            Self::Deleted(kind) => write!(formatter, "deleted {kind:?}"),
        }
    }
}

/// Whether an item takes part. All but the first travel as one flag, `invalid`: the machine knows the version but has no such item to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Validity {
    /// It takes part.
    #[default]
    Valid,
    /// The other machine said that it does not have it; why is its own affair.
    Invalid,
    /// Here: an ignore pattern leaves it out.
    Ignored,
    /// Here: this file system cannot hold it.
    Unsupported,
    /// Here: what is on the disk is not to be believed (zero-filled after a power cut, rotten), so it is neither announced nor served.
    Suspect,
    /// Here: changed in a folder that only receives; kept to this machine until a person decides.
    OnlyHere,
}

impl Validity {
    /// It takes part.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }
}

/// One item of a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Where it is, from the folder's root.
    pub path: RelativePath,
    /// What it holds.
    pub content: Content,
    /// Whether it takes part.
    pub validity: Validity,
    /// Which changes it has seen.
    pub version: Version,
    /// When the file was last written, by its own file system; for a deleted one when that was noticed.
    pub modified: Timestamp,
    /// Who made the last change.
    pub modified_by: ShortId,
    /// Permission bits (the low nine), where they are kept.
    pub permissions: Option<u16>,
    /// The announcing machine's count of changes in this folder; zero until it is stored.
    pub sequence: u64,
    /// The content from which the last change was made, where it is known: then the winner of a conflict may turn out to be no conflict.
    pub previous: Option<BlocksHash>,
    /// Owner and attributes, where somebody keeps them.
    pub metadata: Option<Arc<Metadata>>,
}

impl Entry {
    /// There to be fetched: valid and not deleted.
    pub fn is_present(&self) -> bool {
        self.validity.is_valid() && !self.content.is_deleted()
    }

    /// As others hear of it: what does not take part here is invalid, and what is kept to this machine has seen nothing, so that it never wins.
    pub fn announced(mut self) -> Self {
        if self.validity == Validity::OnlyHere {
            self.version = Version::empty();
        }
        if !self.validity.is_valid() {
            self.validity = Validity::Invalid;
        }
        self
    }

    /// Which of two machines' entries for one path comes first, by the rule that all machines follow. `Less` means that `self` comes first.
    ///
    /// 1. The one that has seen the other.
    /// 2. At equal versions, or at concurrent ones: valid before invalid.
    /// 3. Concurrent: the later time of modification.
    /// 4. Concurrent: the one that is larger at the lowest machine where they differ.
    ///
    /// (Older peers put "present before deleted" between 2 and 3; the newer ones do not, and neither do we.)
    pub fn rank(&self, other: &Self) -> Ordering {
        let validity = || other.validity.is_valid().cmp(&self.validity.is_valid());
        let time = || other.modified.cmp(&self.modified);
        match self.version.relation(&other.version) {
            Relation::Newer => Ordering::Less,
            Relation::Older => Ordering::Greater,
            Relation::Equal => validity(),
            Relation::ConcurrentAhead => validity().then_with(time).then(Ordering::Less),
            Relation::ConcurrentBehind => validity().then_with(time).then(Ordering::Greater),
        }
    }
}

/// The entry that counts among all machines' entries for one path: the first valid one in [`Entry::rank`]'s order, or the very first if
/// none is valid.
///
/// The rank of three concurrent entries can go in a circle, so this does not sort: an entry counts if no other has seen it, and of those the
/// last in time, then in version, wins. All machines that know the same entries come to the same answer in any order of arrival.
pub fn winner<'a>(entries: impl IntoIterator<Item = &'a Entry> + Clone) -> Option<&'a Entry> {
    // One alone counts, and so do several that agree: by far the most paths.
    let mut all = entries.clone().into_iter();
    let first = all.next()?;
    if first.validity.is_valid()
        && all.all(|other| other.validity.is_valid() && other.version == first.version)
    {
        return Some(first);
    }
    let best = |only_valid: bool| {
        let candidates =
            || entries.clone().into_iter().filter(|entry| !only_valid || entry.validity.is_valid());
        let undominated = candidates().filter(|entry| {
            !candidates().any(|other| other.version.relation(&entry.version) == Relation::Newer)
        });
        undominated.reduce(|first, second| if before(second, first) { second } else { first })
    };
    best(true).or_else(|| best(false))
}

/// A total order on entries of which none has seen another.
fn before(left: &Entry, right: &Entry) -> bool {
    let key = |entry: &Entry| (entry.validity.is_valid(), entry.modified);
    match key(left).cmp(&key(right)) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => left.version.relation(&right.version) == Relation::ConcurrentAhead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(counters: &[(u64, u64)], seconds: i64, validity: Validity) -> Entry {
        Entry {
            path: RelativePath::parse("a").unwrap(),
            content: Content::Directory,
            validity,
            version: Version::from_counters(counters.iter().map(|counter| (ShortId(counter.0), counter.1)))
                .unwrap(),
            modified: Timestamp::at(seconds),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 0,
            previous: None,
            metadata: None,
        }
    }

    #[test]
    fn the_one_that_has_seen_the_other_wins_whatever_the_clock_says() {
        let (old, new) = (entry(&[(1, 1)], 900, Validity::Valid), entry(&[(1, 2)], 5, Validity::Valid));
        assert_eq!(new.rank(&old), Ordering::Less);
        assert_eq!(winner([&old, &new]), Some(&new));
    }

    #[test]
    fn valid_goes_before_invalid_unless_it_is_older() {
        let (left, right) = (entry(&[(1, 1)], 1, Validity::Valid), entry(&[(2, 1)], 9, Validity::Invalid));
        assert_eq!(winner([&right, &left]), Some(&left));
        let newer = entry(&[(1, 2)], 1, Validity::Ignored);
        assert_eq!(winner([&newer, &left]), Some(&left), "an invalid one is nothing to fetch");
        assert_eq!(winner([&newer]), Some(&newer));
    }

    #[test]
    fn concurrent_ones_go_by_time_then_by_version() {
        let (early, late) = (entry(&[(1, 9)], 1, Validity::Valid), entry(&[(2, 1)], 2, Validity::Valid));
        assert_eq!(winner([&early, &late]), Some(&late));
        let (ahead, behind) = (entry(&[(1, 9)], 1, Validity::Valid), entry(&[(2, 1)], 1, Validity::Valid));
        assert_eq!(winner([&behind, &ahead]), Some(&ahead));
    }

    #[test]
    fn others_hear_why_nothing_is_to_be_had_only_as_invalid() {
        let announced = |validity| entry(&[(1, 7)], 1, validity).announced();
        assert_eq!(announced(Validity::Valid), entry(&[(1, 7)], 1, Validity::Valid));
        for validity in [Validity::Ignored, Validity::Unsupported, Validity::Suspect] {
            assert_eq!(announced(validity), entry(&[(1, 7)], 1, Validity::Invalid));
        }
        assert_eq!(announced(Validity::OnlyHere), entry(&[], 1, Validity::Invalid));
    }

    #[test]
    fn the_winner_does_not_depend_on_the_order_of_arrival() {
        arbtest::arbtest(|input| {
            let mut entries = Vec::new();
            for _ in 0..input.int_in_range(2..=4)? {
                let mut counters = Vec::new();
                for machine in 1..=3 {
                    counters.push((machine, input.int_in_range(0..=3)?));
                }
                let validity = if input.ratio(3u8, 4u8)? { Validity::Valid } else { Validity::Invalid };
                entries.push(entry(&counters, input.int_in_range(0..=2)?, validity));
            }
            // Two machines cannot make the same version at different times.
            let versions: std::collections::BTreeSet<_> =
                entries.iter().map(|entry| format!("{:?}", entry.version)).collect();
            if versions.len() < entries.len() {
                return Ok(());
            }
            let forward = winner(&entries).cloned();
            entries.reverse();
            assert_eq!(winner(&entries).cloned(), forward);
            entries.swap(0, 1);
            assert_eq!(winner(&entries).cloned(), forward);
            Ok(())
        });
    }
}
