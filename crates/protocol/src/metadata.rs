//! What an item carries besides its content, time and permissions: who owns it, and extended attributes.
//!
//! Each system has its own attributes, and a machine passes on unchanged what belongs to systems other than its own.

use std::fmt;

/// The most bytes that all of an item's attributes have together.
pub const MOST_METADATA: usize = 1 << 20;

/// Owner and attributes. Behind one pointer in an [`crate::Entry`], because most items have none.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Metadata {
    /// Who owns it on systems of the Unix family.
    pub owner: Option<Owner>,
    /// Who owns it on Windows. Only passed on.
    pub windows_owner: Option<WindowsOwner>,
    /// Extended attributes, for each system that said something about them.
    attributes: [Option<Vec<Attribute>>; System::ALL.len()],
}

/// Who owns an item, by number and, where the numbers have them, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Owner {
    /// The user's name, or nothing.
    pub user: String,
    /// The group's name, or nothing.
    pub group: String,
    /// The user's number.
    pub user_number: u32,
    /// The group's number.
    pub group_number: u32,
}

impl Owner {
    /// The same person, where one of the two ways to name them agrees wholly.
    pub fn is_same(&self, other: &Self) -> bool {
        let has_names = !self.user.is_empty() && !self.group.is_empty();
        let numbers = |owner: &Self| (owner.user_number, owner.group_number);
        numbers(self) == numbers(other)
            || (has_names && (&self.user, &self.group) == (&other.user, &other.group))
    }
}

/// Who owns an item on Windows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct WindowsOwner {
    /// The name, with its domain.
    pub name: String,
    /// It is a group's.
    pub is_group: bool,
}

/// One extended attribute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attribute {
    /// Its whole name, as the system spells it.
    pub name: String,
    /// What it holds.
    pub value: Vec<u8>,
}

/// A system that has extended attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    Darwin,
    /// FreeBSD.
    FreeBsd,
    /// NetBSD.
    NetBsd,
}

impl System {
    /// All of them, in the order of the wire.
    pub const ALL: [Self; 4] = [Self::Linux, Self::Darwin, Self::FreeBsd, Self::NetBsd];
}

impl Metadata {
    /// Of these owners, without attributes.
    pub fn new(owner: Option<Owner>, windows_owner: Option<WindowsOwner>) -> Self {
        Self { owner, windows_owner, attributes: Default::default() }
    }

    /// The attributes that a system gave it, sorted by name; nothing where it said nothing about them.
    pub fn attributes(&self, system: System) -> Option<&[Attribute]> {
        self.attributes[system as usize].as_deref()
    }

    /// Sets a system's attributes.
    pub fn set_attributes(&mut self, system: System, mut attributes: Vec<Attribute>) {
        attributes.sort();
        attributes.dedup_by(|one, other| one.name == other.name);
        self.attributes[system as usize] = Some(attributes);
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Roughly how many bytes all of it takes.
    pub fn size(&self) -> usize {
        let owner = self.owner.as_ref().map_or(0, |owner| owner.user.len() + owner.group.len());
        let windows = self.windows_owner.as_ref().map_or(0, |owner| owner.name.len());
        let attributes = self.attributes.iter().flatten().flatten();
        let attributes: usize =
            attributes.map(|attribute| attribute.name.len() + attribute.value.len()).sum();
        owner + windows + attributes
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets of other programs.
        let many = self.attributes.iter().flatten().flatten().count();
        write!(formatter, "owner {:?}, {many} attributes", self.owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(user: &str, number: u32) -> Owner {
        Owner { user: user.to_string(), group: user.to_string(), user_number: number, group_number: number }
    }

    #[test]
    fn an_owner_is_known_by_numbers_or_by_names() {
        assert!(owner("ann", 1000).is_same(&owner("ann", 501)));
        assert!(owner("ann", 1000).is_same(&owner("bob", 1000)));
        assert!(!owner("ann", 1000).is_same(&owner("bob", 501)));
        assert!(!owner("", 1000).is_same(&owner("", 501)), "no name is no agreement");
    }

    #[test]
    fn attributes_are_kept_sorted_and_apart_for_each_system() {
        let attribute = |name: &str| Attribute { name: name.to_string(), value: vec![1] };
        let mut metadata = Metadata::default();
        metadata.set_attributes(System::Linux, vec![attribute("user.b"), attribute("user.a")]);
        let names: Vec<&str> = metadata
            .attributes(System::Linux)
            .unwrap()
            .iter()
            .map(|attribute| attribute.name.as_str())
            .collect();
        assert_eq!(names, ["user.a", "user.b"]);
        assert!(metadata.attributes(System::Darwin).is_none(), "nothing said is not nothing there");
        assert_eq!(metadata.size(), 14);
    }
}
