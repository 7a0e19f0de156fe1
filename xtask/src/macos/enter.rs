//! Running cargo inside the private root, which sees the checkout (read-only), the sources of all crates, and the
//! directory of tools beside it.

use std::path::PathBuf;
use std::process::Command;

use crate::outcome::{Context, Outcome, failed};
use crate::places;
use crate::process::as_root;

/// What is run outside and then inside, kept as files of their own so that they read as what they are.
const SCRIPTS: &[(&str, &str)] =
    &[("enter.sh", include_str!("enter.sh")), ("inside.sh", include_str!("inside.sh"))];

/// The root and the directory of tools beside it.
pub(super) struct Inside {
    /// Holds zig, the wrappers, the stubs and what was compiled.
    pub(super) directory: PathBuf,
    /// The private root.
    pub(super) root: PathBuf,
}

impl Inside {
    /// Where the compiled files are, as seen from outside.
    pub(super) fn target(&self) -> PathBuf {
        self.directory.join("target")
    }

    /// The given sub-command of cargo inside the root; the caller adds arguments.
    pub(super) fn cargo(&self, subcommand: &str) -> Outcome<Command> {
        let home = places::cargo_home().ok_or_else(|| failed("neither CARGO_HOME nor HOME is set."))?;
        for (name, text) in SCRIPTS {
            let path = self.directory.join(name);
            std::fs::write(&path, text).context(format!("cannot write {}", path.display()))?;
        }
        let mut enter = as_root("unshare")?;
        enter.args(["--mount", "--propagation", "private", "sh"]).arg(self.directory.join("enter.sh"));
        enter.arg(&self.root).arg(places::workspace()).arg(home.join("registry")).arg(&self.directory);
        enter.args(["cargo", subcommand]);
        Ok(enter)
    }
}
