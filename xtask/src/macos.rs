//! `macos`: type-checks and lints the whole workspace for aarch64-apple-darwin, and links the product, on Linux.
//!
//! The pinned toolchain has no standard library for macOS and no source to build one. Debian's unstable suite has a
//! compiler with matching source, so the work happens in a private root of that suite (`root`), with zig as the C
//! compiler and linker (`apple`), entered through private mounts (`enter`). The result is compiled, never run.

mod apple;
mod enter;
mod root;

use std::io::Read;
use std::path::Path;

use crate::apt;
use crate::outcome::{Context, Outcome, failed, no_arguments};
use crate::places;
use crate::process::{cargo, run as run_program};
use crate::steps::Steps;

/// What every call of cargo in there needs: a standard library built from source, and nothing from the network.
const BUILD: &[&str] = &["-Zbuild-std", "--target", TARGET, "--offline", "--locked", "--workspace"];
/// What links: the product. The other programs are for the people who build it.
const LINK: &[&str] = &["-Zbuild-std", "--target", TARGET, "--offline", "--locked", "--package", "homesync"];
const TARGET: &str = "aarch64-apple-darwin";

/// What fails the lint step. Not all warnings: the linter in there is newer than the pinned one and moves with its
/// suite, so a lint that is new there would fail a commit that changed nothing. Our own bans do not move.
const DENIED: &[&str] =
    &["unused", "clippy::disallowed_methods", "clippy::disallowed_types", "clippy::disallowed_macros"];

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    no_arguments(arguments)?;
    if !cfg!(target_os = "linux") {
        return Err(failed("this check is for Linux; on a Mac, `cargo xtask test` is the better one."));
    }
    let mut steps = Steps::new();
    let directory = places::tools().join("macos");
    std::fs::create_dir_all(&directory).context(format!("cannot create {}", directory.display()))?;
    steps.step("programs of this machine", || {
        apt::need("debootstrap", "debootstrap")?;
        apt::need("unshare", "util-linux")?;
        apt::need("mount", "mount")
    })?;
    let root = steps.step("root with the compiler", || root::prepare(&directory))?;
    steps.step("C compiler and stub libraries", || apple::prepare(&directory))?;
    steps.step("sources of all crates", || fetch(&root))?;
    let inside = enter::Inside { directory, root };
    steps.step("types and lints", || {
        let mut lint = inside.cargo("clippy")?;
        lint.args(BUILD).args(["--all-targets", "--"]);
        for name in DENIED {
            lint.args(["--deny", name]);
        }
        run_program(&mut lint)
    })?;
    steps.step("link", || run_program(inside.cargo("build")?.args(LINK)))?;
    let product = inside.target().join(TARGET).join("debug/homesync");
    expect_arm64_program(&product)?;
    println!("\nCompiled and linked for macOS, never run: {}", product.display());
    Ok(())
}

/// Downloads with this machine's own cargo and its own configuration, so that nothing inside needs the network,
/// certificates or proxies. The standard library has dependencies of its own.
fn fetch(root: &Path) -> Outcome {
    run_program(&mut cargo(["fetch", "--locked"]))?;
    let library = root.join("usr/lib/rustlib/src/rust/library/Cargo.toml");
    let mut fetch = cargo(["fetch", "--locked", "--manifest-path"]);
    run_program(fetch.arg(library).env("RUSTC_BOOTSTRAP", "1"))
}

/// A link step that quietly made something else would make this check worthless: look at the file itself.
fn expect_arm64_program(path: &Path) -> Outcome {
    let mut head = [0_u8; 16];
    let doing = format!("cannot read {}", path.display());
    std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).context(doing)?;
    if is_arm64_program(head) {
        return Ok(());
    }
    Err(failed(format!("{} is not a Mach-O program for arm64.", path.display())))
}

/// Mach-O, 64 bits, little-endian; processor arm64; type "executable".
fn is_arm64_program(head: [u8; 16]) -> bool {
    head[..8] == [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1] && head[12..] == [2, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_arm64_program_passes() {
        let program = [0xcf, 0xfa, 0xed, 0xfe, 0x0c, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0];
        assert!(is_arm64_program(program));
        let mut library = program;
        library[12] = 6;
        assert!(!is_arm64_program(library));
        assert!(!is_arm64_program(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"));
    }
}
