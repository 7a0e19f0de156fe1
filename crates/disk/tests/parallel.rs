//! A scan on all processors finds what a scan with one thread finds, in an order in which no directory overtakes the one above it.
#![allow(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use arbtest::arbitrary::{Result, Unstructured};
use homesync_disk::{Cancelled, LocalFs, ParallelScanner, Report, ScanControl, Scanner};
use homesync_engine::{Local, Seen};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Entry, ShortId, Timestamp, Validity, Version};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Far enough behind all times that nothing counts as just written.
const NOW: Timestamp = Timestamp::at(4_000_000_000);

type Known = BTreeMap<RelativePath, Local>;

/// Each report by the path that it is about, as text: two are equal only if all in them is.
fn by_path(reports: &[Report]) -> BTreeMap<String, String> {
    let path = |report: &Report| match report {
        Report::Look(path, _) => format!("look {}", path.as_str()),
        Report::Listing(listing) => listing.directory.as_ref().map_or("", RelativePath::as_str).to_string(),
    };
    let all: BTreeMap<_, _> = reports.iter().map(|report| (path(report), format!("{report:?}"))).collect();
    assert_eq!(all.len(), reports.len(), "something was told twice");
    all
}

fn alone(vfs: &LocalFs, ignore: &IgnoreRules, known: &Known, path: Option<&RelativePath>) -> Vec<Report> {
    let mut reports = Vec::new();
    let known = |path: &RelativePath| known.get(path).cloned();
    Scanner::new(vfs, ignore, &known, NOW, 7).scan(path, &mut |report| reports.push(report));
    reports
}

fn together(
    (vfs, ignore, known): (&LocalFs, &IgnoreRules, &Known),
    path: Option<&RelativePath>,
    threads: usize,
) -> Vec<Report> {
    let (control, mut reports) = (ScanControl::default(), Vec::new());
    let known = |path: &RelativePath| known.get(path).cloned();
    ParallelScanner::new(vfs, ignore, &known, NOW, 7, &control)
        .with_threads(NonZeroUsize::new(threads).unwrap())
        .scan(path, &mut |report| reports.push(report))
        .unwrap();
    reports
}

/// The same reports, and each directory's after that of the one above it.
fn expect_equal(root: &Path, ignore: &IgnoreRules, known: &Known, path: Option<&RelativePath>) {
    let vfs = LocalFs::open(root).unwrap();
    let expected = by_path(&alone(&vfs, ignore, known, path));
    for threads in [1, 2, 5] {
        let reports = together((&vfs, ignore, known), path, threads);
        assert_eq!(by_path(&reports), expected, "with {threads} threads");
        let mut told = BTreeSet::new();
        for report in &reports {
            let Report::Listing(listing) = report else { continue };
            let above = listing.directory.as_ref().and_then(RelativePath::parent);
            let is_first = listing.directory.as_ref() == path;
            assert!(is_first || told.contains(&above), "{:?} came too early", listing.directory);
            told.insert(listing.directory.clone());
        }
    }
}

/// What a scan found, as it is known afterwards; without some of it.
fn known_of(reports: &[Report], keep: &mut dyn FnMut() -> bool) -> Known {
    let listings = reports.iter().filter_map(|report| match report {
        Report::Listing(listing) => listing.seen.as_ref().ok(),
        Report::Look(..) => None,
    });
    let local = |(path, seen): (&RelativePath, &Seen)| {
        let Seen::Present { stamp, content, .. } = seen else { return None };
        let entry = Entry {
            path: path.clone(),
            content: content.clone(),
            validity: Validity::Valid,
            version: Version::empty(),
            modified: stamp.modified,
            modified_by: ShortId(1),
            permissions: None,
            metadata: None,
            sequence: 0,
            previous: None,
        };
        Some((path.clone(), Local { entry, stamp: Some(*stamp), found: None }))
    };
    listings.flatten().filter_map(local).filter(|_| keep()).collect()
}

fn grow(random: &mut Unstructured<'_>, directory: &Path, directories: &mut Vec<PathBuf>) -> Result<()> {
    for _ in 0..random.int_in_range(0..=12)? {
        let names = ["a", "b", "Ä", "A\u{308}", "x.o", ".stfolder", "caf\u{e9}", "kept", "~syncthing~f.tmp"];
        let name = format!("{}{}", random.choose(&names)?, random.choose(&["", "1", "2"])?);
        let path = directory.join(name);
        match random.int_in_range(0..=5)? {
            0 | 1 if fs::create_dir(&path).is_ok() => directories.push(path),
            2 => drop(std::os::unix::fs::symlink("elsewhere", &path)),
            3 => drop(fs::write(&path, vec![0; random.int_in_range(0..=300_000)?])),
            _ => drop(fs::write(&path, vec![random.arbitrary()?; random.int_in_range(0..=70_000)?])),
        }
    }
    Ok(())
}

#[test]
fn random_trees_are_seen_as_by_one_thread() {
    let ignore = IgnoreRules::compile("*.o\n!/a/**/kept\n/b", &mut |_| Err(String::new()));
    let ignore = ignore.unwrap();
    arbtest::arbtest(|random| {
        let root = tempfile::tempdir().unwrap();
        let mut directories = vec![root.path().to_path_buf()];
        for _ in 0..random.int_in_range(1..=20)? {
            let directory = random.choose(&directories)?.clone();
            grow(random, &directory, &mut directories)?;
        }
        let vfs = LocalFs::open(root.path()).unwrap();
        expect_equal(root.path(), &ignore, &Known::new(), None);
        let reports = alone(&vfs, &ignore, &Known::new(), None);
        let known = known_of(&reports, &mut || random.ratio(3, 4).unwrap_or(true));
        expect_equal(root.path(), &ignore, &known, None);
        for below in ["a", "a1", "missing"] {
            expect_equal(root.path(), &ignore, &known, Some(&RelativePath::parse(below).unwrap()));
        }
        Ok(())
    })
    .budget_ms(4_000);
}

/// One directory holds all, and one file is larger than one thread reads alone; another is of zeros and takes no room.
#[test]
fn a_directory_with_all_files_and_a_huge_file_are_divided() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..3_000_u32 {
        fs::write(root.path().join(format!("{number:x}")), number.to_string().repeat(300)).unwrap();
    }
    fs::create_dir(root.path().join("below")).unwrap();
    fs::write(root.path().join("below/f"), "text").unwrap();
    let pattern: Vec<u8> = (0..70_000_001_u64).map(|number| (number * number / 7) as u8).collect();
    fs::write(root.path().join("huge"), pattern).unwrap();
    fs::File::create(root.path().join("sparse")).unwrap().set_len(200_000_000).unwrap();
    expect_equal(root.path(), &IgnoreRules::empty(), &Known::new(), None);
}

#[test]
fn progress_is_counted() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..10 {
        fs::write(root.path().join(number.to_string()), "four").unwrap();
    }
    let (vfs, ignore, control) =
        (LocalFs::open(root.path()).unwrap(), IgnoreRules::empty(), ScanControl::default());
    let scanner = ParallelScanner::new(&vfs, &ignore, &|_| None, NOW, 0, &control);
    scanner.scan(None, &mut |_| {}).unwrap();
    assert_eq!((control.files(), control.bytes()), (10, 40));
}

/// It is stopped in the middle of a directory with many entries, and ends at once, without having told half of it.
#[test]
fn c12_a_scan_of_a_directory_with_very_many_entries_ends_when_it_is_asked_to() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..30_000 {
        fs::write(root.path().join(number.to_string()), "").unwrap();
    }
    let (vfs, ignore, control) =
        (LocalFs::open(root.path()).unwrap(), IgnoreRules::empty(), ScanControl::default());
    let is_begun = AtomicBool::new(false);
    let known = |path: &RelativePath| {
        if path.as_str() == "5000" {
            is_begun.store(true, Ordering::SeqCst);
            control.stop();
        }
        None
    };
    let (begin, mut reports) = (Instant::now(), 0);
    let scanner = ParallelScanner::new(&vfs, &ignore, &known, NOW, 0, &control);
    assert_eq!(scanner.scan(None, &mut |_| reports += 1), Err(Cancelled));
    assert!(is_begun.load(Ordering::SeqCst) && reports == 0);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
}

/// Whoever takes the reports fails: nobody may wait for ever.
#[test]
fn a_panic_ends_all_threads() {
    let root = tempfile::tempdir().unwrap();
    for number in 0..200 {
        fs::create_dir_all(root.path().join(format!("{number}/below"))).unwrap();
    }
    let (vfs, ignore) = (LocalFs::open(root.path()).unwrap(), IgnoreRules::empty());
    for (in_report, text) in [(true, "taking a report"), (false, "asking what is known")] {
        let control = ScanControl::default();
        let known = |path: &RelativePath| {
            assert!(in_report || path.as_str() != "150", "{text}");
            None
        };
        let scanner = ParallelScanner::new(&vfs, &ignore, &known, NOW, 0, &control);
        let scan = || scanner.scan(None, &mut |_| assert!(!in_report, "{text}"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(scan)).is_err());
    }
}
