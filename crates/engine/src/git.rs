//! A git repository inside a folder is never torn: its `.git` directory is one unit.
//!
//! What is in it is announced only while no git command is at work (git says so by its lock files), announced and put in place in an order in
//! which nothing points to what is not there yet, and put in place all together or not at all.

use homesync_paths::RelativePath;

/// What a repository's own directory is called.
pub const DIRECTORY: &str = ".git";

/// The `.git` directory that a path belongs to.
pub fn unit_of(path: &RelativePath) -> Option<RelativePath> {
    let mut length = 0;
    for name in path.names() {
        length += name.len();
        if name == DIRECTORY {
            return RelativePath::parse(&path.as_str()[..length]).ok();
        }
        length += 1;
    }
    None
}

/// A lock of a running git command; such files are never kept in step. The answer is the unit that is busy.
pub fn busy_unit(path: &RelativePath) -> Option<RelativePath> {
    unit_of(path).filter(|unit| path != unit && path.name().ends_with(".lock"))
}

/// What git keeps only as long as a command runs: locks, its note that it tidies up, and objects that are not whole yet. Nobody else is told of it.
pub fn is_volatile(path: &RelativePath) -> bool {
    let Some(unit) = unit_of(path).filter(|unit| unit != path) else { return false };
    let name = path.name();
    let is_of_objects = is_object(path, &unit);
    let is_half_written = ["tmp_", ".tmp-", "incoming-"].iter().any(|begin| name.starts_with(begin));
    name.ends_with(".lock") || name == "gc.pid" || is_of_objects && is_half_written
}

/// It lies where git keeps its objects.
pub fn is_object(path: &RelativePath, unit: &RelativePath) -> bool {
    rank(path, unit) <= 1
}

/// The `HEAD` of the repository of which this is an object, or a directory for objects: a repository that has one is in use.
pub fn head_of_object(path: &RelativePath) -> Option<RelativePath> {
    let unit = unit_of(path).filter(|unit| is_object(path, unit))?;
    unit.join("HEAD").ok()
}

/// It points to objects.
pub fn is_reference(path: &RelativePath, unit: &RelativePath) -> bool {
    rank(path, unit) >= 3
}

/// In which order what is in a unit is announced and put in place: first what is pointed to, last what points.
pub fn rank(path: &RelativePath, unit: &RelativePath) -> u8 {
    let inside = path.as_str().strip_prefix(unit.as_str()).unwrap_or_default().trim_start_matches('/');
    let is_index_of_pack =
        inside.ends_with(".idx") || inside.ends_with(".midx") || inside.ends_with("multi-pack-index");
    match part_of(inside) {
        // Git finds a pack by its index, so the index comes when the pack is whole.
        "objects" if is_index_of_pack => 1,
        "objects" => 0,
        "refs" | "packed-refs" | "logs" => 3,
        "HEAD" | "ORIG_HEAD" | "FETCH_HEAD" | "MERGE_HEAD" | "index" => 4,
        _ => 2,
    }
}

/// To which part of a repository a path in it belongs. The repositories of submodules, and what belongs to further work trees, have the same parts.
fn part_of(inside: &str) -> &str {
    const PARTS: [&str; 6] = ["objects", "refs", "packed-refs", "logs", "HEAD", "index"];
    let mut names = inside.split('/');
    let first = names.next().unwrap_or_default();
    match first {
        "modules" | "worktrees" => names.find(|name| PARTS.contains(name)).unwrap_or(first),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::parse(text).unwrap()
    }

    #[test]
    fn the_unit_is_the_nearest_git_directory_from_the_root() {
        assert_eq!(unit_of(&path("src/.git/refs/heads/main")), Some(path("src/.git")));
        assert_eq!(unit_of(&path("a/.git/modules/b/.git/x")), Some(path("a/.git")));
        assert_eq!(unit_of(&path(".git")), Some(path(".git")));
        assert_eq!(unit_of(&path("src/.gitignore")), None);
    }

    #[test]
    fn objects_come_before_what_points_to_them() {
        let unit = path("r/.git");
        let order = ["objects/pack/p.pack", "objects/pack/p.idx", "config", "refs/heads/main", "HEAD"];
        let ranks: Vec<u8> = order.iter().map(|name| rank(&path(&format!("r/.git/{name}")), &unit)).collect();
        assert!(
            ranks.is_sorted() && ranks[0] < ranks[1] && ranks[1] < ranks[3] && ranks[3] < ranks[4],
            "{ranks:?}"
        );
    }

    #[test]
    fn the_parts_of_submodules_are_those_of_a_repository() {
        let unit = path("r/.git");
        let rank = |name: &str| rank(&path(&format!("r/.git/{name}")), &unit);
        assert_eq!(rank("modules/a/b/objects/pack/p.idx"), 1);
        assert_eq!(rank("modules/a/refs/heads/main"), 3);
        assert_eq!(rank("modules/a/config"), 2);
        assert_eq!(rank("worktrees/w/HEAD"), 4);
    }

    #[test]
    fn what_git_is_still_writing_takes_no_part() {
        for volatile in ["index.lock", "gc.pid", "objects/ab/tmp_obj_1", "objects/pack/.tmp-1-pack-2.pack"] {
            assert!(is_volatile(&path(&format!("r/.git/{volatile}"))), "{volatile}");
        }
        for kept in ["r/.git/index", "r/.git/refs/heads/tmp_1", "r/Cargo.lock", "r/.git/objects/ab/cd"] {
            assert!(!is_volatile(&path(kept)), "{kept}");
        }
    }

    #[test]
    fn a_lock_file_says_that_git_is_at_work() {
        assert_eq!(busy_unit(&path("r/.git/index.lock")), Some(path("r/.git")));
        assert_eq!(busy_unit(&path("r/.git/refs/heads/main.lock")), Some(path("r/.git")));
        assert_eq!(busy_unit(&path("r/Cargo.lock")), None);
    }
}
