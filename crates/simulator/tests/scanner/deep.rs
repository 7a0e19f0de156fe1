//! Trees whose paths are longer than any system call takes: everything goes from one open directory to the next.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{entry, execute, look, put, put_file, scan};
use homesync_disk::serve;
use homesync_engine::{Operation, Seen, Step};
use homesync_protocol::{Content, Kind};
use homesync_simulator::filesystem::SimFs;

/// A path of twice as many bytes; systems take 4,096.
const LEVELS: usize = 4_000;

fn deep() -> (SimFs, String) {
    let fs = SimFs::default();
    let directory = vec!["d"; LEVELS].join("/");
    fs.user_write(format!("{directory}/file"), b"text").unwrap();
    (fs, directory)
}

#[test]
fn c14_a_tree_of_four_thousand_levels_is_scanned_to_its_end() {
    let (fs, directory) = deep();
    let listings = scan(&fs);
    assert_eq!(listings.len(), LEVELS + 1, "with the root");
    let last = listings.last().unwrap();
    assert_eq!(last.directory.as_ref().unwrap().as_str(), directory);
    let seen: Vec<_> = last.seen.clone().unwrap().into_iter().collect();
    assert_eq!(seen[0].0.name(), "file");
    assert!(matches!(seen[0].1, Seen::Present { content: Content::File(_), .. }), "{:?}", seen[0].1);
}

#[test]
fn c14_at_four_thousand_levels_content_is_served_put_replaced_and_removed() {
    let (fs, directory) = deep();
    let path = format!("{directory}/file");
    assert_eq!(serve(&fs, &entry(&path, b"text"), 0).unwrap(), Some(b"text".to_vec()));

    let below = format!("{directory}/new directory");
    assert_eq!(execute(&fs, 1, put(&fs, &below, Content::Directory, b"")), Ok(()));
    assert_eq!(execute(&fs, 2, put_file(&fs, &format!("{below}/file"), "new")), Ok(()));
    assert_eq!(fs.read(format!("{below}/file")).unwrap().as_slice(), b"new");

    // What is displaced goes to the recovery area, below directories of the same names.
    assert_eq!(execute(&fs, 3, put_file(&fs, &path, "newer")), Ok(()));
    assert_eq!(fs.read(&path).unwrap().as_slice(), b"newer");
    let removed = put(&fs, &path, Content::Deleted(Kind::File), b"");
    assert_eq!(execute(&fs, 4, Operation { step: Step::Remove, ..removed }), Ok(()));
    assert_eq!(look(&fs, &path), Seen::Absent);
    let kept = fs.walk().into_iter().filter(|found| found.path.starts_with(b".homesync/recovery/"));
    let kept: Vec<_> = kept.map(|found| found.content.to_vec()).filter(|bytes| !bytes.is_empty()).collect();
    assert_eq!(kept, [b"text".to_vec(), b"newer".to_vec()]);
}
