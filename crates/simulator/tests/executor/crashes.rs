//! Chapter A of the failure catalogue: kills and power cuts.

use super::bench::{Bench, entry, file, parse};
use homesync_engine::{Expected, Step, Undone};
use homesync_protocol::Content;
use homesync_simulator::choices::Tape;
use homesync_simulator::filesystem::{Call, Calls, Fault, Faults, When};
use rustix::io::Errno;
use std::cell::RefCell;
use std::rc::Rc;

/// More than one block.
fn long() -> String {
    "0123456789".repeat(20_000)
}

fn fails(calls: &[Call], errno: Errno) -> Faults {
    let fault = Fault { calls: Calls::of(calls), errno, when: When::From(0), stays: false };
    Faults { faults: vec![fault], ..Faults::default() }
}

/// What survives a power cut is drawn from this seed.
pub fn cut_by(bench: &Bench, seed: u64) {
    let mut tape = Tape::from_seed(seed, 64);
    tape.bytes[0] = 0xff;
    bench.fs.set_choices(Rc::new(RefCell::new(tape.reader())));
}

#[test]
fn a1_blocks_that_were_staged_before_a_kill_are_not_fetched_again() {
    let bench = Bench::with(&[("a", "old")]);
    let wanted = entry("a", file(&long()));
    assert_eq!(homesync_disk::Staging::new(&bench.fs).prepare(&wanted, &[]).unwrap(), [0, 1]);
    let first = &long().into_bytes()[..128 << 10];
    assert!(homesync_disk::Staging::new(&bench.fs).write_block(&wanted, 0, first).unwrap());
    bench.fs.restart();
    assert_eq!(bench.stage(&wanted, long().as_bytes()), [1]);
    assert_eq!(bench.text("a").as_deref(), Some("old"));
}

#[test]
fn a2_a_kill_between_complete_and_replaced_is_finished_by_the_next_plan() {
    let new = || Bench::with(&[("a", "old")]);
    let act = |bench: &mut Bench| {
        let operation = bench.put("a", file("new"));
        let staging = homesync_disk::Staging::new(&bench.fs);
        if staging.prepare(&operation.entry, &[]).is_ok()
            && staging.write_block(&operation.entry, 0, b"new").is_ok()
        {
            bench.execute(vec![operation]);
        }
    };
    Bench::at_every_call(new, false, act, |bench, call| {
        let text = bench.text("a").unwrap();
        assert!(text == "old" || text == "new", "{call}: {text}");
        // The numbers of acts go on where they were: the journal is durable.
        let notes = super::bench::Notes { next: bench.notes.next, ..Default::default() };
        let mut again = Bench { fs: bench.fs.clone(), notes };
        if text == "old" {
            let operation = again.put_file("a", "new");
            assert!(again.execute(vec![operation])[0].result.is_ok(), "{call}");
        }
        assert_eq!(again.text("a").as_deref(), Some("new"));
    });
}

#[test]
fn a5_a_power_cut_before_the_content_is_durable_leaves_the_old_content() {
    for seed in 0..200 {
        let mut bench = Bench::with(&[("a", "old")]);
        cut_by(&bench, seed);
        let operation = bench.put_file("a", "new");
        bench.before(Call::SynchronizeFile, homesync_simulator::filesystem::SimFs::crash);
        assert!(bench.execute(vec![operation])[0].result.is_err());
        bench.fs.clear_hook();
        bench.fs.reboot();
        bench.settle();
        assert_eq!(bench.text("a").as_deref(), Some("old"), "{seed}");
    }
}

#[test]
fn a6_a_power_cut_before_the_names_are_durable_leaves_old_or_new() {
    for seed in 0..20 {
        let new = || {
            let bench = Bench::with(&[("a", "old")]);
            cut_by(&bench, seed);
            bench
        };
        let act = |bench: &mut Bench| {
            let operation = bench.put_file("a", "new");
            bench.before(Call::SynchronizeDirectory, homesync_simulator::filesystem::SimFs::crash);
            let outcomes = bench.execute(vec![operation]);
            assert!(outcomes[0].result.is_err(), "nobody hears that it is done");
        };
        let mut bench = new();
        act(&mut bench);
        bench.fs.reboot();
        bench.fs.clear_hook();
        bench.settle();
        let text = bench.text("a").unwrap();
        assert!(text == "new" && bench.kept() == ["old"] || text == "old", "{seed}: {text}");
    }
}

#[test]
fn a6_a_file_that_was_moved_into_a_new_directory_is_never_only_in_one_that_lost_its_name() {
    let mut were_stranded = 0;
    for seed in 0..400 {
        let mut bench = Bench::with(&[("c", "moved")]);
        cut_by(&bench, seed);
        let content = file("moved");
        let Expected::Object(from_expected) = bench.expected("c") else { panic!("it is there") };
        let from_entry = Box::new(bench.remove("c").entry);
        let mut move_in = bench.put("d/c", content);
        move_in.step = Step::Move { from: parse("c"), from_expected, from_entry };
        let operations = vec![bench.put("d", Content::Directory), move_in];
        let mut was_renamed = 0;
        bench.fs.set_hook(Box::new(move |fs, _, next| {
            was_renamed += u64::from(next == Call::RenameNoReplace);
            if was_renamed == 2 && next == Call::SynchronizeDirectory {
                fs.crash();
            }
        }));
        bench.execute(operations);
        bench.fs.clear_hook();
        bench.fs.reboot();
        bench.settle();
        let is_named = bench.text("c").is_some() || bench.text("d/c").is_some();
        were_stranded += u64::from(!is_named);
        assert!(is_named || bench.kept() == ["moved"], "{seed}: {:?}", bench.fs.walk());
    }
    assert!(were_stranded > 0, "otherwise this proves nothing");
}

#[test]
fn a7_content_that_could_not_be_made_durable_is_dropped_and_written_anew() {
    let mut bench = Bench::with(&[("a", "old"), ("b", "old")]);
    let operations = vec![bench.put_file("a", "new"), bench.remove("b")];
    bench.fs.set_faults(fails(&[Call::SynchronizeFile], Errno::IO));
    let outcomes = bench.execute(operations);
    assert!(matches!(outcomes[0].result, Err(Undone::Failed(_))), "{outcomes:?}");
    assert!(outcomes[1].result.is_ok(), "one item holds up none of the others");
    assert_eq!(bench.text("a").as_deref(), Some("old"));

    bench.fs.set_faults(Faults::default());
    let operation = bench.put("a", file("new"));
    assert_eq!(bench.stage(&operation.entry, b"new"), [0], "the system may have dropped what was written");
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    let durable = bench.fs.durable_walk();
    assert!(durable.iter().any(|found| found.path == b"a" && **found.content == *b"new"));
}

#[test]
fn a8_a_torn_block_of_a_staged_file_is_fetched_again_and_never_put_in_place() {
    let mut bench = Bench::with(&[("a", "old")]);
    let operation = bench.put("a", file(&long()));
    bench.stage(&operation.entry, long().as_bytes());
    let staged =
        bench.fs.walk().into_iter().find(|found| found.path.starts_with(b".homesync/staged/")).unwrap();
    bench.fs.user_write_at(&staged.path, 140_000, b"torn").unwrap();
    assert_eq!(bench.execute(vec![operation.clone()])[0].result, Err(Undone::Missing));
    assert_eq!(bench.stage(&operation.entry, long().as_bytes()), [1]);
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    assert_eq!(bench.text("a"), Some(long()));
}

#[test]
fn a12_a_file_on_its_way_to_the_recovery_area_is_in_one_of_both_places() {
    for power in [false, true] {
        let new = || {
            let bench = Bench::with(&[("d/a", "old")]);
            cut_by(&bench, 7);
            bench
        };
        let act = |bench: &mut Bench| {
            let operation = bench.remove("d/a");
            bench.execute(vec![operation]);
        };
        Bench::at_every_call(new, power, act, |bench, call| {
            let places = usize::from(bench.text("d/a").is_some()) + bench.kept().len();
            assert_eq!(places, 1, "{call}");
        });
    }
}
