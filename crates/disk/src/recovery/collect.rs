//! Letting go of what is old: the only place of the program that unlinks what was a person's.

use super::{Act, Recovery};
use crate::area::seconds_of_act;
use crate::vfs::{Name, ObjectKind, Vfs};
use homesync_protocol::Kind;
use std::io;

/// Gibibytes at most, however large the file system.
const MOST: u64 = 10 << 30;

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds after which an act may go.
    pub retention: i64,
    /// Bytes in all; nothing means a tenth of the file system or 10 GiB, the smaller.
    pub budget: Option<u64>,
    /// Free bytes that must remain on the file system; it wins over the retention.
    pub floor: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { retention: 30 * 86_400, budget: None, floor: 0 }
    }
}

/// What a collection did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Acts that are gone.
    pub gone: Vec<String>,
    /// Acts whose time has come but of which something was written to after it was displaced: they stay until a person has looked.
    pub late: Vec<Act>,
}

impl<V: Vfs> Recovery<'_, V> {
    /// Takes acts away, the oldest first, until everything that is left is young enough, fits into the budget and leaves the floor free.
    /// Nothing goes that is younger than something that stays, but for what was written to later.
    ///
    /// Cut short, it leaves an act with less in it, which is the first to go the next time.
    pub fn collect(&self, now: i64, limits: Limits) -> io::Result<Collected> {
        let space = self.tree.vfs.space()?;
        let budget = limits.budget.unwrap_or_else(|| (space.total / 10).min(MOST));
        let mut acts = self.acts()?;
        acts.sort_by(|one, other| (one.at, &one.name).cmp(&(other.at, &other.name)));
        let mut kept: u64 = acts.iter().map(Act::size).sum();
        let mut free = space.free;
        let mut collected = Collected::default();
        for act in acts {
            let is_old = act.at.is_some_and(|at| at.saturating_add(limits.retention) <= now);
            if !is_old && kept <= budget && free >= limits.floor {
                break;
            }
            // A name that we did not give is not ours to take away.
            if act.at.is_none() {
                continue;
            }
            if act.is_late() {
                collected.late.push(act);
                continue;
            }
            self.remove_act(&act.name)?;
            kept = kept.saturating_sub(act.size());
            free = self.tree.vfs.space()?.free;
            collected.gone.push(act.name);
        }
        self.remove_empty_acts()?;
        Ok(collected)
    }

    fn remove_act(&self, name: &str) -> io::Result<()> {
        let Some(recovery) = self.directory()? else { return Ok(()) };
        let name = Name::new(name.as_bytes())?;
        let directory = self.tree.vfs.open_directory(&recovery, name)?;
        self.remove_inside(&directory, true)?;
        self.remove_if_empty(&recovery, name)
    }

    /// Takes away what is in a directory: everything, or only directories that hold nothing.
    fn remove_inside(&self, directory: &V::Directory, everything: bool) -> io::Result<()> {
        let vfs = self.tree.vfs;
        for (bytes, kind) in vfs.list(directory)? {
            let name = Name::new(&bytes)?;
            if kind == ObjectKind::Kept(Kind::Directory) {
                self.remove_inside(&vfs.open_directory(directory, name)?, everything)?;
                self.remove_if_empty(directory, name)?;
            } else if everything {
                vfs.remove_file(directory, name)?;
            }
        }
        Ok(())
    }

    fn remove_if_empty(&self, directory: &V::Directory, name: Name<'_>) -> io::Result<()> {
        match self.tree.vfs.remove_directory(directory, name) {
            Err(error)
                if !matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Acts of which everything was brought back or put aside leave directories behind.
    fn remove_empty_acts(&self) -> io::Result<()> {
        let Some(recovery) = self.directory()? else { return Ok(()) };
        for (bytes, kind) in self.tree.vfs.list(&recovery)? {
            let is_ours = std::str::from_utf8(&bytes).is_ok_and(|name| seconds_of_act(name).is_some());
            if kind != ObjectKind::Kept(Kind::Directory) || !is_ours {
                continue;
            }
            let name = Name::new(&bytes)?;
            let act = self.tree.vfs.open_directory(&recovery, name)?;
            self.remove_inside(&act, false)?;
            self.remove_if_empty(&recovery, name)?;
        }
        Ok(())
    }
}
