//! People's files: the calls on directory handles, and the executor that never loses what it displaces.
//!
//! [`Vfs`] is the seam: everything below it is either the real file system ([`LocalFs`]) or the simulated one. [`Scanner`] looks,
//! [`Staging`] puts content together, [`Executor`] brings it into place,
//! [`Recovery`] keeps what it displaced, and [`BaseStore`] the bytes that conflicts are merged with.

mod area;
mod base;
mod durable;
mod executor;
mod failure;
mod handles;
mod local;
mod recovery;
mod scan;
mod staging;
mod tree;
mod vfs;

pub use area::AREA;
pub use base::{BASE_BUDGET, BaseStore, LARGEST_BASE, is_base};
pub use durable::make_durable;
pub use executor::Executor;
pub use local::{LocalDirectory, LocalFile, LocalFs};
pub use recovery::{Act, Collected, Item, Limits, Recovery};
pub use scan::{Known, Report, Scanner, stamps};
pub use staging::{Staging, serve};
pub use vfs::{Abilities, Name, ObjectKind, Space, Status, Vfs};
