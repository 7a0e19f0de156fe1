//! From looks at the disk to this machine's items.

use super::{Action, Folder, Now, removals};
use crate::Stamp;
use crate::canary::{Bug, planted};
use crate::git;
use crate::metadata::Found;
use crate::record::{Meaning, Seen, record};
use crate::trees::{Agreed, Candidates, Changes, Local, Unreadable, View, all_below};
use homesync_paths::{RelativePath, UnsyncableName};
use homesync_protocol::{Content, Kind, Timestamp, Validity};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

/// Milliseconds between looks at a repository in which a git command is at work.
const BUSY_LOOK: u64 = 1_000;

/// What a listing of one directory found.
#[derive(Clone, Debug)]
pub struct Listing {
    /// What [`Folder::epoch`] was when the look began.
    pub as_of: u64,
    /// Which directory; the root for `None`.
    pub directory: Option<RelativePath>,
    /// What stands directly in it, or why it could not be listed.
    pub seen: Result<BTreeMap<RelativePath, Seen>, String>,
    /// It directly holds something that is left out of the folder and may not be deleted with it.
    pub leaves_out: bool,
    /// What stands directly in it and cannot travel. The engine has no word about it; people have to know.
    pub staying: Vec<UnsyncableName>,
}

/// What one event adds to the index, and where else to look.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) changes: Changes,
    pub(super) looks: Vec<RelativePath>,
    /// Files whose times do not tell what is in them.
    pub(super) reads: Vec<RelativePath>,
}

impl Folder {
    pub(super) fn listed(
        &mut self,
        listing: Listing,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        let mut remnant = None;
        let seen = match listing.seen {
            Err(_) if planted(Bug::UnknownIsGone) => BTreeMap::new(),
            Err(why) => {
                if let Some(directory) = listing.directory {
                    self.unknown_now(&directory, &why, now);
                }
                return Ok(Vec::new());
            }
            Ok(seen) => seen,
        };
        if let Some(directory) = &listing.directory {
            if self.situation.unknown.contains(directory) {
                self.known_again(directory);
            }
            let changed = match listing.leaves_out {
                true => self.situation.left_out.insert(directory.clone()),
                false => self.situation.left_out.remove(directory),
            };
            if changed {
                self.dirty.insert(directory.clone());
                // What was a remnant is an ordinary directory now.
                remnant = (!listing.leaves_out).then(|| directory.clone());
            }
        }
        self.notice_locks(listing.directory.as_ref(), &seen, now);
        self.forget_locks(listing.directory.as_ref(), &seen);
        self.forget_left_out(listing.directory.as_ref(), &seen);
        // What could not be read before and is not there any more is known again: it is gone.
        let is_gone = |path: &RelativePath| path.parent() == listing.directory && !seen.contains_key(path);
        let known: Vec<RelativePath> =
            self.situation.unknown.iter().filter(|path| is_gone(path)).cloned().collect();
        for path in known {
            self.known_again(&path);
        }
        let mut gone: Vec<RelativePath> = Vec::new();
        for child in view.children(listing.directory.as_ref())? {
            if !seen.contains_key(&child) {
                gone.push(child);
            }
        }
        let looks = seen.into_iter().chain(gone.into_iter().map(|path| (path, Seen::Absent)));
        let mut actions = self.looked(listing.as_of, looks.collect(), view, now)?;
        actions.extend(remnant.map(|directory| Action::Scan(vec![directory])));
        Ok(actions)
    }

    pub(super) fn looked(
        &mut self,
        as_of: u64,
        seen: Vec<(RelativePath, Seen)>,
        view: &dyn View,
        now: Now,
    ) -> Result<Vec<Action>, Unreadable> {
        let mut gathered = Gathered::default();
        // Directories last: whether a directory is more than a remnant is known when its children are.
        for (path, seen) in seen.into_iter().rev() {
            if self.is_operating && self.epochs.is_lent_now(&path) {
                self.lent_meanwhile.insert(path);
                continue;
            }
            if self.epochs.is_overtaken(&path, as_of) {
                gathered.looks.push(path);
                continue;
            }
            let seen = match git::is_volatile(&path) && matches!(seen, Seen::Present { .. }) {
                true => Seen::Ignored,
                false => seen,
            };
            self.look_at(&path, &seen, view, now, &mut gathered)?;
        }
        self.explain_by_moves(view, &mut gathered)?;
        self.confirmed_removals(view, now, &mut gathered)?;
        self.gathered(gathered, view)
    }

    /// Directories that are gone leave nothing out any more.
    fn forget_left_out(&mut self, directory: Option<&RelativePath>, seen: &BTreeMap<RelativePath, Seen>) {
        let prefix = directory.map(|directory| format!("{}/", directory.as_str())).unwrap_or_default();
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let left_out = self.situation.left_out.range::<str, _>(from);
        let below = left_out.take_while(|path| path.as_str().starts_with(&prefix));
        let gone: Vec<RelativePath> =
            below.filter(|path| !may_stand(path, directory, seen)).cloned().collect();
        for path in gone {
            self.situation.left_out.remove(&path);
            self.dirty.extend(path.at_or_above());
        }
    }

    /// A path could not be read. It is looked at again by and by.
    fn unknown_now(&mut self, path: &RelativePath, why: &str, now: Now) {
        self.situation.unknown.insert(path.clone());
        self.why_unknown.insert(path.clone(), why.to_string());
        self.unknown_since = self.unknown_since.or(Some(now.ticks));
    }

    /// A path could be looked at again: what waited for that is planned again.
    fn known_again(&mut self, path: &RelativePath) {
        self.situation.unknown.remove(path);
        self.why_unknown.remove(path);
        // What is below it, and the directories above that could not make place while something in them could not be read.
        let waited = |held: &&RelativePath| held.is_at_or_below(path) || path.is_at_or_below(held);
        self.dirty.extend(self.held.held.keys().filter(waited).cloned());
    }

    /// Makes actions of what was gathered.
    pub(super) fn gathered(
        &mut self,
        gathered: Gathered,
        view: &dyn View,
    ) -> Result<Vec<Action>, Unreadable> {
        let Gathered { mut changes, looks, reads } = gathered;
        let mut actions = Vec::new();
        if !changes.is_empty() {
            let is_news = !changes.local.is_empty();
            self.complete(&mut changes, view)?;
            actions.push(Action::Store(changes));
            if is_news {
                actions.push(Action::Announce);
            }
        }
        if !looks.is_empty() {
            actions.push(Action::Scan(looks));
        }
        if !reads.is_empty() {
            actions.push(Action::Read(reads));
        }
        Ok(actions)
    }

    fn look_at(
        &mut self,
        path: &RelativePath,
        seen: &Seen,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        if let Seen::Unknown(why) = seen
            && !planted(Bug::UnknownIsGone)
        {
            self.unknown_now(path, why, now);
            self.reappeared(path);
            return Ok(());
        }
        if self.situation.unknown.contains(path) {
            self.known_again(path);
        }
        if self.situation.is_busy(path) {
            return Ok(());
        }
        let mut candidates = Candidates::read(view, path)?;
        let own = candidates.here();
        let is_directory = matches!(seen, Seen::Present { content: Content::Directory, .. });
        if own.is_some_and(|own| own.entry.content == Content::Directory) && !is_directory {
            self.gone_below(path, seen, view, now, gathered)?;
        }
        if matches!(seen, Seen::Absent | Seen::Unknown(_)) && own.is_some() {
            self.removals.missing(path, now);
            return Ok(());
        }
        self.reappeared(path);
        if matches!(seen, Seen::Absent | Seen::Unknown(_))
            || self.is_covering(path, own, is_directory, view)?
        {
            return Ok(());
        }
        if is_directory && self.is_remnant(path, &candidates, view, gathered)? {
            return Ok(());
        }
        if candidates.here().is_none()
            && let Some(above) = self.unknown_above(path, view, gathered)?
        {
            if gathered.looks.last() != Some(&above) {
                gathered.looks.push(above);
            }
            return Ok(());
        }
        if matches!(seen, Seen::Present { racy: true, .. }) {
            self.read_again_soon(path, now);
        }
        self.correct(path, seen, &mut candidates);
        if let Some(local) = self.moved_and_rotten(seen, &candidates, view)? {
            return self.noted(local, &candidates, view, gathered);
        }
        match record(path, seen, &candidates, &self.rules, now.seconds) {
            Meaning::Unchanged => {}
            Meaning::Restamped(stamp, found) => {
                self.look_may_tell(path, candidates.own, found.clone());
                gathered.changes.restamped.push((path.clone(), stamp, found));
            }
            Meaning::Now(mut local) | Meaning::Suspect(mut local) => {
                forget_moved_base(&mut local, view, gathered)?;
                self.noted(*local, &candidates, view, gathered)?
            }
        }
        Ok(())
    }

    /// Now that owner and attributes were looked at, what is said of them may be something to do.
    fn look_may_tell(&mut self, path: &RelativePath, own: Option<Local>, found: Option<Arc<Found>>) {
        let own = own.map(|own| Local { found, ..own });
        if own.is_some_and(|own| self.rules.metadata.is_untried(&own)) {
            self.dirty.insert(path.clone());
        }
    }

    /// What is known besides the index about how an object came to look as it does.
    fn correct(&mut self, path: &RelativePath, seen: &Seen, candidates: &mut Candidates) {
        let (is_put_back, is_believed) = (self.put_back.remove(path), self.situation.believed.remove(path));
        let (Some(own), Seen::Present { stamp, content, .. }) = (&mut candidates.own, seen) else { return };
        if is_put_back && !own.entry.content.is_same(content) {
            own.stamp = own.stamp.map(|known| with_change_of(known, *stamp));
        }
        if is_believed {
            // A person believes it: it is an edit, made from what was there before.
            own.entry.validity = Validity::Valid;
            own.stamp = own.stamp.map(|stamp| Stamp { modified: Timestamp::default(), ..stamp });
        }
    }

    /// Something else stands there than the directory of which the index still has items. Until they are gone it stays the directory there: were
    /// they forgotten now, by a stop, nobody would look for them any more.
    fn is_covering(
        &mut self,
        path: &RelativePath,
        own: Option<&Local>,
        is_directory: bool,
        view: &dyn View,
    ) -> Result<bool, Unreadable> {
        let was_directory = own.is_some_and(|own| own.entry.content == Content::Directory);
        let is_covering = was_directory && !is_directory && !view.children(Some(path))?.is_empty();
        if is_covering {
            self.covering.insert(path.clone());
        } else if self.covering.remove(path) {
            // What waited because nobody knew what would be there is planned.
            self.dirty.insert(path.clone());
        }
        Ok(is_covering)
    }

    /// The topmost directory above a path that the index does not have yet. Were the path recorded without it, and the directory gone before it is
    /// looked at, nobody would look for the path any more.
    fn unknown_above(
        &self,
        path: &RelativePath,
        view: &dyn View,
        gathered: &Gathered,
    ) -> Result<Option<RelativePath>, Unreadable> {
        let mut unknown = None;
        for above in path.ancestors() {
            let is_it = |local: &Local| local.stamp.is_some() && local.entry.content == Content::Directory;
            let own = view.local(&above)?;
            let is_remnant = own.as_ref().is_some_and(|own| own.entry.content.is_deleted())
                && self.situation.has_left_out_below(&above);
            let is_new = |local: &Local| local.entry.path == above && is_it(local);
            if is_remnant || own.as_ref().is_some_and(is_it) || gathered.changes.local.iter().any(is_new) {
                break;
            }
            unknown = Some(above);
        }
        Ok(unknown)
    }

    /// Its times may not tell a further write in the same moment.
    pub(super) fn read_again_soon(&mut self, path: &RelativePath, now: Now) {
        self.racy.insert(path.clone());
        self.racy_since = self.racy_since.or(Some(now.ticks));
    }

    /// What was below a directory that is none any more is gone with it, or left out with it.
    fn gone_below(
        &mut self,
        path: &RelativePath,
        seen: &Seen,
        view: &dyn View,
        now: Now,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        for path in all_below(view, Some(path))?.into_iter().rev() {
            let candidates = Candidates::read(view, &path)?;
            if candidates.here().is_none() {
                continue;
            }
            if *seen != Seen::Ignored || !self.situation.ignore.decide(&path).ignored {
                self.removals.missing(&path, now);
            } else if let Meaning::Now(local) = record(&path, seen, &candidates, &self.rules, now.seconds) {
                self.noted(*local, &candidates, view, gathered)?;
            }
        }
        Ok(())
    }

    /// A directory that counts as removed and is still there only because of things that are left out of the folder.
    fn is_remnant(
        &self,
        path: &RelativePath,
        candidates: &Candidates,
        view: &dyn View,
        gathered: &Gathered,
    ) -> Result<bool, Unreadable> {
        let was_removed =
            candidates.own.as_ref().is_some_and(|own| own.entry.content == Content::Deleted(Kind::Directory));
        if !was_removed || !self.situation.has_left_out_below(path) {
            return Ok(false);
        }
        let is_new_below = gathered
            .changes
            .local
            .iter()
            .any(|local| local.stamp.is_some() && local.entry.path.is_at_or_below(path));
        Ok(!is_new_below && view.children(Some(path))?.is_empty())
    }

    /// Our item is another one now: it is stored, and what may depend on it is planned again.
    pub(super) fn noted(
        &mut self,
        local: Local,
        candidates: &Candidates,
        view: &dyn View,
        gathered: &mut Gathered,
    ) -> Result<(), Unreadable> {
        let path = local.entry.path.clone();
        let before = candidates.global().map(|global| global.content.clone());
        let now = Candidates { own: Some(local.clone()), others: candidates.others.clone() };
        let after = now.global().map_or_else(|| local.entry.content.clone(), |global| global.content.clone());
        self.touched(&path, before.as_ref(), &after, view)?;
        self.failures.remove(&path);
        if local.entry.validity.is_valid() {
            self.situation.reverting.remove(&path);
        }
        if local.stamp.is_none() && !self.covering.is_empty() {
            let covered = path.ancestors().filter(|above| self.covering.remove(above));
            gathered.looks.extend(covered);
        }
        let was_here = candidates.here().is_some_and(|own| own.entry.content == Content::Directory);
        if local.stamp.is_some() && local.entry.content == Content::Directory && !was_here {
            // What waited for its directory has one now.
            self.dirty.extend(self.held.held.keys().filter(|held| held.is_at_or_below(&path)).cloned());
        }
        // A remnant of a directory that is a directory again brings back the directories above it, too.
        if local.stamp.is_some() {
            for above in path.ancestors() {
                let is_removed = view.local(&above)?.is_some_and(|own| own.entry.content.is_deleted());
                if is_removed && self.situation.has_left_out_below(&above) && !gathered.looks.contains(&above)
                {
                    gathered.looks.push(above);
                }
            }
        }
        gathered.changes.local.push(local);
        Ok(())
    }

    /// The path is to be planned again; and all below it, if it became something that can hold it, or ceased to be.
    pub(super) fn touched(
        &mut self,
        path: &RelativePath,
        before: Option<&Content>,
        after: &Content,
        view: &dyn View,
    ) -> Result<(), Unreadable> {
        self.dirty.insert(path.clone());
        // A directory, something else, or nothing.
        let role = |content: &Content| (*content == Content::Directory, content.is_deleted());
        if before.is_some_and(|before| role(before) != role(after)) {
            self.dirty.extend(all_below(view, Some(path))?);
        }
        Ok(())
    }

    /// Files that are missing at one place and new at another with the same content were moved: that needs no second look.
    fn explain_by_moves(&mut self, view: &dyn View, gathered: &mut Gathered) -> Result<(), Unreadable> {
        let mut moved = BTreeSet::new();
        for local in gathered.changes.local.iter().filter(|local| local.entry.is_present()) {
            let Some(blocks) = local.entry.content.blocks().filter(|blocks| blocks.size() > 0) else {
                continue;
            };
            let elsewhere = view.files_with(blocks.digest(), removals::MOST_TWINS)?;
            moved.extend(elsewhere.into_iter().filter(|path| self.removals.is_missing(path)));
        }
        for path in moved {
            self.removals.confirm(&path);
        }
        Ok(())
    }

    /// Sorts what is stored, so that no machine that hears half of it sees a reference without its object, and completes the agreed tree.
    pub(super) fn complete(&self, changes: &mut Changes, view: &dyn View) -> Result<(), Unreadable> {
        changes.local.sort_by_key(|local| {
            git::unit_of(&local.entry.path).map(|unit| {
                let rank = git::rank(&local.entry.path, &unit);
                // What goes, goes in the opposite order, and after what comes.
                if local.entry.is_present() { rank } else { u8::MAX - rank }
            })
        });
        for local in &changes.local {
            let others = view.others(&local.entry.path)?;
            let is_known =
                |entry: &homesync_protocol::Entry| entry.version.relation(&local.entry.version).has_seen();
            if local.entry.validity.is_valid() && others.iter().any(|(_, entry)| is_known(entry)) {
                changes.agreed.push((local.entry.path.clone(), Some(Agreed::of(&local.entry))));
            }
        }
        Ok(())
    }

    /// The index entries of a plan that need nothing of the disk.
    pub(super) fn recording(&mut self, recorded: Vec<Local>, view: &dyn View) -> Result<Changes, Unreadable> {
        let mut gathered = Gathered::default();
        for local in recorded {
            let candidates = Candidates::read(view, &local.entry.path)?;
            self.noted(local, &candidates, view, &mut gathered)?;
        }
        self.complete(&mut gathered.changes, view)?;
        Ok(gathered.changes)
    }

    fn notice_locks(
        &mut self,
        directory: Option<&RelativePath>,
        seen: &BTreeMap<RelativePath, Seen>,
        now: Now,
    ) {
        let units: BTreeSet<RelativePath> = seen.keys().filter_map(git::busy_unit).collect();
        for unit in &units {
            self.locks.entry(unit.clone()).or_default().insert(directory.cloned());
            self.situation.busy.insert(unit.clone());
            self.busy_since = self.busy_since.or(Some(now.ticks));
        }
        let Some(unit) = directory.and_then(git::unit_of).filter(|unit| !units.contains(unit)) else {
            return;
        };
        if let Some(places) = self.locks.get_mut(&unit) {
            places.remove(&directory.cloned());
            if places.is_empty() {
                self.unlock(unit);
            }
        }
    }

    /// Directories that are gone hold no locks any more: git takes away the ones that it has emptied.
    fn forget_locks(&mut self, directory: Option<&RelativePath>, seen: &BTreeMap<RelativePath, Seen>) {
        let stays = |place: &Option<RelativePath>| {
            place.as_ref().is_none_or(|place| may_stand(place, directory, seen))
        };
        self.locks.values_mut().for_each(|places| places.retain(stays));
        let free: Vec<RelativePath> =
            self.locks.iter().filter(|(_, places)| places.is_empty()).map(|(unit, _)| unit.clone()).collect();
        free.into_iter().for_each(|unit| self.unlock(unit));
    }

    /// No git command is at work in a repository any more: what waited for that is planned, and what was not looked at is looked at.
    fn unlock(&mut self, unit: RelativePath) {
        self.locks.remove(&unit);
        self.situation.busy.remove(&unit);
        self.dirty.extend(self.held.held.keys().filter(|path| path.is_at_or_below(&unit)).cloned());
        self.unlocked.insert(unit);
    }

    /// Repositories to look at again: those where git was at work, and those where it has ended since.
    pub(super) fn busy_units(&mut self, now: Now) -> Vec<RelativePath> {
        let mut units: Vec<RelativePath> = std::mem::take(&mut self.unlocked).into_iter().collect();
        if self.busy_since.is_some_and(|since| now.ticks >= since + BUSY_LOOK) {
            units.extend(self.situation.busy.iter().cloned());
            self.busy_since = (!self.situation.busy.is_empty()).then_some(now.ticks);
        }
        units
    }

    pub(super) fn locks_wake(&self) -> Option<u64> {
        if self.unlocked.is_empty() { self.busy_since.map(|since| since + BUSY_LOOK) } else { Some(0) }
    }
}

/// What was here before and is elsewhere now was not edited but moved or copied: nobody who has it again may take this for its successor, and
/// let it go without a conflict copy.
fn forget_moved_base(local: &mut Local, view: &dyn View, gathered: &Gathered) -> Result<(), Unreadable> {
    let Some(base) = local.entry.previous else { return Ok(()) };
    let mut new = gathered.changes.local.iter().filter(|other| other.entry.previous.is_none());
    let is_new = new.any(|other| other.entry.content.digest() == Some(base));
    let is_elsewhere = view.files_with(base, 2)?.iter().any(|path| *path != local.entry.path);
    if is_new || is_elsewhere {
        local.entry.previous = None;
    }
    Ok(())
}

/// The known stamp as it is after the object was moved and put back, if nothing else about it is another.
fn with_change_of(known: Stamp, seen: Stamp) -> Stamp {
    let moved = Stamp { changed: seen.changed, ..known };
    if moved == seen && !known.is_distrusted() { moved } else { known }
}

/// A directory may still be there after a listing of `directory`: it is not below that one, or below something that may be a directory.
pub fn may_stand(
    path: &RelativePath,
    directory: Option<&RelativePath>,
    seen: &BTreeMap<RelativePath, Seen>,
) -> bool {
    let child = path.at_or_above().find(|above| above.parent().as_ref() == directory);
    child.is_none_or(|child| {
        matches!(seen.get(&child), Some(Seen::Present { content: Content::Directory, .. } | Seen::Unknown(_)))
    })
}
