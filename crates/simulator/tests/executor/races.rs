//! Chapters B, C and D of the failure catalogue, as far as the executor decides them.

use super::bench::{Bench, NOW, WRITTEN, entry, file, parse};
use homesync_disk::{Limits, Recovery};
use homesync_engine::{Displaced, Expected, Kept, Operation, Remedy, Step, Undone};
use homesync_protocol::{Content, Kind};
use homesync_simulator::filesystem::{Call, Calls, Fault, Faults, Settings, SimFs, When};
use rustix::io::Errno;

fn remedy_of(errno: Errno) -> (Remedy, Bench) {
    let mut bench = Bench::with(&[("a", "old")]);
    let operation = bench.put_file("a", "new");
    let fault = Fault { calls: Calls::of(&[Call::Exchange]), errno, when: When::From(0), stays: false };
    bench.fs.set_faults(Faults { faults: vec![fault], ..Faults::default() });
    let outcome = bench.execute(vec![operation]).remove(0);
    let Err(Undone::Failed(failure)) = outcome.result else { panic!("{outcome:?}") };
    assert!(failure.text.contains('a'));
    assert_eq!(bench.text("a").as_deref(), Some("old"));
    (failure.remedy, bench)
}

#[test]
fn b1_a_full_disk_stops_the_folder_and_keeps_what_is_staged() {
    let (remedy, bench) = remedy_of(Errno::NOSPC);
    assert_eq!(remedy, Remedy::PauseFolder);
    let operation = bench.put("a", file("new"));
    assert!(bench.stage(&operation.entry, b"new").is_empty());
}

#[test]
fn b4_a_quota_or_a_file_too_big_concerns_the_item_only() {
    assert_eq!(remedy_of(Errno::DQUOT).0, Remedy::GiveUpItem);
    assert_eq!(remedy_of(Errno::FBIG).0, Remedy::GiveUpItem);
}

#[test]
fn b12_short_reads_and_writes_are_gone_on_with() {
    struct Always;
    impl homesync_simulator::choices::Choices for Always {
        fn choose(&mut self, below: u64, _: &'static str) -> u64 {
            below.saturating_sub(1)
        }
    }
    let mut bench = Bench::with(&[("a", "old")]);
    bench.fs.set_choices(std::rc::Rc::new(std::cell::RefCell::new(Always)));
    bench.fs.set_faults(Faults { short_reads_one_in: 2, short_writes_one_in: 2, ..Faults::default() });
    let operation = bench.put_file("a", "several bytes");
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    assert_eq!(bench.text("a").as_deref(), Some("several bytes"));
}

#[test]
fn c2_what_a_person_saves_before_the_exchange_stays_in_place() {
    let mut bench = Bench::with(&[("a", "old"), ("b", "old")]);
    let operations = vec![bench.put_file("a", "new"), bench.put_file("b", "new")];
    bench.before(Call::Exchange, |fs| fs.user_write("a", b"edit").unwrap());
    let outcomes = bench.execute(operations);
    assert_eq!(outcomes[0].result, Err(Undone::Changed));
    assert!(outcomes[1].result.is_ok());
    assert_eq!(bench.text("a").as_deref(), Some("edit"));
    assert_eq!(bench.kept(), ["old"], "that of the other one");
}

#[test]
fn c3_a_late_write_to_what_was_displaced_is_told_and_not_expired() {
    let mut bench = Bench::with(&[("a", "old"), ("b", "old")]);
    let operations = vec![bench.put_file("a", "new"), bench.put_file("b", "new")];
    let outcomes = bench.execute(operations);
    let kept = outcomes[0].result.as_ref().unwrap().kept.clone().unwrap();
    let Kept::Recovery(kept) = kept else { panic!("{kept:?}") };
    bench.fs.set_now(homesync_protocol::Timestamp::at(NOW.seconds + 60));
    bench.fs.user_append(format!(".homesync/recovery/{kept}"), b" and late").unwrap();
    let year = NOW.seconds + 365 * 86_400;
    let collected = Recovery::new(&bench.fs).collect(year, Limits::default()).unwrap();
    assert_eq!((collected.gone.len(), collected.late.len()), (1, 1));
    assert_eq!(bench.kept(), ["old and late"]);
}

#[test]
fn c4_a_directory_that_a_person_put_in_place_of_the_file_stays() {
    let mut bench = Bench::with(&[("a", "old")]);
    let operation = bench.put_file("a", "new");
    bench.before(Call::Exchange, |fs| {
        fs.user_remove_tree("a").unwrap();
        fs.user_write("a/inside", b"edit").unwrap();
    });
    assert_eq!(bench.execute(vec![operation])[0].result, Err(Undone::Changed));
    assert_eq!(bench.text("a/inside").as_deref(), Some("edit"));
}

#[test]
fn c4_the_loser_gets_its_name_although_its_old_one_was_taken_while_nothing_could_be_renamed() {
    let fs = SimFs::new(Settings { exchange: false, ..Settings::default() });
    fs.user_write("d", b"mine").unwrap();
    let mut bench = Bench { fs, notes: super::bench::Notes::default() };
    let displaced = Displaced::Conflict(vec![parse("d.copy")]);
    let operation = Operation { step: Step::Put { displaced }, ..bench.put("d", Content::Directory) };
    // The first rename takes the file away; the second one would put the directory in its place.
    let mut renames = 0;
    bench.fs.set_hook(Box::new(move |fs, _, next| {
        renames += u32::from(next == Call::RenameNoReplace);
        if renames == 2 {
            let calls = Calls::of(&[Call::RenameNoReplace, Call::RemoveDirectory]);
            let fault = Fault { calls, errno: Errno::IO, when: When::From(0), stays: false };
            fs.set_faults(Faults { faults: vec![fault], ..Faults::default() });
        }
    }));
    let outcome = bench.execute(vec![operation]).remove(0);
    assert!(matches!(outcome.result, Err(Undone::Failed(_))) && outcome.intents.is_empty(), "{outcome:?}");
    bench.fs.user_write("d/a", b"edit").unwrap();
    bench.fs.set_hook(Box::new(|_, _, _| {}));
    bench.fs.set_faults(Faults::default());
    bench.settle();
    assert_eq!(bench.text("d.copy").as_deref(), Some("mine"));
    assert_eq!(bench.text("d/a").as_deref(), Some("edit"));
}

#[test]
fn b6_a_repository_of_many_files_comes_in_one_batch_within_the_usual_limit_of_open_files() {
    let fs = SimFs::new(Settings { handles: 1_024, ..Settings::default() });
    fs.user_mkdir("r/.git/objects").unwrap();
    let mut bench = Bench { fs, notes: super::bench::Notes::default() };
    let object = |number| {
        let operation = bench.put_file(&format!("r/.git/objects/{number}"), &format!("object {number}"));
        Operation { unit: Some(parse("r/.git")), ..operation }
    };
    let operations = (0..850).map(object).collect();
    let outcomes = bench.execute(operations);
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "{:?}", outcomes[0]);
}

#[test]
fn what_is_gone_with_its_directory_is_removed() {
    let mut bench = Bench::with(&[("d/e/a", "old")]);
    let directory =
        |path| Operation { entry: entry(path, Content::Deleted(Kind::Directory)), ..bench.remove(path) };
    let operations = vec![bench.remove("d/e/a"), directory("d/e"), directory("d")];
    bench.fs.user_remove_tree("d").unwrap();
    // Done by an earlier run that could not make it durable, or by a person: either way it is what was wanted, and it is made durable now.
    for outcome in bench.execute(operations) {
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
    bench.fs.crash();
    bench.fs.reboot();
    assert_eq!(bench.text("d/e/a"), None);
}

#[test]
fn d2_nothing_is_written_through_a_link() {
    let mut bench = Bench::with(&[("elsewhere/a", "mine")]);
    bench.fs.user_symlink("link", "elsewhere").unwrap();
    let operations = vec![
        bench.put_file("link/b", "new"),
        Operation { expected: bench.expected("elsewhere/a"), ..bench.put_file("link/a", "new") },
    ];
    for outcome in bench.execute(operations) {
        assert_eq!(outcome.result, Err(Undone::Changed));
    }
    assert_eq!(bench.text("elsewhere/a").as_deref(), Some("mine"));
    assert!(bench.fs.read("elsewhere/b").is_err());
}

#[test]
fn d6_only_the_case_of_a_name_changes() {
    let new = || {
        let fs = SimFs::new(Settings { folds_case: true, ..Settings::default() });
        fs.user_write("Name", b"text").unwrap();
        fs.user_sync();
        Bench { fs, notes: super::bench::Notes::default() }
    };
    let act = |bench: &mut Bench| {
        let Expected::Object(from_expected) = bench.expected("Name") else { panic!("it is there") };
        let from_entry = Box::new(bench.remove("Name").entry);
        let step = Step::Move { from: parse("Name"), from_expected, from_entry };
        let operation = Operation { step, expected: Expected::Absent, ..bench.put("name", file("text")) };
        let outcomes = bench.execute(vec![operation]);
        assert!(bench.fs.has_crashed() || outcomes[0].result.is_ok(), "{outcomes:?}");
    };
    let names = |bench: &Bench| -> Vec<Vec<u8>> {
        let found = bench.fs.walk().into_iter();
        found.map(|found| found.path).filter(|path| !path.starts_with(b".")).collect()
    };
    Bench::at_every_call(new, false, act, |bench, call| {
        assert_eq!(bench.text("name").as_deref(), Some("text"), "{call}");
    });
    let mut bench = new();
    act(&mut bench);
    assert_eq!(names(&bench), [b"name"]);
}

#[test]
fn d9_the_longest_name_is_staged_displaced_and_removed() {
    for exchange in [true, false] {
        let name = "\u{e4}".repeat(127);
        let fs = SimFs::new(Settings { exchange, ..Settings::default() });
        fs.user_write(&name, b"old").unwrap();
        let mut bench = Bench { fs, notes: super::bench::Notes::default() };
        let operation = bench.put_file(&name, "new");
        assert!(bench.execute(vec![operation])[0].result.is_ok());
        let operation = bench.remove(&name);
        assert!(bench.execute(vec![operation])[0].result.is_ok());
        assert_eq!(bench.kept(), ["old", "new"]);
    }
}

#[test]
fn d18_nobody_else_grants_set_user_id() {
    let mut bench = Bench::default();
    let mut operation = bench.put_file("a", "new");
    operation.entry.permissions = Some(0o6_755);
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    assert_eq!(bench.fs.status_of("a").unwrap().permissions, 0o755);
}

#[test]
fn d21_a_directory_with_something_in_it_never_goes_for_a_file() {
    let mut bench = Bench::with(&[("d/known", "old"), ("d/new", "edit")]);
    let operations = vec![bench.remove("d/known"), bench.put_file("d", "file")];
    let outcomes = bench.execute(operations);
    assert_eq!(outcomes[1].result, Err(Undone::NotEmpty));
    assert_eq!(bench.text("d/new").as_deref(), Some("edit"));

    // Nor if it comes in the last moment.
    let mut bench = Bench::default();
    bench.fs.user_mkdir("d").unwrap();
    let operation = bench.put_file("d", "file");
    bench.before(Call::Exchange, |fs| fs.user_write("d/new", b"edit").unwrap());
    assert_eq!(bench.execute(vec![operation])[0].result, Err(Undone::Changed));
    assert_eq!(bench.text("d/new").as_deref(), Some("edit"));
}

#[test]
fn d22_a_name_appears_with_its_permissions_and_staged_content_is_private() {
    let mut bench = Bench::with(&[("a", "old")]);
    let file_operation = bench.put_file("a", "new");
    let staged =
        bench.fs.walk().into_iter().find(|found| found.path.starts_with(b".homesync/staged/")).unwrap();
    assert_eq!(staged.status.permissions, 0o600);
    let operations = vec![file_operation, bench.put("d", Content::Directory)];
    bench.fs.set_hook(Box::new(|fs, _, _| {
        for found in fs.walk().iter().filter(|found| found.path == b"d" || **found.content == *b"new") {
            let is_ours = found.path.starts_with(b".homesync/");
            assert!(is_ours || found.status.permissions == 0o640, "{found:?}");
        }
    }));
    assert!(bench.execute(operations).iter().all(|outcome| outcome.result.is_ok()));
    assert_eq!(bench.fs.status_of("a").unwrap().modified, WRITTEN);
}

#[test]
fn c2_permissions_that_a_person_gives_a_directory_right_after_us_are_known_as_theirs() {
    let mut bench = Bench::with(&[("d/a", "x")]);
    let mut operation = bench.put("d", Content::Directory);
    operation.step = Step::Adjust;
    let mut was_set = false;
    bench.fs.set_hook(Box::new(move |fs, _, next| {
        if std::mem::replace(&mut was_set, next == Call::SetDirectoryPermissions) {
            fs.user_chmod("d", 0o744).unwrap();
        }
    }));
    assert_eq!(bench.execute(vec![operation])[0].result, Err(Undone::Changed));
    assert_eq!(bench.fs.status_of("d").unwrap().permissions, 0o744);
    bench.fs.clear_hook();
    let mut operation = bench.put("d", Content::Directory);
    operation.step = Step::Adjust;
    assert!(bench.execute(vec![operation])[0].result.is_ok());
    assert_eq!(bench.fs.status_of("d").unwrap().permissions, 0o640);
}

#[test]
fn a_unit_that_counts_on_what_goes_with_a_directory_is_not_begun() {
    let mut bench = Bench::with(&[("d/.syncthing.x.tmp", "rest"), ("e/keep", "x")]);
    let inside = "d/.syncthing.x.tmp/inside";
    let operations = vec![bench.put("d", Content::Directory), bench.put_file(inside, "new")];
    let unit = |operation| Operation { unit: Some(parse("d")), ..operation };
    let outcomes = bench.execute(operations.into_iter().map(unit).collect());
    assert!(outcomes.iter().all(|outcome| outcome.result == Err(Undone::Changed)), "{outcomes:?}");
    assert_eq!(bench.text("d/.syncthing.x.tmp").as_deref(), Some("rest"), "nothing of it was done");
}
