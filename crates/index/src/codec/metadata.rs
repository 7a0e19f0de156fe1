//! Owner and attributes of an item, after everything else about it: what is said of them, and how they stood on the disk.
//!
//! For most items only the first is there, or both are the same, which takes one byte.

use super::{Cursor, Damaged, put_number, put_text};
use homesync_engine::Found;
use homesync_protocol::{Attribute, Metadata, Owner, System, WindowsOwner};
use std::sync::Arc;

const OWNER: u8 = 1;
const WINDOWS: u8 = 1 << 1;
const WINDOWS_GROUP: u8 = 1 << 2;
/// The first system's bit; the others follow.
const SYSTEMS: u8 = 3;

/// They were looked at. The other bits say what follows, and mean something else than without this one.
const FOUND: u8 = 1 << 7;
const SAID: u8 = 1;
const SAME: u8 = 1 << 1;
const REFUSED: u8 = 1 << 2;

/// Owner and attributes as an item says them, and as they were found.
type Both = (Option<Arc<Metadata>>, Option<Arc<Found>>);

pub(super) fn put_both(out: &mut Vec<u8>, said: Option<&Metadata>, found: Option<&Found>) {
    let Some(found) = found else {
        said.iter().for_each(|said| put_metadata(out, said));
        return;
    };
    let is_same = said == Some(&*found.metadata);
    let set = |condition: bool, bit: u8| if condition { bit } else { 0 };
    let refused = found.refused.as_deref();
    out.push(FOUND | set(said.is_some(), SAID) | set(is_same, SAME) | set(refused.is_some(), REFUSED));
    refused.iter().for_each(|refused| put_text(out, refused));
    said.iter().for_each(|said| put_metadata(out, said));
    if !is_same {
        put_metadata(out, &found.metadata);
    }
}

pub(super) fn take_both(cursor: &mut Cursor<'_>) -> Result<Both, Damaged> {
    let first = cursor.0.first().copied().unwrap_or_default();
    if first & FOUND == 0 {
        return Ok((Some(Arc::new(take_metadata(cursor)?)), None));
    }
    let flags = cursor.byte()?;
    let refused = if flags & REFUSED == 0 { None } else { Some(cursor.text()?.into()) };
    let said = if flags & SAID == 0 { None } else { Some(Arc::new(take_metadata(cursor)?)) };
    let metadata = match (&said, flags & SAME) {
        (_, 0) => Arc::new(take_metadata(cursor)?),
        (Some(said), _) => said.clone(),
        (None, _) => return Err(Damaged::because("the same as what was not said")),
    };
    Ok((said, Some(Arc::new(Found { metadata, refused }))))
}

fn put_metadata(out: &mut Vec<u8>, metadata: &Metadata) {
    let set = |condition: bool, bit: u8| if condition { bit } else { 0 };
    let is_group = metadata.windows_owner.as_ref().is_some_and(|owner| owner.is_group);
    let mut flags = set(metadata.owner.is_some(), OWNER)
        | set(metadata.windows_owner.is_some(), WINDOWS)
        | set(is_group, WINDOWS_GROUP);
    for (number, system) in System::ALL.into_iter().enumerate() {
        flags |= set(metadata.attributes(system).is_some(), 1 << (SYSTEMS as usize + number));
    }
    out.push(flags);
    if let Some(owner) = &metadata.owner {
        put_text(out, &owner.user);
        put_text(out, &owner.group);
        put_number(out, u64::from(owner.user_number));
        put_number(out, u64::from(owner.group_number));
    }
    if let Some(owner) = &metadata.windows_owner {
        put_text(out, &owner.name);
    }
    for attributes in System::ALL.into_iter().filter_map(|system| metadata.attributes(system)) {
        put_number(out, attributes.len() as u64);
        for attribute in attributes {
            put_text(out, &attribute.name);
            put_number(out, attribute.value.len() as u64);
            out.extend_from_slice(&attribute.value);
        }
    }
}

fn take_metadata(cursor: &mut Cursor<'_>) -> Result<Metadata, Damaged> {
    let flags = cursor.byte()?;
    let owner = if flags & OWNER == 0 { None } else { Some(take_owner(cursor)?) };
    let windows = match flags & WINDOWS {
        0 => None,
        _ => {
            let name = cursor.text()?.to_owned();
            Some(WindowsOwner { name, is_group: flags & WINDOWS_GROUP != 0 })
        }
    };
    let mut metadata = Metadata::new(owner, windows);
    for (number, system) in System::ALL.into_iter().enumerate() {
        if flags & 1 << (SYSTEMS as usize + number) == 0 {
            continue;
        }
        let mut attributes = Vec::new();
        for _ in 0..cursor.length()? {
            let name = cursor.text()?.to_owned();
            let length = cursor.length()?;
            attributes.push(Attribute { name, value: cursor.take(length)?.to_vec() });
        }
        metadata.set_attributes(system, attributes);
    }
    Ok(metadata)
}

fn take_owner(cursor: &mut Cursor<'_>) -> Result<Owner, Damaged> {
    let (user, group) = (cursor.text()?.to_owned(), cursor.text()?.to_owned());
    let mut number =
        || u32::try_from(cursor.number()?).map_err(|_| Damaged::because("an absurd number of a user"));
    Ok(Owner { user, group, user_number: number()?, group_number: number()? })
}
