//! What a power cut may leave, and what it must not; what calls meet on the way.

mod durability;
mod faults;
mod random;

use super::{Settings, SimFs};
use crate::choices::{Tape, TapeReader};
use homesync_disk::{Name, Vfs};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

fn name(text: &str) -> Name<'_> {
    Name::new(text.as_bytes()).expect("it is a name")
}

fn choices(seed: u64) -> Rc<RefCell<TapeReader>> {
    Rc::new(RefCell::new(Tape::from_seed(seed, 256).reader()))
}

/// What a walk shows, as one text: paths with contents, directories without.
fn shown(disk: &SimFs) -> String {
    let walk = disk.walk();
    let lines = walk.iter().map(|found| {
        format!("{}={}", String::from_utf8_lossy(&found.path), String::from_utf8_lossy(&found.content))
    });
    lines.collect::<Vec<_>>().join(" ")
}

/// Everything that is left when the power is cut after these steps, over many seeds.
fn outcomes(ordered: bool, steps: impl Fn(&SimFs)) -> BTreeSet<String> {
    let settings = Settings { ordered, ..Settings::default() };
    (0..3_000)
        .map(|seed| {
            let disk = SimFs::new(settings);
            disk.set_choices(choices(seed));
            steps(&disk);
            disk.reboot();
            shown(&disk)
        })
        .collect()
}

/// A file with content at a name in the root, not durable.
fn write(disk: &SimFs, path: &str, content: &[u8]) {
    let root = disk.root().unwrap();
    let file = disk.create_file(&root, name(path), 0o600).unwrap();
    assert_eq!(disk.write_at(&file, 0, content).unwrap(), content.len());
}
