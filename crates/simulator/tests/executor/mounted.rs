//! Directories into which nothing can be moved in one step.

use super::bench::{Bench, file};
use homesync_engine::{Expected, Operation, Undone};
use homesync_protocol::Content;
use homesync_simulator::filesystem::{Call, Calls, Fault, Faults, When};
use rustix::io::Errno;

/// The first move is refused like one across file systems.
fn across() -> Faults {
    let calls = Calls::of(&[Call::RenameNoReplace]);
    Faults {
        faults: vec![Fault { calls, errno: Errno::XDEV, when: When::From(0), stays: false }],
        ..Faults::default()
    }
}

/// The move from our own directory is refused, later ones are not.
fn refuse_first(bench: &Bench) {
    let mut is_first = true;
    bench.fs.set_hook(Box::new(move |fs, _, call| {
        if call == Call::RenameNoReplace {
            fs.set_faults(if is_first { across() } else { Faults::default() });
            is_first = false;
        }
    }));
}

fn temporary(bench: &Bench) -> usize {
    bench.fs.walk().iter().filter(|found| found.path.starts_with(b"d/.syncthing.")).count()
}

#[test]
fn b11_a_new_file_where_nothing_can_be_moved_to_is_copied_and_then_named() {
    let text = "0123456789".repeat(30_000);
    for seed in 0..20 {
        let mut bench = Bench::with(&[("d/other", "other")]);
        let operation = bench.put_file("d/new", &text);
        refuse_first(&bench);
        let outcomes = bench.execute(vec![operation]);
        let stamp = outcomes[0].result.as_ref().expect("it is done").stamp;
        assert_eq!(bench.expected("d/new"), Expected::Object(stamp.expect("a stamp")));
        // What was said is durable, whatever a power cut leaves of the rest.
        bench.fs.clear_hook();
        super::crashes::cut_by(&bench, seed);
        bench.fs.reboot();
        assert_eq!((bench.text("d/new").as_ref(), temporary(&bench)), (Some(&text), 0));
    }
}

#[test]
fn b11_whatever_happens_while_it_is_copied_it_is_whole_or_absent() {
    let text = "0123456789".repeat(20_000);
    for power in [false, true] {
        let act = |bench: &mut Bench| {
            let operation = bench.put("d/new", file(&text));
            if homesync_disk::Staging::new(&bench.fs).prepare(&operation.entry, &[]).is_err() {
                return;
            }
            for (number, bytes) in (0..).zip(text.as_bytes().chunks(128 << 10)) {
                let _ = homesync_disk::Staging::new(&bench.fs).write_block(&operation.entry, number, bytes);
            }
            refuse_first(bench);
            bench.execute(vec![operation]);
            bench.fs.clear_hook();
            bench.fs.set_faults(Faults::default());
        };
        let new = || Bench::with(&[("d/other", "other")]);
        Bench::at_every_call(new, power, act, |bench, call| {
            let found = bench.text("d/new");
            assert!(found.as_ref().is_none_or(|found| *found == text), "call {call}: {found:?}");
            // What an earlier run left is no obstacle.
            let mut again = Bench { fs: bench.fs.clone(), notes: super::bench::Notes::default() };
            if found.is_none() {
                let operation = again.put_file("d/new", &text);
                refuse_first(&again);
                assert!(again.execute(vec![operation])[0].result.is_ok(), "call {call}");
                again.fs.clear_hook();
            }
            assert_eq!((again.text("d/new"), temporary(&again)), (Some(text.clone()), 0), "call {call}");
        });
    }
}

#[test]
fn b11_a_person_who_was_quicker_keeps_what_they_made() {
    let mut bench = Bench::with(&[("d/other", "other")]);
    let operation = bench.put_file("d/new", "ours");
    let mut moves = 0;
    bench.fs.set_hook(Box::new(move |fs, _, call| {
        if call == Call::RenameNoReplace {
            moves += 1;
            fs.set_faults(if moves == 1 { across() } else { Faults::default() });
            if moves == 2 {
                fs.user_write("d/new", b"theirs").expect("written");
            }
        }
    }));
    assert_eq!(bench.execute(vec![operation])[0].result, Err(Undone::Changed));
    assert_eq!((bench.text("d/new").as_deref(), temporary(&bench)), (Some("theirs"), 0));
}

#[test]
fn b11_a_new_directory_where_nothing_can_be_moved_to_is_made_there() {
    let mut bench = Bench::with(&[("d/other", "other")]);
    let operation: Operation = bench.put("d/new", Content::Directory);
    refuse_first(&bench);
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    assert!(matches!(bench.expected("d/new"), Expected::Object(_)));
}

/// What cannot be kept for recovery is not replaced, and the person is told what helps.
#[test]
fn b11_what_cannot_be_moved_out_is_not_replaced() {
    let mut bench = Bench::with(&[("d/a", "old")]);
    let operation = bench.put_file("d/a", "new");
    bench.before(Call::Exchange, |fs| {
        let calls = Calls::of(&[Call::Exchange]);
        let fault = Fault { calls, errno: Errno::XDEV, when: When::From(0), stays: true };
        fs.set_faults(Faults { faults: vec![fault], ..Faults::default() });
    });
    let outcomes = bench.execute(vec![operation]);
    let Err(Undone::Failed(failure)) = &outcomes[0].result else { panic!("{outcomes:?}") };
    assert!(failure.text.contains("a folder of its own"), "{}", failure.text);
    assert_eq!(bench.text("d/a").as_deref(), Some("old"));
}
