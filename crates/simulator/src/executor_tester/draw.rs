//! A scenario from a tape. Zero is the benign choice everywhere, so a shrunk tape is a small scenario.

use super::scenario::{Act, Content, Crash, Expectation, Planned, Scenario, Wish};
use super::thing::{LONG_FROM, Marks, Thing, View};
use crate::choices::Choices;
use crate::filesystem::{Call, Calls, Fault, Faults, Settings, When};
use homesync_protocol::Kind;
use rustix::io::Errno;

const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "\u{e4}", "junk", ".syncthing.x.tmp"];
const FILE_MODES: [u16; 4] = [0o644, 0o600, 0o755, 0o4_755];
const DIRECTORY_MODES: [u16; 3] = [0o755, 0o700, 0o555];
/// Batches end within about so many calls.
const CALLS: u64 = 150;

struct Draw<'c> {
    choices: &'c mut dyn Choices,
    scenario: Scenario,
    /// What the paths will be after the operations so far, if all are done.
    later: View,
    /// Paths that an operation is about already.
    taken: Vec<String>,
    next_content: u32,
    next_long: u32,
}

pub(super) fn draw(choices: &mut dyn Choices) -> Scenario {
    let mut draw = Draw {
        choices,
        scenario: Scenario::default(),
        later: View::new(),
        taken: Vec::new(),
        next_content: 1,
        next_long: LONG_FROM,
    };
    draw.settings();
    draw.tree();
    draw.batch();
    draw.disturbances();
    draw.scenario
}

impl Draw<'_> {
    fn one_in(&mut self, many: u64) -> bool {
        self.choices.choose(many, "rarely") + 1 == many
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let many = from.len() as u64;
        let index = self.choices.choose(many.max(1), "one of these");
        from.get(usize::try_from(index).unwrap_or(0)).cloned()
    }

    fn content(&mut self) -> u32 {
        if self.one_in(64) {
            self.next_long += 1;
            return self.next_long - 1;
        }
        self.next_content += 1;
        self.next_content - 1
    }

    fn settings(&mut self) {
        let (exchange, ordered) = (!self.one_in(4), self.one_in(4));
        self.scenario.settings = Settings {
            exchange,
            ordered,
            clones: ordered,
            reuses_numbers: self.one_in(2),
            folds_case: self.one_in(16),
            is_bound: self.one_in(4),
            ..Settings::default()
        };
        self.scenario.carries = self.one_in(3);
    }

    fn marks(&mut self, kind: Kind) -> Marks {
        if !self.scenario.carries {
            return Marks::default();
        }
        let mut number = |what| self.choices.choose(3, what) as u8;
        let (owner, attribute) = (number("owner"), number("attribute"));
        // An ordinary user has nothing but what is theirs, and gives nothing away.
        let owner = if self.scenario.settings.is_bound { 0 } else { owner };
        Marks { owner, attribute: if kind == Kind::Link { 0 } else { attribute } }
    }

    fn thing(&mut self) -> Thing {
        let kind = [Kind::File, Kind::File, Kind::Directory, Kind::Link]
            [usize::try_from(self.choices.choose(4, "kind")).unwrap_or(0)];
        self.thing_of(kind)
    }

    fn thing_of(&mut self, kind: Kind) -> Thing {
        let content = if kind == Kind::Directory { 0 } else { self.content() };
        let content =
            if kind == Kind::Link && content >= LONG_FROM { content - LONG_FROM + 4_000 } else { content };
        let mode = match kind {
            Kind::File => self.pick(&FILE_MODES),
            Kind::Directory => self.pick(&DIRECTORY_MODES),
            Kind::Link => Some(0o777),
        };
        Thing { kind, content, mode: mode.unwrap_or(0o644), marks: self.marks(kind) }
    }

    fn tree(&mut self) {
        let many = 1 + self.choices.choose(7, "objects at first");
        for _ in 0..many {
            let path = self.fresh();
            let thing = self.thing();
            let mode = if thing.kind == Kind::File { thing.mode & 0o777 } else { thing.mode };
            self.later.entry(path).or_insert(Thing { mode, ..thing });
        }
        self.scenario.tree = self.later.clone();
    }

    /// A path in one of the directories that are there.
    fn fresh(&mut self) -> String {
        let directories: Vec<String> = std::iter::once(String::new())
            .chain(
                self.later
                    .iter()
                    .filter(|(_, thing)| thing.kind == Kind::Directory)
                    .map(|(path, _)| format!("{path}/")),
            )
            .collect();
        let directory = self.pick(&directories).unwrap_or_default();
        let name = self.pick(&NAMES).unwrap_or("a");
        format!("{directory}{name}")
    }

    /// Something that is there and that no operation is about yet.
    fn present(&mut self, kinds: &[Kind]) -> Option<String> {
        let present: Vec<String> = self
            .scenario
            .tree
            .iter()
            .filter(|(path, thing)| {
                kinds.contains(&thing.kind) && self.later.contains_key(*path) && !self.taken.contains(path)
            })
            .map(|(path, _)| path.clone())
            .collect();
        self.pick(&present)
    }

    fn batch(&mut self) {
        let many = 1 + self.choices.choose(5, "operations");
        for _ in 0..many {
            self.operation();
        }
        // A unit is the whole rest of the batch from some place on.
        if self.one_in(3) {
            let from = self.choices.choose(self.scenario.batch.len() as u64, "where the unit begins");
            for planned in self.scenario.batch.iter_mut().skip(usize::try_from(from).unwrap_or(0)) {
                planned.unit = true;
            }
        }
    }

    fn operation(&mut self) {
        match self.choices.choose(if self.scenario.carries { 13 } else { 10 }, "operation") {
            0 | 1 => self.put_new(),
            2..=4 => self.replace(),
            5 => self.remove_one(),
            6 => self.remove_tree(),
            7 => self.move_file(),
            8 => self.adjust(),
            9 => self.below_something(),
            _ => self.dress(),
        }
    }

    fn push(&mut self, path: &str, step: Wish) {
        let expectation = if self.one_in(8) {
            self.pick(&[
                Expectation::Nothing,
                Expectation::OtherNumber,
                Expectation::OtherTime,
                Expectation::OtherSize,
            ])
        } else {
            None
        };
        let staged =
            if self.one_in(12) { self.pick(&[Content::LastBlockMissing, Content::None]) } else { None };
        self.taken.push(path.to_string());
        self.scenario.batch.push(Planned {
            path: path.to_string(),
            step,
            expectation: expectation.unwrap_or(Expectation::Right),
            staged: staged.unwrap_or(Content::Whole),
            unit: false,
        });
    }

    fn put_new(&mut self) {
        let path = self.fresh();
        if self.later.contains_key(&path) && !self.one_in(3) || self.taken.contains(&path) {
            return;
        }
        let wanted = self.thing();
        self.push(&path, Wish::Put { wanted, copies: None });
        self.later.entry(path).or_insert(wanted);
    }

    fn replace(&mut self) {
        let Some(path) = self.present(&[Kind::File, Kind::Directory, Kind::Link]) else { return };
        let wanted = self.thing();
        let copies =
            if self.choices.choose(2, "a conflict copy") == 1 { Some(self.copies(&path)) } else { None };
        self.push(&path, Wish::Put { wanted, copies });
        self.forget_below(&path);
        self.later.insert(path, wanted);
    }

    /// Names for a conflict copy, of which some may be taken.
    fn copies(&mut self, path: &str) -> Vec<String> {
        let copies = vec![format!("{path}.copy1"), format!("{path}.copy2")];
        let taken = self.choices.choose(3, "taken names");
        for copy in copies.iter().take(usize::try_from(taken).unwrap_or(0)) {
            let thing = self.thing();
            let mode = if thing.kind == Kind::File { thing.mode & 0o777 } else { thing.mode };
            self.later.insert(copy.clone(), Thing { mode, ..thing });
            self.scenario.tree.insert(copy.clone(), Thing { mode, ..thing });
            self.taken.push(copy.clone());
        }
        copies
    }

    fn forget_below(&mut self, path: &str) {
        let below = format!("{path}/");
        self.later.retain(|other, _| !other.starts_with(&below));
    }

    fn remove_one(&mut self) {
        let Some(path) = self.present(&[Kind::File, Kind::Directory, Kind::Link]) else { return };
        self.push(&path, Wish::Remove);
        self.later.remove(&path);
        self.forget_below(&path);
    }

    /// A directory with what is in it, the innermost first; by chance something takes its place.
    fn remove_tree(&mut self) {
        let Some(path) = self.present(&[Kind::Directory]) else { return };
        let below = format!("{path}/");
        let inside: Vec<String> = self
            .later
            .keys()
            .filter(|other| other.starts_with(&below) && !other.contains(".syncthing"))
            .cloned()
            .collect();
        for inner in
            inside.iter().rev().filter(|inner| !self.taken.contains(inner)).cloned().collect::<Vec<_>>()
        {
            self.push(&inner, Wish::Remove);
        }
        self.forget_below(&path);
        if self.choices.choose(2, "something takes its place") == 1 {
            let wanted = self.thing();
            self.push(&path, Wish::Put { wanted, copies: None });
            self.later.insert(path, wanted);
        } else {
            self.push(&path, Wish::Remove);
            self.later.remove(&path);
        }
    }

    fn move_file(&mut self) {
        let Some(from) = self.present(&[Kind::File]) else { return };
        let to = if self.one_in(3) { other_spelling(&from) } else { self.fresh() };
        if to == from || self.taken.contains(&to) || self.later.contains_key(&to) && !self.one_in(3) {
            return;
        }
        self.taken.push(from.clone());
        self.push(&to, Wish::Move { from: from.clone() });
        if let Some(thing) = self.later.remove(&from) {
            self.later.entry(to).or_insert(thing);
        }
    }

    fn adjust(&mut self) {
        let Some(path) = self.present(&[Kind::File, Kind::Directory]) else { return };
        let is_directory = self.scenario.tree.get(&path).is_some_and(|thing| thing.kind == Kind::Directory);
        let mode = if is_directory { self.pick(&DIRECTORY_MODES) } else { self.pick(&FILE_MODES) };
        self.push(&path, Wish::Adjust { mode: mode.unwrap_or(0o644) });
    }

    fn dress(&mut self) {
        let Some(path) = self.present(&[Kind::File, Kind::Directory, Kind::Link]) else { return };
        let kind = self.scenario.tree.get(&path).map_or(Kind::File, |thing| thing.kind);
        let marks = self.marks(kind);
        self.push(&path, Wish::Dress { marks });
    }

    /// Something in a thing that may be no directory: the fence.
    fn below_something(&mut self) {
        let Some(path) = self.present(&[Kind::Link, Kind::File]) else { return };
        let wanted = self.thing_of(Kind::File);
        self.push(&format!("{path}/inside"), Wish::Put { wanted, copies: None });
    }

    fn disturbances(&mut self) {
        if self.choices.choose(2, "a person is at work") == 1 {
            let many = 1 + self.choices.choose(3, "acts");
            for _ in 0..many {
                let at = 1 + self.choices.choose(CALLS, "before which call");
                if let Some(act) = self.act() {
                    self.scenario.person.push((at, act));
                }
            }
            self.scenario.person.sort_by_key(|(call, _)| *call);
        }
        if self.choices.choose(2, "a crash") == 1 {
            let many = 1 + self.choices.choose(3, "crashes");
            for number in 0..many {
                let within = if number == 0 { CALLS } else { 30 };
                let after = 1 + self.choices.choose(within, "after so many calls");
                let power = self.choices.choose(2, "a power cut") == 1;
                self.scenario.crashes.push(Crash { after, power });
            }
        }
        if self.one_in(4) {
            self.faults();
        }
        self.scenario.journal_fails = self.one_in(50);
    }

    fn act(&mut self) -> Option<Act> {
        let mut paths: Vec<String> = self.scenario.tree.keys().cloned().collect();
        // Twice, because what the batch is about is where it matters.
        for _ in 0..2 {
            paths.extend(self.scenario.batch.iter().map(|planned| planned.path.clone()));
        }
        let path = self.pick(&paths)?;
        let content = self.content();
        let other = self.pick(&paths)?;
        if self.scenario.carries && self.one_in(4) {
            let owner = if self.scenario.settings.is_bound { 0 } else { 3 };
            return Some(Act::Mark(path, Marks { owner, attribute: 0 }));
        }
        Some(match self.choices.choose(10, "act") {
            0 | 1 => Act::Save(path, content),
            2 => Act::WriteInPlace(path, content),
            3 => Act::Remove(path),
            4 => Act::ReplaceByDirectory(path, content),
            5 => Act::MakeInside(path, content),
            6 => Act::ReplaceByLink(path, content % 1_000 + 3_000),
            7 => Act::Rename(path, other),
            8 => Act::Chmod(path, 0o640),
            _ => Act::Touch(path, 1_600_000_000),
        })
    }

    fn faults(&mut self) {
        const KINDS: [(Calls, Errno); 7] = [
            (Calls::GROWING, Errno::NOSPC),
            (Calls::ALL, Errno::IO),
            (Calls::SYNCHRONIZING, Errno::IO),
            (Calls::OPENING, Errno::MFILE),
            (Calls::MUTATING, Errno::ROFS),
            (
                Calls::of(&[Call::RenameNoReplace, Call::Exchange, Call::OpenFile, Call::OpenDirectory]),
                Errno::ACCESS,
            ),
            (Calls::of(&[Call::Status, Call::ReadAt, Call::List]), Errno::IO),
        ];
        let (calls, errno) = self.pick(&KINDS).unwrap_or(KINDS[0]);
        let number = 1 + self.choices.choose(CALLS, "which call fails");
        let when = match self.choices.choose(3, "when it fails") {
            0 => When::From(number),
            1 => When::At(number),
            _ => When::OneIn(20),
        };
        // One call may be of another kind: then the first that fits.
        let (when, stays) = match when {
            When::At(number) => (When::At(number), self.one_in(2)),
            other => (other, false),
        };
        self.scenario.faults = Faults {
            faults: vec![Fault { calls, errno, when, stays }],
            short_reads_one_in: if self.one_in(2) { 3 } else { 0 },
            short_writes_one_in: if self.one_in(2) { 3 } else { 0 },
        };
    }
}

/// The same name in capitals.
fn other_spelling(path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').map_or(("", path), |(directory, name)| (directory, name));
    let name = name.to_ascii_uppercase();
    if directory.is_empty() { name } else { format!("{directory}/{name}") }
}
