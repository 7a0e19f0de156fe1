//! The repository's files, as git knows them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the workspace: the parent of this crate. Cargo says at run time where that is; the place at compile time
/// is second, because two checkouts that share a target directory share the compiled test, too.
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let own = Path::new(&own);
    own.parent().unwrap_or(own).to_path_buf()
}

/// A text file of the repository.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Its path below the root, with `/`.
    pub path: String,
    /// Its whole content.
    pub text: String,
}

/// All files with this ending that git tracks or would track: a new file must not escape until it is added.
///
/// # Panics
/// When git cannot list them: without the list no rule can be checked.
pub fn files(ending: &str) -> Vec<TextFile> {
    let listed = git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .expect("git lists the files of the repository");
    let mut paths: Vec<&str> = listed.split('\0').filter(|path| path.ends_with(ending)).collect();
    paths.sort_unstable();
    paths.dedup();
    // A file that is listed but gone was deleted and not yet committed: nothing to check in it.
    let read = |path: &str| {
        Some(TextFile { path: path.to_owned(), text: std::fs::read_to_string(root().join(path)).ok()? })
    };
    paths.into_iter().filter_map(read).collect()
}

/// A file as a commit holds it; nothing when the commit or the file does not exist.
pub fn file_at(commit: &str, path: &str) -> Option<String> {
    git(&["show", &format!("{commit}:{path}")])
}

/// What git prints for the given arguments in the root, or nothing when it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(root()).stdin(Stdio::null()).stderr(Stdio::null());
    let output = git.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_file_is_listed_and_read() {
        let files = files(".rs");
        let own = files.iter().find(|file| file.path == "tests/src/repository.rs");
        assert!(own.is_some_and(|file| file.text.starts_with("//!")));
    }

    #[test]
    fn a_file_that_no_commit_holds_is_nothing() {
        assert_eq!(file_at("HEAD", "no/such/file"), None);
    }
}
