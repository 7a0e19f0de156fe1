//! The index as others use it: against its twin in memory, through power cuts, on damaged and full disks.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod agree;
mod catalogue;
mod crash;
mod damage;
mod disk;
mod durability;
mod traps;
mod world;
