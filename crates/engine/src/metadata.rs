//! Owner and attributes: what a look at them means, and whether what is here is what others want.
//!
//! Three things are held apart: what is *said* of an item (its entry, the same on all machines), what was *found* here when it was looked at last
//! (the [`Local`](crate::Local)'s), and what is *seen* now. A difference between seen and found is an edit of a person's. One between found and said is none: this machine
//! may not be able, or not be asked, to make it so. Therefore nothing that could not be set is ever announced as an edit.

mod filter;

pub use filter::{LARGEST_ATTRIBUTE, MOST_ATTRIBUTES, travelling, travels};

use crate::rules::FolderKind;
use crate::trees::{Candidates, Local};
use homesync_protocol::{Attribute, Entry, Kind, Metadata, Owner, ShortId, System};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What happens with owners, or with attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Carry {
    /// They are neither looked at nor set. What others say of them is passed on.
    #[default]
    No,
    /// Others hear of them; what others say is passed on and not set.
    Send,
    /// Others hear of them, and what they say is set here.
    Sync,
}

/// What a person has set about owners and attributes in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataRules {
    /// Owner and group.
    pub owner: Carry,
    /// Extended attributes, and the access control lists that are some.
    pub attributes: Carry,
    /// Whose attributes this machine has. Those of other systems are passed on.
    pub system: System,
}

impl Default for MetadataRules {
    fn default() -> Self {
        Self { owner: Carry::No, attributes: Carry::No, system: System::Linux }
    }
}

/// How owner and attributes of an object stood when they were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Found {
    /// As far as they were looked at.
    pub metadata: Arc<Metadata>,
    /// Why the system did not let them be made as its entry says, if that was tried. It is not tried again until something else is said.
    pub refused: Option<Box<str>>,
}

impl Found {
    /// Only looked at.
    pub fn of(metadata: Arc<Metadata>) -> Self {
        Self { metadata, refused: None }
    }
}

impl MetadataRules {
    /// Something is looked at.
    pub fn looks(&self) -> bool {
        self.owner != Carry::No || self.attributes != Carry::No
    }

    /// Something that others say is set here.
    pub fn sets(&self) -> bool {
        self.owner == Carry::Sync || self.attributes == Carry::Sync
    }

    /// Attributes of such an object are looked at. Those of a link are not: Linux gives it none that travel.
    pub fn looks_at_attributes(&self, kind: Kind) -> bool {
        self.attributes != Carry::No && kind != Kind::Link
    }

    /// All that is asked for was looked at.
    pub fn is_known(&self, kind: Kind, found: Option<&Found>) -> bool {
        let Some(found) = found.map(|found| &found.metadata) else { return !self.looks() };
        let has_attributes = found.attributes(self.system).is_some();
        (self.owner == Carry::No || found.owner.is_some())
            && (!self.looks_at_attributes(kind) || has_attributes)
    }

    /// What is found is what is wanted, as far as it is to be set here, was looked at, and is said at all.
    pub fn is_met(&self, kind: Kind, found: &Metadata, wanted: Option<&Metadata>) -> bool {
        let Some(wanted) = wanted else { return true };
        let owner = match (&found.owner, &wanted.owner) {
            (Some(found), Some(wanted)) if self.owner == Carry::Sync => is_owner(found, wanted),
            _ => true,
        };
        let attributes = match (found.attributes(self.system), wanted.attributes(self.system)) {
            (Some(found), Some(wanted)) if self.attributes == Carry::Sync && kind != Kind::Link => {
                travelling(self.system, found) == travelling(self.system, wanted)
            }
            _ => true,
        };
        owner && attributes
    }

    /// What is said of an item that is here could be made so, and nobody has tried it yet.
    pub fn is_untried(&self, own: &Local) -> bool {
        let found = own.found.as_ref().filter(|found| own.stamp.is_some() && found.refused.is_none());
        let said = own.entry.metadata.as_deref();
        self.sets()
            && found.is_some_and(|found| !self.is_met(own.entry.content.kind(), &found.metadata, said))
    }

    /// Why an item is here only in part: the system did not let its owner or its attributes be made as they should be.
    pub fn why_partial<'l>(&self, own: &'l Local) -> Option<&'l str> {
        let found = own.found.as_ref().filter(|_| own.stamp.is_some())?;
        let is_met = self.is_met(own.entry.content.kind(), &found.metadata, own.entry.metadata.as_deref());
        if is_met { None } else { found.refused.as_deref() }
    }

    /// Taking over what counts means to set owner or attributes. Where the very same was refused before, it does not.
    pub fn needs_setting(&self, own: &Local, global: &Entry) -> bool {
        let Some(found) = &own.found else { return false };
        let kind = own.entry.content.kind();
        let was_refused = found.refused.is_some()
            && is_same_metadata(own.entry.metadata.as_deref(), global.metadata.as_deref());
        self.sets() && !was_refused && !self.is_met(kind, &found.metadata, global.metadata.as_deref())
    }

    /// What is said of an item after a look, and whether that is an edit.
    ///
    /// What was not looked at is said as before. So is whatever is as others want it: we made it so before a stop, or a person did what
    /// another had done.
    pub(crate) fn said_after(
        &self,
        candidates: &Candidates,
        seen: &Metadata,
        kind: FolderKind,
    ) -> Option<Arc<Metadata>> {
        let own = candidates.here();
        let before = own.and_then(|own| own.entry.metadata.as_deref());
        let found = match kind {
            // Nothing that others say is set there, so all that is otherwise than it is said is this machine's.
            FolderKind::SendOnly => before,
            _ => own.and_then(|own| own.found.as_ref()).map(|found| &*found.metadata),
        };
        let global = candidates.global().filter(|global| global.is_present() && kind != FolderKind::SendOnly);
        let global = global.and_then(|global| global.metadata.as_deref());
        let is_first_to_say = |carry: Carry| {
            own.is_none_or(|own| {
                kind != FolderKind::ReceiveOnly && (carry == Carry::Send || is_ours_to_say(own, candidates))
            })
        };
        let mut said = before.cloned().unwrap_or_default();
        if let Some(seen) = seen.owner.as_ref().filter(|_| self.owner != Carry::No) {
            let wanted = global.and_then(|global| global.owner.as_ref());
            said.owner = match (said.owner.take(), found.and_then(|found| found.owner.as_ref())) {
                (None, _) if wanted.is_none() && is_first_to_say(self.owner) => Some(seen.clone()),
                // What others said was never compared with what is here: it stands.
                (said, None) => said,
                (said, Some(found)) => merged_owner(said, found, seen, wanted),
            };
        }
        if let Some(seen) = seen.attributes(self.system).filter(|_| self.attributes != Carry::No) {
            let wanted = global.and_then(|global| global.attributes(self.system));
            // That there are none is what everybody takes for granted.
            let is_unsaid = wanted.is_none() && !seen.is_empty();
            let found = found.and_then(|found| found.attributes(self.system));
            let next = match (said.attributes(self.system), found) {
                (None, _) if is_unsaid && is_first_to_say(self.attributes) => Some(seen.to_vec()),
                (_, None) => None,
                (said, Some(found)) => merged_attributes(said, found, seen, wanted),
            };
            if let Some(next) = next {
                said.set_attributes(self.system, next);
            }
        }
        match own.and_then(|own| own.entry.metadata.clone()) {
            Some(before) if *before == said => Some(before),
            _ => (!said.is_empty()).then(|| Arc::new(said)),
        }
    }
}

/// Whoever makes a version says all that is to be said in it, also that there is nothing: who makes another one beside it must know what to set.
pub(crate) fn completed(said: Option<Arc<Metadata>>, seen: Option<&Metadata>) -> Option<Arc<Metadata>> {
    let Some(seen) = seen else { return said };
    let mut whole = said.as_deref().cloned().unwrap_or_default();
    whole.owner = whole.owner.or_else(|| seen.owner.clone());
    for system in System::ALL {
        if let (None, Some(seen)) = (whole.attributes(system), seen.attributes(system)) {
            whole.set_attributes(system, seen.to_vec());
        }
    }
    match said {
        Some(said) if *said == whole => Some(said),
        _ => (!whole.is_empty()).then(|| Arc::new(whole)),
    }
}

/// Nobody has said anything about it, and it is for this machine to do so: it made the last change, or whoever made it is no more among those who
/// have it. So two machines that both begin to tell do not contradict each other.
fn is_ours_to_say(own: &Local, candidates: &Candidates) -> bool {
    !candidates.others.iter().any(|(device, _)| ShortId(device.short()) == own.entry.modified_by)
}

/// The same user and the same group.
fn is_owner(found: &Owner, wanted: &Owner) -> bool {
    is_user(found, wanted) && is_group(found, wanted)
}

/// By number, or by the name that the one here is known by.
fn is_user(found: &Owner, wanted: &Owner) -> bool {
    found.user_number == wanted.user_number || (!wanted.user.is_empty() && found.user == wanted.user)
}

/// The same.
fn is_group(found: &Owner, wanted: &Owner) -> bool {
    found.group_number == wanted.group_number || (!wanted.group.is_empty() && found.group == wanted.group)
}

/// User and group by themselves: of each, what a person changed counts, and otherwise what was said before.
fn merged_owner(said: Option<Owner>, found: &Owner, seen: &Owner, wanted: Option<&Owner>) -> Option<Owner> {
    let is_new_user = found.user_number != seen.user_number && !wanted.is_some_and(|it| is_user(seen, it));
    let is_new_group =
        found.group_number != seen.group_number && !wanted.is_some_and(|it| is_group(seen, it));
    match said {
        said if !is_new_user && !is_new_group => said,
        None => Some(seen.clone()),
        Some(mut said) => {
            if is_new_user {
                (said.user, said.user_number) = (seen.user.clone(), seen.user_number);
            }
            if is_new_group {
                (said.group, said.group_number) = (seen.group.clone(), seen.group_number);
            }
            Some(said)
        }
    }
}

/// Each attribute by itself; nothing if there is no edit among them.
fn merged_attributes(
    said: Option<&[Attribute]>,
    found: &[Attribute],
    seen: &[Attribute],
    wanted: Option<&[Attribute]>,
) -> Option<Vec<Attribute>> {
    let value = |of: &[Attribute], name: &str| {
        of.iter().find(|attribute| attribute.name == name).map(|attribute| attribute.value.clone())
    };
    let is_edit = |name: &&str| {
        let now = value(seen, name);
        now != value(found, name) && wanted.is_none_or(|wanted| now != value(wanted, name))
    };
    let names: BTreeSet<&str> =
        found.iter().chain(seen).map(|attribute| attribute.name.as_str()).filter(is_edit).collect();
    if names.is_empty() {
        return None;
    }
    let Some(said) = said else { return Some(seen.to_vec()) };
    let is_kept = |attribute: &&Attribute| !names.contains(attribute.name.as_str());
    let edited = seen.iter().filter(|attribute| !is_kept(attribute));
    Some(said.iter().filter(is_kept).chain(edited).cloned().collect())
}

/// Two machines say the same. That nothing is said of an owner is something else than that it is somebody; of attributes, nothing and none are the same.
pub(crate) fn is_same_metadata(one: Option<&Metadata>, other: Option<&Metadata>) -> bool {
    let empty = Metadata::default();
    let (one, other) = (one.unwrap_or(&empty), other.unwrap_or(&empty));
    let is_same_owner = match (&one.owner, &other.owner) {
        (Some(one), Some(other)) => one.is_same(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let attributes = |of: &Metadata, system| of.attributes(system).unwrap_or_default().to_vec();
    is_same_owner
        && one.windows_owner == other.windows_owner
        && System::ALL.into_iter().all(|system| attributes(one, system) == attributes(other, system))
}

#[cfg(test)]
mod tests;
