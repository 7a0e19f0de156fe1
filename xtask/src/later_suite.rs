//! A program of a later Debian suite, unpacked privately: the system's own packages are never touched.
//!
//! apt gets a world of its own below one directory (sources, lists, cache, status), so it checks the archive's
//! signature as always but knows nothing of the system, and changes nothing in it.

use std::path::{Path, PathBuf};

use crate::apt_sources;
use crate::outcome::{Context, Outcome, failed};
use crate::places;
use crate::process::{capture, command, run};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Which program, from where.
pub(crate) struct LaterProgram {
    pub(crate) package: &'static str,
    /// The suite's code name.
    pub(crate) suite: &'static str,
    /// The version that was tried. When the archive has moved on, the newest is taken, and said so.
    pub(crate) version: &'static str,
    /// The program inside the package.
    pub(crate) path: &'static str,
    /// The option that makes it print its version: shows that it starts here.
    pub(crate) show_version: &'static str,
}

/// A program that was unpacked and started.
pub(crate) struct Unpacked {
    pub(crate) version: String,
    pub(crate) program: PathBuf,
}

/// The unpacked program; downloaded when the wanted version is not there yet.
pub(crate) fn unpack(wanted: &LaterProgram) -> Outcome<Unpacked> {
    let shelf = places::tools().join(wanted.package);
    let there = shelf.join(wanted.version).join(wanted.path);
    if there.exists() {
        return Ok(Unpacked { version: wanted.version.to_owned(), program: there });
    }
    let world = World::new(places::tools().join("apt").join(wanted.suite), wanted.suite)?;
    let offered = world.offered_version(wanted.package)?;
    let version = upstream(&offered).to_owned();
    if version != wanted.version {
        println!("{} {} is no longer in {}: taking {version}.", wanted.package, wanted.version, wanted.suite);
    }
    let final_place = shelf.join(&version);
    if !final_place.exists() {
        let archive = world.download(wanted.package, &offered)?;
        extract(&archive, &final_place)?;
    }
    let program = final_place.join(wanted.path);
    let said = capture(command(&program).arg(wanted.show_version))?;
    println!("It starts: {}", said.lines().next().unwrap_or_default());
    Ok(Unpacked { version, program })
}

/// Unpacks beside the final place and renames, so that an interrupted run leaves nothing that looks whole.
fn extract(archive: &Path, final_place: &Path) -> Outcome {
    let partial = final_place.with_file_name("partial");
    if partial.exists() {
        std::fs::remove_dir_all(&partial).context(format!("cannot remove {}", partial.display()))?;
    }
    create(&partial)?;
    run(command("dpkg-deb").arg("--extract").arg(archive).arg(&partial))?;
    std::fs::rename(&partial, final_place).context(format!("cannot rename {}", partial.display()))
}

/// apt's private world for one suite.
struct World {
    directory: PathBuf,
}

impl World {
    fn new(directory: PathBuf, suite: &str) -> Outcome<Self> {
        for part in ["sources", "lists/partial", "cache/archives/partial", "download"] {
            create(&directory.join(part))?;
        }
        let source = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\nSigned-By: {KEYRING}\n",
            apt_sources::debian_mirror()?
        );
        for (name, text) in [("sources/later.sources", source.as_str()), ("status", "")] {
            let path = directory.join(name);
            std::fs::write(&path, text).context(format!("cannot write {}", path.display()))?;
        }
        let world = World { directory };
        run(world.apt("apt-get").args(["update", "-qq"]))?;
        Ok(world)
    }

    /// One of apt's programs, confined to this world.
    fn apt(&self, program: &str) -> std::process::Command {
        let mut apt = command(program);
        let places = [
            ("Dir::Etc::sourcelist", Path::new("/dev/null").to_path_buf()),
            ("Dir::Etc::sourceparts", self.directory.join("sources")),
            ("Dir::State::lists", self.directory.join("lists")),
            ("Dir::State::status", self.directory.join("status")),
            ("Dir::Cache", self.directory.join("cache")),
        ];
        for (option, place) in places {
            apt.arg("-o").arg(format!("{option}={}", place.display()));
        }
        // apt's own unprivileged user cannot write below a private directory.
        apt.args(["-o", "APT::Sandbox::User=root"]);
        apt
    }

    fn offered_version(&self, package: &str) -> Outcome<String> {
        let said = capture(self.apt("apt-cache").args(["show", "--no-all-versions", package]))?;
        let version = said.lines().find_map(|line| line.strip_prefix("Version: "));
        version
            .map(|text| text.trim().to_owned())
            .ok_or_else(|| failed(format!("the archive offers no {package}.")))
    }

    /// Downloads the package; the answer is its file.
    fn download(&self, package: &str, version: &str) -> Outcome<PathBuf> {
        let place = self.directory.join("download");
        run(self
            .apt("apt-get")
            .args(["download", "-qq", &format!("{package}={version}")])
            .current_dir(&place))?;
        let doing = format!("cannot list {}", place.display());
        for entry in std::fs::read_dir(&place).context(&doing)? {
            let path = entry.context(&doing)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // apt writes the colon of an epoch as %3a in the file's name.
            if name.starts_with(&format!("{package}_{}_", version.replace(':', "%3a"))) {
                return Ok(path);
            }
        }
        Err(failed(format!("apt downloaded {package}, but no file of it is in {}.", place.display())))
    }
}

fn create(directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory).context(format!("cannot create {}", directory.display()))
}

/// The upstream part of a Debian version: `1:1.29.5~ds1-2` is 1.29.5.
fn upstream(version: &str) -> &str {
    let without_epoch = version.split_once(':').map_or(version, |(_, rest)| rest);
    without_epoch.split(['~', '+', '-']).next().unwrap_or(without_epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upstream_version_is_what_people_know() {
        let cases = [("1.29.5~ds1-2", "1.29.5"), ("1:2.0+dfsg-1", "2.0"), ("2.73.3-1", "2.73.3"), ("3", "3")];
        for (debian, expected) in cases {
            assert_eq!(upstream(debian), expected);
        }
    }
}
