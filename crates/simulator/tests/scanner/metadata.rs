//! Owner and attributes as a scan sees them, and when what is known of them is enough.
#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use super::bench::{NOW, parse};
use homesync_disk::Scanner;
use homesync_engine::{Candidates, Carry, Local, Meaning, MetadataRules, Rules, Seen, record};
use homesync_paths::IgnoreRules;
use homesync_protocol::{Metadata, ShortId, System};
use homesync_simulator::filesystem::{Call, Settings, SimFs};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

const SYNC: MetadataRules =
    MetadataRules { owner: Carry::Sync, attributes: Carry::Sync, system: System::Linux };

fn look(fs: &SimFs, path: &str, known: Option<&Local>) -> Option<Arc<Metadata>> {
    let ignore = IgnoreRules::empty();
    let known = |_: &_| known.cloned();
    let seen = Scanner::new(fs, &ignore, &known, NOW, 0).with_metadata(SYNC).look(&parse(path));
    let Seen::Present { metadata, .. } = seen else { panic!("{seen:?}") };
    metadata
}

/// What the index has of it after a look.
fn known(fs: &SimFs, path: &str) -> Local {
    let ignore = IgnoreRules::empty();
    let seen = Scanner::new(fs, &ignore, &|_| None, NOW, 0).with_metadata(SYNC).look(&parse(path));
    let rules = Rules { metadata: SYNC, ..Rules::new(ShortId(1)) };
    let meaning = record(&parse(path), &seen, &Candidates::default(), &rules, 1);
    let Meaning::Now(mut local) = meaning else { panic!("{meaning:?}") };
    // Looked at once more, when its times could tell a later change.
    local.stamp = fs.status_of(path).unwrap().stamp();
    *local
}

/// How often attributes are asked for meanwhile.
fn counting<T>(fs: &SimFs, act: impl FnOnce() -> T) -> (T, u64) {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    fs.set_hook(Box::new(move |_, _, call| {
        counted.set(counted.get() + u64::from(call == Call::AttributeNames));
    }));
    let result = act();
    fs.clear_hook();
    (result, count.get())
}

#[test]
fn what_nobody_touched_is_not_asked_for_its_attributes_again() {
    let fs = SimFs::default();
    fs.user_write("file", b"text").unwrap();
    fs.user_symlink("link", "file").unwrap();
    fs.user_mkdir("directory").unwrap();
    fs.user_set_attribute("file", "user.note", Some(b"a")).unwrap();
    // A directory is touched by whatever is made in it, and a link has none that travel.
    for (path, asked) in [("file", 0), ("link", 0), ("directory", 1)] {
        let known = known(&fs, path);
        let (seen, many) = counting(&fs, || look(&fs, path, Some(&known)));
        assert_eq!((seen.as_ref(), many), (Some(&known.found.as_ref().unwrap().metadata), asked), "{path}");
        fs.user_chown(path, 7, 7).unwrap();
        let now = look(&fs, path, Some(&known)).unwrap();
        assert_eq!(now.owner.as_ref().map(|owner| owner.user.as_str()), Some("u7"), "{path}");
    }
    let known = known(&fs, "file");
    fs.user_set_attribute("file", "user.note", Some(b"b")).unwrap();
    let now = look(&fs, "file", Some(&known)).unwrap();
    assert_eq!(now.attributes(System::Linux).unwrap()[0].value, b"b");
}

#[test]
fn d17_where_there_can_be_no_attributes_there_are_none() {
    let fs = SimFs::new(Settings { attributes: false, ..Settings::default() });
    fs.user_write("file", b"text").unwrap();
    let seen = look(&fs, "file", None).unwrap();
    assert_eq!(seen.attributes(System::Linux).map(<[_]>::len), Some(0), "that is known, not unknown");
}

#[test]
fn what_does_not_travel_and_what_is_too_large_is_not_seen() {
    let fs = SimFs::default();
    fs.user_write("file", b"text").unwrap();
    let large = vec![1; 2_000];
    for (name, value) in
        [("user.note", &b"a"[..]), ("user.large", &large), ("security.capability", b"x"), ("trusted.x", b"y")]
    {
        fs.user_set_attribute("file", name, Some(value)).unwrap();
    }
    let seen = look(&fs, "file", None).unwrap();
    let names: Vec<&str> =
        seen.attributes(System::Linux).unwrap().iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["user.note"]);
}
