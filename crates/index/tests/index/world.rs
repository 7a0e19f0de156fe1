//! Random folders, and everything that an index says about one.

use crate::disk::Disk;
use homesync_engine::{Agreed, Changes, Deed, Expected, Found, Intent, JournalRecord, Kept, Local, Stamp};
use homesync_index::{
    Additions, Database, DurableIndex, FolderOptions, Index, IndexError, Options, Position,
};
use homesync_paths::RelativePath;
use homesync_protocol::{
    Attribute, BlockHash, BlockList, Content, DeviceId, Entry, Kind, Metadata, Owner, SMALLEST_BLOCK,
    ShortId, System, Timestamp, Validity, Version, WindowsOwner,
};
use std::fmt::Write;
use std::sync::Arc;

/// Numbers without a pattern, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

pub fn path(text: &str) -> RelativePath {
    RelativePath::parse(text).unwrap()
}

pub fn device(number: u8) -> DeviceId {
    DeviceId::from_bytes([number; 32])
}

pub fn any_path(random: &mut Random) -> RelativePath {
    const NAMES: [&str; 9] = ["a", "A", "a-b", "a0", "notes of a meeting.txt", "ä", "Ä", "z", "src"];
    let names: Vec<&str> = (0..=random.below(4)).map(|_| NAMES[random.below(9) as usize]).collect();
    path(&names.join("/"))
}

fn any_time(random: &mut Random) -> Timestamp {
    let seconds =
        if random.one_in(9) { random.next() as i64 } else { 1_700_000_000 + random.below(999) as i64 };
    Timestamp { seconds, nanoseconds: random.below(2) as u32 * random.below(999_999_999) as u32 }
}

fn any_content(random: &mut Random) -> Content {
    match random.below(8) {
        0 => Content::Directory,
        1 => Content::Link("x".repeat(random.below(900) as usize).into()),
        2 => Content::Deleted([Kind::File, Kind::Directory, Kind::Link][random.below(3) as usize]),
        kind => {
            let blocks = if kind == 3 { 1 + random.below(40) } else { 1 };
            let block_size = SMALLEST_BLOCK << random.below(2);
            let size = (blocks - 1) * u64::from(block_size) + random.below(u64::from(block_size)) + 1;
            let hashes: Vec<_> = (0..blocks).map(|_| BlockHash([random.below(60) as u8; 32])).collect();
            Content::File(BlockList::new(size, block_size, hashes).unwrap())
        }
    }
}

/// Owner and attributes.
fn metadata(random: &mut Random) -> Arc<Metadata> {
    let name = |random: &mut Random| ["", "ann", "bob"][random.below(3) as usize].to_string();
    let owner = |random: &mut Random| Owner {
        user: name(random),
        group: name(random),
        user_number: random.next() as u32,
        group_number: random.next() as u32,
    };
    let windows = |random: &mut Random| WindowsOwner { name: name(random), is_group: random.one_in(2) };
    let owner = random.one_in(2).then(|| owner(random));
    let windows = random.one_in(4).then(|| windows(random));
    let mut metadata = Metadata::new(owner, windows);
    for system in System::ALL {
        if random.one_in(3) {
            let attribute =
                |name: u64| Attribute { name: format!("user.{name}"), value: vec![7; name as usize] };
            metadata.set_attributes(system, (0..random.below(4)).map(attribute).collect());
        }
    }
    Arc::new(metadata)
}

pub fn any_entry(random: &mut Random, path: RelativePath) -> Entry {
    use Validity::{Ignored, Invalid, OnlyHere, Suspect, Unsupported, Valid};
    let validity = [Valid, Valid, Valid, Valid, Invalid, Ignored, Unsupported, Suspect, OnlyHere];
    let counters =
        (0..random.below(4)).map(|_| (ShortId(random.below(5) << 60), random.next() >> random.below(64)));
    let counters: Vec<_> = counters.collect();
    let digest = BlockList::of(b"before").digest();
    Entry {
        path,
        content: any_content(random),
        validity: validity[random.below(9) as usize],
        version: Version::from_counters(counters).unwrap(),
        modified: any_time(random),
        modified_by: ShortId(random.below(5) << 60),
        permissions: (!random.one_in(3)).then(|| random.below(0o1000) as u16),
        sequence: 0,
        previous: random.one_in(4).then_some(digest),
        metadata: random.one_in(4).then(|| metadata(random)),
    }
}

pub fn any_stamp(random: &mut Random, entry: &Entry) -> Stamp {
    let usual = !random.one_in(3);
    Stamp {
        kind: if usual { entry.content.kind() } else { Kind::Link },
        size: if usual { entry.content.blocks().map_or(0, BlockList::size) } else { random.next() },
        modified: if usual { entry.modified } else { any_time(random) },
        changed: any_time(random),
        inode: random.next() >> random.below(64),
        permissions: entry.permissions.filter(|_| usual).unwrap_or(random.below(0o10000) as u16),
    }
}

/// How owner and attributes stand there: as they are said to, otherwise, or nobody has looked.
fn any_found(random: &mut Random, entry: &Entry) -> Option<Arc<Found>> {
    let metadata = match random.below(3) {
        0 => return None,
        1 => entry.metadata.clone().unwrap_or_default(),
        _ => metadata(random),
    };
    let refused = random.one_in(2).then(|| "its owner: no".into());
    Some(Arc::new(Found { metadata, refused }))
}

/// A change as an event makes one: mostly small.
pub fn any_changes(random: &mut Random) -> (Changes, Additions) {
    let (mut changes, mut additions) = (Changes::default(), Additions::default());
    for _ in 0..random.below(20) {
        let path = any_path(random);
        let entry = any_entry(random, path);
        let stamp = (!random.one_in(3)).then(|| any_stamp(random, &entry));
        let found = stamp.and_then(|_| any_found(random, &entry));
        changes.local.push(Local { entry, stamp, found });
    }
    for _ in 0..random.below(3) {
        let path = any_path(random);
        let entry = any_entry(random, path.clone());
        changes.restamped.push((path, any_stamp(random, &entry), any_found(random, &entry)));
    }
    if random.one_in(8) {
        changes.forget.push(device(random.below(3) as u8));
    }
    for _ in 0..random.below(12) {
        let path = any_path(random);
        changes.others.push((device(random.below(3) as u8), any_entry(random, path)));
    }
    for _ in 0..random.below(8) {
        let path = any_path(random);
        let entry = any_entry(random, path.clone());
        changes.agreed.push((path, (!random.one_in(4)).then(|| Agreed::of(&entry))));
    }
    for _ in 0..random.below(3) {
        changes.settled.push(random.below(30));
        let deed =
            [Deed::Created, Deed::Replaced, Deed::Removed, Deed::Moved, Deed::Adjusted, Deed::KeptAside];
        changes.journal.push(JournalRecord {
            at: random.next() as i64,
            path: any_path(random),
            deed: deed[random.below(6) as usize],
            by: ShortId(random.next()),
            kept: any_kept(random),
        });
    }
    if random.one_in(3) {
        let position = Position { index_id: random.next(), sequence: random.below(1 << 40) };
        additions.positions.push((device(random.below(4) as u8), position));
    }
    additions.scanned = random.one_in(6);
    (changes, additions)
}

fn any_kept(random: &mut Random) -> Option<Kept> {
    match random.below(4) {
        0 => None,
        1 => Some(Kept::Recovery("2026/old".to_owned())),
        2 => Some(Kept::Program("trash-put".to_owned())),
        _ => Some(Kept::Version(any_path(random))),
    }
}

pub fn any_intent(random: &mut Random, number: u64) -> Intent {
    let path = any_path(random);
    let entry = any_entry(random, path.clone());
    Intent {
        number,
        path,
        expected: if random.one_in(3) {
            Expected::Absent
        } else {
            Expected::Object(any_stamp(random, &entry))
        },
        staged: random.one_in(2).then(|| any_stamp(random, &entry)),
        staged_name: random.one_in(2).then(|| format!("staged-{number}")),
        slot: (!number.is_multiple_of(3)).then(|| format!("slot-{number}")),
        copies: (0..random.below(3)).map(|_| any_path(random)).collect(),
    }
}

/// Everything that an index says, as text that can be compared.
pub fn dump(index: &dyn Index) -> String {
    let mut all = format!("{} {} {}\n", index.index_id(), index.sequence(), index.counter_floor());
    let _ = writeln!(all, "{} {:?}", index.fresh(), index.present());
    for local in index.locals(None, usize::MAX).unwrap() {
        let _ = writeln!(all, "{local:?}");
    }
    let mut paths = Vec::new();
    let mut visit = |path: &RelativePath| {
        paths.push(path.clone());
        true
    };
    index.paths_below(None, &mut visit).unwrap();
    for path in paths {
        let _ = writeln!(all, "{path:?} {:?} {:?}", index.others(&path), index.agreed(&path));
    }
    let numbers = index.announce_since(0, usize::MAX).unwrap();
    let numbers: Vec<_> = numbers.iter().map(|entry| (entry.sequence, entry.path.clone())).collect();
    let _ = writeln!(all, "{numbers:?}\n{:?}", index.open_intents());
    let _ = writeln!(all, "{:?}", index.journal(None, usize::MAX));
    let positions: Vec<_> = (0..4).map(|number| index.others_position(device(number))).collect();
    let _ = writeln!(all, "{positions:?}");
    all
}

pub const FOLDER: FolderOptions = FolderOptions { index_id_if_new: 77, folds_case: true };

/// Makes a database on an empty disk.
pub fn create(disk: &Disk) -> Result<Database, IndexError> {
    Database::create_with_backend(disk.clone(), &Options::default())
}

/// Opens the database on a disk.
pub fn open(disk: &Disk) -> Result<Database, IndexError> {
    Database::open_with_backend(disk.clone(), &Options::default())
}

/// Opens the one folder of these tests.
pub fn folder(database: &Database) -> Result<DurableIndex, IndexError> {
    database.folder("folder", FOLDER)
}

/// An item with a content of its own, at a path.
pub fn local(text: &str) -> Local {
    let entry = Entry {
        path: path(text),
        content: Content::File(BlockList::of(text.as_bytes())),
        validity: Validity::Valid,
        version: Version::empty().changed(ShortId(5), 1),
        modified: Timestamp::at(1),
        modified_by: ShortId(5),
        permissions: None,
        sequence: 0,
        previous: None,
        metadata: None,
    };
    let stamp = any_stamp(&mut Random(1), &entry);
    Local { entry, stamp: Some(stamp), found: None }
}

/// Changes that store items at these paths.
pub fn locals(paths: &[&str]) -> Changes {
    Changes { local: paths.iter().map(|path| local(path)).collect(), ..Changes::default() }
}
