//! Names with a meaning of their own, and names that some file systems cannot hold.

pub mod conflict;
pub mod control;
pub mod fold;
pub mod on_disk;
pub mod refusal;
pub mod temporary;
