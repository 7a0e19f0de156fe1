//! Version vectors: which changes of which machines a file has seen.
//!
//! A vector holds one counter for each machine that ever changed the item. A missing counter counts as zero. Two vectors of which
//! neither has seen all of the other are *concurrent*: the item was changed on two machines that did not know of each other.

use crate::ShortId;
use std::fmt;
use std::sync::Arc;

/// More machines than any fleet has; a longer vector is refused when it is read.
pub const MOST_COUNTERS: usize = 1_000;

/// Counters by machine, sorted by machine, without zeros. Shared, because entries are copied far more often than they change; nothing where there
/// are none.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Version(Option<Arc<[(ShortId, u64)]>>);

/// How one vector stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same changes were seen.
    Equal,
    /// This one has seen all of the other, and more.
    Newer,
    /// The other has seen all of this one, and more.
    Older,
    /// Neither has seen all of the other; at the lowest machine where they differ, this one is larger.
    ConcurrentAhead,
    /// Neither has seen all of the other; at the lowest machine where they differ, the other is larger.
    ConcurrentBehind,
}

impl Relation {
    /// Changed on both sides without knowing of each other.
    pub fn is_concurrent(self) -> bool {
        matches!(self, Self::ConcurrentAhead | Self::ConcurrentBehind)
    }

    /// Equal or newer: nothing of the other is missing here.
    pub fn has_seen(self) -> bool {
        matches!(self, Self::Equal | Self::Newer)
    }
}

/// Why a vector from outside was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// More counters than [`MOST_COUNTERS`].
    #[error("a version vector with {0} counters (the most is {MOST_COUNTERS})")]
    TooLong(usize),
}

impl Version {
    /// The vector that has seen nothing.
    pub const fn empty() -> Self {
        Self(None)
    }

    /// From counters in any order, as they came; of two for one machine the larger counts.
    pub fn from_counters(counters: impl IntoIterator<Item = (ShortId, u64)>) -> Result<Self, VersionError> {
        let mut all: Vec<(ShortId, u64)> = counters.into_iter().filter(|counter| counter.1 > 0).collect();
        all.sort_unstable();
        all.reverse();
        all.dedup_by_key(|counter| counter.0);
        all.reverse();
        if all.len() > MOST_COUNTERS { Err(VersionError::TooLong(all.len())) } else { Ok(Self::of(all)) }
    }

    fn of(counters: Vec<(ShortId, u64)>) -> Self {
        Self((!counters.is_empty()).then(|| counters.into()))
    }

    /// Counters, sorted by machine.
    pub fn counters(&self) -> &[(ShortId, u64)] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Has seen nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The counter of a machine.
    pub fn counter(&self, machine: ShortId) -> u64 {
        let counters = self.counters();
        counters.binary_search_by_key(&machine, |counter| counter.0).map_or(0, |place| counters[place].1)
    }

    /// After a change on `machine`, noticed at `now` (seconds since 1970). The clock makes counters grow even when a machine lost its
    /// index; a counter at the end of its range stays there.
    #[must_use]
    pub fn changed(&self, machine: ShortId, now: u64) -> Self {
        let mut next = self.counters().to_vec();
        match next.binary_search_by_key(&machine, |counter| counter.0) {
            Ok(place) => next[place].1 = next[place].1.saturating_add(1).max(now),
            Err(place) => next.insert(place, (machine, now.max(1))),
        }
        Self::of(next)
    }

    /// Has seen what either has seen.
    #[must_use]
    pub fn merged(&self, other: &Self) -> Self {
        match self.relation(other) {
            Relation::Equal | Relation::Newer => self.clone(),
            Relation::Older => other.clone(),
            Relation::ConcurrentAhead | Relation::ConcurrentBehind => Self::of(
                pairs(self, other).map(|(machine, ours, theirs)| (machine, ours.max(theirs))).collect(),
            ),
        }
    }

    /// Only the counter of `machine`: the result is concurrent with whatever the others have.
    #[must_use]
    pub fn only(&self, machine: ShortId) -> Self {
        Self::of(self.counters().iter().copied().filter(|counter| counter.0 == machine).collect())
    }

    /// How this vector stands to another.
    pub fn relation(&self, other: &Self) -> Relation {
        // Most often both are one: what others have is what was told to them.
        if self.counters() == other.counters() {
            return Relation::Equal;
        }
        let mut first = None;
        let (mut ahead, mut behind) = (false, false);
        for (_, ours, theirs) in pairs(self, other) {
            if ours != theirs {
                first.get_or_insert(ours > theirs);
            }
            ahead |= ours > theirs;
            behind |= ours < theirs;
        }
        match (ahead, behind, first) {
            (false, false, _) => Relation::Equal,
            (true, false, _) => Relation::Newer,
            (false, true, _) => Relation::Older,
            (true, true, Some(true)) => Relation::ConcurrentAhead,
            (true, true, _) => Relation::ConcurrentBehind,
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.counters().iter().copied()).finish()
    }
}

/// Each machine that either knows, with both counters.
fn pairs<'a>(left: &'a Version, right: &'a Version) -> impl Iterator<Item = (ShortId, u64, u64)> + 'a {
    let (mut left, mut right) =
        (left.counters().iter().copied().peekable(), right.counters().iter().copied().peekable());
    std::iter::from_fn(move || match (left.peek().copied(), right.peek().copied()) {
        (None, None) => None,
        (Some((machine, value)), other) if other.is_none_or(|(second, _)| machine < second) => {
            left.next();
            Some((machine, value, 0))
        }
        (Some((machine, value)), Some((second, other))) if machine == second => {
            left.next();
            right.next();
            Some((machine, value, other))
        }
        (_, Some((machine, value))) => {
            right.next();
            Some((machine, 0, value))
        }
        (Some(_), None) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(counters: &[(u64, u64)]) -> Version {
        Version::from_counters(counters.iter().map(|counter| (ShortId(counter.0), counter.1))).unwrap()
    }

    #[test]
    fn a_missing_counter_is_zero() {
        assert_eq!(version(&[(1, 0), (2, 5)]), version(&[(2, 5)]));
        assert_eq!(version(&[(1, 1)]).relation(&Version::empty()), Relation::Newer);
        assert_eq!(Version::empty().relation(&version(&[(1, 1)])), Relation::Older);
    }

    #[test]
    fn concurrent_is_decided_at_the_lowest_machine_that_differs() {
        let (left, right) = (version(&[(1, 5), (2, 1), (3, 9)]), version(&[(1, 5), (2, 2), (3, 1)]));
        assert_eq!(left.relation(&right), Relation::ConcurrentBehind);
        assert_eq!(right.relation(&left), Relation::ConcurrentAhead);
    }

    #[test]
    fn a_change_moves_the_counter_to_the_clock_or_one_further() {
        let old = version(&[(7, 100)]);
        assert_eq!(old.changed(ShortId(7), 50).counter(ShortId(7)), 101);
        assert_eq!(old.changed(ShortId(7), 500).counter(ShortId(7)), 500);
        assert_eq!(old.changed(ShortId(9), 0).counter(ShortId(9)), 1);
    }

    #[test]
    fn f6_a_counter_at_its_end_stays_there_and_long_vectors_are_refused() {
        assert_eq!(version(&[(1, u64::MAX)]).changed(ShortId(1), 3).counter(ShortId(1)), u64::MAX);
        let many = (1..=MOST_COUNTERS as u64 + 1).map(|machine| (ShortId(machine), 1));
        assert_eq!(Version::from_counters(many), Err(VersionError::TooLong(MOST_COUNTERS + 1)));
    }

    fn any(input: &mut arbtest::arbitrary::Unstructured<'_>) -> arbtest::arbitrary::Result<Version> {
        let length = input.int_in_range(0..=4)?;
        let mut counters = Vec::new();
        for _ in 0..length {
            counters.push((input.int_in_range(1..=4)?, input.int_in_range(0..=3)?));
        }
        Ok(version(&counters))
    }

    #[test]
    fn vectors_form_a_lattice() {
        arbtest::arbtest(|input| {
            let (a, b, c) = (any(input)?, any(input)?, any(input)?);
            assert_eq!(a.merged(&b), b.merged(&a));
            assert_eq!(a.merged(&b).merged(&c), a.merged(&b.merged(&c)));
            assert!(a.merged(&b).relation(&a).has_seen());
            assert_eq!(a.relation(&b) == Relation::Equal, a == b);
            assert_eq!(a.relation(&b) == Relation::Newer, b.relation(&a) == Relation::Older);
            assert_eq!(
                a.relation(&b) == Relation::ConcurrentAhead,
                b.relation(&a) == Relation::ConcurrentBehind
            );
            assert_eq!(a.relation(&b).has_seen(), a.merged(&b) == a);
            assert_eq!(a.merged(&b).changed(ShortId(3), 0).relation(&b), Relation::Newer);
            Ok(())
        });
    }
}
