//! Installing Debian packages for good, with a clear sentence when that is not possible.

use crate::outcome::{Failure, Outcome, failed};
use crate::process;

/// Installs the packages. Refreshes apt's lists first: stale ones name files that the archive no longer has.
pub(crate) fn install(packages: &[&str]) -> Outcome {
    let mut packages = packages.to_vec();
    packages.sort_unstable();
    packages.dedup();
    let list = packages.join(" ");
    if process::find("apt-get").is_none() {
        return Err(failed(format!("there is no apt-get here: install these yourself: {list}.")));
    }
    process::run(process::as_root("apt-get")?.args(["update", "-qq"]))
        .map_err(|failure| by_hand(failure, &list))?;
    // `env` sets the variable behind sudo too, which drops it otherwise.
    let mut install = process::as_root("env")?;
    install.args([
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-o",
        "Dpkg::Use-Pty=0",
        "--yes",
        "-qq",
    ]);
    install.arg("--no-install-recommends").args(&packages);
    process::run(&mut install).map_err(|failure| by_hand(failure, &list))
}

/// Installs the package only when its program is missing.
pub(crate) fn need(program: &str, package: &str) -> Outcome {
    match process::find(program) {
        Some(_) => Ok(()),
        None => install(&[package]),
    }
}

fn by_hand(failure: Failure, list: &str) -> Failure {
    let (Failure::Failed(message) | Failure::Usage(message)) = failure;
    failed(format!("{message}\nInstall these by hand, then start again: {list}."))
}
