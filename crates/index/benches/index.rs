//! How fast and how small the index is: entries of one block each, in directories as people have them, stored in durable batches of 1,000.
//!
//! `cargo bench -p homesync-index -- --entries 1000000`, with `--in-order` without the shuffled half. The second number of a line is of
//! this process's own processor time, which other work on the machine changes less. Memory is what the process held at most above what the list of
//! paths itself takes.

#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use homesync_engine::{Changes, Local, Stamp, View};
use homesync_index::{Database, DurableIndex, FolderOptions, Index, Options};
use homesync_paths::RelativePath;
use homesync_protocol::{
    BlockHash, BlockList, Content, Entry, Kind, SMALLEST_BLOCK, ShortId, Timestamp, Validity, Version,
};
use std::path::Path;
use std::time::Instant;

const BATCH: usize = 1_000;
/// Items of one step of a walk: few enough to stay in the processor's cache.
const CHUNK: usize = 1_000;
const LOOKUPS: u64 = 100_000;

const WORDS: [&str; 40] = [
    "Documents",
    "projects",
    "Pictures",
    "src",
    ".config",
    "notes",
    "work",
    "archive",
    "2024",
    "client-a",
    "crates",
    "assets",
    "internal",
    "Holiday in Norway",
    "include",
    "tests",
    "node_modules",
    "Invoices",
    "components",
    "build",
    "Größe",
    "v2.1",
    "common",
    "lib",
    "index",
    "main",
    "report-final",
    "README",
    "package-lock",
    "mod",
    "Anschreiben",
    "minutes of the meeting",
    "scan",
    "screenshot",
    "budget",
    "draft",
    "thesis",
    "cover",
    "IMG",
    "util",
];
const ENDINGS: [&str; 10] = ["rs", "md", "jpg", "pdf", "json", "txt", "js", "odt", "png", "h"];

fn main() {
    let is_in_order = std::env::args().any(|argument| argument == "--in-order");
    let mut arguments = std::env::args();
    let entries = match arguments.find(|argument| argument == "--entries") {
        Some(_) => arguments.next().and_then(|count| count.parse().ok()).expect("--entries takes a number"),
        None => 1_000_000,
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut paths = paths(entries);
    println!("{} entries", paths.len());
    run("in order", &paths, &directory.path().join("ordered.redb"));
    if is_in_order {
        return;
    }
    shuffle(&mut paths);
    run("shuffled", &paths, &directory.path().join("shuffled.redb"));
}

fn run(name: &str, paths: &Texts, file: &Path) {
    println!("\n{name}");
    let before = memory("VmRSS:");
    // Makes the highest value of the process begin again from here.
    std::fs::write("/proc/self/clear_refs", "5").expect("the highest memory can be reset");
    let database = Database::open(file, &Options::default()).expect("a new database");
    let options = FolderOptions { index_id_if_new: 1, folds_case: false };
    let mut index = database.folder("bench", options).expect("a new folder");
    let watch = Watch::start();
    for first in (0..paths.len()).step_by(BATCH) {
        let batch = first..paths.len().min(first + BATCH);
        let local = batch.map(|place| local(paths.get(place), place as u64)).collect();
        index.commit(&Changes { local, ..Changes::default() }).expect("a commit");
    }
    let (wall, own) = watch.rates(paths.len());
    println!("  insert      {wall:>10.0} /s {own:>10.0} /s");
    println!("  before compaction {:>6.0} bytes/entry", size(file) / paths.len() as f64);
    let start = Instant::now();
    database.compact().expect("a compaction");
    println!("  compaction  {:>10.1} s", start.elapsed().as_secs_f64());
    println!("  after compaction  {:>6.0} bytes/entry", size(file) / paths.len() as f64);
    read(&index, paths);
    println!("  memory      {:>10.0} MiB at most", memory("VmHWM:") - before);
    drop((index, database));
    for always_check in [false, true] {
        let options = Options { always_check, ..Options::default() };
        let start = Instant::now();
        drop(Database::open(file, &options).expect("it opens again"));
        let how = if always_check { "checked" } else { "clean" };
        println!("  open, {how:<7} {:>7.1} ms", start.elapsed().as_secs_f64() * 1e3);
    }
}

fn read(index: &DurableIndex, paths: &Texts) {
    let mut random = 7;
    let mut best = f64::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        for _ in 0..LOOKUPS {
            let path = paths.get((next(&mut random) % paths.len() as u64) as usize);
            assert!(index.local(&path).expect("a look-up").is_some());
        }
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("  look-up     {:>10.1} µs", best * 1e6 / LOOKUPS as f64);
    let watch = Watch::start();
    let (mut count, mut after) = (0, None);
    loop {
        let chunk = index.locals(after.as_ref(), CHUNK).expect("a scan");
        count += chunk.len();
        match chunk.last() {
            Some(last) => after = Some(last.entry.path.clone()),
            None => break,
        }
    }
    assert_eq!(count, paths.len());
    watch.say("scan       ", count);
    let watch = Watch::start();
    let mut count = 0;
    index
        .paths_below(None, &mut |_| {
            count += 1;
            true
        })
        .expect("a walk");
    watch.say("walk       ", count);
    let watch = Watch::start();
    let (mut count, mut after) = (0, 0);
    loop {
        let chunk = index.announce_since(after, 1_000).expect("an announcement");
        count += chunk.len();
        match chunk.last() {
            Some(last) => after = last.sequence,
            None => break,
        }
    }
    watch.say("by sequence", count);
}

/// Time on the wall and of this process's own work.
struct Watch {
    wall: Instant,
    own: f64,
}

impl Watch {
    fn start() -> Self {
        Self { wall: Instant::now(), own: own_seconds() }
    }

    /// How many a second, by either.
    fn rates(&self, count: usize) -> (f64, f64) {
        let count = count as f64;
        (count / self.wall.elapsed().as_secs_f64(), count / (own_seconds() - self.own))
    }

    fn say(&self, what: &str, count: usize) {
        let (wall, own) = self.rates(count);
        println!("  {what} {:>10.2} M/s {:>8.2} M/s", wall / 1e6, own / 1e6);
    }
}

/// Seconds that this process has computed for itself, in steps of a hundredth.
fn own_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("the state of this process");
    // The name of the program comes before and may hold anything.
    let fields = stat.rsplit(')').next().expect("fields behind the name");
    fields.split_whitespace().nth(11).and_then(|ticks| ticks.parse::<f64>().ok()).expect("a number") / 100.0
}

/// Many paths in one piece of memory: a million pieces with holes between them would slow down whatever asks for memory afterwards.
struct Texts {
    text: String,
    places: Vec<(usize, usize)>,
}

impl Texts {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn get(&self, place: usize) -> RelativePath {
        let (start, end) = self.places[place];
        RelativePath::parse(&self.text[start..end]).expect("a plain path")
    }
}

/// Sorted paths: about twelve files in a directory, one to seven directories deep.
fn paths(entries: usize) -> Texts {
    let mut random = 1;
    let mut directories = vec![String::new()];
    let mut texts = Texts { text: String::new(), places: Vec::new() };
    // Some more, because a few come twice.
    while texts.places.len() < entries + entries / 50 + 10 {
        let parent = &directories[(next(&mut random) % directories.len() as u64) as usize];
        let word = WORDS[(next(&mut random) % 40) as usize];
        let directory = match parent.matches('/').count() {
            7.. => continue,
            _ => format!("{parent}{word} {}/", next(&mut random) % 50),
        };
        for _ in 0..8 + next(&mut random) % 9 {
            let word = WORDS[(next(&mut random) % 40) as usize];
            let number = next(&mut random) % 10_000;
            let ending = ENDINGS[(next(&mut random) % 10) as usize];
            let start = texts.text.len();
            texts.text.push_str(&format!("{directory}{word}-{number}.{ending}"));
            texts.places.push((start, texts.text.len()));
        }
        directories.push(directory);
    }
    let Texts { text, places } = &mut texts;
    places.sort_unstable_by_key(|(start, end)| &text[*start..*end]);
    places.dedup_by_key(|(start, end)| &text[*start..*end]);
    places.truncate(entries);
    texts
}

fn local(path: RelativePath, number: u64) -> Local {
    let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut hash = [0; 32];
    hash.chunks_mut(8).for_each(|part| part.copy_from_slice(&next(&mut random).to_le_bytes()));
    let size = next(&mut random) % u64::from(SMALLEST_BLOCK);
    let blocks = BlockList::new(size, SMALLEST_BLOCK, vec![BlockHash(hash)]).expect("one block");
    let time = |random: &mut u64| Timestamp {
        seconds: 1_500_000_000 + (next(random) % 280_000_000) as i64,
        nanoseconds: (next(random) % 1_000_000_000) as u32,
    };
    let (modified, changed) = (time(&mut random), time(&mut random));
    let counter = 1_700_000_000 + next(&mut random) % 80_000_000;
    let mut counters = vec![(ShortId(0x1234_5678_9abc_def0), counter)];
    if next(&mut random).is_multiple_of(2) {
        counters.push((ShortId(0x8888_5678_9abc_def0), counter + 1_000));
    }
    let entry = Entry {
        path,
        content: Content::File(blocks),
        validity: Validity::Valid,
        version: Version::from_counters(counters).expect("two counters"),
        modified,
        modified_by: ShortId(0x1234_5678_9abc_def0),
        permissions: Some(0o644),
        sequence: 0,
        previous: None,
        metadata: None,
    };
    let inode = 10_000_000 + number;
    let stamp = Stamp { kind: Kind::File, size, modified, changed, inode, permissions: 0o644 };
    Local { entry, stamp: Some(stamp), found: None }
}

fn shuffle(paths: &mut Texts) {
    let mut random = 3;
    for place in (1..paths.len()).rev() {
        paths.places.swap(place, (next(&mut random) % (place as u64 + 1)) as usize);
    }
}

/// Numbers without a pattern, the same in each run.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn size(file: &Path) -> f64 {
    std::fs::metadata(file).expect("the database is there").len() as f64
}

/// A line of what the system says about this process, in MiB.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the state of this process");
    let line = status.lines().find(|line| line.starts_with(name)).expect("such a line");
    line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok()).expect("a number") / 1024.0
}
