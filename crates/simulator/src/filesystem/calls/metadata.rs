//! Owner and attributes.

use super::{at, on};
use crate::filesystem::disk::{Answer, Disk};
use crate::filesystem::handle::SimDirectory;
use crate::filesystem::image::{Body, Object};
use crate::filesystem::trace::Arguments;
use crate::filesystem::{Call, SimFs, State};
use homesync_disk::{Name, Opened, Whose};
use rustix::io::Errno;
use std::io;

fn object_of(opened: Opened<'_, SimFs>) -> Object {
    match opened {
        Opened::File(file) => file.handle.object,
        Opened::Directory(directory) => directory.0.object,
    }
}

fn disk_with<'s>(state: &'s mut State, opened: Opened<'_, SimFs>) -> Answer<(&'s mut Disk, Object)> {
    match opened {
        Opened::File(file) => state.disk_of(file),
        Opened::Directory(directory) => state.disk_at(directory),
    }
}

fn about<'a>(opened: Opened<'_, SimFs>, name: &'a str, value: &'a [u8]) -> Arguments<'a> {
    Arguments { names: [name.as_bytes(), value], ..on(object_of(opened)) }
}

fn numbers(user: Option<u32>, group: Option<u32>) -> [u64; 2] {
    [user, group].map(|number| number.map_or(u64::MAX, u64::from))
}

impl SimFs {
    pub(super) fn names_of_attributes(&self, of: Opened<'_, Self>) -> io::Result<Vec<Vec<u8>>> {
        self.call(Call::AttributeNames, on(object_of(of)), |state, _| {
            let (disk, object) = disk_with(state, of)?;
            if !disk.settings.attributes {
                return Err(Errno::OPNOTSUPP);
            }
            Ok(disk.node(object)?.attributes.keys().cloned().collect())
        })
    }

    pub(super) fn value_of_attribute(
        &self,
        of: Opened<'_, Self>,
        name: &str,
        most: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        self.call(Call::Attribute, about(of, name, b""), |state, _| {
            let (disk, object) = disk_with(state, of)?;
            if !disk.settings.attributes {
                return Err(Errno::OPNOTSUPP);
            }
            let value = disk.node(object)?.attributes.get(name.as_bytes());
            Ok(value.filter(|value| value.len() <= most).cloned())
        })
    }

    pub(super) fn change_attribute(
        &self,
        of: Opened<'_, Self>,
        name: &str,
        value: Option<&[u8]>,
    ) -> io::Result<()> {
        let call = if value.is_some() { Call::SetAttribute } else { Call::RemoveAttribute };
        self.call(call, about(of, name, value.unwrap_or_default()), |state, _| {
            let (disk, object) = disk_with(state, of)?;
            if name.starts_with("user.") {
                disk.may_write(object)?;
            }
            disk.set_attribute(object, name.as_bytes(), value)
        })
    }

    pub(super) fn change_owner(
        &self,
        of: Opened<'_, Self>,
        user: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()> {
        let arguments = Arguments { numbers: numbers(user, group), ..on(object_of(of)) };
        self.call(Call::SetOwner, arguments, |state, _| {
            let (disk, object) = disk_with(state, of)?;
            disk.set_owner(object, user, group)
        })
    }

    pub(super) fn change_link_owner(
        &self,
        directory: &SimDirectory,
        name: Name<'_>,
        user: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()> {
        let arguments = Arguments { numbers: numbers(user, group), ..at(directory, name) };
        self.call(Call::SetLinkOwner, arguments, |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            let object = disk.lookup(directory, name.as_bytes())?;
            match disk.node(object)?.body {
                Body::Link(_) => disk.set_owner(object, user, group),
                _ => Err(Errno::NOENT),
            }
        })
    }

    pub(super) fn name_known(&self, whose: Whose, number: u32) -> Option<String> {
        let letter = if whose == Whose::User { 'u' } else { 'g' };
        (number < self.settings().named).then(|| format!("{letter}{number}"))
    }

    pub(super) fn number_known(&self, whose: Whose, name: &str) -> Option<u32> {
        let letter = if whose == Whose::User { 'u' } else { 'g' };
        let number = name.strip_prefix(letter)?.parse().ok()?;
        (number < self.settings().named).then_some(number)
    }
}
