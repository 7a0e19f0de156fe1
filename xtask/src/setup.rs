//! `setup`: the programs that tests run. Does nothing, and says so, where all of them are there.

use crate::apt;
use crate::later_suite::{self, LaterProgram};
use crate::outcome::{Outcome, failed, usage};
use crate::process;

/// A program, the Debian package that holds it, and what it is for.
struct Needed {
    program: &'static str,
    package: &'static str,
    purpose: &'static str,
}

const NEEDED: &[Needed] = &[
    Needed { program: "git", package: "git", purpose: "the home repository" },
    Needed { program: "jq", package: "jq", purpose: "reading --json output as users do" },
    Needed { program: "age", package: "age", purpose: "reading what we encrypt" },
    Needed { program: "strace", package: "strace", purpose: "order and failure of system calls" },
    Needed { program: "setpriv", package: "util-linux", purpose: "running as another user" },
    Needed { program: "unshare", package: "util-linux", purpose: "private mounts and networks" },
    Needed { program: "prlimit", package: "util-linux", purpose: "running with few open files" },
    Needed { program: "mount", package: "mount", purpose: "small file systems of a test's own" },
    Needed { program: "setfacl", package: "acl", purpose: "access control lists" },
    Needed { program: "setfattr", package: "attr", purpose: "extended attributes" },
    Needed { program: "chattr", package: "e2fsprogs", purpose: "files that may not be changed" },
    Needed { program: "ip", package: "iproute2", purpose: "networks that tests make for themselves" },
    Needed { program: "script", package: "bsdutils", purpose: "running on a terminal" },
    Needed { program: "zsh", package: "zsh", purpose: "shell completions" },
    Needed { program: "fish", package: "fish", purpose: "shell completions" },
    Needed { program: "openssl", package: "openssl", purpose: "reading the keys that we write" },
    Needed { program: "syncthing", package: "syncthing", purpose: "the peer to be compatible with" },
    Needed { program: "man", package: "man-db", purpose: "reading the manual pages that we write" },
];

/// Programs newer than the system's own. Unpacked only on request, because no test uses them yet.
const LATER: &[LaterProgram] = &[
    LaterProgram {
        package: "syncthing",
        suite: "trixie",
        version: "1.29.5",
        path: "usr/bin/syncthing",
        show_version: "--version",
    },
    LaterProgram {
        package: "chezmoi",
        suite: "forky",
        version: "2.73.3",
        path: "usr/bin/chezmoi",
        show_version: "--version",
    },
];

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let all = match arguments {
        [] => false,
        [only] if only == "--all" => true,
        [first, ..] => return Err(usage(format!("does not know `{first}`."))),
    };
    install_missing()?;
    if all {
        for program in LATER {
            let unpacked = later_suite::unpack(program)?;
            println!("{} {}: {}", program.package, unpacked.version, unpacked.program.display());
        }
    }
    Ok(())
}

fn install_missing() -> Outcome {
    let missing = missing(NEEDED, |program| process::find(program).is_some());
    if missing.is_empty() {
        println!("All {} programs that tests need are there.", NEEDED.len());
        return Ok(());
    }
    println!("Missing programs that tests need:");
    for needed in &missing {
        println!("  {:<10} package {:<11} for {}", needed.program, needed.package, needed.purpose);
    }
    apt::install(&missing.iter().map(|needed| needed.package).collect::<Vec<_>>())?;
    for needed in &missing {
        if process::find(needed.program).is_none() {
            let sentence = format!(
                "package `{}` was installed, but there is still no program `{}` in PATH.",
                needed.package, needed.program
            );
            return Err(failed(sentence));
        }
    }
    Ok(())
}

fn missing(needed: &'static [Needed], is_there: impl Fn(&str) -> bool) -> Vec<&'static Needed> {
    needed.iter().filter(|needed| !is_there(needed.program)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed() {
        assert!(missing(NEEDED, |_| true).is_empty());
        let found = missing(NEEDED, |program| program != "unshare");
        assert_eq!(found.iter().map(|needed| needed.package).collect::<Vec<_>>(), ["util-linux"]);
    }
}
