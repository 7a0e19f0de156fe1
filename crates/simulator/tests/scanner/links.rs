//! Links on the real disk, where following one would lead somewhere. What is seen, served and put in place is the link, never what it leads to.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{entry, execute, look, parse, put_file, scan};
use homesync_disk::{LocalFs, Staging, serve};
use homesync_engine::{Expected, Operation, Seen, Step, Undone};
use homesync_protocol::Content;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SECRET: &str = "a secret";

/// A folder full of links, and beside it what must not be touched.
struct Stage {
    directory: TempDir,
    files: LocalFs,
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (folder, outside) = (directory.path().join("folder"), directory.path().join("outside"));
        fs::create_dir_all(folder.join("d")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), SECRET).unwrap();
        fs::write(folder.join("d/a"), "text").unwrap();
        for (name, target) in links(&outside) {
            symlink(target, folder.join(name)).unwrap();
        }
        let files = LocalFs::open(&folder).unwrap();
        Self { directory, files }
    }

    fn links(&self) -> Vec<(&'static str, PathBuf)> {
        links(&self.directory.path().join("outside"))
    }

    /// A path of the folder, as the system knows it.
    fn place(&self, path: &str) -> PathBuf {
        self.directory.path().join("folder").join(path)
    }

    /// What is outside is as it was.
    fn expect_outside(&self) {
        let outside = self.directory.path().join("outside");
        assert_eq!(fs::read_to_string(outside.join("secret")).unwrap(), SECRET);
        assert_eq!(fs::read_dir(outside).unwrap().count(), 1);
    }
}

/// Where links lead: outside, to a directory with something in it, to themselves, and to nothing.
fn links(outside: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("absolute", outside.join("secret")),
        ("dangling", "there/is/nothing".into()),
        ("inside", "d".into()),
        ("loop", "loop".into()),
        ("outside", outside.to_path_buf()),
        ("up", "../outside/secret".into()),
    ]
}

#[test]
fn d4_a_scan_sees_links_and_not_what_they_lead_to() {
    let stage = Stage::new();
    let seen: Vec<_> = scan(&stage.files).into_iter().flat_map(|listing| listing.seen.unwrap()).collect();
    let names: Vec<&str> = seen.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["absolute", "d", "dangling", "inside", "loop", "outside", "up", "d/a"]);
    for (name, target) in stage.links() {
        let found = seen.iter().find(|(path, _)| path.as_str() == name);
        let Some((_, Seen::Present { content: Content::Link(found), .. })) = found else {
            panic!("{found:?}")
        };
        assert_eq!(**found, *target.to_str().unwrap());
    }
    // Asked for what is behind a link, it finds nothing there.
    assert_eq!(look(&stage.files, "outside/secret"), Seen::Absent);
    assert_eq!(look(&stage.files, "inside/a"), Seen::Absent);
    assert_eq!(look(&stage.files, "loop/a"), Seen::Absent);
}

#[test]
fn d4_what_is_behind_a_link_is_served_to_nobody_and_no_source_of_content() {
    let stage = Stage::new();
    for (path, text) in
        [("absolute", SECRET), ("up", SECRET), ("outside/secret", SECRET), ("inside/a", "text")]
    {
        let wanted = entry(path, text.as_bytes());
        assert!(!matches!(serve(&stage.files, &wanted, 0), Ok(Some(_))), "{path}");
        let other = entry("new", text.as_bytes());
        let missing = Staging::new(&stage.files).prepare(&other, &[parse(path)]).unwrap();
        assert_eq!(missing, [0], "{path}");
    }
    assert_eq!(serve(&stage.files, &entry("d/a", b"text"), 0).unwrap(), Some(b"text".to_vec()));
}

#[test]
fn d4_a_file_takes_the_place_of_a_link_and_not_of_what_it_leads_to() {
    let stage = Stage::new();
    for ((name, target), number) in stage.links().into_iter().zip(1..) {
        assert_eq!(execute(&stage.files, number, put_file(&stage.files, name, "new")), Ok(()), "{name}");
        assert!(fs::symlink_metadata(stage.place(name)).unwrap().is_file());
        assert_eq!(fs::read_to_string(stage.place(name)).unwrap(), "new");
        let mut acts = fs::read_dir(stage.place(".homesync/recovery")).unwrap().flatten();
        let is_link =
            |act: fs::DirEntry| fs::read_link(act.path().join(name)).is_ok_and(|kept| kept == target);
        assert!(acts.any(is_link), "the link {name} is in the recovery area, as it was");
    }
    stage.expect_outside();
    assert_eq!(fs::read_to_string(stage.place("d/a")).unwrap(), "text");
}

#[test]
fn d4_nothing_is_made_or_removed_behind_a_link() {
    let stage = Stage::new();
    for path in ["outside/new", "inside/new", "loop/new", "dangling/new"] {
        assert_eq!(
            execute(&stage.files, 1, put_file(&stage.files, path, "new")),
            Err(Undone::Changed),
            "{path}"
        );
    }
    for (path, behind) in [("d/a", "inside/a"), ("inside", "loop/inside")] {
        let Seen::Present { stamp, .. } = look(&stage.files, path) else { panic!("{path}") };
        let operation = put_file(&stage.files, behind, "new");
        let expected = Expected::Object(stamp);
        let remove = Operation { step: Step::Remove, expected, ..operation.clone() };
        assert_eq!(execute(&stage.files, 2, remove), Err(Undone::Changed));
        assert_eq!(execute(&stage.files, 3, Operation { expected, ..operation }), Err(Undone::Changed));
    }
    stage.expect_outside();
    assert_eq!(fs::read_dir(stage.place("d")).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(stage.place("d/a")).unwrap(), "text");
}
