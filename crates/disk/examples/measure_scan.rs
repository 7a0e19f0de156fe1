//! Measures scans of a directory, with one thread and with one for each processor, when nothing of it is known and when all is:
//! `cargo run --release -p homesync-disk --example measure_scan DIRECTORY`.
#![expect(clippy::print_stdout, reason = "the output is its purpose")]
#![allow(clippy::unwrap_used, reason = "a measurement that fails is none")]

use homesync_disk::{LocalFs, ParallelScanner, Report, ScanControl, Scanner};
use homesync_engine::{Local, Seen};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Entry, ShortId, Timestamp, Validity, Version};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

type Found = BTreeMap<RelativePath, Seen>;

fn main() {
    let root = std::env::args().nth(1).expect("a directory");
    let vfs = LocalFs::open(Path::new(&root)).unwrap();
    let nothing = BTreeMap::new();
    let first = measure("first look", &vfs, &nothing, true);
    let known =
        first.into_iter().filter_map(|(path, seen)| Some((path.clone(), local(path, seen)?))).collect();
    for _ in 0..3 {
        measure("nothing known, one thread", &vfs, &nothing, false);
        measure("nothing known, all", &vfs, &nothing, true);
        measure("all known, one thread", &vfs, &known, false);
        measure("all known, all", &vfs, &known, true);
    }
}

fn measure(what: &str, vfs: &LocalFs, known: &BTreeMap<RelativePath, Local>, parallel: bool) -> Found {
    let (ignore, now, control) = (IgnoreRules::empty(), Timestamp::at(4_000_000_000), ScanControl::default());
    let (begin, mut found) = (Instant::now(), Found::new());
    let known = |path: &RelativePath| known.get(path).cloned();
    let mut listings = Vec::new();
    let mut report = |report: Report| {
        if let Report::Listing(listing) = report {
            listings.push(listing.seen.unwrap());
        }
    };
    if parallel {
        ParallelScanner::new(vfs, &ignore, &known, now, 0, &control).scan(None, &mut report).unwrap();
    } else {
        Scanner::new(vfs, &ignore, &known, now, 0).scan(None, &mut report);
    }
    let took = begin.elapsed().as_secs_f64();
    listings.into_iter().for_each(|seen| found.extend(seen));
    let size = |seen: &Seen| if let Seen::Present { stamp, .. } = seen { stamp.size } else { 0 };
    let (items, bytes) = (found.len() as f64, found.values().map(size).sum::<u64>() as f64);
    println!("{what:26} {took:7.3} s {:9.0} items/s {:7.0} MB/s", items / took, bytes / 1e6 / took);
    found
}

fn local(path: RelativePath, seen: Seen) -> Option<Local> {
    let Seen::Present { stamp, content, .. } = seen else { return None };
    let entry = Entry {
        path,
        content,
        validity: Validity::Valid,
        version: Version::empty(),
        modified: stamp.modified,
        modified_by: ShortId(1),
        permissions: None,
        metadata: None,
        sequence: 0,
        previous: None,
    };
    Some(Local { entry, stamp: Some(stamp), found: None })
}
