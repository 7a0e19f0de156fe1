//! The trait's calls. What they refuse, and with which error, is what Linux does; the conformance test compares.

mod content;
mod metadata;
mod names;

use super::SimFs;
use super::call::Call;
use super::handle::{SimDirectory, SimFile};
use super::image::{Body, Object};
use super::trace::Arguments;
use homesync_disk::{Abilities, Name, ObjectKind, Opened, Space, Status, Vfs, Whose};
use homesync_protocol::Timestamp;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// A call about a name in a directory.
fn at<'a>(directory: &SimDirectory, name: Name<'a>) -> Arguments<'a> {
    Arguments { objects: [directory.0.object, 0], names: [name.as_bytes(), b""], numbers: [0; 2] }
}

fn on(object: Object) -> Arguments<'static> {
    Arguments { objects: [object, 0], ..Arguments::default() }
}

fn with_permissions<'a>(directory: &SimDirectory, name: Name<'a>, permissions: u16) -> Arguments<'a> {
    Arguments { numbers: [permissions.into(), 0], ..at(directory, name) }
}

impl Vfs for SimFs {
    type Directory = SimDirectory;
    type File = SimFile;

    fn root(&self) -> io::Result<SimDirectory> {
        self.call(Call::Root, Arguments::default(), |state, shared| {
            state.open(shared, super::image::ROOT).map(SimDirectory)
        })
    }

    fn abilities(&self) -> Abilities {
        let settings = self.settings();
        Abilities { exchange: settings.exchange, folds_case: settings.folds_case }
    }

    fn bound_user(&self) -> Option<u32> {
        let settings = self.settings();
        settings.is_bound.then_some(settings.owner)
    }

    fn open_directory(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<SimDirectory> {
        self.call(Call::OpenDirectory, at(directory, name), |state, shared| {
            let (disk, directory) = state.disk_at(directory)?;
            let object = disk.lookup(directory, name.as_bytes())?;
            if !disk.node(object)?.is_directory() {
                return Err(Errno::NOTDIR);
            }
            if let Some(errno) = disk.refused.get(&object) {
                return Err(*errno);
            }
            state.open(shared, object).map(SimDirectory)
        })
    }

    fn list(&self, directory: &SimDirectory) -> io::Result<Vec<(Vec<u8>, ObjectKind)>> {
        self.call(Call::List, on(directory.0.object), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            if let Some(errno) = disk.refused.get(&directory) {
                return Err(*errno);
            }
            let children = disk.cached.children(directory).ok_or(Errno::NOTDIR)?;
            let mut names = Vec::with_capacity(children.len());
            for slot in children.values() {
                names.push((slot.name.to_vec(), disk.node(slot.object)?.kind()));
            }
            if disk.settings.folds_case {
                names.sort();
            }
            Ok(names)
        })
    }

    fn status(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<Status> {
        self.call(Call::Status, at(directory, name), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            disk.status(disk.lookup(directory, name.as_bytes())?)
        })
    }

    fn directory_status(&self, directory: &SimDirectory) -> io::Result<Status> {
        self.call(Call::DirectoryStatus, on(directory.0.object), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            disk.status(directory)
        })
    }

    fn file_status(&self, file: &SimFile) -> io::Result<Status> {
        self.call(Call::FileStatus, on(file.handle.object), |state, _| {
            let (disk, file) = state.disk_of(file)?;
            disk.status(file)
        })
    }

    fn create_directory(&self, directory: &SimDirectory, name: Name<'_>, permissions: u16) -> io::Result<()> {
        self.call(Call::CreateDirectory, with_permissions(directory, name, permissions), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            let place = disk.writable_place(directory, name.as_bytes())?;
            let object = disk.create(place, Body::Directory(BTreeMap::new()), 0o700)?;
            if permissions == 0o700 { Ok(()) } else { disk.set_permissions(object, permissions) }
        })
    }

    fn create_file(&self, directory: &SimDirectory, name: Name<'_>, permissions: u16) -> io::Result<SimFile> {
        self.call(Call::CreateFile, with_permissions(directory, name, permissions), |state, shared| {
            let (disk, directory) = state.disk_at(directory)?;
            let place = disk.writable_place(directory, name.as_bytes())?;
            let object = disk.create(place, Body::File(super::content::Content::default()), 0o600)?;
            if permissions != 0o600 {
                disk.set_permissions(object, permissions)?;
            }
            Ok(SimFile { handle: state.open(shared, object)?, writable: true })
        })
    }

    fn create_link(&self, directory: &SimDirectory, name: Name<'_>, target: &[u8]) -> io::Result<()> {
        let arguments = Arguments { names: [name.as_bytes(), target], ..at(directory, name) };
        self.call(Call::CreateLink, arguments, |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            names::check_target(target)?;
            let place = disk.writable_place(directory, name.as_bytes())?;
            disk.create(place, Body::Link(Rc::from(target)), 0o777).map(|_| ())
        })
    }

    fn open_file(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<SimFile> {
        self.open_content(Call::OpenFile, directory, name)
    }

    fn open_file_for_writing(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<SimFile> {
        self.open_content(Call::OpenFileForWriting, directory, name)
    }

    fn read_link(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<Vec<u8>> {
        self.call(Call::ReadLink, at(directory, name), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            match &disk.node(disk.lookup(directory, name.as_bytes())?)?.body {
                Body::Link(target) => Ok(target.to_vec()),
                _ => Err(Errno::INVAL),
            }
        })
    }

    fn read_at(&self, file: &SimFile, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.read_content(file, offset, into)
    }

    fn write_at(&self, file: &SimFile, offset: u64, from: &[u8]) -> io::Result<usize> {
        self.write_content(file, offset, from)
    }

    fn set_length(&self, file: &SimFile, length: u64) -> io::Result<()> {
        self.cut_content(file, length)
    }

    fn clone_content(&self, from: &SimFile, to: &SimFile) -> io::Result<()> {
        self.copy_content(from, to)
    }

    fn set_file_permissions(&self, file: &SimFile, permissions: u16) -> io::Result<()> {
        let arguments = Arguments { numbers: [permissions.into(), 0], ..on(file.handle.object) };
        self.call(Call::SetFilePermissions, arguments, |state, _| {
            let (disk, file) = state.disk_of(file)?;
            disk.set_permissions(file, permissions)
        })
    }

    fn set_directory_permissions(&self, directory: &SimDirectory, permissions: u16) -> io::Result<()> {
        let arguments = Arguments { numbers: [permissions.into(), 0], ..on(directory.0.object) };
        self.call(Call::SetDirectoryPermissions, arguments, |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            disk.set_permissions(directory, permissions)
        })
    }

    fn set_modified(&self, file: &SimFile, modified: Timestamp) -> io::Result<()> {
        let numbers = [modified.seconds.cast_unsigned(), modified.nanoseconds.into()];
        self.call(Call::SetModified, Arguments { numbers, ..on(file.handle.object) }, |state, _| {
            let (disk, file) = state.disk_of(file)?;
            disk.set_modified(file, modified)
        })
    }

    fn attribute_names(&self, of: Opened<'_, Self>) -> io::Result<Vec<Vec<u8>>> {
        self.names_of_attributes(of)
    }

    fn attribute(&self, of: Opened<'_, Self>, name: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        self.value_of_attribute(of, name, most)
    }

    fn set_attribute(&self, of: Opened<'_, Self>, name: &str, value: &[u8]) -> io::Result<()> {
        self.change_attribute(of, name, Some(value))
    }

    fn remove_attribute(&self, of: Opened<'_, Self>, name: &str) -> io::Result<()> {
        self.change_attribute(of, name, None)
    }

    fn set_owner(&self, of: Opened<'_, Self>, user: Option<u32>, group: Option<u32>) -> io::Result<()> {
        self.change_owner(of, user, group)
    }

    fn set_link_owner(
        &self,
        directory: &SimDirectory,
        name: Name<'_>,
        user: Option<u32>,
        group: Option<u32>,
    ) -> io::Result<()> {
        self.change_link_owner(directory, name, user, group)
    }

    fn name_of(&self, whose: Whose, number: u32) -> Option<String> {
        self.name_known(whose, number)
    }

    fn number_of(&self, whose: Whose, name: &str) -> Option<u32> {
        self.number_known(whose, name)
    }

    fn synchronize_file(&self, file: &SimFile) -> io::Result<()> {
        self.call(Call::SynchronizeFile, on(file.handle.object), |state, _| {
            let (disk, file) = state.disk_of(file)?;
            disk.synchronize_content(file)
        })
    }

    fn synchronize_directory(&self, directory: &SimDirectory) -> io::Result<()> {
        self.call(Call::SynchronizeDirectory, on(directory.0.object), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            disk.synchronize_names(directory)
        })
    }

    fn synchronize_everything(&self) -> io::Result<()> {
        self.call(Call::SynchronizeEverything, Arguments::default(), |state, _| {
            state.disk.synchronize_all();
            Ok(())
        })
    }

    fn rename_no_replace(
        &self,
        from: &SimDirectory,
        name: Name<'_>,
        to: &SimDirectory,
        new_name: Name<'_>,
    ) -> io::Result<()> {
        self.call(Call::RenameNoReplace, names::both(from, name, to, new_name), |state, _| {
            names::rename(state, (from, name), (to, new_name))
        })
    }

    fn exchange(
        &self,
        one: &SimDirectory,
        name: Name<'_>,
        two: &SimDirectory,
        other: Name<'_>,
    ) -> io::Result<()> {
        self.call(Call::Exchange, names::both(one, name, two, other), |state, _| {
            names::exchange(state, (one, name), (two, other))
        })
    }

    fn remove_file(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<()> {
        self.call(Call::RemoveFile, at(directory, name), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            names::remove_file(disk, directory, name.as_bytes())
        })
    }

    fn remove_directory(&self, directory: &SimDirectory, name: Name<'_>) -> io::Result<()> {
        self.call(Call::RemoveDirectory, at(directory, name), |state, _| {
            let (disk, directory) = state.disk_at(directory)?;
            names::remove_directory(disk, directory, name.as_bytes())
        })
    }

    fn space(&self) -> io::Result<Space> {
        self.call(Call::Space, Arguments::default(), |state, _| Ok(state.disk.space()))
    }
}
