//! Owner and attributes of an object: reading them, and setting them as far as the system lets us.

use crate::vfs::{Name, Opened, Status, Vfs, Whose};
use homesync_engine::{Carry, LARGEST_ATTRIBUTE, MetadataRules, travelling, travels};
use homesync_protocol::{Attribute, Kind, Metadata, Owner};
use rustix::io::Errno;
use std::fmt;
use std::io;

/// With less room than this the disk is full, and not only what it keeps for one object's attributes.
const ROOM: u64 = 1 << 20;

/// A file system or a system that knows nothing of it. Some systems have two numbers for that.
const UNSUPPORTED: [Errno; 3] = [Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS];

/// A program with one of these runs as its owner, or as its group.
const POWERS: u16 = 0o6000;

/// What is read or set.
pub(crate) enum Subject<'s, V: Vfs> {
    /// A file or directory.
    Opened(Opened<'s, V>),
    /// A link, at its name: it cannot be opened. It has no attributes that travel.
    Link(&'s V::Directory, Name<'s>),
}

impl<V: Vfs> Clone for Subject<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V: Vfs> Copy for Subject<'_, V> {}

impl<V: Vfs> Subject<'_, V> {
    pub(crate) fn status(self, vfs: &V) -> io::Result<Status> {
        match self {
            Self::Opened(Opened::File(file)) => vfs.file_status(file),
            Self::Opened(Opened::Directory(directory)) => vfs.directory_status(directory),
            Self::Link(directory, name) => vfs.status(directory, name),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Opened(Opened::File(_)) => Kind::File,
            Self::Opened(Opened::Directory(_)) => Kind::Directory,
            Self::Link(..) => Kind::Link,
        }
    }

    fn set_owner(self, vfs: &V, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
        match self {
            Self::Opened(opened) => vfs.set_owner(opened, user, group),
            Self::Link(directory, name) => vfs.set_link_owner(directory, name, user, group),
        }
    }
}

/// Who owns an object that looks so. Whom it belonged to before is known by name already.
pub(crate) fn owner_of<V: Vfs>(vfs: &V, status: &Status, known: Option<&Owner>) -> Owner {
    let is_known = |known: &&Owner| (known.user_number, known.group_number) == (status.owner, status.group);
    known.filter(is_known).cloned().unwrap_or_else(|| Owner {
        user: vfs.name_of(Whose::User, status.owner).unwrap_or_default(),
        group: vfs.name_of(Whose::Group, status.group).unwrap_or_default(),
        user_number: status.owner,
        group_number: status.group,
    })
}

/// What an open object has of the attributes that travel; nothing if we may not know.
pub(crate) fn attributes_of<V: Vfs>(
    vfs: &V,
    of: Opened<'_, V>,
    rules: &MetadataRules,
) -> io::Result<Option<Vec<Attribute>>> {
    let names = match vfs.attribute_names(of) {
        Err(error) => {
            return match Errno::from_io_error(&error) {
                // There are none where there can be none.
                Some(errno) if UNSUPPORTED.contains(&errno) => Ok(Some(Vec::new())),
                Some(Errno::ACCESS | Errno::PERM) => Ok(None),
                _ => Err(error),
            };
        }
        Ok(names) => names,
    };
    let names = names.into_iter().filter_map(|name| String::from_utf8(name).ok());
    let mut attributes = Vec::new();
    for name in names.filter(|name| travels(rules.system, name)) {
        let Some(most) = LARGEST_ATTRIBUTE.checked_sub(name.len()) else { continue };
        if let Some(value) = vfs.attribute(of, &name, most)? {
            attributes.push(Attribute { name, value });
        }
    }
    Ok(Some(travelling(rules.system, &attributes).into_iter().cloned().collect()))
}

/// How an object stands, as far as the folder carries it. The status is older than the attributes, so that whoever changes them later leaves
/// another one.
pub(crate) fn read<V: Vfs>(
    vfs: &V,
    of: Subject<'_, V>,
    status: &Status,
    known: Option<&Owner>,
    rules: &MetadataRules,
) -> io::Result<Metadata> {
    let owner = (rules.owner != Carry::No).then(|| owner_of(vfs, status, known));
    let mut metadata = Metadata::new(owner, None);
    if let Subject::Opened(of) = of
        && rules.looks_at_attributes(of_kind(of))
        && let Some(attributes) = attributes_of(vfs, of, rules)?
    {
        metadata.set_attributes(rules.system, attributes);
    }
    Ok(metadata)
}

fn of_kind<V: Vfs>(of: Opened<'_, V>) -> Kind {
    Subject::Opened(of).kind()
}

/// What was refused, for a person. The first of several stands for all.
#[derive(Default)]
pub(crate) struct Refusals(Option<String>);

impl Refusals {
    fn note(&mut self, what: impl fmt::Display, error: &io::Error) {
        self.0.get_or_insert_with(|| format!("{what}: {error}"));
    }

    pub(crate) fn into_text(self) -> Option<Box<str>> {
        self.0.map(String::into_boxed_str)
    }

    /// Goes on after a refusal that concerns only this; anything else ends the operation.
    fn unless_other<V: Vfs>(
        &mut self,
        vfs: &V,
        what: impl fmt::Display,
        result: io::Result<()>,
    ) -> io::Result<()> {
        match result {
            Err(error) if is_refusal(vfs, &error) => {
                self.note(what, &error);
                Ok(())
            }
            result => result,
        }
    }
}

/// The system or the file system will not have it, and will not have it in a moment either.
fn is_refusal<V: Vfs>(vfs: &V, error: &io::Error) -> bool {
    match Errno::from_io_error(error) {
        Some(errno) if UNSUPPORTED.contains(&errno) => true,
        Some(Errno::PERM | Errno::ACCESS | Errno::DQUOT) => true,
        Some(Errno::INVAL | Errno::TOOBIG | Errno::RANGE | Errno::NAMETOOLONG | Errno::OVERFLOW) => true,
        // What a file system keeps for one object's attributes may be full while there is room for everything else.
        Some(Errno::NOSPC) => vfs.space().is_ok_and(|space| space.free > ROOM),
        _ => false,
    }
}

/// Gives an object the attributes and the owner that are wanted, in this order: what was given away may not be changed any more. Attributes that
/// travel and are not wanted go.
pub(crate) fn give<V: Vfs>(
    vfs: &V,
    to: Subject<'_, V>,
    wanted: &Metadata,
    rules: &MetadataRules,
) -> io::Result<Refusals> {
    let mut refusals = Refusals::default();
    if let (Subject::Opened(to), Some(wanted)) = (to, wanted.attributes(rules.system)) {
        give_attributes(vfs, to, wanted, rules, &mut refusals)?;
    }
    if let Some(wanted) = &wanted.owner {
        let status = to.status(vfs)?;
        // By name where somebody is called so here, otherwise by number: whom that number belongs to is for this machine to say.
        let user = vfs.number_of(Whose::User, &wanted.user).unwrap_or(wanted.user_number);
        let group = vfs.number_of(Whose::Group, &wanted.group).unwrap_or(wanted.group_number);
        if let Subject::Opened(Opened::File(file)) = to
            && status.permissions & POWERS != 0
            && (status.group, status.owner) != (group, user)
        {
            // Who ran it as its owner here must not run it as whomever another machine names. Not every system sees to that.
            vfs.set_file_permissions(file, status.permissions & !POWERS)?;
        }
        // The group first: whoever may not give files away may still give them to a group of theirs.
        if status.group != group {
            refusals.unless_other(vfs, "its group", to.set_owner(vfs, None, Some(group)))?;
        }
        if status.owner != user {
            refusals.unless_other(vfs, "its owner", to.set_owner(vfs, Some(user), None))?;
        }
    }
    Ok(refusals)
}

fn give_attributes<V: Vfs>(
    vfs: &V,
    to: Opened<'_, V>,
    wanted: &[Attribute],
    rules: &MetadataRules,
    refusals: &mut Refusals,
) -> io::Result<()> {
    let wanted = travelling(rules.system, wanted);
    let Some(there) = attributes_of(vfs, to, rules)? else {
        refusals.note("its attributes", &Errno::ACCESS.into());
        return Ok(());
    };
    for attribute in there.iter().filter(|there| !wanted.iter().any(|wanted| wanted.name == there.name)) {
        let name = &attribute.name;
        refusals.unless_other(vfs, format_args!("attribute {name}"), vfs.remove_attribute(to, name))?;
    }
    // An access control list may forbid even its owner to set others, and its name comes first.
    for attribute in wanted.into_iter().rev().filter(|wanted| !there.contains(wanted)) {
        let name = &attribute.name;
        let result = vfs.set_attribute(to, name, &attribute.value);
        refusals.unless_other(vfs, format_args!("attribute {name}"), result)?;
    }
    Ok(())
}
