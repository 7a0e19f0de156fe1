//! Finds the file to run, and looks whether the system itself can run it.
//!
//! The search is ours because the C library's has two habits that break our rules: it gives files of unknown form to a shell, and an empty
//! entry in `PATH` makes it run what lies in the current directory.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf, absolute};

use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::{Program, RunError};
use crate::file::is_present;

/// Where programs are looked for when nobody says where.
const USUAL_PLACES: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
/// How programs begin: scripts that name their interpreter, ELF, and the forms of Mach-O.
const BEGINNINGS: [&[u8]; 7] = [
    b"#!",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
];

/// The file that the program's name means, as an absolute path.
pub(super) fn find(program: &Program) -> Result<PathBuf, RunError> {
    let missing = || RunError::Missing { program: program.name.to_string_lossy().into_owned() };
    let name = Path::new(&program.name);
    let file = if program.name.as_encoded_bytes().contains(&b'/') {
        // A relative path is meant from where we are, not from the directory that the program will run in.
        absolute(name).ok().filter(|file| is_present(file).unwrap_or(true)).ok_or_else(missing)?
    } else {
        search(name, &places(program)).ok_or_else(missing)?
    };
    match check(&file) {
        Ok(()) => Ok(file),
        Err(source) => Err(RunError::NotExecutable { program: program.text(), source }),
    }
}

/// The list of places: from the program's own environment when it was given one, else from ours.
fn places(program: &Program) -> OsString {
    let given = program.variables.iter().rev().find(|(name, _)| name == OsStr::new("PATH"));
    let value = given.map_or_else(|| env::var_os("PATH"), |(_, value)| value.clone());
    value.unwrap_or_else(|| USUAL_PLACES.into())
}

/// The first file that can be executed, else the first that is there at all, for a better message.
fn search(name: &Path, places: &OsStr) -> Option<PathBuf> {
    let directories = env::split_paths(places).filter(|directory| !directory.as_os_str().is_empty());
    let candidates = directories.filter_map(|directory| absolute(directory.join(name)).ok());
    let files: Vec<PathBuf> = candidates.filter(|file| file.is_file()).collect();
    let runnable = files.iter().find(|file| access(*file, Access::EXEC_OK).is_ok());
    runnable.or(files.first()).cloned()
}

/// Whether it begins like a program. One that may be run but not read is believed.
fn check(file: &Path) -> io::Result<()> {
    if !file.is_file() {
        return Err(Errno::ACCESS.into());
    }
    access(file, Access::EXEC_OK)?;
    let mut beginning = Vec::new();
    let Ok(opened) = File::open(file) else { return Ok(()) };
    if opened.take(4).read_to_end(&mut beginning).is_err() {
        return Ok(());
    }
    let is_program = BEGINNINGS.iter().any(|each| beginning.starts_with(each));
    if is_program { Ok(()) } else { Err(Errno::NOEXEC.into()) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn put(file: &Path, mode: u32) {
        fs::write(file, "#!/bin/sh\n").expect("writes");
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("sets");
    }

    #[test]
    fn the_first_that_can_be_executed_is_found() {
        let place = tempfile::tempdir().expect("a directory");
        let places: Vec<PathBuf> = ["a", "b", "c"].map(|name| place.path().join(name)).to_vec();
        places.iter().for_each(|directory| fs::create_dir(directory).expect("creates"));
        let list = env::join_paths(&places).expect("joins");
        let name = Path::new("tool");
        assert_eq!(search(name, &list), None);
        put(&places[1].join(name), 0o600);
        assert_eq!(search(name, &list), Some(places[1].join(name)));
        put(&places[2].join(name), 0o700);
        assert_eq!(search(name, &list), Some(places[2].join(name)));
        fs::create_dir(places[0].join(name)).expect("creates");
        assert_eq!(search(name, &list), Some(places[2].join(name)));
    }

    #[test]
    fn the_current_directory_is_not_searched() {
        // Tests run in the crate's directory, where there is a file of this name.
        assert!(Path::new("Cargo.toml").is_file());
        assert_eq!(search(Path::new("Cargo.toml"), OsStr::new(":/nowhere:")), None);
    }

    #[test]
    fn the_list_comes_from_the_programs_environment_first() {
        assert_eq!(places(&Program::new("x").variable("PATH", "/a")), "/a");
        assert_eq!(places(&Program::new("x").variable("PATH", "/a").without_variable("PATH")), USUAL_PLACES);
        assert_eq!(Some(places(&Program::new("x"))), env::var_os("PATH"));
    }
}
