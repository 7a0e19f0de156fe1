//! What the system refused to set is tried again when a person asks for it anew.

use super::{Action, Folder};
use crate::metadata::{Carry, Found};
use crate::rules::Rules;
use crate::trees::{Changes, Unreadable, View};
use std::sync::Arc;

impl Folder {
    /// Owners or attributes are to be set from now on, and were not: whatever was refused before is forgotten.
    pub(super) fn try_again(&mut self, rules: &Rules, view: &dyn View) -> Result<Option<Action>, Unreadable> {
        let (before, after) = (self.rules.metadata, rules.metadata);
        let begins = |before: Carry, after: Carry| before != Carry::Sync && after == Carry::Sync;
        if !begins(before.owner, after.owner) && !begins(before.attributes, after.attributes) {
            return Ok(None);
        }
        let mut changes = Changes::default();
        view.walk(&mut |path, candidates| {
            let Some(own) = candidates.here() else { return };
            if let (Some(stamp), Some(found)) = (own.stamp, &own.found)
                && found.refused.is_some()
            {
                let found = Found { refused: None, ..Found::clone(found) };
                changes.restamped.push((path.clone(), stamp, Some(Arc::new(found))));
            }
        })?;
        self.dirty.extend(changes.restamped.iter().map(|(path, ..)| path.clone()));
        Ok((!changes.is_empty()).then_some(Action::Store(changes)))
    }
}
