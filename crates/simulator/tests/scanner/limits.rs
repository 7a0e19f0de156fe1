//! What a folder or a peer can ask for, however much that is: no limit of the system is met.

use homesync_disk::{LocalFs, Report, Scanner, serve};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockList, Content, Entry, ShortId, Timestamp, Validity, Version};
use std::fs;

/// More than a process may have open in many places.
const DIRECTORIES: usize = 1_500;
/// What one scan may have open at once, beside what the other tests of this process have.
const MOST_OPEN: usize = 600;

#[test]
fn b6_a_scan_keeps_few_directories_open() {
    let directory = tempfile::tempdir().unwrap();
    for number in 0..DIRECTORIES {
        fs::create_dir(directory.path().join(format!("d{number}"))).unwrap();
    }
    let files = LocalFs::open(directory.path()).unwrap();
    let ignore = IgnoreRules::empty();
    let (mut listed, mut most) = (0, 0);
    Scanner::new(&files, &ignore, &|_| None, Timestamp::at(1_700_000_000), 0).scan(None, &mut |report| {
        let Report::Listing(listing) = report else { return };
        most = most.max(fs::read_dir("/proc/self/fd").unwrap().count());
        listed += usize::from(listing.seen.is_ok());
    });
    assert_eq!(listed, DIRECTORIES + 1);
    assert!(most < MOST_OPEN, "{most} are open at once");
}

#[test]
fn c14_a_peer_that_asks_for_a_path_of_many_levels_gets_a_refusal() {
    let directory = tempfile::tempdir().unwrap();
    let files = LocalFs::open(directory.path()).unwrap();
    for levels in [4_000, 32_000] {
        let wanted = Entry {
            path: RelativePath::parse(&vec!["d"; levels].join("/")).unwrap(),
            content: Content::File(BlockList::of(b"text")),
            validity: Validity::Valid,
            version: Version::empty(),
            modified: Timestamp::at(0),
            modified_by: ShortId(1),
            permissions: None,
            sequence: 0,
            previous: None,
            metadata: None,
        };
        assert!(!matches!(serve(&files, &wanted, 0), Ok(Some(_))));
    }
}
