//! A move of ours of which the index did not hear: it could not store it, and the file stands at its new place.
//!
//! An ordinary look takes it for what others have there already. But where the disk has made other bytes of it before it was moved, and nobody had
//! noticed, that look would take it for a file that a person has just written, and give it to everybody.

use super::Folder;
use super::removals::MOST_TWINS;
use crate::canary::{Bug, planted};
use crate::metadata::Found;
use crate::record::Seen;
use crate::trees::{Candidates, Local, Unreadable, View};
use homesync_protocol::{Entry, Validity};
use std::sync::Arc;

impl Folder {
    /// The object is one that is known at another path, with the time and the size that it has there, and others have its content here. Its bytes
    /// are others, and nobody wrote them.
    pub(super) fn moved_and_rotten(
        &self,
        seen: &Seen,
        candidates: &Candidates,
        view: &dyn View,
    ) -> Result<Option<Local>, Unreadable> {
        let Seen::Present { stamp, content, metadata, .. } = seen else { return Ok(None) };
        if candidates.here().is_some() {
            return Ok(None);
        }
        let Some(global) = candidates.global().filter(|global| global.is_present()) else { return Ok(None) };
        let has_seen_ours =
            candidates.own.as_ref().is_none_or(|own| global.version.relation(&own.entry.version).has_seen());
        let Some(digest) = global.content.digest() else { return Ok(None) };
        if !has_seen_ours || global.content.is_same(content) {
            return Ok(None);
        }
        for path in view.files_with(digest, MOST_TWINS)? {
            let known = view.local(&path)?.and_then(|twin| twin.stamp);
            let is_it = known.is_some_and(|known| !known.is_distrusted() && known.is_same_object(stamp));
            if is_it && !planted(Bug::RemnantBelieved) {
                let entry = Entry { validity: Validity::Suspect, ..global.clone() };
                let found = metadata.as_ref().map(|seen| Arc::new(Found::of(seen.clone())));
                return Ok(Some(Local { entry, stamp: Some(*stamp), found }));
            }
        }
        Ok(None)
    }
}
