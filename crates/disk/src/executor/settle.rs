//! After a kill or a power cut: what became of the intents.
//!
//! It looks at each intent's slot and may itself be cut short and repeated any number of times: each step leaves a state that the next
//! run understands.

use super::displace::aside;
use super::prepare::{is_untouched, missing_is_changed};
use super::version::is_for_version;
use super::{Executor, Stop};
use crate::area::{find_slot, staged};
use crate::tree::Place;
use crate::vfs::Vfs;
use homesync_engine::{Bug, Displaced, Expected, Intent, Stamp, planted};
use homesync_protocol::Kind;
use std::io;

impl<V: Vfs> Executor<'_, V> {
    /// Completes or takes back what was under way. Afterwards every object of a person's is under its name, a conflict copy, or in the
    /// recovery area; the intents can be forgotten when this has returned without an error. One that
    /// the system refuses to settle holds up none of the others.
    pub fn settle(&self, intents: &[Intent]) -> io::Result<()> {
        let mut refused = None;
        // What is in directories that were lent is settled while they are lent again, and those come last.
        let (displacing, lending): (Vec<&Intent>, Vec<&Intent>) =
            intents.iter().partition(|intent| intent.slot.is_some());
        self.lend(lending.iter().copied());
        for intent in displacing.into_iter().chain(lending) {
            if let Err(error) = self.settle_one(intent) {
                refused.get_or_insert(error);
            }
        }
        self.lent_now.take();
        if let Err(error) = self.keep_stranded() {
            refused.get_or_insert(error);
        }
        self.make_names_durable()?;
        refused.map_or(Ok(()), Err)
    }

    pub(super) fn settle_one(&self, intent: &Intent) -> io::Result<()> {
        if planted(Bug::NotSettled) {
            return Ok(());
        }
        let Some(slot) = &intent.slot else {
            return if planted(Bug::NotGivenBack) { Ok(()) } else { self.settle_lent(intent) };
        };
        let Some((directory, name)) = find_slot(&self.tree, slot)? else { return Ok(()) };
        self.names_change(&directory)?;
        let in_slot = Place { directory, name: name.as_bytes().to_vec() };
        self.finish_two_steps(intent, &in_slot)?;
        let Some(found) = self.tree.status(&in_slot)?.and_then(|status| status.stamp()) else {
            return Ok(());
        };
        self.lend_displaced(&in_slot, &found)?;
        if intent.staged.is_some_and(|staged| is_untouched(&found, &staged)) {
            return self.unstage(intent, &in_slot, found);
        }
        if is_as_expected(intent, &found) {
            return self.keep_loser(intent, &in_slot);
        }
        // A person's edit was displaced and nobody looked at it any more. It goes back if what we put in its place is still there, or nothing is.
        self.restore(intent, &in_slot)
    }

    /// What was displaced as it was meant to be: the losing side of a conflict gets its own name, and anything else stays in the recovery area.
    fn keep_loser(&self, intent: &Intent, at: &Place<V>) -> io::Result<()> {
        let displaced = Displaced::Conflict(intent.copies.clone());
        match self.keep_aside(at, &displaced).map_err(missing_is_changed) {
            // That a version cannot be made must not keep the intent open for ever.
            Err(Stop::Refused(error)) if !is_for_version(intent) => Err(error),
            // The place of the copy is gone: it stays in the recovery area.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Nothing was displaced: the staged object goes back to be used by the next plan.
    fn unstage(&self, intent: &Intent, in_slot: &Place<V>, found: Stamp) -> io::Result<()> {
        if found.kind != Kind::File {
            return Ok(());
        }
        let directory = staged(&self.tree)?;
        let Some(name) = &intent.staged_name else { return Ok(()) };
        self.names_change(&directory)?;
        let to = Place { directory, name: name.as_bytes().to_vec() };
        self.rename_if_free(in_slot, &to)
    }

    fn restore(&self, intent: &Intent, in_slot: &Place<V>) -> io::Result<()> {
        let place = match self.tree.place(&intent.path).map_err(missing_is_changed) {
            Ok(place) => place,
            // Its directory is gone: it stays in the recovery area.
            Err(Stop::Undone(_)) => return Ok(()),
            Err(Stop::Refused(error)) => return Err(error),
        };
        self.names_change(&place.directory)?;
        match intent.staged {
            Some(staged) => self.put_back(&place, in_slot, &staged),
            None => self.rename_if_free(in_slot, &place),
        }
    }

    /// If the name was taken, or its directory taken away, by a person meanwhile, the object stays where it is.
    fn rename_if_free(&self, from: &Place<V>, to: &Place<V>) -> io::Result<()> {
        match self.tree.vfs.rename_no_replace(&from.directory, from.name()?, &to.directory, to.name()?) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Where names cannot be exchanged: if the old object was moved beside the slot and nothing came in its place, it goes back.
    fn finish_two_steps(&self, intent: &Intent, in_slot: &Place<V>) -> io::Result<()> {
        if self.tree.vfs.abilities().exchange {
            return Ok(());
        }
        let aside = aside(in_slot);
        let Some(found) = self.tree.status(&aside)? else { return Ok(()) };
        if let Some(found) = found.stamp() {
            self.lend_displaced(&aside, &found)?;
        }
        match self.tree.place(&intent.path).map_err(missing_is_changed) {
            Ok(place) => {
                self.names_change(&place.directory)?;
                self.rename_if_free(&aside, &place)?;
            }
            Err(Stop::Undone(_)) => {}
            Err(Stop::Refused(error)) => return Err(error),
        }
        // Its name is taken by what a person has made meanwhile. That the slot is free does not tell that the new object came into place: after a
        // power cut it may only never have come to the slot.
        if self.tree.status(&aside)?.is_some() {
            self.rename_if_free(&aside, in_slot)?;
        }
        match self.tree.status(&aside)?.and_then(|status| status.stamp()) {
            // The staged object is in the slot still.
            Some(found) if is_as_expected(intent, &found) => self.keep_loser(intent, &aside),
            _ => Ok(()),
        }
    }
}

/// What was displaced is what was to be displaced, and not what a person had just put in its place.
fn is_as_expected(intent: &Intent, found: &Stamp) -> bool {
    matches!(intent.expected, Expected::Object(expected) if is_untouched(found, &expected))
}
