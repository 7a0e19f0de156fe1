//! Owners and attributes on the disks of a case: some machines carry them, some only tell of them, and one may not be able to set them.

use super::case::Case;
use super::disk::{Disk, Object};
use homesync_engine::{Candidates, Carry, Expected, FolderKind, Found, MetadataRules, Operation};
use homesync_paths::RelativePath;
use homesync_protocol::{Attribute, Kind, Metadata, Owner, System};
use std::sync::Arc;

/// Whom what is made on a disk belongs to, and what can be set there.
#[derive(Clone, Copy, Default)]
pub(super) struct Hands {
    pub(super) maker: u32,
    pub(super) rules: MetadataRules,
    /// The file system lets nothing be set but by people.
    pub(super) are_tied: bool,
}

/// What an object has from the start.
pub(super) fn made_by(maker: u32) -> Arc<Metadata> {
    let mut metadata = Metadata::new(Some(owner(maker)), None);
    metadata.set_attributes(System::Linux, Vec::new());
    Arc::new(metadata)
}

fn owner(number: u32) -> Owner {
    Owner { user: format!("u{number}"), group: "g".into(), user_number: number, group_number: 7 }
}

impl Hands {
    /// What a look tells of it.
    pub(super) fn looks_at(&self, object: &Object) -> Option<Arc<Metadata>> {
        if !self.rules.looks() {
            return None;
        }
        let is_looked_at = self.rules.looks_at_attributes(object.stamp.kind);
        let mut seen =
            Metadata::new(object.metadata.owner.clone().filter(|_| self.rules.owner != Carry::No), None);
        if let Some(attributes) = object.metadata.attributes(System::Linux).filter(|_| is_looked_at) {
            seen.set_attributes(System::Linux, attributes.to_vec());
        }
        Some(Arc::new(seen))
    }

    /// How an object stands after an operation has given it what others say, as far as that can be done.
    pub(super) fn give(
        &self,
        object: &mut Object,
        operation: &Operation,
        replaced: Option<&Object>,
    ) -> Option<Arc<Found>> {
        let said = operation.entry.metadata.as_deref();
        let of = |carry: Carry| if self.are_tied || carry != Carry::Sync { None } else { said };
        let old = replaced.filter(|old| old.stamp.kind == Kind::File && object.stamp.kind == Kind::File);
        let old = |carry: Carry| old.filter(|_| carry != Carry::No).map(|old| &*old.metadata);
        let mut next = Metadata::clone(&object.metadata);
        let wanted = of(self.rules.owner).and_then(|said| said.owner.as_ref());
        if let Some(owner) = wanted.or_else(|| old(self.rules.owner)?.owner.as_ref()) {
            next.owner = Some(owner.clone());
        }
        let wanted = of(self.rules.attributes).and_then(|said| said.attributes(System::Linux));
        let attributes = wanted.or_else(|| old(self.rules.attributes)?.attributes(System::Linux));
        if let Some(attributes) = attributes.filter(|_| object.stamp.kind != Kind::Link) {
            next.set_attributes(System::Linux, attributes.to_vec());
        }
        object.metadata = Arc::new(next);
        let metadata = self.looks_at(object)?;
        let is_met = self.rules.is_met(object.stamp.kind, &metadata, said);
        Some(Arc::new(Found { metadata, refused: (!is_met).then(|| "tied".into()) }))
    }
}

impl Disk {
    /// After an operation: what it left at its path gets what belongs to it.
    pub(super) fn dress(&mut self, operation: &Operation, replaced: Option<&Object>) -> Option<Arc<Found>> {
        let hands = self.hands;
        let mut found = None;
        self.change(&operation.path, |object| found = hands.give(object, operation, replaced));
        found
    }

    /// The file that an operation is about to replace.
    pub(super) fn to_be_replaced(&self, operation: &Operation) -> Option<Object> {
        let Expected::Object(_) = operation.expected else { return None };
        self.get(&operation.path).cloned()
    }
}

impl Case {
    /// Who carries what. Most cases are about something else.
    pub(super) fn draw_owners(&mut self) {
        if self.choose(4) != 3 {
            return;
        }
        let special = self.machines.len() - 1;
        let (kind, parts) = (self.choose(5), self.choose(3));
        for (number, machine) in self.machines.iter_mut().enumerate() {
            let carry = match kind {
                1 if number == special => Carry::Send,
                2 if number == special => Carry::No,
                _ => Carry::Sync,
            };
            let only = |is_it: bool| if is_it { carry } else { Carry::No };
            let rules = &mut machine.rules.metadata;
            (rules.owner, rules.attributes) = (only(parts != 1), only(parts != 2));
            machine.disk.hands =
                Hands { maker: 100 + number as u32, rules: *rules, are_tied: number == special && kind == 3 };
        }
        self.swarm.owners = true;
    }

    /// A person gives it to somebody, or writes something on it.
    pub(super) fn give(&mut self, number: usize, path: &RelativePath) {
        let (is_owner, value) = (self.choose(2) == 0, self.choose(3));
        self.say(|| {
            let words = if is_owner { "gives away" } else { "sets an attribute of" };
            format!("{number}: {words} {}: {value}", path.as_str())
        });
        self.reach(if is_owner { "given away" } else { "attribute set" });
        self.machines[number].disk.change(path, |object| {
            let mut next = Metadata::clone(&object.metadata);
            let attribute = |value| Attribute { name: "user.a".into(), value: vec![value as u8] };
            match is_owner {
                true => next.owner = Some(owner(value as u32)),
                false if object.stamp.kind == Kind::Link => {}
                false => {
                    let attributes = if value == 0 { Vec::new() } else { vec![attribute(value)] };
                    next.set_attributes(System::Linux, attributes);
                }
            }
            object.metadata = Arc::new(next);
        });
    }

    /// D17: what is said is how it stands wherever it can be made so, and nothing is left to be tried.
    pub(super) fn check_owners(&self, number: usize) -> Result<(), String> {
        let machine = &self.machines[number];
        let rules = machine.rules.metadata;
        // Such a folder changes nothing of its disk, and waits.
        if machine.rules.kind == FolderKind::SendOnly {
            return Ok(());
        }
        let here = machine.trees.locals().filter(|own| own.stamp.is_some() && own.entry.is_present());
        for own in here.filter(|own| rules.sets() && !machine.held.contains_key(&own.entry.path)) {
            let Some(object) = machine.disk.get(&own.entry.path) else { continue };
            let seen = machine.disk.hands.looks_at(object).unwrap_or_default();
            let is_met = rules.is_met(object.stamp.kind, &seen, own.entry.metadata.as_deref());
            // What stays here although others removed it, nobody wants otherwise.
            let candidates =
                Candidates::read(&machine.trees, &own.entry.path).map_err(|error| error.to_string())?;
            let counts = candidates.global().is_some_and(|global| global.version == own.entry.version);
            if !is_met && counts && !machine.disk.hands.are_tied {
                return Err(format!("D17: machine {number} has {own:?} as {seen:?}"));
            }
            if own.found.as_ref().is_none_or(|found| found.metadata != seen) {
                return Err(format!("D17: machine {number} knows {own:?} otherwise than {seen:?}"));
            }
        }
        Ok(())
    }
}
