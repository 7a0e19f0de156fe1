//! The folder's root: the open directory that all work goes through, and looks at whether it is still the one that the path leads to.

use homesync_disk::{AREA, LocalFs, MARKER, Vfs};
use homesync_engine::{RootIdentity, RootLook};
use homesync_paths::DiskName;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The root. What has it open keeps working on the same directory, whatever happens to its name.
pub(crate) struct Root {
    path: PathBuf,
    open: Mutex<Option<Opened>>,
}

/// A directory that was opened as the root.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) vfs: Arc<LocalFs>,
    pub(crate) identity: RootIdentity,
}

impl Root {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: Mutex::new(None) }
    }

    /// The directory that is believed to be the root, if there is one.
    pub(crate) fn opened(&self) -> Option<Opened> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The directory that is believed to be the root, if the path still leads to it.
    pub(crate) fn believed(&self) -> Option<Opened> {
        let opened = self.opened()?;
        let there = LocalFs::identity_at(&self.path).ok()?;
        (identity(there) == opened.identity).then_some(opened)
    }

    /// From now on this is the root.
    pub(crate) fn believe(&self, opened: Opened) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
    }

    /// No directory is believed to be the root.
    pub(crate) fn forget(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the path leads to now, and the directory itself.
    pub(crate) fn look(&self) -> (RootLook, Option<Opened>) {
        match self.try_look() {
            Ok((look, opened)) => (look, Some(opened)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (RootLook::Missing, None),
            Err(error) => (RootLook::Unreadable(error.to_string()), None),
        }
    }

    fn try_look(&self) -> io::Result<(RootLook, Opened)> {
        // One that is believed already is asked, so that everybody keeps the same handle.
        let there = identity(LocalFs::identity_at(&self.path)?);
        let opened = match self.opened().filter(|opened| opened.identity == there) {
            Some(opened) => opened,
            None => {
                let vfs = LocalFs::open(&self.path)?;
                Opened { identity: identity(vfs.identity()?), vfs: Arc::new(vfs) }
            }
        };
        let identity = opened.identity;
        let listed = opened.vfs.list(&opened.vfs.root()?)?;
        let names: BTreeSet<String> =
            listed.iter().filter_map(|(name, _)| DiskName::new(name).to_wire().ok()).collect();
        let marker = names.contains(MARKER);
        Ok((RootLook::Read { identity, marker, names }, opened))
    }

    /// Makes the directory a root: with the marker by which it is known, and the place that is ours.
    pub(crate) fn mark(&self, opened: &Opened) -> io::Result<Opened> {
        let vfs = &opened.vfs;
        let root = vfs.root()?;
        for (name, permissions) in [(AREA, 0o700), (MARKER, 0o755)] {
            match vfs.create_directory(&root, homesync_disk::Name::new(name.as_bytes())?, permissions) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        vfs.synchronize_directory(&root)?;
        // What the file system can do is tried out in the place that is ours now.
        let vfs = LocalFs::open(&self.path)?;
        match identity(vfs.identity()?) == opened.identity {
            true => Ok(Opened { vfs: Arc::new(vfs), identity: opened.identity }),
            false => Err(io::Error::other("another directory has taken its place")),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn identity((device, inode): (u64, u64)) -> RootIdentity {
    RootIdentity { device, inode }
}
