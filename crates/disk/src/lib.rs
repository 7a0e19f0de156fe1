//! People's files: the calls on directory handles, and the executor that never loses what it displaces.
//!
//! [`Vfs`] is the seam: everything below it is either the real file system ([`LocalFs`]) or the simulated one. [`Watcher`] hears where
//! something changed, [`Scanner`] looks, [`Staging`] puts content together, [`Executor`] brings it into place, [`Recovery`] keeps what it
//! displaced, and [`BaseStore`] the bytes that conflicts are merged with.

mod area;
mod base;
mod durable;
mod executor;
mod failure;
mod handles;
mod hash;
mod local;
mod metadata;
mod recovery;
mod scan;
mod serve;
mod staging;
mod tree;
mod versions;
mod vfs;
mod watch;

pub use area::{AREA, MARKER};
pub use base::{BASE_BUDGET, BaseStore, LARGEST_BASE, is_base};
pub use durable::{changed_since, make_durable};
pub use executor::{Executor, External};
pub use failure::failure;
pub use local::{LocalDirectory, LocalFile, LocalFs, SYSTEM};
pub use recovery::{Act, Collected, Item, Limits, Recovery};
pub use scan::{Cancelled, Known, KnownEverywhere, ParallelScanner, Report, ScanControl, Scanner, stamps};
pub use serve::{Wanted, read_whole, serve, serve_part, serve_staged};
pub use staging::{Sources, Staging};
pub use versions::{KeptVersion, VERSIONS, Versioning, VersioningKind};
pub use vfs::{Abilities, Name, ObjectKind, Opened, Space, Status, Vfs, Whose};
pub use watch::{Change, Notice, Noticed, Ripe, Settle, Settler, Skips, Watcher};
