//! Blocks from machines that are not complete themselves: asked for where nobody else can give them, and never in the way of who can.

mod support {
    pub mod rig;
    pub mod trees;
}

use arbtest::arbtest;
use homesync_engine::{Action, BlockResult, Event};
use homesync_protocol::{BlockList, Content, Entry, ProgressUpdate};
use std::collections::{BTreeMap, BTreeSet};
use support::rig::{Rig, operations};
use support::trees::{THEM, THIRD, device, entry, version};

const FOURTH: u64 = 4;
const BLOCKS: u32 = 12;

fn large() -> Entry {
    let bytes: Vec<u8> = (0..BLOCKS).flat_map(|block| vec![block as u8 + 1; 128 << 10]).collect();
    entry("large", Content::File(BlockList::of(&bytes)), &[(THEM, 1)])
}

fn progress(from: u64, blocks: Option<Vec<u32>>) -> Event {
    let large = large();
    let update =
        ProgressUpdate { path: large.path, version: version(&[(THEM, 1)]), blocks, block_size: 128 << 10 };
    Event::Progress { device: device(from), updates: vec![update] }
}

/// A machine that knows of the file from `THEM`, and has nothing of it.
fn prepared() -> Rig {
    let mut rig = Rig::ours();
    let actions = rig.hears(THEM, vec![large()]);
    assert!(matches!(&actions[..], [Action::Prepare(wanted)] if wanted.content.is_same(&large().content)));
    let Some(Action::Prepare(wanted)) = actions.into_iter().next() else { panic!("it is wanted") };
    let actions = rig.event(Event::Prepared { wanted, missing: (0..BLOCKS).collect() });
    assert_eq!(actions, [], "nobody is connected");
    rig
}

/// What is asked for: whom, which block, and whether from an unfinished file.
fn requests(actions: &[Action]) -> Vec<(u64, u32, bool)> {
    let number = |asked| [THEM, THIRD, FOURTH].into_iter().find(|number| device(*number) == asked);
    let request = |action: &Action| match action {
        Action::Request { device, block, from_temporary, .. } => {
            Some((number(*device).expect("a known machine"), *block, *from_temporary))
        }
        _ => None,
    };
    actions.iter().filter_map(request).collect()
}

fn answer(rig: &mut Rig, from: u64, block: u32, result: BlockResult) -> Vec<Action> {
    let wanted = rig.folder.unfinished().next().expect("it is on its way").wanted;
    rig.event(Event::Block { wanted: Box::new(wanted), block, device: device(from), result })
}

#[test]
fn a_part_is_had_from_who_has_only_a_part_and_the_rest_from_who_comes_with_all() {
    let mut rig = prepared();
    assert_eq!(requests(&rig.event(Event::Connected(device(THIRD)))), []);
    let asked = requests(&rig.event(progress(THIRD, Some(vec![3, 5]))));
    assert_eq!(asked, [(THIRD, 3, true), (THIRD, 5, true)]);
    answer(&mut rig, THIRD, 3, BlockResult::Written);
    assert_eq!(rig.folder.unfinished().next().unwrap().blocks, [3], "others can have it from here");
    // One that is refused is asked for once, until it is said to be there again.
    assert_eq!(answer(&mut rig, THIRD, 5, BlockResult::Refused), []);
    assert_eq!(requests(&rig.event(progress(THIRD, Some(vec![5])))), [(THIRD, 5, true)]);
    answer(&mut rig, THIRD, 5, BlockResult::Refused);
    let asked = requests(&rig.event(Event::Connected(device(THEM))));
    assert_eq!(asked.len(), BLOCKS as usize - 1);
    assert!(
        asked.iter().all(|(from, block, from_temporary)| *from == THEM && *block != 3 && !from_temporary)
    );
    let mut last = Vec::new();
    for (from, block, _) in asked {
        last = answer(&mut rig, from, block, BlockResult::Written);
    }
    assert_eq!(operations(&last).len(), 1);
}

#[test]
fn a_wrong_block_of_an_unfinished_file_ends_belief_in_that_file_alone() {
    let mut rig = prepared();
    rig.event(Event::Connected(device(THIRD)));
    rig.event(Event::Connected(device(FOURTH)));
    let asked = requests(&rig.event(progress(THIRD, Some(vec![1]))));
    assert_eq!(asked, [(THIRD, 1, true)]);
    rig.event(progress(THIRD, Some(vec![2, 3])));
    rig.event(progress(FOURTH, Some(vec![1])));
    // Another one is asked at once.
    assert_eq!(requests(&answer(&mut rig, THIRD, 1, BlockResult::Wrong)), [(FOURTH, 1, true)]);
    // And when it has all of the file, it counts like anybody else.
    let asked = requests(&rig.hears(THIRD, vec![large()]));
    assert_eq!(asked.len(), BLOCKS as usize - 3, "the others are asked for already");
    assert!(asked.iter().all(|(from, _, from_temporary)| *from == THIRD && !from_temporary), "{asked:?}");
}

/// What is known of who has what, beside the engine.
#[derive(Default)]
struct Known {
    connected: BTreeSet<u64>,
    complete: BTreeSet<u64>,
    parts: BTreeMap<u64, BTreeSet<u32>>,
    failed: BTreeSet<(u64, u32)>,
    open: BTreeMap<u32, (u64, bool)>,
    there: BTreeSet<u32>,
}

impl Known {
    fn willing(&self, block: u32) -> bool {
        let all = self.complete.intersection(&self.connected);
        all.into_iter().any(|from| !self.failed.contains(&(*from, block)))
    }

    fn partly(&self, block: u32) -> bool {
        self.parts.iter().any(|(from, blocks)| self.connected.contains(from) && blocks.contains(&block))
    }

    fn check(&mut self, actions: &[Action]) {
        for (from, block, from_temporary) in requests(actions) {
            assert!(self.connected.contains(&from), "{from} is not there");
            assert!(!self.there.contains(&block), "{block} is there");
            if from_temporary {
                assert!(self.parts[&from].contains(&block), "{from} never said that it has {block}");
                assert!(!self.willing(block), "somebody has all of the file");
            } else {
                assert!(self.complete.contains(&from) && !self.failed.contains(&(from, block)));
            }
            assert_eq!(self.open.insert(block, (from, from_temporary)), None, "{block} is asked for twice");
        }
        // Whatever can be had from somebody is asked for now.
        for block in (0..BLOCKS).filter(|block| !self.there.contains(block) && !self.open.contains_key(block))
        {
            assert!(!self.willing(block) && !self.partly(block), "nobody is asked for {block}");
        }
    }

    fn gone(&mut self, from: u64) {
        self.connected.remove(&from);
        self.parts.remove(&from);
        let asked: Vec<u32> =
            self.open.iter().filter(|(_, open)| open.0 == from).map(|(block, _)| *block).collect();
        for block in asked {
            if let Some((_, false)) = self.open.remove(&block) {
                self.failed.insert((from, block));
            }
        }
    }

    fn answered(&mut self, block: u32, result: BlockResult) -> u64 {
        let (from, from_temporary) = self.open.remove(&block).unwrap_or_default();
        match result {
            BlockResult::Written => drop(self.there.insert(block)),
            BlockResult::Wrong if from_temporary => drop(self.parts.remove(&from)),
            _ if from_temporary => {
                self.parts.entry(from).or_default().remove(&block);
            }
            _ => drop(self.failed.insert((from, block))),
        }
        from
    }
}

#[test]
fn whoever_has_something_is_asked_for_it_whatever_happens() {
    arbtest(|random| {
        let mut rig = prepared();
        let mut known = Known { complete: BTreeSet::from([THEM]), ..Known::default() };
        for _ in 0..random.int_in_range(0..=60)? {
            let from = *random.choose(&[THEM, THIRD, FOURTH])?;
            let actions = match random.int_in_range(0..=7)? {
                0 => {
                    known.connected.insert(from);
                    known.failed.retain(|(failed, _)| *failed != from);
                    rig.event(Event::Connected(device(from)))
                }
                1 => {
                    known.gone(from);
                    rig.event(Event::Disconnected(device(from)))
                }
                2 if from != THEM => {
                    known.complete.insert(from);
                    known.parts.remove(&from);
                    known.failed.retain(|(failed, _)| *failed != from);
                    rig.hears(from, vec![large()])
                }
                3 => {
                    known.parts.remove(&from);
                    rig.event(progress(from, None))
                }
                4 => {
                    let first = random.int_in_range(0..=BLOCKS - 1)?;
                    if known.connected.contains(&from) {
                        known.parts.entry(from).or_default().extend(first..BLOCKS.min(first + 3));
                    }
                    rig.event(progress(from, Some((first..BLOCKS.min(first + 3)).collect())))
                }
                _ if known.open.is_empty() => continue,
                _ => {
                    let open: Vec<u32> = known.open.keys().copied().collect();
                    let block = *random.choose(&open)?;
                    let results = [
                        BlockResult::Written,
                        BlockResult::Written,
                        BlockResult::Refused,
                        BlockResult::Wrong,
                    ];
                    let result = *random.choose(&results)?;
                    let from = known.answered(block, result);
                    answer(&mut rig, from, block, result)
                }
            };
            if known.there.len() == BLOCKS as usize {
                assert_eq!(operations(&actions).len(), 1, "it is complete");
                return Ok(());
            }
            known.check(&actions);
        }
        Ok(())
    })
    .budget_ms(2_000);
}
