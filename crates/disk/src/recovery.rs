//! The recovery area: what was replaced or removed, to be looked at, brought back, and some day let go.
//!
//! Each act has its own directory, named by when it was; below it things have the paths that they had. This is the only place of the program
//! that takes away what was a person's: see [`Recovery::collect`].

mod collect;
mod keep;
mod restore;

pub use collect::{Collected, Limits};

use crate::area::{AREA, RECOVERY, seconds_of_act};
use crate::tree::Tree;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_paths::RelativePath;
use homesync_protocol::Kind;
use std::io;
use std::sync::Arc;

/// The recovery area of one folder.
pub struct Recovery<'v, V: Vfs> {
    tree: Tree<'v, V>,
}

/// What was displaced together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its name below the recovery area.
    pub name: String,
    /// When it was, in seconds since 1970; nothing for a name that is not ours.
    pub at: Option<i64>,
    /// What it holds, directories before what is in them.
    pub items: Vec<Item>,
}

/// One thing that was displaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The path that it had.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes of a file.
    pub size: u64,
    /// It was written to after it was displaced: a program had it open. The newest state of it may be only here.
    pub is_late: bool,
}

impl Act {
    /// Bytes of all files.
    pub fn size(&self) -> u64 {
        self.items.iter().map(|item| item.size).sum()
    }

    /// Something in it was written to later.
    pub fn is_late(&self) -> bool {
        self.items.iter().any(|item| item.is_late)
    }
}

impl<'v, V: Vfs> Recovery<'v, V> {
    /// Of the folder of this file system. Nothing else may work in the recovery area meanwhile.
    pub fn new(vfs: &'v V) -> Self {
        Self { tree: Tree::new(vfs) }
    }

    /// Every act that holds something, the oldest first.
    pub fn acts(&self) -> io::Result<Vec<Act>> {
        let Some(recovery) = self.directory()? else { return Ok(Vec::new()) };
        let mut acts = Vec::new();
        for (name, _) in self.tree.vfs.list(&recovery)? {
            let Ok(name) = String::from_utf8(name) else { continue };
            let act = self.act(&recovery, name)?;
            if !act.items.is_empty() {
                acts.push(act);
            }
        }
        Ok(acts)
    }

    /// The recovery area, if there is one yet.
    fn directory(&self) -> io::Result<Option<Arc<V::Directory>>> {
        let mut directory = self.tree.root()?;
        for name in [AREA, RECOVERY] {
            match self.tree.vfs.open_directory(&directory, Name::new(name.as_bytes())?) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => directory = Arc::new(opened?),
            }
        }
        Ok(Some(directory))
    }

    fn act(&self, recovery: &V::Directory, name: String) -> io::Result<Act> {
        let at = seconds_of_act(&name);
        let mut items = Vec::new();
        let directory = match self.tree.vfs.open_directory(recovery, Name::new(name.as_bytes())?) {
            // Taken away meanwhile, or nothing of ours.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Act { name, at, items });
            }
            opened => opened?,
        };
        self.walk(&directory, "", at, &mut items)?;
        Ok(Act { name, at, items })
    }

    /// Directories are not listed: those that were displaced were empty, or come back with what is in them.
    fn walk(
        &self,
        directory: &V::Directory,
        above: &str,
        at: Option<i64>,
        items: &mut Vec<Item>,
    ) -> io::Result<()> {
        let vfs = self.tree.vfs;
        for (bytes, kind) in vfs.list(directory)? {
            let path = format!("{above}{}", String::from_utf8_lossy(&bytes));
            let name = Name::new(&bytes)?;
            if kind == ObjectKind::Kept(Kind::Directory) {
                self.walk(&vfs.open_directory(directory, name)?, &format!("{path}/"), at, items)?;
                continue;
            }
            let status = vfs.status(directory, name)?;
            let ObjectKind::Kept(kind) = status.kind else { continue };
            let is_late = kind == Kind::File && at.is_some_and(|at| status.modified.seconds > at);
            items.push(Item { path, kind, size: status.size, is_late });
        }
        Ok(())
    }

    /// The path of an item, if it can be one of the folder's.
    fn path_of(item: &str) -> io::Result<RelativePath> {
        RelativePath::parse(item)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))
    }
}
