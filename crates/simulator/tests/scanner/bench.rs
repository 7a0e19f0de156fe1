//! What it takes to scan a folder, to stage content in it and to have an operation done, on any file system.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use homesync_disk::{Executor, Report, Scanner, Staging, Vfs};
use homesync_engine::{Displaced, Expected, Intent, Journal, Listing, Operation, Seen, Step, Undone};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{BlockList, Content, Entry, ShortId, Timestamp, Validity, Version};

pub const NOW: Timestamp = Timestamp::at(1_700_000_000);

/// Intents need not last longer than the test.
struct Notes(u64);

impl Journal for Notes {
    type Error = &'static str;

    fn reserve(&mut self, many: u64) -> Result<u64, Self::Error> {
        self.0 += many;
        Ok(self.0 - many)
    }

    fn begin(&mut self, _: &[Intent]) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// Each directory of a folder, as a scan reports it when nothing is known before.
pub fn scan<V: Vfs>(vfs: &V) -> Vec<Listing> {
    let ignore = IgnoreRules::empty();
    let mut listings = Vec::new();
    Scanner::new(vfs, &ignore, &|_| None, NOW, 0).scan(None, &mut |report| {
        let Report::Listing(listing) = report else { panic!("{report:?}") };
        listings.push(listing);
    });
    listings
}

pub fn look<V: Vfs>(vfs: &V, path: &str) -> Seen {
    let ignore = IgnoreRules::empty();
    Scanner::new(vfs, &ignore, &|_| None, NOW, 0).look(&parse(path))
}

/// Puts content in place of what is there now, which goes to the recovery area. The bytes of a file are staged.
pub fn put<V: Vfs>(vfs: &V, path: &str, content: Content, bytes: &[u8]) -> Operation {
    let expected = match look(vfs, path) {
        Seen::Present { stamp, .. } => Expected::Object(stamp),
        _ => Expected::Absent,
    };
    let entry = Entry { content, ..entry(path, bytes) };
    for block in Staging::new(vfs).prepare(&entry, &[]).unwrap() {
        assert!(Staging::new(vfs).write_block(&entry, block, bytes).unwrap());
    }
    let step = Step::Put { displaced: Displaced::Recovery };
    Operation { path: parse(path), expected, step, entry, unit: None }
}

pub fn put_file<V: Vfs>(vfs: &V, path: &str, text: &str) -> Operation {
    put(vfs, path, Content::File(BlockList::of(text.as_bytes())), text.as_bytes())
}

/// Does one operation. The number is to be another one for each of a test's: acts in the recovery area are named by it.
pub fn execute<V: Vfs>(vfs: &V, number: u64, operation: Operation) -> Result<(), Undone> {
    let executor = Executor::new(vfs, &|_| false, NOW);
    executor.execute(vec![operation], &mut Notes(number)).remove(0).result.map(drop)
}

pub fn parse(path: &str) -> RelativePath {
    RelativePath::parse(path).unwrap()
}

/// A file with these bytes.
pub fn entry(path: &str, bytes: &[u8]) -> Entry {
    Entry {
        path: parse(path),
        content: Content::File(BlockList::of(bytes)),
        validity: Validity::Valid,
        version: Version::empty(),
        modified: NOW,
        modified_by: ShortId(1),
        permissions: None,
        sequence: 0,
        previous: None,
        metadata: None,
    }
}
