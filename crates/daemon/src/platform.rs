//! What differs between systems.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;

#[cfg(target_os = "linux")]
pub(crate) use linux::{OPEN_FILES, is_same_user};
#[cfg(target_os = "macos")]
pub(crate) use macos::{OPEN_FILES, is_same_user};
