//! What a folder's thread is told.

use crate::fleet::FolderPlan;
use homesync_engine::{Command, Event, RootLook};
use homesync_paths::RelativePath;
use homesync_protocol::{DeviceId, Entry, ProgressUpdate};
use std::sync::mpsc::Sender;

/// What the engine's thread is told.
pub(crate) enum Input {
    /// For the engine.
    Engine(Event),
    /// Somebody looked at the root.
    Root(RootLook),
    /// A look at everything begins.
    EverythingBegins,
    /// It has ended.
    EverythingLookedAt,
    /// A look has ended.
    LookEnded,
    /// Everything is to be looked at.
    LookAtEverything,
    /// These are.
    LookAt(Vec<RelativePath>),
    /// These are to be read, whatever their times say.
    ReadAgain(Vec<RelativePath>),
    /// Another machine says what it has.
    Heard(Heard),
    /// Another machine says which blocks it has of files that it is putting together. The permit is dropped when that is dealt with.
    Progress(DeviceId, Vec<ProgressUpdate>, homesync_network::Permit),
    /// Another machine's index is this one. If it is another than is known, what is known of it is void.
    IndexIs(DeviceId, u64),
    /// Another machine has seen more of our index than there is: it was brought back from an older copy.
    SeenMore(u64),
    /// These directories cannot be watched, and what a person can do about it.
    Unwatched(Vec<RelativePath>, String),
    /// Blocks can be had from a machine.
    Connected(DeviceId),
    /// They cannot.
    Disconnected(DeviceId),
    /// A person wants something. Answered when it is stored.
    Command(Command, Sender<()>),
    /// Other settings.
    Plan(Box<FolderPlan>),
    /// It travels now, or rests, by its mode.
    Travel(bool),
    /// The end.
    End,
}

/// What another machine says it has.
pub(crate) struct Heard {
    /// Which machine.
    pub(crate) device: DeviceId,
    /// Its index.
    pub(crate) index_id: u64,
    /// It begins anew.
    pub(crate) full: bool,
    /// What it says.
    pub(crate) entries: Vec<Entry>,
    /// Up to which of its sequence numbers.
    pub(crate) last: u64,
    /// Dropped when it is dealt with.
    pub(crate) permit: Option<homesync_network::Permit>,
}
