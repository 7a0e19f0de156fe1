//! Counter files of processes that died while they wrote them.
//!
//! A test that kills the product at the N-th system call kills it inside the writing of its counters too. The reader of
//! these files panics at the first one that is cut short, and reads them as soon as the test program ends. So they are
//! removed while the tests run: all whole files of one program have one size, and the smaller ones of dead processes go.
//! What remains is a window of one pause before a test program ends; a run that fails in it succeeds when repeated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Short against the life of a test program, long against listing a directory.
const PAUSE: Duration = Duration::from_millis(20);

/// Does the work while another thread removes files that are cut short from the directory.
pub(super) fn removed_during<T>(directory: &Path, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (working, done) = mpsc::channel::<()>();
        scope.spawn(move || {
            while done.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                for path in cut_short(&listed(directory), |process| Path::new("/proc").join(process).exists())
                {
                    // When it fails, the next round tries again.
                    let _ = std::fs::remove_file(path);
                }
            }
        });
        let result = work();
        drop(working);
        result
    })
}

/// The counter files and their sizes; none while the directory does not exist yet.
fn listed(directory: &Path) -> Vec<(PathBuf, u64)> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let files = entries.filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())));
    files.filter(|(path, _)| path.extension().is_some_and(|ending| ending == "profraw")).collect()
}

/// The files that are empty, or smaller than another of the same program, and whose process is gone.
fn cut_short(files: &[(PathBuf, u64)], is_alive: impl Fn(&str) -> bool) -> Vec<&Path> {
    let mut whole: BTreeMap<&str, u64> = BTreeMap::new();
    for (path, size) in files {
        if let Some((program, _)) = program_and_process(path) {
            let largest = whole.entry(program).or_default();
            *largest = (*largest).max(*size);
        }
    }
    let is_cut = |path: &Path, size: u64| {
        program_and_process(path).is_some_and(|(program, process)| {
            (size == 0 || whole.get(program).is_some_and(|largest| size < *largest)) && !is_alive(process)
        })
    };
    files.iter().filter(|(path, size)| is_cut(path, *size)).map(|(path, _)| path.as_path()).collect()
}

/// `PROGRAM-PROCESS.profraw`, where the program's part names its build too.
fn program_and_process(path: &Path) -> Option<(&str, &str)> {
    path.file_stem()?.to_str()?.rsplit_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_files_of_dead_processes_go() {
        let file = |name: &str, size| (PathBuf::from(format!("/x/{name}.profraw")), size);
        let files = [
            file("cli-1f_9-100", 500),
            file("cli-1f_9-101", 499),
            file("cli-1f_9-102", 300),
            file("other-2e_7-103", 40),
            file("other-3d_7-104", 0),
        ];
        let found = cut_short(&files, |process| process == "102");
        assert_eq!(found, [Path::new("/x/cli-1f_9-101.profraw"), Path::new("/x/other-3d_7-104.profraw")]);
    }

    #[test]
    fn the_work_is_done_and_its_result_returned() {
        assert_eq!(removed_during(Path::new("/no/such/directory"), || 7), 7);
    }
}
