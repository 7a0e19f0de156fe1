//! A git repository inside a folder is never torn: its `.git` directory is one unit.
//!
//! What is in it is announced only while no git command is at work (git says so by its lock files), announced and put in place in an order in
//! which nothing points to what is not there yet, and put in place all together or not at all.

use homesync_paths::RelativePath;

/// The `.git` directory that a path belongs to.
pub fn unit_of(path: &RelativePath) -> Option<RelativePath> {
    let mut length = 0;
    for name in path.names() {
        length += name.len();
        if name == ".git" {
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

/// In which order what is in a unit is announced and put in place: first what is pointed to, last what points.
pub fn rank(path: &RelativePath, unit: &RelativePath) -> u8 {
    let inside = path.as_str().strip_prefix(unit.as_str()).unwrap_or_default().trim_start_matches('/');
    let is_index_of_pack =
        inside.ends_with(".idx") || inside.ends_with(".midx") || inside.ends_with("multi-pack-index");
    match inside.split('/').next().unwrap_or_default() {
        // Git finds a pack by its index, so the index comes when the pack is whole.
        "objects" if is_index_of_pack => 1,
        "objects" => 0,
        "refs" | "packed-refs" | "logs" => 3,
        "HEAD" | "ORIG_HEAD" | "FETCH_HEAD" | "MERGE_HEAD" | "index" => 4,
        _ => 2,
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
    fn a_lock_file_says_that_git_is_at_work() {
        assert_eq!(busy_unit(&path("r/.git/index.lock")), Some(path("r/.git")));
        assert_eq!(busy_unit(&path("r/.git/refs/heads/main.lock")), Some(path("r/.git")));
        assert_eq!(busy_unit(&path("r/Cargo.lock")), None);
    }
}
