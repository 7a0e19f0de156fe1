//! What happens to one path: the heart of the folder plane, as a pure function.
//!
//! It looks at this machine's item and at the entry that counts among all machines (the *global* one), and at a few facts about the
//! surroundings. The order of the branches is the argument: each states what is known when it is reached, so that a reader can check that
//! nothing is left out and that bytes are only ever displaced by what has seen them, or kept beside it as a copy.

use crate::canary::{Bug, planted};
use crate::rules::{FolderKind, Rules};
use crate::trees::Local;
use homesync_protocol::{Content, Entry, Kind, Relation, Validity};

/// What is known about a path and its surroundings.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// This machine's item.
    pub own: Option<&'a Local>,
    /// The entry that counts.
    pub global: Option<&'a Entry>,
    /// A pattern leaves this path out.
    pub ignored: bool,
    /// The path, or a directory above it, could not be read when we looked last.
    pub unknown: bool,
    /// Below the path there is something that stays or is to come: present in the global tree, or ours and not removed by who had seen it.
    pub alive_below: bool,
    /// Below the path there is something of ours that stays.
    pub ours_below: bool,
    /// Below the path there is something that a pattern leaves out and that may not be deleted with it.
    pub ignored_below: bool,
    /// In the global tree, something above this path is no directory.
    pub blocked: bool,
    /// This file system cannot hold the name, or holds another spelling of it.
    pub refused: bool,
    /// A person wants what the others have: in a folder that only receives, or in place of what is damaged here.
    pub reverting: bool,
}

/// What happens to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is as it should be.
    Nothing,
    /// Something differs, but acting has to wait.
    Hold(Reason),
    /// The disk is right already: only our entry becomes the global one.
    Adopt,
    /// The disk stays as it is, but counts as removed: a directory in which only things are left that are left out of the folder.
    LeaveBehind,
    /// Our item stays although others removed it: it becomes a version that has seen both.
    Revive,
    /// Our item stays although others removed it, and nobody hears of that: it is kept to this machine until a person reverts it.
    KeepHere,
    /// There is nothing here: put the global item here.
    Create,
    /// Put the global item in the place of ours, which goes to the recovery area.
    Replace,
    /// Put the global item in the place of ours, which becomes a conflict copy.
    ReplaceKeeping,
    /// Take our item away.
    Remove,
    /// The same content: only permissions or time change, and perhaps owner and attributes.
    Adjust,
    /// Only owner or attributes change.
    Dress,
}

/// Why acting has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It could not be read, so it is not known what would be displaced.
    Unknown,
    /// The folder only sends.
    SendOnly,
    /// Its directory is no directory in the global tree.
    Blocked,
    /// This file system cannot hold the name.
    Refused,
    /// A directory holds things that are left out of the folder and would be lost with it.
    IgnoredBelow,
    /// What is here is not to be believed, and no other machine has the content.
    Suspect,
    /// Many removals wait for a person.
    Guard,
    /// A git command is at work in this repository.
    Busy,
    /// It failed; it is tried again later.
    Backoff,
}

/// What happens to one path.
///
/// First what would have to happen, from who has seen whom; then whatever forbids it. The cases of the first step, of which exactly one holds:
///
/// | ours | the global entry | where |
/// |---|---|---|
/// | none, or left out | any | `without_ours` |
/// | kept to this machine, to be given up | none that is valid | `reverted_to_nothing` |
/// | as new as the global one | any | `at_equal_versions` |
/// | newer | any | `still_needed`, unless it is not to be believed |
/// | older or concurrent | none that is valid | nothing happens, or it waits if it is not to be believed |
/// | removed; older or concurrent | valid | `ours_is_gone` |
/// | present; older or concurrent | a removal | `theirs_is_gone` |
/// | not to be believed; older or concurrent | present | replaced |
/// | present; older or concurrent | present, the same content | `same_content` |
/// | present; older or concurrent | present, another content | `other_content` |
pub fn decide(facts: &Facts<'_>, rules: &Rules) -> Decision {
    // Left out: never changed because of another machine, whatever it says.
    if facts.ignored && !planted(Bug::PatternsForgotten) {
        return Decision::Nothing;
    }
    // Nobody, or only we, ever said anything.
    let Some(global) = facts.global else { return Decision::Nothing };
    let decision = match facts.own.filter(|own| own.entry.validity != Validity::Ignored) {
        None => without_ours(facts, global),
        Some(own) => with_ours(facts, own, global, rules),
    };
    restrained(decision, facts, global, rules)
}

/// Acting is wanted; now whatever forbids it. The order is from "we do not know" to "a person said so": an earlier reason is shown even if a later
/// one holds, too. The last arm names every decision that acts, so that a new one cannot pass without a thought.
fn restrained(decision: Decision, facts: &Facts<'_>, global: &Entry, rules: &Rules) -> Decision {
    use Decision::{
        Adjust, Create, Dress, Hold, KeepHere, LeaveBehind, Remove, Replace, ReplaceKeeping, Revive,
    };
    match decision {
        Decision::Nothing | Hold(_) => decision,
        // What is there could not be read: acting could displace anything, and saying what is there could be wrong.
        _ if facts.unknown => Hold(Reason::Unknown),
        // Nothing is done to the disk.
        Decision::Adopt => decision,
        // A folder that only sends changes neither its disk nor, unasked, its mind. Getting back what its disk has spoiled is no change.
        _ if rules.kind == FolderKind::SendOnly
            && !is_healing(facts, global)
            && !planted(Bug::SenderReceives) =>
        {
            // The others have something else by now, so nobody gives back what was spoiled: a person is asked.
            Hold(if is_damaged(facts) { Reason::Suspect } else { Reason::SendOnly })
        }
        // A folder that only receives makes no versions. A file that others removed without having seen it stays, and a person may revert that.
        Revive if rules.kind == FolderKind::ReceiveOnly && facts.own.is_some_and(is_received_file) => {
            KeepHere
        }
        // A directory stays as long as something in it does; what is not here stays so.
        Revive if rules.kind == FolderKind::ReceiveOnly => Decision::Nothing,
        // Something would have to appear in a place that is not there, or under a name that cannot be.
        Create | Replace | ReplaceKeeping | Revive if facts.blocked => Hold(Reason::Blocked),
        Create if facts.refused => Hold(Reason::Refused),
        // Reviving what is not here means to put it here. (What is here has its name already.)
        Revive if facts.refused && facts.own.is_none_or(|own| own.stamp.is_none()) => Hold(Reason::Refused),
        // A directory, or what is left of one, makes place only if nothing that is left out of the folder goes with it.
        Create | Replace | ReplaceKeeping
            if facts.ignored_below && global.content.kind() != Kind::Directory =>
        {
            Hold(Reason::IgnoredBelow)
        }
        Create | Replace | ReplaceKeeping | Remove | Adjust | Dress | Revive | KeepHere | LeaveBehind => {
            decision
        }
    }
}

/// A file or link that is here as another machine made it.
fn is_received_file(own: &Local) -> bool {
    own.stamp.is_some()
        && own.entry.validity == Validity::Valid
        && own.entry.content.kind() != Kind::Directory
}

/// What is here is not to be believed.
fn is_damaged(facts: &Facts<'_>) -> bool {
    facts.own.is_some_and(|own| own.entry.validity == Validity::Suspect && own.stamp.is_some())
}

/// What comes in its place is what should be here; or a person said that anything else is better.
fn is_healing(facts: &Facts<'_>, global: &Entry) -> bool {
    is_damaged(facts) && (facts.reverting || facts.own.is_some_and(|own| own.entry.version == global.version))
}

/// This machine has nothing to lose here: it never had an item, or it left it out of the folder (and then its bytes, if there are any,
/// are met by the executor, which expects nothing and displaces nothing).
fn without_ours(facts: &Facts<'_>, global: &Entry) -> Decision {
    match &global.content {
        // A directory that others removed, with something in it that is to be here: it must be there again.
        Content::Deleted(_) if facts.alive_below => Decision::Revive,
        // Removed before we ever had it.
        Content::Deleted(_) => Decision::Nothing,
        // Nobody can give it.
        _ if !global.validity.is_valid() => Decision::Nothing,
        _ => Decision::Create,
    }
}

/// This machine knows an item here. It is present or was removed.
fn with_ours(facts: &Facts<'_>, own: &Local, global: &Entry, rules: &Rules) -> Decision {
    // Others have nothing here, and a person wants what the others have.
    if facts.reverting && own.entry.validity == Validity::OnlyHere && !global.validity.is_valid() {
        return reverted_to_nothing(facts, own);
    }
    let relation = relation_of(&own.entry, global, rules);
    match relation {
        // We stand where the others stand.
        Relation::Equal => at_equal_versions(facts, own, global, rules),
        // We have seen all that the others have, and more: it is their turn. What is not to be believed waits, because the others' content is
        // older than what was lost; unless a person says that anything is better.
        Relation::Newer if is_damaged(facts) && facts.reverting && global.is_present() => Decision::Replace,
        Relation::Newer if own.entry.validity == Validity::Suspect => Decision::Hold(Reason::Suspect),
        Relation::Newer => still_needed(facts, own),
        // Nobody can give what counts: all entries are invalid, so ours stays. If it is not to be believed either, a person has to say what it is.
        _ if !global.validity.is_valid() && own.entry.validity == Validity::Suspect => {
            Decision::Hold(Reason::Suspect)
        }
        _ if !global.validity.is_valid() => Decision::Nothing,
        // Here the global entry is valid and not ours: it has seen ours (`Older`), or neither has seen the other. What remains is whether each of
        // the two is present: ours is gone (theirs may be, too); only theirs is gone; both are there.
        _ if own.entry.content.is_deleted() => ours_is_gone(facts, own, global),
        _ if global.content.is_deleted() => theirs_is_gone(facts, own, global, relation),
        // Both are present.
        _ if own.entry.validity == Validity::Suspect => Decision::Replace,
        _ if own.entry.content.is_same(&global.content) => same_content(own, global, rules),
        _ => other_content(facts, own, global, relation),
    }
}

/// What only this machine has goes into the recovery area.
fn reverted_to_nothing(facts: &Facts<'_>, own: &Local) -> Decision {
    match &own.entry.content {
        Content::Deleted(_) => Decision::Nothing,
        // Something in it is the others', or is kept: so is the directory.
        Content::Directory if facts.alive_below => Decision::Nothing,
        Content::Directory if facts.ignored_below => Decision::LeaveBehind,
        _ => Decision::Remove,
    }
}

/// How our entry stands to the global one.
///
/// If the others remember more of our own changes than we do, our index was lost or is an older one, and what it calls old may be an edit made
/// since: then neither has seen the other.
fn relation_of(own: &Entry, global: &Entry, rules: &Rules) -> Relation {
    let relation = own.version.relation(&global.version);
    let is_forgotten =
        global.version.counter(rules.own) > own.version.counter(rules.own) && own.modified_by == rules.own;
    if relation == Relation::Older && is_forgotten { Relation::ConcurrentBehind } else { relation }
}

/// Both entries have the same version. If ours is whole there is nothing to do; if ours is not to be believed the content is fetched again
/// from whoever has it.
fn at_equal_versions(facts: &Facts<'_>, own: &Local, global: &Entry, rules: &Rules) -> Decision {
    match own.entry.validity {
        Validity::Suspect if global.is_present() => Decision::Replace,
        Validity::Suspect => Decision::Hold(Reason::Suspect),
        // What is said is said by all. That it could not be made so here at first is known, or nobody has tried it yet.
        Validity::Valid if rules.kind != FolderKind::SendOnly && rules.metadata.is_untried(own) => {
            Decision::Dress
        }
        _ => still_needed(facts, own),
    }
}

/// Our entry counts. Only one thing may be missing: a directory that was removed, here or elsewhere, in which something is to be again.
fn still_needed(facts: &Facts<'_>, own: &Local) -> Decision {
    match own.entry.content {
        Content::Deleted(_) if facts.alive_below => Decision::Revive,
        _ => Decision::Nothing,
    }
}

/// Ours was removed. Whatever the others have can be put here: an edit goes before a removal that had not seen it.
fn ours_is_gone(facts: &Facts<'_>, own: &Local, global: &Entry) -> Decision {
    debug_assert!(own.entry.content.is_deleted());
    match &global.content {
        Content::Deleted(_) if facts.alive_below => Decision::Revive,
        // Removed on both sides: one tombstone.
        Content::Deleted(_) => Decision::Adopt,
        _ => Decision::Create,
    }
}

/// Ours is present, the global one is a removal.
fn theirs_is_gone(facts: &Facts<'_>, own: &Local, global: &Entry, relation: Relation) -> Decision {
    let is_directory = own.entry.content.kind() == Kind::Directory;
    match relation {
        // Something in the directory stays, so the directory does.
        _ if is_directory && facts.alive_below && !planted(Bug::DirectoryNotKept) => Decision::Revive,
        // Only things that are left out of the folder are in it: it stays on this disk, and counts as removed.
        _ if is_directory && facts.ignored_below => Decision::LeaveBehind,
        // From here on, a directory is empty as far as this folder is concerned: nothing alive is in it, nothing left out is in it.
        // Whoever removed it had seen ours. (A directory's own changes are its permissions: not worth keeping it for.)
        Relation::Older => Decision::Remove,
        _ if is_directory || planted(Bug::RemovalWins) => Decision::Remove,
        // What they removed was not what is here, and what is here is not to be believed either: the removal stands, the remnant is
        // kept in the recovery area.
        _ if own.entry.validity == Validity::Suspect => Decision::Remove,
        // They had not seen ours: an edit goes before a removal.
        _ => {
            debug_assert!(relation.is_concurrent() && !global.is_present());
            Decision::Revive
        }
    }
}

/// Both are present with the same content.
fn same_content(own: &Local, global: &Entry, rules: &Rules) -> Decision {
    match () {
        () if needs_adjusting(&own.entry, global, rules) => Decision::Adjust,
        () if rules.metadata.needs_setting(own, global) => Decision::Dress,
        () => Decision::Adopt,
    }
}

/// Permissions or time on the disk would have to change.
fn needs_adjusting(own: &Entry, global: &Entry, rules: &Rules) -> bool {
    let permissions = rules.permissions
        && own.content.kind() != Kind::Link
        && matches!((own.permissions, global.permissions), (Some(ours), Some(theirs)) if ours != theirs);
    let time = own.content.kind() == Kind::File && own.modified != global.modified;
    permissions || time
}

/// Both are present, with different content, and theirs counts.
fn other_content(facts: &Facts<'_>, own: &Local, global: &Entry, relation: Relation) -> Decision {
    let ours = own.entry.content.kind();
    // A directory makes place for something else with all that is still in it, under another name, even if they had seen the directory itself:
    // what is in it has versions of its own.
    if ours == Kind::Directory && facts.ours_below {
        return Decision::ReplaceKeeping;
    }
    // They had seen ours when they changed it.
    if relation == Relation::Older {
        return Decision::Replace;
    }
    // From here on neither had seen the other.
    match ours {
        // No bytes of a person: an empty directory, or a link, which the recovery area keeps.
        Kind::Directory | Kind::Link => Decision::Replace,
        // They made theirs from the very content that is here, so nothing is lost.
        Kind::File if is_made_from(global, &own.entry) || planted(Bug::LoserNotKept) => Decision::Replace,
        Kind::File => Decision::ReplaceKeeping,
    }
}

/// The winner was made from the content that the loser has. Something else than a file took its place, which may have moved it. And if the loser came
/// from other bytes, a person brought this content back, which the winner had not seen.
fn is_made_from(winner: &Entry, loser: &Entry) -> bool {
    let is_brought_back = loser.previous.is_some() && loser.previous != loser.content.digest();
    winner.content.kind() == Kind::File
        && winner.previous.is_some()
        && winner.previous == loser.content.digest()
        && !is_brought_back
}
