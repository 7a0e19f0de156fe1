//! Names that belong to the program: a scan never announces them and a peer may never send them.

use super::fold::fold;
use super::temporary::{is_temporary, is_temporary_folded};
use crate::relative::RelativePath;

/// What is kept in the root of a folder, with everything below.
const IN_ROOT: [&str; 4] = [".stfolder", ".stignore", ".stversions", ".homesync"];

/// Where git keeps a repository.
const GIT: &str = ".git";

/// Whether the path is a control name in the root of a folder, lies below one, or goes through a temporary name.
///
/// Whoever could send these could switch a folder's safeguards off: its marker, its ignore list, what is kept for recovery.
pub fn is_control_path(path: &RelativePath) -> bool {
    may_be_control(path)
        && (path.names().next().is_some_and(|root| IN_ROOT.contains(&root)) || path.names().any(is_temporary))
}

/// The same where the file system does not tell upper from lower case: there `.STIGNORE` is the ignore list too.
pub fn is_control_path_folded(path: &RelativePath) -> bool {
    path.names().next().is_some_and(|root| could_fold_to(root, &IN_ROOT))
        || path.names().any(is_temporary_folded)
}

/// Whether the path is or lies below `.git` in the root, in any case that some file system takes for it.
///
/// Where the folder's root is the work tree of the dotfile store, a peer that could send this could run hooks here. In other
/// folders a repository is data like any other.
pub fn is_store_path(path: &RelativePath) -> bool {
    path.names().next().is_some_and(|root| could_fold_to(root, &[GIT]))
}

/// Each control name begins with a dot or a tilde, and most paths have no such name: this question is asked for each path.
fn may_be_control(path: &RelativePath) -> bool {
    let begins = |byte: u8| matches!(byte, b'.' | b'~');
    let bytes = path.as_str().as_bytes();
    bytes.first().is_some_and(|first| begins(*first))
        || bytes.windows(2).any(|pair| pair[0] == b'/' && begins(pair[1]))
}

/// Names with other characters that fold to ASCII (the long s is one) are compared in full, the rest by the quick way.
fn could_fold_to(name: &str, wanted: &[&str]) -> bool {
    if name.is_ascii() {
        return wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(name));
    }
    wanted.contains(&fold(name).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).expect("a plain path")
    }

    #[test]
    fn d12_control_names_are_recognised_wherever_a_peer_could_put_them() {
        for text in [
            ".stfolder",
            ".stfolder/marker",
            ".stignore",
            ".stversions/a/b~20260102-030405.txt",
            ".homesync",
            ".homesync/trash/a",
            ".syncthing.a.tmp",
            "a/.syncthing.b.tmp",
            "a/~syncthing~b.tmp/c",
        ] {
            assert!(is_control_path(&path(text)), "{text}");
            assert!(is_control_path_folded(&path(text)), "{text}");
            assert!(is_control_path_folded(&path(&text.to_uppercase())), "{text}");
        }
        for text in
            ["a/.stfolder", "a/.homesync/b", ".stfolderx", ".stignore.txt", ".syncthing", ".git/config"]
        {
            assert!(!is_control_path(&path(text)), "{text}");
            assert!(!is_control_path_folded(&path(text)), "{text}");
        }
        assert!(!is_control_path(&path(".STIGNORE")), "another file where case counts");
        assert!(is_control_path_folded(&path(".ſtignore")), "the long s folds to s");
    }

    #[test]
    fn d12_the_repository_of_the_store_is_recognised_in_each_case() {
        for text in [".git", ".git/hooks/post-checkout", ".GIT/config", ".Git"] {
            assert!(is_store_path(&path(text)), "{text}");
        }
        for text in ["a/.git", ".gitignore", "git"] {
            assert!(!is_store_path(&path(text)), "{text}");
        }
    }
}
