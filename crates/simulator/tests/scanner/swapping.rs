//! On the real disk: a directory that changes places with a link to somewhere else, again and again, while a file is put into it and taken away.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a person's own program, which fails if it cannot do what it does"
)]

use super::bench::{execute, look, parse, put_file};
use homesync_disk::LocalFs;
use homesync_engine::{Expected, Operation, Seen, Step};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often something must be done, and the directory be swapped, to say that the race took place; and how long that may take.
const LEAST: usize = 20;
const LONGEST: Duration = Duration::from_secs(60);

/// Lets `d` be the directory, then a link to the outside, until it is told to stop. It ends as the directory.
fn swap(root: &Path, outside: &Path, is_over: &AtomicBool, swaps: &AtomicUsize) {
    let (place, aside, link) = (root.join("d"), root.join("aside"), root.join("link"));
    while !is_over.load(Ordering::Relaxed) {
        fs::rename(&place, &aside).unwrap();
        symlink(outside, &link).unwrap();
        fs::rename(&link, &place).unwrap();
        thread::yield_now();
        fs::remove_file(&place).unwrap();
        fs::rename(&aside, &place).unwrap();
        swaps.fetch_add(1, Ordering::Relaxed);
        thread::yield_now();
    }
}

#[test]
fn d3_a_parent_that_becomes_a_link_leads_nowhere() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (root, outside) = (folder.path(), elsewhere.path());
    fs::create_dir(root.join("d")).unwrap();
    fs::write(outside.join("theirs"), "theirs").unwrap();
    let (is_over, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut done = 0;
    thread::scope(|scope| {
        scope.spawn(|| swap(root, outside, &is_over, &swaps));
        let files = LocalFs::open(root).unwrap();
        let started = Instant::now();
        for number in 0.. {
            let is_enough = done >= LEAST && swaps.load(Ordering::Relaxed) >= LEAST;
            if is_enough || started.elapsed() > LONGEST {
                break;
            }
            done += usize::from(execute(&files, number * 3, put_file(&files, "d/new", "new")).is_ok());
            // Whatever it sees under this name is in the folder, or it sees nothing.
            for path in ["d/new", "d/theirs"] {
                if let Seen::Present { stamp, content, .. } = look(&files, path) {
                    assert_eq!(path, "d/new");
                    let entry = super::bench::entry(path, b"new");
                    assert!(content.is_same(&entry.content));
                    let expected = Expected::Object(stamp);
                    let removal =
                        Operation { path: parse(path), expected, step: Step::Remove, entry, unit: None };
                    done += usize::from(execute(&files, number * 3 + 1, removal).is_ok());
                }
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(outside).unwrap().count(), 1, "nothing was made or taken away behind the link");
    assert_eq!(fs::read(outside.join("theirs")).unwrap(), b"theirs");
    let swaps = swaps.load(Ordering::Relaxed);
    assert!(done >= LEAST && swaps >= LEAST, "{done} operations done beside {swaps} swaps");
}
