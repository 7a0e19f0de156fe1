//! What stands in for Apple's developer tools: zig as C compiler, linker and archiver, and stub libraries.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::apt;
use crate::outcome::{Context, Outcome};
use crate::process::{self, command, run};

const COMPILER: &str = include_str!("apple-cc.sh");
const ARCHIVER: &str = include_str!("apple-ar.sh");

/// Frameworks that crates of the workspace, now or as planned, name on the linker's command line.
const FRAMEWORKS: &[&str] = &["CoreFoundation", "CoreServices", "Security", "SystemConfiguration"];
/// Libraries likewise: the name for `-l`, and the name that the system installs it under.
const LIBRARIES: &[(&str, &str)] = &[("iconv", "libiconv.2"), ("objc", "libobjc.A")];

/// Writes the wrappers and stubs anew, which costs nothing, and fetches zig when it is not there.
pub(super) fn prepare(directory: &Path) -> Outcome {
    fetch_zig(directory)?;
    write_program(&directory.join("bin/apple-cc"), COMPILER)?;
    write_program(&directory.join("bin/apple-ar"), ARCHIVER)?;
    for name in FRAMEWORKS {
        let installed = format!("/System/Library/Frameworks/{name}.framework/{name}");
        let path = format!("sdk/System/Library/Frameworks/{name}.framework/{name}.tbd");
        write(&directory.join(path), &stub(&installed))?;
    }
    for (name, file) in LIBRARIES {
        let installed = format!("/usr/lib/{file}.dylib");
        write(&directory.join(format!("sdk/usr/lib/lib{name}.tbd")), &stub(&installed))?;
    }
    Ok(())
}

/// zig comes as a Python wheel: one static program and the headers of many systems.
fn fetch_zig(directory: &Path) -> Outcome {
    let zig = directory.join("zig");
    if zig.exists() {
        println!("There already: {}", zig.display());
        return Ok(());
    }
    let mut python = command("python3");
    if process::capture(python.args(["-m", "pip", "--version"])).is_err() {
        apt::install(&["python3-pip"])?;
    }
    let partial = directory.join("zig.partial");
    if partial.exists() {
        std::fs::remove_dir_all(&partial).context(format!("cannot remove {}", partial.display()))?;
    }
    let mut install = command("python3");
    install.args(["-m", "pip", "install", "--quiet", "--no-deps", "--root-user-action=ignore", "--target"]);
    run(install.arg(&partial).arg("ziglang"))?;
    std::fs::rename(&partial, &zig).context(format!("cannot rename {}", partial.display()))
}

/// A stub library: a name to record in the program and no symbols, because the linker is told to leave unknown
/// symbols to the system that will load the program.
fn stub(installed: &str) -> String {
    format!("--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos ]\ninstall-name: {installed}\n...\n")
}

fn write_program(path: &Path, text: &str) -> Outcome {
    write(path, text)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755))
        .context(format!("cannot make {} executable", path.display()))
}

fn write(path: &Path, text: &str) -> Outcome {
    let doing = format!("cannot write {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).context(&doing)?;
    }
    std::fs::write(path, text).context(&doing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stub_names_what_the_system_installs() {
        let text = stub("/usr/lib/libobjc.A.dylib");
        assert!(
            text.starts_with("--- !tapi-tbd\n") && text.contains("install-name: /usr/lib/libobjc.A.dylib\n")
        );
    }

    #[test]
    fn the_compiler_wrapper_drops_what_zig_does_not_know() {
        let script = COMPILER.replace("exec /tools/zig/ziglang/zig", "echo");
        let arguments =
            ["-c", &script, "apple-cc", "-arch", "arm64", "-mmacosx-version-min=11.0.0", "-gfull", "a b.c"];
        let text = process::capture(command("sh").args(arguments)).expect("sh runs everywhere");
        assert_eq!(text.trim(), "cc -target aarch64-macos a b.c");
    }
}
