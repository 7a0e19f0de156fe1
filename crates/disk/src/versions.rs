//! Versions: what was replaced or removed because another machine said so, under names that Syncthing gives and knows.
//!
//! This module decides names and what has had its time, and touches nothing; [`clean`](Versioning::clean) lets go of the latter. The executor
//! moves a displaced file to its version after it is safe in the recovery area, so it is always in one of the two, and never in both.

mod clean;
mod list;

pub use list::KeptVersion;

use homesync_engine::date;
use homesync_paths::RelativePath;
use homesync_protocol::Timestamp;

/// Where they are, in the folder's root.
pub const VERSIONS: &str = ".stversions";

/// How a folder keeps versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versioning {
    /// Which are kept.
    pub kind: VersioningKind,
    /// Seconds that local time is ahead of UTC: names carry local time.
    pub utc_offset: i64,
}

/// Which versions are kept. An [external program](crate::External) keeps its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersioningKind {
    /// The last one, under its own name.
    TrashCan {
        /// Days after which it goes; zero is never.
        cleanout_days: u32,
    },
    /// So many of each file.
    Simple {
        /// How many.
        keep: u32,
        /// Days after which these go too; zero is never.
        cleanout_days: u32,
    },
    /// Many young ones and few old ones.
    Staggered {
        /// Seconds after which even the last goes; zero is never.
        max_age: u32,
    },
}

const DAY: i64 = 86_400;

/// Up to this age, in seconds, there are so many seconds between two of a file's staggered versions.
const STEPS: [(i64, i64); 4] = [(3_600, 30), (DAY, 3_600), (30 * DAY, DAY), (i64::MAX, 7 * DAY)];

impl Versioning {
    /// What a file that is displaced now becomes.
    pub fn version_of(&self, path: &RelativePath, now: Timestamp) -> Option<RelativePath> {
        let versions = RelativePath::parse(VERSIONS).ok()?;
        let VersioningKind::TrashCan { .. } = self.kind else {
            let name = tagged(path.name(), &date(now, self.utc_offset));
            let directory = match path.parent() {
                Some(parent) => versions.join(parent.as_str()).ok()?,
                None => versions,
            };
            return directory.join(&name).ok();
        };
        versions.join(path.as_str()).ok()
    }

    /// Of the versions of one file, those that have had their time. Each is known by when it was made, in seconds since 1970, the oldest
    /// first; the answer is in that order too.
    pub fn expired(&self, made: &[i64], now: i64) -> Vec<usize> {
        let is_older = |made: i64, limit: i64| limit > 0 && now.saturating_sub(made) > limit;
        let all = 0..made.len();
        match self.kind {
            VersioningKind::TrashCan { cleanout_days } => {
                all.filter(|number| is_older(made[*number], i64::from(cleanout_days) * DAY)).collect()
            }
            VersioningKind::Simple { keep, cleanout_days } => {
                let too_many = made.len().saturating_sub(keep.max(1) as usize);
                let is_expired = |number: &usize| {
                    *number < too_many || is_older(made[*number], i64::from(cleanout_days) * DAY)
                };
                all.filter(is_expired).collect()
            }
            VersioningKind::Staggered { max_age } => {
                let mut last_kept = None;
                let is_expired = |number: &usize| {
                    let (at, age) = (made[*number], now.saturating_sub(made[*number]));
                    let step = STEPS.iter().find(|(end, _)| age < *end).map_or(0, |(_, step)| *step);
                    let is_close = last_kept.is_some_and(|last: i64| at.saturating_sub(last) < step);
                    if is_older(at, max_age.into()) || is_close {
                        return true;
                    }
                    last_kept = Some(at);
                    false
                };
                all.filter(is_expired).collect()
            }
        }
    }

    /// The name that a version's file had, and when the version was made, in seconds since 1970; nothing if it is not a version's name.
    pub fn original_of(&self, name: &str) -> Option<(String, i64)> {
        let (original, tag) = untagged(name)?;
        Some((original, seconds_of(tag)? - self.utc_offset))
    }
}

/// The tag goes before the last extension.
fn tagged(name: &str, tag: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}~{tag}.{extension}"),
        None => format!("{name}~{tag}"),
    }
}

/// The name without its tag, which stands before the extension, or in old versions at the very end.
fn untagged(name: &str) -> Option<(String, &str)> {
    let (before, after) = name.rsplit_once('~')?;
    match after.split_once('.') {
        Some((tag, extension)) => Some((format!("{before}.{extension}"), tag)),
        None => Some((before.to_string(), after)),
    }
}

/// `YYYYMMDD-HHMMSS` as seconds.
fn seconds_of(tag: &str) -> Option<i64> {
    let seconds = crate::area::seconds_of_act(tag).filter(|_| tag.len() == 15)?;
    // A month 13 or an hour 25 is no time but somebody's own name.
    (date(Timestamp::at(seconds), 0) == tag).then_some(seconds)
}

#[cfg(test)]
mod tests;
