//! What a plan costs: as much as changed, never as much as there is.

mod support {
    pub mod rig;
    pub mod trees;
}

use homesync_engine::{
    Agreed, Changes, Guard, Local, MemoryTrees, Rules, Situation, Surroundings, Unreadable, View, plan,
};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, DeviceId, Entry, ShortId};
use std::cell::Cell;
use std::collections::BTreeSet;
use support::rig::{Rig, operations};
use support::trees::{DIRECTORY, GONE, THEM, US, device, entry, path, stamp_of, text};

/// Counts what is read.
struct Counting<'a> {
    trees: &'a MemoryTrees,
    reads: Cell<u64>,
}

impl Counting<'_> {
    fn count(&self, many: usize) {
        self.reads.set(self.reads.get() + many as u64);
    }
}

impl View for Counting<'_> {
    fn local(&self, path: &RelativePath) -> Result<Option<Local>, Unreadable> {
        self.count(1);
        self.trees.local(path)
    }

    fn others(&self, path: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        self.count(1);
        self.trees.others(path)
    }

    fn agreed(&self, path: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        self.count(1);
        self.trees.agreed(path)
    }

    fn paths_below(
        &self,
        directory: Option<&RelativePath>,
        visit: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        self.trees.paths_below(directory, &mut |path| {
            self.count(1);
            visit(path)
        })
    }

    fn children(&self, directory: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        let children = self.trees.children(directory)?;
        self.count(children.len());
        Ok(children)
    }

    fn files_with(&self, digest: BlocksHash, limit: usize) -> Result<Vec<RelativePath>, Unreadable> {
        self.count(1);
        self.trees.files_with(digest, limit)
    }

    fn spellings(&self, path: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        self.count(1);
        self.trees.spellings(path)
    }

    fn present(&self) -> Result<u64, Unreadable> {
        self.count(1);
        self.trees.present()
    }
}

const DIRECTORIES: usize = 500;
const FILES: usize = 700;

fn large_tree() -> MemoryTrees {
    let mut trees = MemoryTrees::default();
    let (directory, file) = (entry("d", DIRECTORY, &[(US, 1)]), entry("f", text("x"), &[(US, 1)]));
    let mut changes = Changes::default();
    let mut add = |entry: Entry| {
        changes.others.push((device(THEM), entry.clone()));
        changes.local.push(Local { stamp: stamp_of(&entry), entry, found: None });
    };
    for number in 0..DIRECTORIES {
        let above = path(&format!("d{number:03}"));
        add(Entry { path: above.clone(), ..directory.clone() });
        for number in 0..FILES {
            add(Entry { path: above.join(&format!("f{number:03}")).expect("a name"), ..file.clone() });
        }
    }
    trees.apply(&changes);
    trees
}

fn reads(trees: &MemoryTrees, dirty: &str) -> (u64, usize) {
    let view = Counting { trees, reads: Cell::new(0) };
    let (situation, rules) = (Situation::default(), Rules::new(ShortId(US)));
    let surroundings = Surroundings::new(&view, &situation, &rules);
    let plan = plan(&surroundings, &BTreeSet::from([path(dirty)])).expect("trees in memory can be read");
    (view.reads.get(), plan.operations.len())
}

#[test]
fn planning_one_changed_file_among_350_000_reads_a_handful_of_items() {
    let mut trees = large_tree();
    assert!(trees.present().unwrap() >= 350_000);
    let mut hear = |entry: Entry| {
        trees.apply(&Changes { others: vec![(device(THEM), entry)], ..Changes::default() });
    };
    hear(entry("d250/f350", text("changed"), &[(US, 1), (THEM, 1)]));
    hear(entry("d250/f351", GONE, &[(US, 1), (THEM, 1)]));
    hear(entry("d250/new", text("new"), &[(THEM, 1)]));
    for dirty in ["d250/f350", "d250/f351", "d250/new"] {
        let (reads, operations) = reads(&trees, dirty);
        assert_eq!(operations, 1, "{dirty}");
        assert!(reads <= 20, "{dirty}: {reads} reads");
    }
}

#[test]
fn a_large_removal_takes_few_batches_and_what_holds_files_open_small_ones() {
    let name = |number: u64| format!("a{number:05}");
    let mut rig = Rig::new(Rules { guard: Guard::Off, ..Rules::new(ShortId(US)) });
    let file = |number: u64| entry(&name(number), text("x"), &[(US, 1)]);
    let local = |number| Local { stamp: stamp_of(&file(number)), entry: file(number), found: None };
    rig.trees.apply(&Changes { local: (0..20_000).map(local).collect(), ..Changes::default() });
    let gone = (0..20_000).map(|number| entry(&name(number), GONE, &[(US, 1), (THEM, 1)])).collect();
    let mut batches = Vec::new();
    let mut actions = rig.hears(THEM, gone);
    while !operations(&actions).is_empty() {
        batches.push(operations(&actions).len());
        actions = rig.done(operations(&actions));
    }
    assert_eq!(batches, [8_192, 8_192, 3_616]);
    // Each new directory is held open until all of its batch are durable.
    let directories = (20_000..20_600).map(|number| entry(&name(number), DIRECTORY, &[(THEM, 1)])).collect();
    let actions = rig.hears(THEM, directories);
    assert_eq!(operations(&actions).len(), 256);
}
