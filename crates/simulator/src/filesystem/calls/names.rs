//! Moving, exchanging and taking away names.

use crate::filesystem::State;
use crate::filesystem::disk::{Answer, Disk};
use crate::filesystem::handle::SimDirectory;
use crate::filesystem::image::Object;
use crate::filesystem::trace::Arguments;
use homesync_disk::Name;
use rustix::io::Errno;

/// With the NUL behind it, a target has to fit into a page.
const LONGEST_TARGET: usize = 4095;

pub(super) fn both<'a>(
    one: &SimDirectory,
    name: Name<'a>,
    two: &SimDirectory,
    other: Name<'a>,
) -> Arguments<'a> {
    Arguments {
        objects: [one.0.object, two.0.object],
        names: [name.as_bytes(), other.as_bytes()],
        numbers: [0; 2],
    }
}

pub(super) fn check_target(target: &[u8]) -> Answer<()> {
    match target {
        [] => Err(Errno::NOENT),
        _ if target.contains(&0) => Err(Errno::INVAL),
        _ if target.len() > LONGEST_TARGET => Err(Errno::NAMETOOLONG),
        _ => Ok(()),
    }
}

type At<'a> = (&'a SimDirectory, Name<'a>);

pub(super) fn rename(state: &mut State, from: At<'_>, to: At<'_>) -> Answer<()> {
    let (from_directory, to_directory) = (state.object(&from.0.0)?, state.object(&to.0.0)?);
    let disk = &mut state.disk;
    let from = disk.writable_place(from_directory, from.1.as_bytes())?;
    let object = disk.find(&from)?;
    let to = disk.writable_place(to_directory, to.1.as_bytes())?;
    if disk.slot(&to).is_some() {
        return Err(Errno::EXIST);
    }
    if disk.is_below(to_directory, object) {
        return Err(Errno::INVAL);
    }
    disk.may_move(object, from_directory, to_directory)?;
    disk.rename(from, to, object)
}

pub(super) fn exchange(state: &mut State, one: At<'_>, two: At<'_>) -> Answer<()> {
    let (first, second) = (state.object(&one.0.0)?, state.object(&two.0.0)?);
    let disk = &mut state.disk;
    if !disk.settings.exchange {
        return Err(Errno::INVAL);
    }
    let one = disk.writable_place(first, one.1.as_bytes())?;
    let two = disk.writable_place(second, two.1.as_bytes())?;
    let objects = (disk.find(&one)?, disk.find(&two)?);
    if disk.is_below(second, objects.0) || disk.is_below(first, objects.1) {
        return Err(Errno::INVAL);
    }
    if objects.0 == objects.1 {
        return Ok(());
    }
    disk.may_move(objects.0, first, second)?;
    disk.may_move(objects.1, second, first)?;
    disk.exchange(one, two, objects)
}

pub(super) fn remove_file(disk: &mut Disk, directory: Object, name: &[u8]) -> Answer<()> {
    let place = disk.writable_place(directory, name)?;
    let object = disk.find(&place)?;
    if disk.node(object)?.is_directory() {
        return Err(Errno::ISDIR);
    }
    disk.remove(place, object);
    Ok(())
}

pub(super) fn remove_directory(disk: &mut Disk, directory: Object, name: &[u8]) -> Answer<()> {
    let place = disk.writable_place(directory, name)?;
    let object = disk.find(&place)?;
    let children = disk.cached.children(object).ok_or(Errno::NOTDIR)?;
    if !children.is_empty() {
        return Err(Errno::NOTEMPTY);
    }
    disk.remove(place, object);
    Ok(())
}
