//! The private root: Debian's unstable suite with its Rust and the matching source of the standard library.

use std::path::{Path, PathBuf};

use crate::apt_sources;
use crate::outcome::{Context, Outcome};
use crate::process::{as_root, run};

/// Changes whenever the package list does, so that an old root is not taken for the new one.
const NAME: &str = "root-1";
const PACKAGES: &str = "rustc,cargo,rust-src,rust-clippy,libc6-dev,gcc,ca-certificates";

/// The root's directory, made when it is not there. A half-made one never carries the final name.
pub(super) fn prepare(directory: &Path) -> Outcome<PathBuf> {
    let root = directory.join(NAME);
    if root.exists() {
        println!("There already: {} (remove it to get newer packages).", root.display());
        return Ok(root);
    }
    let partial = directory.join(format!("{NAME}.partial"));
    remove(&partial)?;
    let mirror = apt_sources::debian_mirror()?;
    println!("Unpacking {PACKAGES} from {mirror}: takes some minutes and 1.7 GB.");
    // debootstrap mounts /proc in the new root. In a mount namespace of its own nothing of that can stay behind,
    // however it ends, so a later removal of the directory cannot wander into a mounted tree.
    let mut unpack = as_root("unshare")?;
    unpack.args([
        "--mount",
        "--propagation",
        "private",
        "debootstrap",
        "--variant=minbase",
        "--force-check-gpg",
    ]);
    unpack.arg(format!("--include={PACKAGES}")).arg("sid").arg(&partial).arg(&mirror);
    run(&mut unpack)?;
    // The archive files are a fifth of its size and never needed again.
    run(as_root("chroot")?.arg(&partial).args(["apt-get", "clean"]))?;
    run(as_root("mv")?.args(["--no-target-directory"]).arg(&partial).arg(&root))?;
    Ok(root)
}

/// Removes what an interrupted run left, but nothing of another file system.
fn remove(partial: &Path) -> Outcome {
    if !partial.try_exists().context(format!("cannot look at {}", partial.display()))? {
        return Ok(());
    }
    println!("Removing what an interrupted run left.");
    run(as_root("rm")?.args(["--recursive", "--force", "--one-file-system", "--"]).arg(partial))
}
