//! The directories for which the system had no watch left.

use super::super::Noticed;
use homesync_paths::RelativePath;
use std::collections::BTreeSet;
use std::path::Path;

/// More places than these are not told one by one.
const MOST: usize = 1_000;

/// What helps.
pub(super) const ADVICE: &str = "raise the limit with `sysctl fs.inotify.max_user_watches=1048576`, and keep it with that setting in \
/etc/sysctl.d/90-homesync.conf";

/// The uppermost of them.
#[derive(Debug, Default)]
pub(super) struct Unwatched {
    places: BTreeSet<RelativePath>,
    /// There are some that nobody was told of.
    is_news: bool,
}

impl Unwatched {
    pub(super) fn insert(&mut self, path: RelativePath) {
        if path.at_or_above().any(|above| self.places.contains(&above)) {
            return;
        }
        self.is_news = true;
        self.places.insert(path);
        while self.places.len() > MOST {
            let deepest = self.places.iter().map(RelativePath::depth).max().unwrap_or(1);
            if deepest == 1 {
                return;
            }
            let places = std::mem::take(&mut self.places);
            self.places = places
                .into_iter()
                .map(|path| if path.depth() == deepest { path.parent().unwrap_or(path) } else { path })
                .collect();
        }
    }

    /// It is watched now, or gone.
    pub(super) fn remove(&mut self, path: &RelativePath) {
        if !self.places.is_empty() {
            self.places.retain(|place| !place.is_at_or_below(path));
        }
    }

    /// All of them, if there are new ones.
    pub(super) fn news(&mut self) -> Option<Noticed> {
        std::mem::take(&mut self.is_news).then(|| Noticed::Unwatched {
            directories: self.places.iter().cloned().collect(),
            limit: limit(),
            advice: ADVICE.to_string(),
        })
    }
}

/// How many this user may have: the smaller of what the system and what the container allows.
fn limit() -> Option<u64> {
    let files = ["/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches"];
    let read = |file: &str| std::fs::read_to_string(Path::new(file)).ok()?.trim().parse().ok();
    files.into_iter().filter_map(read).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn very_many_are_told_by_what_holds_them() {
        let mut unwatched = Unwatched::default();
        for number in 0..3_000 {
            let path = RelativePath::parse(&format!("{}/{number}", number % 3)).expect("a path");
            unwatched.insert(path);
        }
        let Some(Noticed::Unwatched { directories, .. }) = unwatched.news() else { panic!("news") };
        assert_eq!(directories.iter().map(RelativePath::as_str).collect::<Vec<_>>(), ["0", "1", "2"]);
        unwatched.insert(RelativePath::parse("1/x").expect("a path"));
        assert_eq!(unwatched.news(), None);
    }
}
