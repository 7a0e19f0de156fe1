//! From a path to an open directory and a name in it: one component after the other, no link followed, no text joined.

use crate::area::PRIVATE;
use crate::durable::FLUSH_ALL;
use crate::handles::Handles;
use crate::vfs::{Name, Status, Vfs};
use homesync_paths::{DiskName, RelativePath};
use rustix::io::Errno;
use std::cell::RefCell;
use std::io;
use std::sync::Arc;

/// The folder as an executor walks it. Directories that were opened stay open for a while, so that what stands together opens each once.
pub(crate) struct Tree<'v, V: Vfs> {
    pub(crate) vfs: &'v V,
    open: Handles<V::Directory>,
    /// Directories in which others of ours were made: their names are not durable yet. From [`FLUSH_ALL`] on there are too many to name.
    made_in: RefCell<Vec<Arc<V::Directory>>>,
}

/// Where something is or would be: its directory, and its name there as the file system stores it.
pub(crate) struct Place<V: Vfs> {
    pub(crate) directory: Arc<V::Directory>,
    pub(crate) name: Vec<u8>,
}

impl<V: Vfs> Place<V> {
    pub(crate) fn name(&self) -> io::Result<Name<'_>> {
        Name::new(&self.name)
    }
}

impl<'v, V: Vfs> Tree<'v, V> {
    pub(crate) fn new(vfs: &'v V) -> Self {
        Self { vfs, open: Handles::default(), made_in: RefCell::default() }
    }

    pub(crate) fn root(&self) -> io::Result<Arc<V::Directory>> {
        if let Some(open) = self.open.get("") {
            return Ok(open);
        }
        let root = Arc::new(self.vfs.root()?);
        self.open.keep("", Arc::clone(&root));
        Ok(root)
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
    pub(crate) fn directory(&self, path: &RelativePath) -> io::Result<Arc<V::Directory>> {
        let (mut at, mut directory) = self.nearest(path)?;
        // One level after the other, and not one inside the other: however deep a path is, it takes no more room than another.
        while at < path.as_str().len() {
            let rest = &path.as_str()[at..];
            let name = rest.split('/').next().unwrap_or(rest);
            let end = at + name.len();
            let spelling = self.spelling(&directory, name)?;
            directory = Arc::new(self.open_directory(&directory, Name::new(&spelling)?)?);
            self.open.keep(&path.as_str()[..end], Arc::clone(&directory));
            at = end + 1;
        }
        Ok(directory)
    }

    /// Opens a directory. Where the system lets no more be open, those go that were only kept for later.
    fn open_directory(&self, directory: &V::Directory, name: Name<'_>) -> io::Result<V::Directory> {
        match self.vfs.open_directory(directory, name) {
            Err(error) if is_too_many(&error) && self.open.give_back() => {
                self.vfs.open_directory(directory, name)
            }
            opened => opened,
        }
    }

    /// The nearest directory at or above a path that is open, and where the rest of the path begins.
    fn nearest(&self, path: &RelativePath) -> io::Result<(usize, Arc<V::Directory>)> {
        let mut above = path.as_str();
        loop {
            if let Some(open) = self.open.get(above) {
                return Ok((above.len() + 1, open));
            }
            match above.rsplit_once('/') {
                Some((parent, _)) => above = parent,
                None => return Ok((0, self.root()?)),
            }
        }
    }

    /// A directory in one of ours in the root, made if it is missing. Many things hold it at the same time, so it is opened once.
    pub(crate) fn ours(&self, area: &str, name: &str) -> io::Result<Arc<V::Directory>> {
        let path = format!("{area}/{name}");
        if let Some(open) = self.open.get(&path) {
            return Ok(open);
        }
        let directory = self.make(&self.make(&self.root()?, area)?, name)?;
        self.open.keep(&path, Arc::clone(&directory));
        Ok(directory)
    }

    /// A directory of ours in a directory of ours, made if it is missing.
    pub(crate) fn make(&self, directory: &Arc<V::Directory>, name: &str) -> io::Result<Arc<V::Directory>> {
        self.make_with(directory, name, PRIVATE)
    }

    /// The same with these permissions.
    pub(crate) fn make_with(
        &self,
        directory: &Arc<V::Directory>,
        name: &str,
        permissions: u16,
    ) -> io::Result<Arc<V::Directory>> {
        let name = Name::new(name.as_bytes())?;
        match self.vfs.open_directory(directory, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut made_in = self.made_in.borrow_mut();
                if made_in.len() < FLUSH_ALL {
                    made_in.push(directory.clone());
                }
                drop(made_in);
                match self.vfs.create_directory(directory, name, permissions) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                    _ => {}
                }
                self.vfs.open_directory(directory, name).map(Arc::new)
            }
            opened => opened.map(Arc::new),
        }
    }

    /// The directories in which others were made since this was last asked.
    pub(crate) fn take_made_in(&self) -> Vec<Arc<V::Directory>> {
        std::mem::take(&mut *self.made_in.borrow_mut())
    }

    /// A directory changed its name or went: what was opened by path is not to be trusted.
    pub(crate) fn forget(&self, path: &RelativePath) {
        self.open.forget(path);
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

/// Too much is open, in this process or in the whole system.
fn is_too_many(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}
