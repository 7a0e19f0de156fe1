//! Planted bugs: what the testers must find, or their silence means nothing.
//!
//! Each one leaves out a single thing on which people's data depends. Nothing of them is in what is shipped: without the feature `canaries` the
//! answer to [`planted`] is a constant. With it, a tester plants one bug at a time, for its own thread.

/// Makes the enumeration and everything that has to name all of its members.
macro_rules! bugs {
    ($($(#[doc = $sentence:literal])+ $bug:ident,)+) => {
        /// What can be left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($(#[doc = $sentence])+ $bug,)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug),+];

            /// What is wrong then, in words.
            pub fn sentence(self) -> &'static str {
                match self {
                    $(Self::$bug => concat!($($sentence),+).trim_ascii(),)+
                }
            }
        }
    };
}

bugs! {
    /// New content gets its name before it is durable.
    ContentNotDurable,
    /// It is done before the names are durable.
    NamesNotDurable,
    /// Nothing is written down before an object is displaced.
    NoIntents,
    /// What was under way at a stop is forgotten.
    NotSettled,
    /// A directory that was lent for a batch is not given back after a stop.
    NotGivenBack,
    /// What came out of an exchange is not looked at.
    NotInspected,
    /// What is displaced is not compared with what the plan expects.
    NotCompared,
    /// What is removed does not go to the recovery area.
    RemovedOutright,
    /// Blocks that an earlier run left are taken for whole.
    LeftoversBelieved,
    /// What people wrote is announced before it is durable.
    AnnouncedTooEarly,
    /// A person's edit that came out of an exchange is not put back.
    NotPutBack,
    /// What could not be read counts as gone.
    UnknownIsGone,
    /// Any directory in the place of the root is taken for it.
    AnyRootBelieved,
    /// No number of removals asks a person.
    GuardOff,
    /// A removal goes before an edit that it had not seen.
    RemovalWins,
    /// The losing side of a conflict gets no name of its own.
    LoserNotKept,
    /// What is taken over forgets what ours had seen.
    HistoryForgotten,
    /// Bytes that nobody wrote, but that a failing disk made, are taken for a person's edit.
    RemnantBelieved,
    /// Patterns that leave things out protect nothing.
    PatternsForgotten,
    /// What is missing once is gone.
    GoneAtOnce,
    /// Only what changed is planned, without the directories above it.
    NothingAbovePlanned,
    /// A look that began before our own operation is believed after it.
    StaleLookBelieved,
    /// A directory goes although something in it stays.
    DirectoryNotKept,
    /// A folder that only sends takes over changes.
    SenderReceives,
    /// A file that was read in the same moment as it was written is never read again.
    SameMomentBelieved,
    /// What a machine said before it began anew still counts.
    OldIndexCounts,
    /// Which of two entries counts depends on who is asked.
    OwnSideWins,
    /// A part of a repository changes without the rest.
    RepositoryTorn,
    /// Two names that are one on this disk are both put there.
    SameNamesPut,
    /// The index says that something is stored before it is durable.
    IndexNotDurable,
    /// After a start the index gives sequence numbers that it gave before.
    SequencesRepeated,
}

/// This bug is to be made.
#[cfg(not(feature = "canaries"))]
pub const fn planted(_: Bug) -> bool {
    false
}

#[cfg(feature = "canaries")]
pub use planting::{plant, planted};

#[cfg(feature = "canaries")]
#[expect(
    clippy::disallowed_macros,
    reason = "as an argument it would be in every signature of what is shipped"
)]
mod planting {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// From here on, this thread has this bug, or none.
    pub fn plant(bug: Option<Bug>) {
        PLANTED.set(bug);
    }

    /// This bug is to be made.
    pub fn planted(bug: Bug) -> bool {
        PLANTED.get() == Some(bug)
    }
}
