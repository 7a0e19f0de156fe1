//! What a repository's references say, and under which names those of the losing side of a conflict are kept.
//!
//! Pure: bytes in, names and values out.

use homesync_paths::RelativePath;
use std::collections::BTreeMap;

/// The place for the losing side's references.
const OURS: &str = "refs/homesync/";
/// References that lead to what a person made here. What was fetched from elsewhere can be fetched again.
const KEPT: [&str; 3] = ["refs/heads/", "refs/tags/", "refs/stash"];

/// A reference file, as a path of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReferenceFile {
    /// The git directory that it belongs to: the repository's, or that of a submodule in it.
    pub(super) directory: RelativePath,
    /// Which references are in it.
    pub(super) kind: ReferenceKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReferenceKind {
    /// One, with its full name.
    Loose(String),
    /// Many.
    Packed,
    /// The one that is worked on, which is one of its own if no branch is.
    Head,
}

impl ReferenceFile {
    /// What a path below `repository`, a `.git` directory, is among references.
    pub(super) fn of(path: &RelativePath, repository: &RelativePath) -> Option<Self> {
        let inside = path.as_str().strip_prefix(repository.as_str())?.strip_prefix('/')?;
        let (below, name) = match inside {
            "packed-refs" | "HEAD" => ("", inside),
            _ if inside.starts_with("refs/") => ("", inside),
            // The repositories of submodules lie in this one. Their names may have several parts.
            _ if inside.starts_with("modules/") => {
                let at = ["/refs/", "/packed-refs", "/HEAD"].iter().find_map(|part| inside.find(part))?;
                (&inside[..at], &inside[at + 1..])
            }
            _ => return None,
        };
        let kind = match name {
            "packed-refs" => ReferenceKind::Packed,
            "HEAD" => ReferenceKind::Head,
            name if is_kept(name) => ReferenceKind::Loose(name.to_string()),
            _ => return None,
        };
        let directory = if below.is_empty() { repository.clone() } else { repository.join(below).ok()? };
        Some(Self { directory, kind })
    }
}

fn is_kept(name: &str) -> bool {
    name.starts_with(OURS) || KEPT.iter().any(|kept| name.starts_with(kept))
}

/// The object that a file with one reference leads to. One that leads to another reference leads to none.
pub(super) fn loose(bytes: &[u8]) -> Option<String> {
    object(std::str::from_utf8(bytes).ok()?.trim_end())
}

/// All references of a file of many that are kept.
pub(super) fn packed(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    // A line that begins with ^ says to what the tag above it leads in the end.
    let lines = text.lines().filter(|line| !line.starts_with(['#', '^']));
    let parsed = lines.filter_map(|line| {
        let (id, name) = line.split_once(' ')?;
        Some((name.to_string(), object(id)?)).filter(|(name, _)| is_kept(name))
    });
    parsed.collect()
}

fn object(text: &str) -> Option<String> {
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| text.to_string())
}

/// Under which name a reference of a machine's losing side is kept: the first such name, and a further one for each time that it is taken.
pub(super) fn kept_name(machine: &str, reference: &str, time: usize) -> String {
    let further = if time == 0 { String::new() } else { format!("-{}", time + 1) };
    if reference.starts_with(OURS) {
        return format!("{reference}{further}");
    }
    let rest = reference.strip_prefix("refs/").unwrap_or(reference);
    format!("{OURS}{}/{rest}{further}", component(machine))
}

/// A machine's name as a part of a reference's name, for which git has rules.
fn component(machine: &str) -> String {
    let is_fine = |character: char| character.is_alphanumeric() || "_+-.@".contains(character);
    let safe: String =
        machine.chars().map(|character| if is_fine(character) { character } else { '_' }).collect();
    let mut safe = safe.replace("..", "_.");
    if safe.is_empty() || safe.starts_with(['.', '-']) {
        safe.insert(0, '_');
    }
    if safe.ends_with('.') || safe.ends_with(".lock") || safe == "@" {
        safe.push('_');
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    #[test]
    fn files_with_references_are_known_by_their_paths() {
        let of = |text: &str| ReferenceFile::of(&path(text), &path("r/.git"));
        let loose = |directory: &str, name: &str| {
            Some(ReferenceFile { directory: path(directory), kind: ReferenceKind::Loose(name.to_string()) })
        };
        assert_eq!(of("r/.git/refs/heads/a/b"), loose("r/.git", "refs/heads/a/b"));
        assert_eq!(of("r/.git/refs/stash"), loose("r/.git", "refs/stash"));
        assert_eq!(of("r/.git/modules/x/y/refs/tags/v"), loose("r/.git/modules/x/y", "refs/tags/v"));
        assert_eq!(of("r/.git/packed-refs").map(|file| file.kind), Some(ReferenceKind::Packed));
        assert_eq!(of("r/.git/HEAD").map(|file| file.kind), Some(ReferenceKind::Head));
        for none in ["index", "logs/refs/heads/main", "refs/remotes/origin/main", "objects/ab/cd", "config"] {
            assert_eq!(of(&format!("r/.git/{none}")), None, "{none}");
        }
    }

    #[test]
    fn references_are_read() {
        assert_eq!(loose(format!("{ONE}\n").as_bytes()).as_deref(), Some(ONE));
        assert_eq!(loose(b"ref: refs/heads/main\n"), None);
        assert_eq!(loose(b"12\n"), None);
        let text = format!(
            "# pack-refs with: peeled fully-peeled sorted \n{ONE} refs/heads/main\n{TWO} refs/tags/v\n^{ONE}\n\
             {TWO} refs/remotes/origin/main\nnonsense\n"
        );
        let expected = [("refs/heads/main", ONE), ("refs/tags/v", TWO)];
        let expected = expected.map(|(name, id)| (name.to_string(), id.to_string()));
        assert_eq!(packed(text.as_bytes()), BTreeMap::from(expected));
    }

    #[test]
    fn what_is_kept_has_a_name_of_its_own() {
        assert_eq!(kept_name("b", "refs/heads/main", 0), "refs/homesync/b/heads/main");
        assert_eq!(kept_name("b", "refs/heads/main", 1), "refs/homesync/b/heads/main-2");
        assert_eq!(kept_name("c", "refs/homesync/b/heads/main", 1), "refs/homesync/b/heads/main-2");
        for (name, safe) in
            [(".a..b.lock", "_.a_.b.lock_"), ("a b/~c", "a_b__c"), ("@", "@_"), ("", "_"), ("ünï.", "ünï._")]
        {
            assert_eq!(component(name), safe, "{name}");
        }
    }
}
