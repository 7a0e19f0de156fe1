//! Which attributes travel: those that are a person's, and never one that grants something or takes away a protection.
//!
//! The same rule holds both ways. What is not read here is not told to others, and what others say of it is passed on and not set: a peer can give a
//! file neither the right to act as another (`security.capability`) nor take from it the mark that it came from the net.

use homesync_protocol::{Attribute, System};

/// The most bytes that one attribute has, its name and value together.
pub const LARGEST_ATTRIBUTE: usize = 1_024;
/// The most bytes that those of one item have together.
pub const MOST_ATTRIBUTES: usize = 4_096;

/// Access control lists of Linux are attributes like others, but for their names.
const LISTS: [&str; 2] = ["system.posix_acl_access", "system.posix_acl_default"];

/// What the system itself keeps about files there, and what guards a person from what was fetched.
const OF_THE_MAC: [&str; 6] = [
    "com.apple.decmpfs",
    "com.apple.macl",
    "com.apple.provenance",
    "com.apple.quarantine",
    "com.apple.rootless",
    "com.apple.system.",
];

/// An attribute of this name is taken from others and given to them.
pub fn travels(system: System, name: &str) -> bool {
    match system {
        System::Linux => name.starts_with("user.") || LISTS.contains(&name),
        // The systems of that family list only a person's own.
        System::FreeBsd | System::NetBsd => true,
        System::Darwin => !OF_THE_MAC.iter().any(|own| match own.ends_with('.') {
            true => name.starts_with(own),
            false => name == *own,
        }),
    }
}

/// Those of an item's attributes, sorted by name, that travel and are small enough: of two machines with the same list both choose the same.
pub fn travelling(system: System, attributes: &[Attribute]) -> Vec<&Attribute> {
    let mut room = MOST_ATTRIBUTES;
    let fits = |attribute: &&Attribute| {
        let size = attribute.name.len() + attribute.value.len();
        let fits = travels(system, &attribute.name) && size <= LARGEST_ATTRIBUTE && size <= room;
        room -= if fits { size } else { 0 };
        fits
    };
    attributes.iter().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(name: &str, size: usize) -> Attribute {
        Attribute { name: name.to_string(), value: vec![7; size] }
    }

    #[test]
    fn d18_what_grants_a_right_or_lifts_a_protection_does_not_travel() {
        for name in ["user.comment", "system.posix_acl_access", "system.posix_acl_default"] {
            assert!(travels(System::Linux, name), "{name}");
        }
        for name in ["security.capability", "security.selinux", "trusted.overlay.opaque", "system.nfs4_acl"] {
            assert!(!travels(System::Linux, name), "{name}");
        }
        for name in ["com.apple.FinderInfo", "com.apple.metadata:_kMDItemUserTags", "org.example"] {
            assert!(travels(System::Darwin, name), "{name}");
        }
        for name in ["com.apple.quarantine", "com.apple.rootless", "com.apple.system.Security"] {
            assert!(!travels(System::Darwin, name), "{name}");
        }
    }

    #[test]
    fn what_is_too_large_is_left_out_and_the_rest_is_not() {
        let all: Vec<Attribute> =
            [("a", 1_000), ("b", 1_100), ("c", 1_000), ("d", 1_000), ("e", 1_017), ("f", 90), ("g", 9)]
                .into_iter()
                .map(|(name, size)| attribute(&format!("user.{name}"), size))
                .collect();
        let names: Vec<&str> =
            travelling(System::Linux, &all).into_iter().map(|attribute| attribute.name.as_str()).collect();
        assert_eq!(names, ["user.a", "user.c", "user.d", "user.e", "user.g"]);
    }
}
