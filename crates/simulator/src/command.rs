//! What the command does, one file for each part.

pub mod arguments;
mod campaign;
#[cfg(feature = "canaries")]
pub mod canaries;
pub mod everything;
pub mod replay;
