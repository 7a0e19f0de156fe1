//! `homesync prompt`, answered with one small read before anything else is set up.

use crate::exit_code::Exit;
use crate::output;
use homesync_host::directories::Directories;
use homesync_host::file;
use std::ffi::OsString;
use std::path::PathBuf;

/// A prompt is a few characters. Whatever is larger is not one.
const LONGEST: u64 = 4096;

/// Answers when the command line is exactly `prompt`, or `--root DIR prompt` in either order; every other form takes the long way.
pub fn answer(arguments: &[OsString]) -> Option<Exit> {
    let mut root = None;
    let mut asked = false;
    let mut rest = arguments.iter().skip(1);
    while let Some(argument) = rest.next() {
        match argument.to_str()? {
            "prompt" if !asked => asked = true,
            "--root" => root = Some(PathBuf::from(rest.next()?)),
            other => root = Some(PathBuf::from(other.strip_prefix("--root=")?)),
        }
    }
    asked.then(|| print(root))
}

/// Prints the prompt's text. A shell's prompt is no place for errors: where there is nothing to say, nothing is said.
pub fn print(root: Option<PathBuf>) -> Exit {
    let root = root.or_else(crate::context::root_from_environment);
    if let Ok(directories) = Directories::find(root.as_deref())
        && let Ok(Some(text)) = file::read_bounded(&directories.prompt_file(), LONGEST)
    {
        let _ = output::print_bytes(&text);
    }
    Exit::Done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_form_is_answered_here() {
        let taken = |line: &str| answer(&line.split(' ').map(OsString::from).collect::<Vec<_>>()).is_some();
        assert!(taken("homesync --root /nowhere prompt"));
        assert!(taken("homesync prompt --root=/nowhere"));
        for line in [
            "homesync",
            "homesync status",
            "homesync prompt --help",
            "homesync prompt prompt",
            "homesync prompt --root",
        ] {
            assert!(!taken(line), "{line}");
        }
    }
}
