//! What the command does, one file for each part.

pub mod arguments;
mod campaign;
pub mod everything;
pub mod replay;
