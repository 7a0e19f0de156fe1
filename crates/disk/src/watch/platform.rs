//! How each system tells of changes, under the same names on both: [`open`], [`Source::watch_all`], [`Source::listen`], [`Stopper::stop`].

#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "linux")]
mod unwatched;
#[cfg(target_os = "linux")]
mod walk;

#[cfg(target_os = "linux")]
pub(super) use linux::{Source, Stopper, open};
#[cfg(target_os = "macos")]
pub(super) use macos::{Source, Stopper, open};

use super::{Change, Noticed};
use homesync_paths::{RelativePath, is_control_path, is_temporary};

/// What the system told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// This happened to a path.
    Change(RelativePath, Change),
    /// Anything may have happened.
    Lost(String),
    /// Not all of it is watched: to be passed on as it is.
    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "there is no such limit there"))]
    Unwatched(Noticed),
}

/// How listening ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listened {
    /// Something was heard, or the time is over.
    GoOn,
    /// Somebody asked for the end.
    Stopped,
}

/// The ignore list is the one control file that a person edits.
const IGNORE_LIST: &str = ".stignore";

/// Nobody wants to hear of this path: it is ours, or temporary.
fn is_ours(path: &RelativePath) -> bool {
    path.as_str() != IGNORE_LIST && is_control_path(path) || is_temporary(path.name())
}
