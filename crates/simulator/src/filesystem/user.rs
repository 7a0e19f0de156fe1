//! What people and their programs do to the same disk, by paths from the root, and looking at all of it.

use super::SimFs;
use super::content::Content;
use super::disk::{Answer, Disk};
use super::image::{Body, Image, Object, Place, ROOT, Slot};
use homesync_disk::Status;
use homesync_protocol::Timestamp;
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// An object that a walk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// From the root, with `/` between names.
    pub path: Vec<u8>,
    /// What it is.
    pub status: Status,
    /// A file's bytes or a link's target.
    pub content: Rc<Vec<u8>>,
    /// Its attributes.
    pub attributes: Rc<BTreeMap<Vec<u8>, Vec<u8>>>,
}

/// A path as a test writes it: text or bytes.
type Path<'a> = &'a [u8];

impl SimFs {
    fn act<T>(&self, act: impl FnOnce(&mut Disk) -> Answer<T>) -> io::Result<T> {
        let state = &mut *self.shared.state.borrow_mut();
        state.disk.tick();
        let answer = act(&mut state.disk);
        state.trace.word(u64::from(answer.is_ok()));
        answer.map_err(io::Error::from)
    }

    /// Saves like most editors: a new file beside the old one, then renamed over it. Nothing is made durable. Directories on the way
    /// are made.
    pub fn user_write(&self, path: impl AsRef<[u8]>, bytes: &[u8]) -> io::Result<()> {
        self.act(|disk| {
            let place = disk.user_place(path.as_ref(), true)?;
            let mut permissions = 0o644;
            if let Some(slot) = disk.slot(&place) {
                let node = disk.node(slot.object)?;
                if node.is_directory() {
                    return Err(Errno::ISDIR);
                }
                permissions = node.permissions;
            }
            if disk.slot(&place).is_none() {
                let object = disk.create(place, Body::File(Content::default()), permissions)?;
                return disk.write_all(object, 0, bytes);
            }
            let draft = disk.any_place(place.directory, b".draft of an editor~")?;
            let object = disk.create(draft.clone(), Body::File(Content::default()), permissions)?;
            disk.write_all(object, 0, bytes)?;
            disk.rename(draft, place, object)
        })
    }

    /// Saves like a simple program: the file is emptied and written again. It must be there.
    pub fn user_write_in_place(&self, path: impl AsRef<[u8]>, bytes: &[u8]) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.set_length(object, 0)?;
            disk.write_all(object, 0, bytes)
        })
    }

    /// Writes over some bytes of a file.
    pub fn user_write_at(&self, path: impl AsRef<[u8]>, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.write_all(object, offset, bytes)
        })
    }

    /// Adds bytes to the end of a file.
    pub fn user_append(&self, path: impl AsRef<[u8]>, bytes: &[u8]) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            let end = disk.content(object)?.length();
            disk.write_all(object, end, bytes)
        })
    }

    /// Cuts or lengthens a file.
    pub fn user_truncate(&self, path: impl AsRef<[u8]>, length: u64) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.set_length(object, length)
        })
    }

    /// Takes away an object with all that is in it.
    pub fn user_remove_tree(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let place = disk.user_place(path.as_ref(), false)?;
            let object = disk.find(&place)?;
            disk.remove_tree(place, object);
            Ok(())
        })
    }

    /// Renames like `mv -T`: replaces what is no directory, and nothing else.
    pub fn user_rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let from = disk.user_place(from.as_ref(), false)?;
            let object = disk.find(&from)?;
            let to = disk.user_place(to.as_ref(), true)?;
            if let Some(slot) = disk.slot(&to) {
                // Another spelling of the same name is a rename; two names of one file are left as they are.
                let other_spelling = from.is_same(&to) && from.name != to.name;
                if slot.object == object && !other_spelling {
                    return Ok(());
                }
                let some_directory =
                    disk.node(slot.object)?.is_directory() || disk.node(object)?.is_directory();
                if some_directory && !other_spelling {
                    return Err(Errno::EXIST);
                }
            }
            if disk.is_below(to.directory, object) {
                return Err(Errno::INVAL);
            }
            disk.rename(from, to, object)
        })
    }

    /// Gives a file a further name.
    pub fn user_hard_link(&self, path: impl AsRef<[u8]>, new_path: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            let place = disk.user_place(new_path.as_ref(), true)?;
            disk.add_name(place, object)
        })
    }

    /// Makes a directory, and those on the way.
    pub fn user_mkdir(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let place = disk.user_place(path.as_ref(), true)?;
            disk.create(place, Body::Directory(BTreeMap::new()), 0o755).map(|_| ())
        })
    }

    /// Makes a symbolic link.
    pub fn user_symlink(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let place = disk.user_place(path.as_ref(), true)?;
            disk.create(place, Body::Link(Rc::from(target.as_ref())), 0o777).map(|_| ())
        })
    }

    /// Makes something special: a pipe, a socket or a device.
    pub fn user_special(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        self.act(|disk| {
            let place = disk.user_place(path.as_ref(), true)?;
            disk.create(place, Body::Special, 0o644).map(|_| ())
        })
    }

    /// Sets permissions.
    pub fn user_chmod(&self, path: impl AsRef<[u8]>, permissions: u16) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.set_permissions(object, permissions)
        })
    }

    /// Gives it to somebody.
    pub fn user_chown(&self, path: impl AsRef<[u8]>, user: u32, group: u32) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.give_to(object, (user, group))
        })
    }

    /// Sets an attribute, or takes it away.
    pub fn user_set_attribute(
        &self,
        path: impl AsRef<[u8]>,
        name: &str,
        value: Option<&[u8]>,
    ) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.set_attribute(object, name.as_bytes(), value)
        })
    }

    /// Sets the time of modification.
    pub fn user_set_mtime(&self, path: impl AsRef<[u8]>, modified: Timestamp) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.set_modified(object, modified)
        })
    }

    /// Everything is written to the disk, as `sync` does.
    pub fn user_sync(&self) {
        self.shared.state.borrow_mut().disk.synchronize_all();
    }

    /// From now on an object refuses: a directory to be opened, listed or looked into (so all below it is out of reach for new handles),
    /// a file to be opened or, with `EIO`, to be read. `None` ends that. A directory can be refused while handles below it go on working.
    pub fn refuse(&self, path: impl AsRef<[u8]>, errno: Option<Errno>) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            match errno {
                Some(errno) => disk.refused.insert(object, errno),
                None => disk.refused.remove(&object),
            };
            Ok(())
        })
    }

    /// What stands at a path refuses.
    pub fn refuses(&self, path: impl AsRef<[u8]>) -> bool {
        let state = self.shared.state.borrow();
        state.disk.user_find(path.as_ref()).is_ok_and(|object| state.disk.refused.contains_key(&object))
    }

    /// Another file system, with this number, is mounted over a directory.
    pub fn mount_over(&self, path: impl AsRef<[u8]>, device: u64) -> io::Result<()> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.mounted.insert(object, device);
            Ok(())
        })
    }

    /// The disk fails: a file's bytes become others, and nothing tells. Answers the bytes that it has now; nothing for what has none.
    pub fn rot(&self, path: impl AsRef<[u8]>) -> io::Result<Option<Vec<u8>>> {
        self.act(|disk| {
            let object = disk.user_find(path.as_ref())?;
            disk.synchronize_all();
            let mut rotten = None;
            for image in [&mut disk.cached, &mut disk.durable] {
                let Some(content) = image.content_mut(object) else { continue };
                let mut bytes = content.whole().to_vec();
                let Some(last) = bytes.last_mut() else { continue };
                *last ^= 1;
                content.write(0, &bytes);
                rotten = Some(bytes);
            }
            Ok(rotten)
        })
    }

    /// Nothing refuses any more.
    pub fn refuse_nothing(&self) {
        self.shared.state.borrow_mut().disk.refused.clear();
    }

    /// A file's bytes or a link's target, as calls see them.
    pub fn read(&self, path: impl AsRef<[u8]>) -> io::Result<Rc<Vec<u8>>> {
        let state = self.shared.state.borrow();
        let object = state.disk.user_find(path.as_ref())?;
        match &state.disk.node(object)?.body {
            Body::Directory(_) => Err(Errno::ISDIR.into()),
            body => Ok(content_of(body)),
        }
    }

    /// What stands at a path, as calls see it.
    pub fn status_of(&self, path: impl AsRef<[u8]>) -> io::Result<Status> {
        let state = self.shared.state.borrow();
        let object = state.disk.user_find(path.as_ref())?;
        Ok(state.disk.status(object)?)
    }

    /// The names directly in the root, as calls see it.
    pub fn names_in_root(&self) -> Vec<Vec<u8>> {
        let state = self.shared.state.borrow();
        let children = state.disk.cached.children(ROOT).into_iter().flatten();
        children.map(|(_, slot)| slot.name.to_vec()).collect()
    }

    /// Everything, as calls see it: parents before children, names in order.
    pub fn walk(&self) -> Vec<Found> {
        let state = self.shared.state.borrow();
        walk(&state.disk, &state.disk.cached)
    }

    /// Everything that no power cut can take away any more.
    pub fn durable_walk(&self) -> Vec<Found> {
        let state = self.shared.state.borrow();
        let mut durable = state.disk.durable.clone();
        durable.settle();
        walk(&state.disk, &durable)
    }
}

fn walk(disk: &Disk, image: &Image) -> Vec<Found> {
    let mut found = Vec::new();
    let settings = disk.settings;
    image.walk(|path, object| {
        let status = image.status(object, settings.device);
        if let (Some(node), Some(status)) = (image.get(object), status) {
            let attributes = Rc::clone(&node.attributes);
            found.push(Found { path, status, content: content_of(&node.body), attributes });
        }
    });
    found
}

fn content_of(body: &Body) -> Rc<Vec<u8>> {
    match body {
        Body::File(content) => content.whole(),
        Body::Link(target) => Rc::new(target.to_vec()),
        Body::Directory(_) | Body::Special => Rc::default(),
    }
}

impl Disk {
    fn user_place(&mut self, path: Path<'_>, make_parents: bool) -> Answer<Place> {
        let mut directory = ROOT;
        let mut names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).peekable();
        while let Some(name) = names.next() {
            let place = self.any_place(directory, name)?;
            if names.peek().is_none() {
                return Ok(place);
            }
            directory = match self.find(&place) {
                Err(Errno::NOENT) if make_parents => {
                    self.create(place, Body::Directory(BTreeMap::new()), 0o755)?
                }
                found => found?,
            };
            if !self.node(directory)?.is_directory() {
                return Err(Errno::NOTDIR);
            }
        }
        Err(Errno::INVAL)
    }

    fn user_find(&self, path: Path<'_>) -> Answer<Object> {
        let mut object = ROOT;
        for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            if !self.node(object)?.is_directory() {
                return Err(Errno::NOTDIR);
            }
            let folded = if self.settings.folds_case { name.to_ascii_lowercase() } else { name.to_vec() };
            let children = self.cached.children(object).ok_or(Errno::NOTDIR)?;
            object = children.get(folded.as_slice()).ok_or(Errno::NOENT)?.object;
        }
        Ok(object)
    }

    fn write_all(&mut self, object: Object, mut offset: u64, mut bytes: &[u8]) -> Answer<()> {
        while !bytes.is_empty() {
            let written = self.write(object, offset, bytes)?;
            bytes = &bytes[written..];
            offset += written as u64;
        }
        Ok(())
    }

    fn remove_tree(&mut self, place: Place, object: Object) {
        let slots = self.cached.children(object).into_iter().flatten();
        let children: Vec<_> = slots.map(|(key, slot)| (Rc::clone(key), slot.clone())).collect();
        for (key, Slot { name, object: child }) in children {
            self.remove_tree(Place { directory: object, key, name }, child);
        }
        self.remove(place, object);
    }
}
