//! What other machines say.

use super::{Action, Folder, Now};
use crate::canary::{Bug, planted};
use crate::git;
use crate::trees::{Agreed, Candidates, Changes, Unreadable, View, all_below};
use homesync_paths::{RelativePath, is_control_path};
use homesync_protocol::{DeviceId, Entry};
use std::collections::BTreeMap;

impl Folder {
    /// Stores what a machine said. Names that no machine may send are left out; the rest counts.
    pub(super) fn told(
        &mut self,
        device: DeviceId,
        full: bool,
        entries: Vec<Entry>,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        let mut changes = Changes::default();
        if full {
            changes.forget.extend((!planted(Bug::OldIndexCounts)).then_some(device));
            self.fetches.begins_anew(device);
            self.forgotten(device, view)?;
        }
        // Of two entries for one path in a batch, the later counts.
        let mut latest: BTreeMap<RelativePath, Entry> = BTreeMap::new();
        for entry in entries.into_iter().filter(|entry| !is_control_path(&entry.path)) {
            latest.insert(entry.path.clone(), entry);
        }
        for (path, entry) in latest {
            if let Some(unit) = git::unit_of(&path) {
                self.situation.restless.insert(unit.clone());
                self.restless.insert(unit, now.ticks);
            }
            let mut candidates = Candidates::read(view, &path)?;
            let before = candidates.global().map(|global| global.content.clone());
            if let Some(own) = candidates.own.as_ref().filter(|own| own.entry.validity.is_valid())
                && entry.version.relation(&own.entry.version).has_seen()
            {
                changes.agreed.push((path.clone(), Some(Agreed::of(&own.entry))));
            }
            candidates.others.retain(|(other, _)| *other != device);
            candidates.others.push((device, entry.clone()));
            let after = candidates.global().map(|global| global.content.clone());
            if let Some(after) = after {
                self.touched(&path, before.as_ref(), &after, view)?;
            }
            self.fetches.told(device, &entry);
            self.failures.remove(&path);
            changes.others.push((device, entry));
        }
        Ok(if changes.is_empty() { Vec::new() } else { vec![Action::Store(changes)] })
    }

    /// Everything that a machine ever said is void.
    fn forgotten(&mut self, device: DeviceId, view: &dyn View) -> Result<(), Unreadable> {
        for path in all_below(view, None)? {
            if view.others(&path)?.iter().any(|(other, _)| *other == device) {
                self.dirty.insert(path);
            }
        }
        Ok(())
    }
}
