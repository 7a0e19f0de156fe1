//! Names of things below a folder's root.
//!
//! [`RelativePath`] is a path that by its type cannot leave the place it is joined to; [`Shown`] is any name made safe to print, and
//! [`Quoted`] any name made safe to paste into a shell. [`names`] knows the names with a meaning of their own (temporary files, control
//! files, conflict copies), the forms that a name has on disk and on the wire, and the names that a file system cannot hold. [`ignore`]
//! decides which paths a folder leaves out. The crate is pure: it knows no file system, so everything in it is decided from the bytes
//! alone.

pub mod ignore;
pub mod names;
mod quoted;
mod relative;
mod shown;

pub use ignore::{CompileOptions, Explanation, IgnoreError, IgnoreRules, Verdict};
pub use names::conflict::{ConflictStem, conflict_name, conflict_stem, is_conflict_name, original_of};
pub use names::control::{is_control_path, is_control_path_folded, is_store_path};
pub use names::fold::{equal_when_folded, fold};
pub use names::on_disk::{DiskName, Names, UnsyncableName, UnsyncableReason};
pub use names::refusal::{FileSystemLimits, NameRefusal, RefusalReason, refused_by};
pub use names::temporary::{is_temporary, is_temporary_folded, temporary_name};
pub use quoted::Quoted;
pub use relative::{RelativePath, RelativePathError};
pub use shown::Shown;
