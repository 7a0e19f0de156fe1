//! Folders whose versions a program of a person's keeps: the file is in its place, with the program, or in the recovery area, whatever the program
//! does and whenever it ends.
#![expect(clippy::unwrap_used, reason = "helpers of tests say what they expect by failing")]

use super::bench::{Bench, NOW, file, parse};
use homesync_disk::{Executor, External};
use homesync_engine::{Kept, Operation, Outcome, Undone};
use homesync_protocol::{Content, Kind};
use homesync_simulator::filesystem::SimFs;

/// Where the program of these tests keeps what it takes: outside of what the tests look at as the folder.
const TAKEN: &str = ".stversions/taken";

/// What the program does to the disk, and how it ends.
type Deed<'d> = &'d dyn Fn(&SimFs) -> Result<String, String>;

fn takes(fs: &SimFs) -> Result<String, String> {
    match fs.user_rename("d/a.txt", TAKEN) {
        Ok(()) => Ok("`keep` ended with status 0".to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn execute(bench: &mut Bench, operation: Operation, deed: Deed<'_>) -> Outcome {
    let fs = bench.fs.clone();
    let take_away = |path: &homesync_paths::RelativePath| {
        assert_eq!(path.as_str(), "d/a.txt");
        deed(&fs)
    };
    let program = External { name: "keep", take_away: &take_away };
    let executor = Executor::new(&bench.fs, &|_| false, NOW).with_program(Some(program));
    executor.execute(vec![operation], &mut bench.notes).remove(0)
}

fn bench() -> Bench {
    let bench = Bench::with(&[("d/a.txt", "old")]);
    bench.fs.user_mkdir(".stversions").unwrap();
    bench.fs.user_sync();
    bench
}

/// How many files hold these bytes.
fn copies(bench: &Bench, text: &str) -> usize {
    bench.fs.walk().into_iter().filter(|found| **found.content == *text.as_bytes()).count()
}

fn reason(outcome: Outcome) -> String {
    match outcome.result {
        Err(Undone::Failed(failure)) => failure.text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_replaced_or_removed_is_taken_in_its_place_and_not_kept_twice() {
    let contents = [Some(file("new")), Some(Content::Directory), Some(Content::Link("x".into())), None];
    for content in contents {
        let mut bench = bench();
        let operation = match &content {
            Some(Content::File(_)) => bench.put_file("d/a.txt", "new"),
            Some(other) => bench.put("d/a.txt", other.clone()),
            None => bench.remove("d/a.txt"),
        };
        let done = execute(&mut bench, operation, &takes).result.unwrap();
        assert_eq!(done.kept, Some(Kept::Program("keep".to_string())), "{content:?}");
        assert_eq!(done.stamp.map(|stamp| stamp.kind), content.as_ref().map(Content::kind));
        assert_eq!(bench.text(TAKEN).as_deref(), Some("old"));
        assert_eq!((copies(&bench, "old"), bench.notes.open.len()), (1, 0));
    }
}

#[test]
fn a_program_that_does_not_take_the_file_away_leaves_everything_as_it_was() {
    let deeds: [(Deed<'_>, &str); 2] = [
        (&|_| Ok("`keep` ended with status 0".to_string()), "and it did not take the file away"),
        (&|_| Err("`keep` ended with status 3: no space".to_string()), "status 3: no space"),
    ];
    for (deed, words) in deeds {
        for remove in [false, true] {
            let mut bench = bench();
            let new = || bench.put_file("d/a.txt", "new");
            let operation = if remove { bench.remove("d/a.txt") } else { new() };
            let text = reason(execute(&mut bench, operation, deed));
            assert!(
                text.starts_with("d/a.txt: no version of it could be kept") && text.contains(words),
                "{text}"
            );
            assert_eq!(bench.text("d/a.txt").as_deref(), Some("old"));
            // What came is still there for the next time, which does not begin anew.
            assert_eq!(
                bench.stage(&bench.put("d/a.txt", file("new")).entry, b"new").len(),
                usize::from(remove)
            );
        }
    }
}

#[test]
fn a_program_that_fails_and_takes_the_file_all_the_same_gets_it_taken_back() {
    let mut bench = bench();
    bench.fs.user_chmod("d/a.txt", 0o640).unwrap();
    let before = bench.fs.status_of("d/a.txt").unwrap();
    let operation = bench.put_file("d/a.txt", "new");
    let gone = |fs: &SimFs| {
        fs.user_remove_tree("d/a.txt").unwrap();
        Err("`keep` ended with status 1".to_string())
    };
    assert!(reason(execute(&mut bench, operation, &gone)).contains("status 1"));
    assert_eq!(bench.text("d/a.txt").as_deref(), Some("old"));
    let after = bench.fs.status_of("d/a.txt").unwrap();
    assert_eq!((after.modified, after.permissions), (before.modified, before.permissions));
}

#[test]
fn c4_what_a_person_does_while_the_program_runs_is_not_lost() {
    let deeds: [(Deed<'_>, &str); 3] = [
        // It is written to and then taken.
        (
            &|fs| {
                fs.user_append("d/a.txt", b" edited").unwrap();
                takes(fs)
            },
            "old edited",
        ),
        // It is taken, and another one has its name.
        (
            &|fs| {
                let taken = takes(fs);
                fs.user_write("d/a.txt", b"edit").unwrap();
                taken
            },
            "edit",
        ),
        // The program does nothing, and the file is written to.
        (
            &|fs| {
                fs.user_append("d/a.txt", b"er").unwrap();
                Ok("`keep` ended with status 0".to_string())
            },
            "older",
        ),
    ];
    for (deed, text) in deeds {
        for remove in [false, true] {
            let mut bench = bench();
            let new = || bench.put_file("d/a.txt", "new");
            let operation = if remove { bench.remove("d/a.txt") } else { new() };
            assert_eq!(execute(&mut bench, operation, deed).result, Err(Undone::Changed), "{text}");
            assert_eq!(bench.text("d/a.txt").as_deref(), Some(text));
        }
    }
}

#[test]
fn a_kill_at_any_call_leaves_the_file_in_place_or_with_the_program() {
    for remove in [false, true] {
        let act = |bench: &mut Bench| {
            let text = if remove { None } else { Some("new") };
            if let Some(operation) = bench.put_or_remove("d/a.txt", text) {
                execute(bench, operation, &takes);
            }
        };
        Bench::at_every_call(bench, false, act, |bench, call| {
            assert_eq!(copies(bench, "old"), 1, "call {call}");
            let (there, taken) = (bench.text("d/a.txt"), bench.text(TAKEN));
            let is_before = there.as_deref() == Some("old") && taken.is_none();
            let new = if remove { None } else { Some("new") };
            let is_after = taken.is_some() && (there.is_none() || there.as_deref() == new);
            assert!(is_before || is_after, "call {call}: {there:?} {taken:?}");
        });
    }
}

#[test]
fn a_kill_while_bytes_are_given_back_leaves_them_whole_or_with_the_program() {
    let act = |bench: &mut Bench| {
        let operation = bench.remove("d/a.txt");
        execute(bench, operation, &|fs| {
            takes(fs)?;
            Err("`keep` ended with status 1".to_string())
        });
    };
    Bench::at_every_call(bench, false, act, |bench, call| {
        assert!(copies(bench, "old") > 0, "call {call}");
        let there = bench.text("d/a.txt");
        assert!(there.is_none() || there.as_deref() == Some("old"), "call {call}: {there:?}");
    });
}

#[test]
fn a_directory_goes_without_a_program() {
    let mut bench = Bench::default();
    bench.fs.user_mkdir("d").unwrap();
    let mut operation = bench.remove("d");
    operation.entry.content = Content::Deleted(Kind::Directory);
    let outcome = execute(&mut bench, operation, &|_| panic!("nobody asks it"));
    assert!(outcome.result.is_ok());
    assert!(bench.fs.status_of(parse("d").as_str()).is_err());
}
