//! The world in which homesync is tested: simulated disks, a simulated network and clock, and people who edit at the worst moment. Never
//! shipped.
//!
//! Begin with [`choices`], from which everything that happens is drawn; then [`filesystem`], the disk that forgets; then [`world`], where
//! several machines with their real engines and executors live. [`tester`] names the three testers, [`scenario`] is a run of any of them.

#[cfg(feature = "canaries")]
pub mod canaries;
pub mod choices;
pub mod executor_tester;
pub mod filesystem;
pub mod planner_tester;
pub mod scenario;
pub mod tester;
mod tidying;
pub mod world;
