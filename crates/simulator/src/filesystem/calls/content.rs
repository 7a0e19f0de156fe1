//! Opening files, and their bytes.

use super::at;
use crate::filesystem::SimFs;
use crate::filesystem::call::Call;
use crate::filesystem::handle::{SimDirectory, SimFile};
use crate::filesystem::image::Body;
use crate::filesystem::trace::Arguments;
use homesync_disk::Name;
use rustix::io::Errno;
use std::io;

impl SimFs {
    pub(super) fn open_content(
        &self,
        call: Call,
        directory: &SimDirectory,
        name: Name<'_>,
    ) -> io::Result<SimFile> {
        self.call(call, at(directory, name), |state, shared| {
            let (disk, directory) = state.disk_at(directory)?;
            let object = disk.lookup(directory, name.as_bytes())?;
            match &disk.node(object)?.body {
                Body::File(_) => {}
                Body::Directory(_) => return Err(Errno::ISDIR),
                Body::Link(_) => return Err(Errno::LOOP),
                Body::Special => return Err(Errno::NXIO),
            }
            // What cannot be read at all can still be opened.
            match disk.refused.get(&object) {
                Some(errno) if *errno != Errno::IO => return Err(*errno),
                _ => {}
            }
            let writable = call == Call::OpenFileForWriting;
            Ok(SimFile { handle: state.open(shared, object)?, writable })
        })
    }

    pub(super) fn read_content(&self, file: &SimFile, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        let arguments = Arguments {
            objects: [file.handle.object, 0],
            numbers: [offset, into.len() as u64],
            ..Arguments::default()
        };
        self.call(Call::ReadAt, arguments, |state, _| {
            let (disk, object) = state.disk_of(file)?;
            if disk.refused.get(&object) == Some(&Errno::IO) {
                return Err(Errno::IO);
            }
            if i64::try_from(offset).is_err() {
                return Err(Errno::INVAL);
            }
            let left = disk.content(object)?.length().saturating_sub(offset);
            let many = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
            let many = state.shortened(many, Call::ReadAt);
            Ok(state.disk.content(object)?.read(offset, &mut into[..many]))
        })
    }

    pub(super) fn write_content(&self, file: &SimFile, offset: u64, from: &[u8]) -> io::Result<usize> {
        let arguments =
            Arguments { objects: [file.handle.object, 0], names: [from, b""], numbers: [offset, 0] };
        self.call(Call::WriteAt, arguments, |state, _| {
            let object = state.object(&file.handle)?;
            if !file.writable {
                return Err(Errno::BADF);
            }
            let many = state.shortened(from.len(), Call::WriteAt);
            state.disk.write(object, offset, &from[..many])
        })
    }

    pub(super) fn cut_content(&self, file: &SimFile, length: u64) -> io::Result<()> {
        let arguments =
            Arguments { objects: [file.handle.object, 0], numbers: [length, 0], ..Arguments::default() };
        self.call(Call::SetLength, arguments, |state, _| {
            let (disk, object) = state.disk_of(file)?;
            if file.writable { disk.set_length(object, length) } else { Err(Errno::INVAL) }
        })
    }

    /// The copy takes room of its own here: who counts on sharing it must not be helped out by the simulation.
    pub(super) fn copy_content(&self, from: &SimFile, to: &SimFile) -> io::Result<()> {
        let objects = [from.handle.object, to.handle.object];
        self.call(Call::CloneContent, Arguments { objects, ..Arguments::default() }, |state, _| {
            let (from, object) = (state.object(&from.handle)?, state.object(&to.handle)?);
            if !to.writable {
                return Err(Errno::BADF);
            }
            if !state.disk.settings.clones {
                return Err(Errno::OPNOTSUPP);
            }
            let content = state.disk.content(from)?.clone();
            state.disk.set_length(object, 0)?;
            let bytes = content.whole();
            let mut written = 0;
            while written < bytes.len() {
                written += state.disk.write(object, written as u64, &bytes[written..])?;
            }
            state.disk.set_length(object, content.length())
        })
    }
}
