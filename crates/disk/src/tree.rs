//! From a path to an open directory and a name in it: one component after the other, no link followed, no text joined.

use crate::area::PRIVATE;
use crate::vfs::{Name, Status, Vfs};
use homesync_paths::{DiskName, RelativePath};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

/// The folder as an executor walks it. Directories that were opened stay open, so that a batch opens each once.
pub(crate) struct Tree<'v, V: Vfs> {
    pub(crate) vfs: &'v V,
    open: RefCell<BTreeMap<String, Rc<V::Directory>>>,
    /// Directories in which others of ours were made: their names are not durable yet.
    made_in: RefCell<Vec<Rc<V::Directory>>>,
}

/// Where something is or would be: its directory, and its name there as the file system stores it.
pub(crate) struct Place<V: Vfs> {
    pub(crate) directory: Rc<V::Directory>,
    pub(crate) name: Vec<u8>,
}

impl<V: Vfs> Place<V> {
    pub(crate) fn name(&self) -> io::Result<Name<'_>> {
        Name::new(&self.name)
    }
}

impl<'v, V: Vfs> Tree<'v, V> {
    pub(crate) fn new(vfs: &'v V) -> Self {
        Self { vfs, open: RefCell::default(), made_in: RefCell::default() }
    }

    pub(crate) fn root(&self) -> io::Result<Rc<V::Directory>> {
        self.opened("", || self.vfs.root())
    }

    /// Where a path is. Its directory must be there.
    pub(crate) fn place(&self, path: &RelativePath) -> io::Result<Place<V>> {
        let directory = match path.parent() {
            None => self.root()?,
            Some(parent) => self.directory(&parent)?,
        };
        let name = self.spelling(&directory, path.name())?;
        Ok(Place { directory, name })
    }

    /// Opens a directory of the folder.
    pub(crate) fn directory(&self, path: &RelativePath) -> io::Result<Rc<V::Directory>> {
        if let Some(open) = self.open.borrow().get(path.as_str()) {
            return Ok(open.clone());
        }
        let place = self.place(path)?;
        self.opened(path.as_str(), || self.vfs.open_directory(&place.directory, place.name()?))
    }

    /// A directory of ours in a directory of ours, made if it is missing.
    pub(crate) fn make(&self, directory: &Rc<V::Directory>, name: &str) -> io::Result<Rc<V::Directory>> {
        self.make_with(directory, name, PRIVATE)
    }

    /// The same with these permissions.
    pub(crate) fn make_with(
        &self,
        directory: &Rc<V::Directory>,
        name: &str,
        permissions: u16,
    ) -> io::Result<Rc<V::Directory>> {
        let name = Name::new(name.as_bytes())?;
        match self.vfs.open_directory(directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.made_in.borrow_mut().push(directory.clone());
                match self.vfs.create_directory(directory, name, permissions) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    _ => {}
                }
                self.vfs.open_directory(directory, name).map(Rc::new)
            }
            opened => opened.map(Rc::new),
        }
    }

    /// The directories in which others were made since this was last asked.
    pub(crate) fn take_made_in(&self) -> Vec<Rc<V::Directory>> {
        std::mem::take(&mut *self.made_in.borrow_mut())
    }

    /// A directory changed its name or went: what was opened by path is not to be trusted.
    pub(crate) fn forget(&self, path: &RelativePath) {
        let below = format!("{}/", path.as_str());
        self.open.borrow_mut().retain(|open, _| open != path.as_str() && !open.starts_with(&below));
    }

    /// What stands at a place, if anything does.
    pub(crate) fn status(&self, place: &Place<V>) -> io::Result<Option<Status>> {
        self.status_at(&place.directory, place.name()?)
    }

    /// What stands at a name, if anything does.
    pub(crate) fn status_at(&self, directory: &V::Directory, name: Name<'_>) -> io::Result<Option<Status>> {
        match self.vfs.status(directory, name) {
            Ok(status) => Ok(Some(status)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn opened(
        &self,
        key: &str,
        open: impl FnOnce() -> io::Result<V::Directory>,
    ) -> io::Result<Rc<V::Directory>> {
        if let Some(open) = self.open.borrow().get(key) {
            return Ok(open.clone());
        }
        let directory = Rc::new(open()?);
        self.open.borrow_mut().insert(key.to_string(), directory.clone());
        Ok(directory)
    }

    /// How the file system spells a name. A program may have stored it in another normal form; then that is the item, and stays so.
    fn spelling(&self, directory: &V::Directory, name: &str) -> io::Result<Vec<u8>> {
        let bytes = name.as_bytes().to_vec();
        if name.is_ascii() || self.status_at(directory, Name::new(&bytes)?)?.is_some() {
            return Ok(bytes);
        }
        let is_spelling = |other: &[u8]| DiskName::new(other).to_wire().is_ok_and(|other| other == name);
        let listed = self.vfs.list(directory)?;
        Ok(listed.into_iter().map(|(other, _)| other).find(|other| is_spelling(other)).unwrap_or(bytes))
    }
}
