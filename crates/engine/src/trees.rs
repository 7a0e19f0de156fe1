//! The three trees of a folder, and how the engine reads them.
//!
//! - **local**: what this machine has and says to others: its own entries, each with the stamp of the object on the disk.
//! - **global**: of all machines' entries the winner for each path. It is computed where it is needed, never stored.
//! - **agreed**: what this machine and at least one other had in common last: the base of merges, and what a root is compared with
//!   before anybody believes that everything in it is gone.
//!
//! The trees are stored by the index; the engine sees them through [`View`]. A read that fails is an error that stops the decision:
//! a path that could not be read is never taken for one that is not there.

use crate::canary::{Bug, planted};
use crate::metadata::Found;
use crate::{Kept, Stamp};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, Content, DeviceId, Entry, Kind, Relation, ShortId, Version};
use std::sync::Arc;

/// An item of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// What is announced about it.
    pub entry: Entry,
    /// How the object looked when that was decided; nothing for a deleted item.
    pub stamp: Option<Stamp>,
    /// How owner and attributes stood when they were looked at; nothing if nobody did since the object was touched. They may be others than the
    /// entry says.
    pub found: Option<Arc<Found>>,
}

/// What this machine and another had in common last at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The version both had.
    pub version: Version,
    /// What the item was.
    pub kind: Kind,
    /// A file's content; the base store may have the bytes.
    pub digest: Option<BlocksHash>,
    /// It was removed, and both knew.
    pub deleted: bool,
}

impl Agreed {
    /// What is remembered about an entry that another machine has too.
    pub fn of(entry: &Entry) -> Self {
        Self {
            version: entry.version.clone(),
            kind: entry.content.kind(),
            digest: entry.content.digest(),
            deleted: entry.content.is_deleted(),
        }
    }

    /// The agreed content is the one given.
    pub fn is_content(&self, content: &Content) -> bool {
        self.deleted == content.is_deleted() && self.kind == content.kind() && self.digest == content.digest()
    }
}

/// The index could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the index cannot be read: {0}")]
pub struct Unreadable(pub String);

/// How the engine reads the trees of one folder.
pub trait View {
    /// This machine's item.
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable>;

    /// What each other machine has said about a path.
    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable>;

    /// What was agreed about a path.
    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable>;

    /// Every path that any machine has said anything about, below a directory at any depth (below the root for `None`), in the order of
    /// names, until `visit` answers `false`.
    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable>;

    /// What every machine has said about every path, in the order of names.
    fn walk(&self, visit: &mut dyn FnMut(&RelativePath, &Candidates)) -> Result<(), Unreadable> {
        let mut result = Ok(());
        self.paths_below(None, &mut |path| {
            let read = |path| Ok(Candidates { own: self.local(path)?, others: self.others(path)? });
            match read(path) {
                Ok(candidates) => visit(path, &candidates),
                Err(error) => result = Err(error),
            }
            result.is_ok()
        })?;
        result
    }

    /// This machine's present items directly in a directory (in the root for `None`), in the order of names.
    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable>;

    /// This machine's present files that hold this content, at most `limit` of them, in the order of names.
    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable>;

    /// This machine's present items whose path is another spelling of this one: equal when case and normal form are folded. Asked only for file
    /// systems that do not tell such names apart.
    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable>;

    /// How many present, valid items this machine has.
    fn present(&self) -> Result<u64, Unreadable>;
}

/// Every path that any machine has said anything about, below a directory at any depth (everywhere for `None`), in the order of names.
pub fn all_below(view: &dyn View, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
    let mut below = Vec::new();
    view.paths_below(directory, &mut |path| {
        below.push(path.clone());
        true
    })?;
    Ok(below)
}

/// The entries of all machines for a path: this one's first.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// This machine's.
    pub own: Option<Local>,
    /// The others'.
    pub others: Vec<(DeviceId, Entry)>,
}

impl Candidates {
    /// Reads them.
    pub fn read(view: &dyn View, path: &RelativePath) -> Result<Self, Unreadable> {
        Ok(Self { own: view.local(path)?, others: view.others(path)? })
    }

    /// This machine's item, if its object is on the disk.
    pub fn here(&self) -> Option<&Local> {
        self.own.as_ref().filter(|own| own.stamp.is_some())
    }

    /// The entry that counts.
    pub fn global(&self) -> Option<&Entry> {
        let own = self.own.as_ref().map(|local| &local.entry);
        if planted(Bug::OwnSideWins)
            && let Some(own) = own
            && self.others.iter().all(|(_, other)| other.version.relation(&own.version).is_concurrent())
        {
            return Some(own);
        }
        homesync_protocol::winner(own.into_iter().chain(self.others.iter().map(|other| &other.1)))
    }

    /// What another machine has said.
    pub fn of(&self, device: DeviceId) -> Option<&Entry> {
        self.others.iter().find(|(other, _)| *other == device).map(|(_, entry)| entry)
    }

    /// What is here is what counts, so that there is nothing to be decided.
    pub fn is_settled(&self) -> bool {
        let (Some(own), Some(global)) = (self.here(), self.global()) else { return false };
        let stands = matches!(own.entry.version.relation(&global.version), Relation::Equal | Relation::Newer);
        stands && own.entry.is_present()
    }

    /// The machines whose content can be fetched to get what `wanted` says.
    pub fn holders<'a>(&'a self, wanted: &'a Entry) -> impl Iterator<Item = DeviceId> + 'a {
        self.others
            .iter()
            .filter(|(_, entry)| entry.is_present() && entry.content.is_same(&wanted.content))
            .map(|(device, _)| *device)
    }
}

/// Everything that one event changes in the index, made durable together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// This machine's items. Each gets the next sequence number when it is stored; the number in the entry is ignored.
    pub local: Vec<Local>,
    /// Items of which only is new how they look here: nothing to announce.
    pub restamped: Vec<(RelativePath, Stamp, Option<Arc<Found>>)>,
    /// Machines of which everything is forgotten first: a full index follows, or they have a new index id.
    pub forget: Vec<DeviceId>,
    /// Entries of other machines.
    pub others: Vec<(DeviceId, Entry)>,
    /// What was agreed; nothing to forget it.
    pub agreed: Vec<(RelativePath, Option<Agreed>)>,
    /// Intents of the executor that are settled.
    pub settled: Vec<u64>,
    /// What was done to the disk, for the log.
    pub journal: Vec<JournalRecord>,
}

impl Changes {
    /// Nothing to store.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that was done to a person's files, as the log tells it later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalRecord {
    /// Seconds since 1970.
    pub at: i64,
    /// Where.
    pub path: RelativePath,
    /// What.
    pub deed: Deed,
    /// Who made the change that led to it.
    pub by: ShortId,
    /// Where the replaced or removed bytes are.
    pub kept: Option<Kept>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// An item that was not there before.
    Created,
    /// Another content in its place.
    Replaced,
    /// Taken away into the recovery area.
    Removed,
    /// From another name.
    Moved,
    /// Permissions, time, owner or attributes.
    Adjusted,
    /// The losing side of a conflict got a name of its own.
    KeptAside,
}
