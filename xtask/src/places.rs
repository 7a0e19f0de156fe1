//! Where things are: the workspace, cargo's target directory, and the tools that chores keep for themselves.

use std::path::{Path, PathBuf};

/// The root of the workspace: the parent of this crate. Cargo says at run time where that is; the place at compile time
/// is second, because two checkouts that share a target directory share the compiled chore, too.
pub(crate) fn workspace() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let own = Path::new(&own);
    own.parent().unwrap_or(own).to_path_buf()
}

/// Cargo's target directory. Absolute, because chores hand it to programs that run elsewhere.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => workspace().join(directory),
        None => workspace().join("target"),
    }
}

/// Downloaded and built tools. Below `target`, so that `cargo clean` takes them away and git never sees them.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// Cargo's home, which holds the downloaded sources of all dependencies.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    match std::env::var_os("CARGO_HOME") {
        Some(home) => Some(PathBuf::from(home)),
        None => std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")),
    }
}
