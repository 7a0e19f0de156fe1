//! Two and three real daemons in networks of their own: what a person sees when folders are kept in step for real.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests run programs and stop where something is wrong"
)]

mod everyday;
mod fleet;
mod full_disks;
mod metadata;
mod mounts;
mod network;
mod networks;
mod odd_files;
mod persons;
mod processes;
#[path = "../common/ran.rs"]
mod ran;
mod readme;
mod refusals;
mod repositories;
mod syncthing;
mod tree;
mod unfinished;
mod versions;
