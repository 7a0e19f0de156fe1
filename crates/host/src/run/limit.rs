//! How long a program may take.

use std::fmt;
use std::time::Duration;

/// When a program that still runs is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It may take this long altogether.
    Total(Duration),
    /// It may go on for as long as it likes, but must write something to standard output or standard error within this time. For work whose
    /// length depends on the amount of data and on the line.
    Silence(Duration),
}

impl Limit {
    /// For git commands that do not use the network.
    pub const GIT_LOCAL: Self = Self::Total(Duration::from_secs(30));
    /// For transfers: judged by progress, never by total time. Whoever sets it makes the program talk while it works, with `--progress` for
    /// git, which is silent in a pipe otherwise.
    pub const TRANSFER: Self = Self::Silence(Duration::from_secs(120));

    /// A limit on the whole run.
    pub const fn total(longest: Duration) -> Self {
        Self::Total(longest)
    }

    /// A limit on silence.
    pub const fn silence(longest: Duration) -> Self {
        Self::Silence(longest)
    }

    /// How much is left, given how long the program has run and been silent.
    pub(super) fn left(self, running: Duration, silent: Duration) -> Duration {
        match self {
            Self::Total(longest) => longest.saturating_sub(running),
            Self::Silence(longest) => longest.saturating_sub(silent),
        }
    }
}

impl Default for Limit {
    /// Nothing runs without a limit: who did not choose one gets that of a local command.
    fn default() -> Self {
        Self::GIT_LOCAL
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Total(longest) => write!(formatter, "took longer than {longest:?}"),
            Self::Silence(longest) => write!(formatter, "made no progress for {longest:?}"),
        }
    }
}
