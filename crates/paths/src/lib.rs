//! Names of things below a folder's root.
//!
//! Three concepts live here: [`RelativePath`], a path that by its type cannot leave the place it is joined to; [`Shown`], any name made
//! safe to print; and [`Quoted`], any name made safe to paste into a shell. The crate is pure: it knows no file system, so everything in it is decided from the bytes alone.

mod quoted;
mod relative;
mod shown;

pub use quoted::Quoted;
pub use relative::{RelativePath, RelativePathError};
pub use shown::Shown;
