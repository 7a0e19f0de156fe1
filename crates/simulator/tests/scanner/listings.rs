//! Objects in a directory that cannot be told to others: the listing says that there are some, and shows all the others.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{NOW, entry, parse, scan};
use homesync_disk::{Report, Scanner};
use homesync_engine::{Listing, Local, Seen};
use homesync_paths::{IgnoreRules, RelativePath};
use homesync_protocol::{Content, Entry};
use homesync_simulator::filesystem::SimFs;

/// The directories that leave something out, and the names that were seen in all.
fn listed(fs: &SimFs) -> (Vec<String>, Vec<String>) {
    let listings = scan(fs);
    let of = |listing: &Listing| listing.directory.as_ref().map_or("", |path| path.as_str()).to_string();
    let leaves_out = listings.iter().filter(|listing| listing.leaves_out).map(of).collect();
    let seen = listings.iter().flat_map(|listing| listing.seen.clone().unwrap());
    (leaves_out, seen.map(|(path, _)| path.as_str().to_string()).collect())
}

#[test]
fn d8_a_local_name_that_is_no_text_is_left_out_and_the_others_are_seen() {
    let fs = SimFs::default();
    fs.user_write(b"d/caf\xe9", b"mine").unwrap();
    fs.user_write(b"d/zebra", b"text").unwrap();
    fs.user_write(b"e/\xff/below", b"mine").unwrap();
    fs.user_write(b"e/text", b"text").unwrap();
    fs.user_write(b"f/text", b"text").unwrap();
    let (leaves_out, seen) = listed(&fs);
    assert_eq!(leaves_out, ["d", "e"]);
    assert_eq!(seen, ["d", "e", "f", "d/zebra", "e/text", "f/text"]);
    // What is gone is not left out any more.
    fs.user_remove_tree(b"d/caf\xe9").unwrap();
    assert_eq!(listed(&fs).0, ["e"]);
}

#[test]
fn e14_what_another_file_system_is_mounted_over_is_not_entered_and_not_gone() {
    let fs = SimFs::default();
    fs.user_write("known/a", b"mine").unwrap();
    fs.user_write("new/a", b"mine").unwrap();
    let known = entry("known", b"");
    let stamp = fs.status_of("known").unwrap().stamp();
    let knows = |path: &RelativePath| {
        let entry = Entry { content: Content::Directory, ..known.clone() };
        (path.as_str() == "known").then_some(Local { entry, stamp, found: None })
    };
    ["known", "new"].into_iter().for_each(|path| fs.mount_over(path, 77).unwrap());
    let mut listings = Vec::new();
    let ignore = IgnoreRules::empty();
    Scanner::new(&fs, &ignore, &knows, NOW, 0).scan(None, &mut |report| listings.push(report));
    let [Report::Listing(Listing { directory: None, seen: Ok(seen), leaves_out: true, .. })] = &listings[..]
    else {
        panic!("{listings:?}")
    };
    // What it hides may not count as removed; what nobody ever knew is left out.
    assert!(matches!(&seen[&parse("known")], Seen::Unknown(why) if why.contains("mounted")), "{seen:?}");
    assert_eq!(seen[&parse("new")], Seen::Ignored);
}

#[test]
fn d16_something_special_is_left_out_and_the_others_are_seen() {
    let fs = SimFs::default();
    fs.user_special("d/pipe").unwrap();
    fs.user_write("d/zebra", b"text").unwrap();
    let listings = scan(&fs);
    let d = listings.iter().find(|listing| listing.directory.is_some()).unwrap();
    assert!(d.leaves_out, "with the directory it would be lost");
    let seen: Vec<_> = d.seen.clone().unwrap().into_iter().collect();
    assert_eq!(seen[0].1, Seen::Ignored);
    assert!(matches!(seen[1].1, Seen::Present { .. }));
}
