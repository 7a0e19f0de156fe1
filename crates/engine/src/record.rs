//! What a look at the disk means for this machine's own item: nothing, a new version, a known one, or something not to be believed.
//!
//! Pure, for one path. The guards that look at many paths at once (mass removal, a root that is no longer the same) come after it.

use crate::Stamp;
use crate::canary::{Bug, planted};
use crate::metadata::{Found, completed, is_same_metadata};
use crate::rules::{FolderKind, Rules};
use crate::trees::{Candidates, Local};
use homesync_paths::RelativePath;
use homesync_protocol::{BlockList, Content, Entry, Kind, Metadata, Relation, Timestamp, Validity, Version};
use std::sync::Arc;

/// What was found at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// An object, read while it did not change.
    Present {
        /// How it looks.
        stamp: Stamp,
        /// What it holds. Never `Deleted`.
        content: Content,
        /// A file in which every byte is zero (or which has none).
        blank: bool,
        /// It was written to so short before it was read that a further write could leave the same times.
        racy: bool,
        /// Owner and attributes, as far as the folder carries them and they could be read.
        metadata: Option<Arc<Metadata>>,
    },
    /// Nothing, in a directory that could be read.
    Absent,
    /// An object that a pattern leaves out.
    Ignored,
    /// It could not be read, for this reason; it may be there or not.
    Unknown(String),
}

/// What it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The item is as it was known.
    Unchanged,
    /// Only the stamp is new: moved back and forth, or touched without effect. Or owner and attributes were looked at, and that is no edit.
    Restamped(Stamp, Option<Arc<Found>>),
    /// This is the item now. Its version is new, or one that others have already.
    Now(Box<Local>),
    /// Others have to be asked for the content; until then the remnant is not announced.
    Suspect(Box<Local>),
}

/// What a look at one path means.
pub fn record(path: &RelativePath, seen: &Seen, candidates: &Candidates, rules: &Rules, now: u64) -> Meaning {
    let own = candidates.own.as_ref();
    match seen {
        // Not known is not changed.
        Seen::Unknown(_) => Meaning::Unchanged,
        Seen::Ignored => left_out(own),
        Seen::Absent => gone(path, candidates, rules, now),
        Seen::Present { stamp, content, blank, racy, metadata } => {
            let object = Object {
                stamp: known_again(*stamp, *racy),
                content,
                said: said_after(candidates, metadata.as_deref(), rules),
                found: found_after(candidates.here(), metadata.as_ref()),
            };
            match candidates.here() {
                Some(own) if is_as_known(own, &object, rules) => restamped(own, object),
                Some(own) if is_whole_again(own, &object.stamp, content) => whole_again(own, object),
                Some(own) if is_suspect(own, &object.stamp, content, *blank) => suspect(own, &object.stamp),
                _ => changed(path, object, candidates, rules, now),
            }
        }
    }
}

/// What stands there.
struct Object<'s> {
    stamp: Stamp,
    content: &'s Content,
    /// What is to be said of its owner and attributes.
    said: Option<Arc<Metadata>>,
    found: Option<Arc<Found>>,
}

fn said_after(candidates: &Candidates, seen: Option<&Metadata>, rules: &Rules) -> Option<Arc<Metadata>> {
    match seen {
        Some(seen) => rules.metadata.said_after(candidates, seen, rules.kind),
        None => candidates.here().and_then(|own| own.entry.metadata.clone()),
    }
}

/// What the system refused once it refuses still, until something else is wanted.
fn found_after(own: Option<&Local>, seen: Option<&Arc<Metadata>>) -> Option<Arc<Found>> {
    let (before, seen) = (own.and_then(|own| own.found.as_ref()), seen?);
    Some(match before {
        Some(before) if before.metadata == *seen => before.clone(),
        before => {
            let refused = before.and_then(|before| before.refused.clone());
            Arc::new(Found { metadata: seen.clone(), refused })
        }
    })
}

/// A stamp that can be trusted to tell a later write, or else one that no object has: then the file is read again at the next look, whatever its
/// times say.
fn known_again(stamp: Stamp, racy: bool) -> Stamp {
    if racy && !planted(Bug::SameMomentBelieved) { stamp.distrusted() } else { stamp }
}

/// A known item that a pattern leaves out from now on: others hear that we do not have it. Its version stays, so nothing is removed anywhere.
fn left_out(own: Option<&Local>) -> Meaning {
    match own {
        Some(own) if own.entry.validity != Validity::Ignored && !own.entry.content.is_deleted() => {
            let content = match own.entry.content.kind() {
                // The blocks are of no use to anybody any more.
                Kind::File => Content::File(BlockList::of(&[])),
                _ => own.entry.content.clone(),
            };
            let entry = Entry { content, validity: Validity::Ignored, ..own.entry.clone() };
            Meaning::Now(Box::new(Local { entry, stamp: None, found: None }))
        }
        _ => Meaning::Unchanged,
    }
}

/// The content is what our entry says, and so are permissions, time, owner and attributes, as far as they are kept.
fn is_as_known(own: &Local, object: &Object<'_>, rules: &Rules) -> bool {
    let (Some(known), stamp) = (own.stamp, &object.stamp) else { return false };
    let is_time_kept = stamp.kind != Kind::File || known.modified == stamp.modified;
    let has_mode = rules.permissions && stamp.kind != Kind::Link;
    let is_mode_kept = !has_mode || known.permissions & 0o777 == stamp.permissions & 0o777;
    let is_usable = match own.entry.validity {
        Validity::Ignored | Validity::Suspect => false,
        // The folder sends again: what was kept to this machine is news now.
        Validity::OnlyHere => rules.kind == FolderKind::ReceiveOnly,
        Validity::Valid | Validity::Invalid | Validity::Unsupported => true,
    };
    let is_untouched = is_time_kept && is_mode_kept && own.entry.metadata == object.said;
    is_usable && is_untouched && own.entry.content.is_same(object.content)
}

/// What was not to be believed has the right bytes again, and their time: somebody brought back what was there. With another time somebody wrote it
/// anew.
fn is_whole_again(own: &Local, stamp: &Stamp, content: &Content) -> bool {
    // A file system may keep its time less exactly than the entry does.
    let is_known = own.stamp.is_some_and(|known| known.modified == stamp.modified);
    let is_same_time = stamp.kind != Kind::File || is_known || stamp.modified == own.entry.modified;
    own.entry.validity == Validity::Suspect && own.entry.content.is_same(content) && is_same_time
}

fn whole_again(own: &Local, object: Object<'_>) -> Meaning {
    let entry = Entry { validity: Validity::Valid, ..own.entry.clone() };
    Meaning::Now(Box::new(Local { entry, stamp: Some(object.stamp), found: object.found }))
}

fn restamped(own: &Local, object: Object<'_>) -> Meaning {
    let is_same_object = own.stamp == Some(object.stamp);
    // Where nobody looks at owner and attributes, what was found once is found still as long as nothing touches the object.
    if is_same_object && (object.found.is_none() || object.found == own.found) {
        return Meaning::Unchanged;
    }
    Meaning::Restamped(object.stamp, object.found)
}

/// Other bytes, but nobody wrote them, as far as times can tell.
///
/// A power cut leaves a file empty or full of zeros with the time that was set when it was put in place. A disk that rots changes bytes and no
/// time at all. A person's program changes the time.
fn is_suspect(own: &Local, stamp: &Stamp, content: &Content, blank: bool) -> bool {
    let Some(known) = own.stamp.filter(|_| !planted(Bug::RemnantBelieved)) else { return false };
    if stamp.kind != Kind::File || known.kind != Kind::File || stamp.modified != known.modified {
        return false;
    }
    if own.entry.validity == Validity::Suspect {
        // Still the same remnant. Another object with the same time is one that a person put in its place.
        return known.inode == stamp.inode;
    }
    let is_other = !own.entry.content.is_same(content);
    let is_remnant = blank && known.size > 0;
    // A file that was just written may be written again without its times showing it: that is no rot.
    let is_rotten = known == *stamp && !stamp.is_distrusted();
    is_other && (is_remnant || is_rotten)
}

fn suspect(own: &Local, stamp: &Stamp) -> Meaning {
    let mut local = own.clone();
    local.entry.validity = Validity::Suspect;
    local.stamp = Some(*stamp);
    if local == *own { Meaning::Unchanged } else { Meaning::Suspect(Box::new(local)) }
}

/// There is nothing any more. It is a removal by a person, or by us before the index heard of it.
fn gone(path: &RelativePath, candidates: &Candidates, rules: &Rules, now: u64) -> Meaning {
    let Some(own) = candidates.here() else {
        return Meaning::Unchanged;
    };
    // Others removed it, and so did we: a plan of ours that was cut short, or two people who agree.
    let removed = candidates.global().filter(|global| global.content.is_deleted());
    if let Some(entry) = removed.and_then(|global| taken_over(global, own)) {
        return Meaning::Now(Box::new(Local { entry, stamp: None, found: None }));
    }
    let entry = Entry {
        path: path.clone(),
        content: Content::Deleted(own.entry.content.kind()),
        version: next_version(candidates, rules, now),
        modified: Timestamp::at(now as i64),
        modified_by: rules.own,
        validity: validity_of_change(rules),
        permissions: None,
        sequence: 0,
        previous: own.entry.content.digest(),
        metadata: None,
    };
    Meaning::Now(Box::new(Local { entry, stamp: None, found: None }))
}

/// Something is there that our entry does not say.
fn changed(
    path: &RelativePath,
    object: Object<'_>,
    candidates: &Candidates,
    rules: &Rules,
    now: u64,
) -> Meaning {
    let own = candidates.own.as_ref();
    let Object { stamp, content, said, found } = object;
    let is_said_anew = match candidates.here() {
        Some(here) => here.entry.metadata != said,
        None => rules.kind == FolderKind::SendOnly && said.is_some(),
    };
    let permissions = (rules.permissions && stamp.kind != Kind::Link).then_some(stamp.permissions & 0o777);
    let here = Entry {
        path: path.clone(),
        content: content.clone(),
        version: next_version(candidates, rules, now),
        // Other kinds' own times are not kept: when it was noticed decides between two that do not know of each other.
        modified: if stamp.kind == Kind::File { stamp.modified } else { Timestamp::at(now as i64) },
        modified_by: rules.own,
        validity: validity_of_change(rules),
        permissions,
        sequence: 0,
        previous: own.and_then(|own| own.entry.content.digest()),
        metadata: completed(said, found.as_ref().map(|found| &*found.metadata)),
    };
    // Others have it already: we put it there and were cut short before the index heard of it, or a person brought it here.
    // Owner and attributes of what has just come here are not a person's edit but what is to be set yet.
    let is_theirs = |global: &&Entry| {
        let is_said = !is_said_anew || is_same_metadata(here.metadata.as_deref(), global.metadata.as_deref());
        global.is_present() && is_said && is_same_object(&here, global)
    };
    let global = candidates.global().filter(is_theirs);
    let known =
        global.and_then(|global| own.map_or_else(|| Some(global.clone()), |own| taken_over(global, own)));
    let entry = known.map_or(here, |known| brought_here(known, candidates, rules, now));
    Meaning::Now(Box::new(Local { entry, stamp: Some(stamp), found }))
}

/// What others have as well is a version of ours all the same: a removal that is on its way, because a person moved it elsewhere, had not seen that
/// another person has just moved it here. It is theirs where nothing can be told to others, and as long as it may be what we put here before a stop.
fn brought_here(known: Entry, candidates: &Candidates, rules: &Rules, now: u64) -> Entry {
    if rules.kind == FolderKind::ReceiveOnly || rules.is_catching_up {
        return known;
    }
    let version = known.version.changed(rules.own, least_counter(candidates, rules, now));
    Entry { version, modified_by: rules.own, ..known }
}

/// The others' entry as ours, which also has seen what ours has; nothing if that could mean two things. What is kept to this machine, or not to be believed, others do not count as
/// seen: what they make of it must not get the same version as what we make of it.
fn taken_over(global: &Entry, own: &Local) -> Option<Entry> {
    let version = match own.entry.validity {
        Validity::OnlyHere => global.version.clone(),
        // They have an older item, and a person has it here now: that is news.
        Validity::Suspect | Validity::Ignored | Validity::Unsupported | Validity::Invalid
            if own.entry.version.relation(&global.version) == Relation::Newer =>
        {
            return None;
        }
        Validity::Suspect | Validity::Ignored | Validity::Unsupported | Validity::Invalid => {
            global.version.clone()
        }
        _ if planted(Bug::HistoryForgotten) => global.version.clone(),
        // What has seen both could be something else on another machine, which knows the two entries and not this disk.
        _ if own.entry.version.relation(&global.version).is_concurrent()
            && !is_same_item(&own.entry, global) =>
        {
            return None;
        }
        Validity::Valid => global.version.merged(&own.entry.version),
    };
    Some(Entry { version, ..global.clone() })
}

/// Content, time, permissions, owner and attributes are the same, as far as both keep them.
pub(crate) fn is_same_item(here: &Entry, there: &Entry) -> bool {
    let are_gone = here.content.is_deleted() && there.content.is_deleted();
    let is_same_said = is_same_metadata(here.metadata.as_deref(), there.metadata.as_deref());
    is_same_object(here, there) && (are_gone || is_same_said)
}

/// Content, time and permissions are the same, as far as both keep them.
fn is_same_object(here: &Entry, there: &Entry) -> bool {
    if here.content.is_deleted() && there.content.is_deleted() {
        return true;
    }
    let is_same_time = here.content.kind() != Kind::File || here.modified == there.modified;
    let permissions = |entry: &Entry| entry.permissions;
    let is_same_mode = permissions(here).is_none()
        || permissions(there).is_none()
        || permissions(here) == permissions(there);
    here.content.is_same(&there.content) && is_same_time && is_same_mode
}

/// The version of a change made here now.
///
/// Others may remember a higher counter of ours than we do, when our index was lost or is older than the disk: then ours goes on above it.
/// A change to something that took no part before does not claim to have seen what the others did meanwhile.
fn next_version(candidates: &Candidates, rules: &Rules, now: u64) -> Version {
    let at_least = least_counter(candidates, rules, now);
    let Some(own) = &candidates.own else { return Version::empty().changed(rules.own, at_least) };
    let next = own.entry.version.changed(rules.own, at_least);
    match own.entry.validity {
        Validity::Ignored | Validity::Unsupported => next.only(rules.own),
        Validity::OnlyHere if rules.kind != FolderKind::ReceiveOnly => next.only(rules.own),
        Validity::Valid | Validity::Invalid | Validity::Suspect | Validity::OnlyHere => next,
    }
}

/// Above the clock, and above every counter of ours that anybody remembers.
fn least_counter(candidates: &Candidates, rules: &Rules, now: u64) -> u64 {
    let remembered =
        candidates.others.iter().map(|(_, entry)| entry.version.counter(rules.own)).max().unwrap_or(0);
    now.max(rules.counter_floor).max(remembered.saturating_add(u64::from(remembered > 0)))
}

fn validity_of_change(rules: &Rules) -> Validity {
    if rules.kind == FolderKind::ReceiveOnly { Validity::OnlyHere } else { Validity::Valid }
}
