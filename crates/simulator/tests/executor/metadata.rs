//! Owner and attributes of what the executor puts in place, and of what stands there.
#![expect(clippy::unwrap_used, reason = "tests say what they expect by failing")]

use super::bench::{Bench, NOW, entry, file};
use homesync_disk::Executor;
use homesync_engine::{Carry, Found, MetadataRules, Operation, Outcome, Step, Undone};
use homesync_protocol::{Attribute, Content, Metadata, Owner, System};
use homesync_simulator::filesystem::{Call, Calls, Fault, Faults, Settings, SimFs, When};
use rustix::io::Errno;
use std::sync::Arc;

const SYNC: MetadataRules =
    MetadataRules { owner: Carry::Sync, attributes: Carry::Sync, system: System::Linux };

fn owned(number: u32, note: Option<&str>) -> Option<Arc<Metadata>> {
    let owner = Owner { user_number: number, group_number: number, ..Owner::default() };
    let mut metadata = Metadata::new(Some(owner), None);
    let note = note.map(|note| Attribute { name: "user.note".into(), value: note.into() });
    metadata.set_attributes(System::Linux, note.into_iter().collect());
    Some(Arc::new(metadata))
}

fn execute(bench: &mut Bench, rules: MetadataRules, operation: Operation) -> Outcome {
    let executor = Executor::new(&bench.fs, &|_| false, NOW).with_metadata(rules);
    executor.execute(vec![operation], &mut bench.notes).remove(0)
}

fn found(outcome: &Outcome) -> Found {
    Found::clone(outcome.result.as_ref().unwrap().found.as_ref().unwrap())
}

/// What the object has, as whoever looks sees it.
fn marks(fs: &SimFs, path: &str) -> (u32, u32, Option<String>) {
    let found = fs.walk().into_iter().find(|found| found.path == path.as_bytes()).unwrap();
    let note = found.attributes.get(&b"user.note"[..]);
    let note = note.map(|note| String::from_utf8_lossy(note).into_owned());
    (found.status.owner, found.status.group, note)
}

fn dress(bench: &Bench, path: &str, content: Content, said: Option<Arc<Metadata>>) -> Operation {
    let mut entry = entry(path, content);
    entry.metadata = said;
    let expected = bench.expected(path);
    Operation { path: entry.path.clone(), expected, step: Step::Dress, entry, unit: None }
}

#[test]
fn d17_what_a_file_system_cannot_hold_keeps_no_content_back() {
    for (gives, attributes, words) in [
        (false, true, "its group: Operation not permitted"),
        (true, false, "attribute user.note: Operation not supported"),
    ] {
        let mut bench = Bench {
            fs: SimFs::new(Settings { gives, attributes, ..Settings::default() }),
            ..Bench::default()
        };
        let mut operation = bench.put_file("a", "new");
        operation.entry.metadata = owned(7, Some("x"));
        let outcome = execute(&mut bench, SYNC, operation);
        assert_eq!(bench.text("a").as_deref(), Some("new"));
        let refused = found(&outcome).refused.unwrap();
        assert!(refused.starts_with(words), "{refused}");
        assert_eq!(marks(&bench.fs, "a").0, if gives { 7 } else { 1_000 }, "what can be set is");
        // Tried again, it is the same.
        let again = dress(&bench, "a", file("new"), owned(7, Some("x")));
        assert_eq!(found(&execute(&mut bench, SYNC, again)).refused.unwrap(), refused);
    }
}

#[test]
fn d17_a_full_disk_is_no_reason_to_do_without_attributes_and_full_attributes_are() {
    let full = |bench: &Bench| {
        let calls = Calls::of(&[Call::SetAttribute]);
        let fault = Fault { calls, errno: Errno::NOSPC, when: When::From(0), stays: true };
        bench.fs.set_faults(Faults { faults: vec![fault], ..Faults::default() });
    };
    let mut bench = Bench::with(&[("a", "text")]);
    full(&bench);
    let operation = dress(&bench, "a", file("text"), owned(1_000, Some("x")));
    let refused = found(&execute(&mut bench, SYNC, operation)).refused.unwrap();
    assert!(refused.contains("user.note"), "{refused}");
    let mut bench = Bench::with(&[("a", "text")]);
    bench.fs.set_settings(Settings { capacity: 8_192, ..Settings::default() });
    full(&bench);
    let operation = dress(&bench, "a", file("text"), owned(1_000, Some("x")));
    assert!(matches!(execute(&mut bench, SYNC, operation).result, Err(Undone::Failed(_))));
}

#[test]
fn d18_a_program_that_another_machine_gives_away_loses_its_power() {
    let mut bench = Bench::with(&[("a", "text")]);
    bench.fs.user_chmod("a", 0o6_755).unwrap();
    let operation = dress(&bench, "a", file("text"), owned(7, None));
    assert!(found(&execute(&mut bench, SYNC, operation)).refused.is_none());
    assert_eq!(bench.fs.status_of("a").unwrap().permissions, 0o755);
    // Nor does it get one of the attributes that give power.
    let mut said = Metadata::clone(&owned(7, None).unwrap());
    let power = Attribute { name: "security.capability".into(), value: vec![1] };
    said.set_attributes(System::Linux, vec![power]);
    let operation = dress(&bench, "a", file("text"), Some(Arc::new(said)));
    assert!(found(&execute(&mut bench, SYNC, operation)).refused.is_none(), "it is not missed either");
    assert!(bench.fs.walk().iter().all(|found| found.attributes.is_empty()));
}

#[test]
fn d22_a_name_appears_with_its_owner_and_its_attributes() {
    for is_there in [false, true] {
        let mut bench = Bench::with(if is_there { &[("a", "old")] } else { &[] });
        let mut operation = bench.put_file("a", "new");
        operation.entry.metadata = owned(7, Some("x"));
        bench.fs.set_hook(Box::new(|fs, _, _| {
            if fs.read("a").is_ok_and(|bytes| **bytes == *b"new") {
                assert_eq!(marks(fs, "a"), (7, 7, Some("x".into())));
            }
        }));
        assert_eq!(found(&execute(&mut bench, SYNC, operation)).refused, None);
        bench.fs.reboot();
        assert_eq!(marks(&bench.fs, "a"), (7, 7, Some("x".into())), "durably");
    }
}

#[test]
fn what_others_do_not_say_stays_as_it_is_under_a_new_content() {
    let sends = MetadataRules { owner: Carry::Send, attributes: Carry::Send, ..SYNC };
    for (rules, said) in [(SYNC, None), (sends, owned(9, Some("theirs")))] {
        let mut bench = Bench::with(&[("a", "old")]);
        bench.fs.user_chown("a", 7, 8).unwrap();
        bench.fs.user_set_attribute("a", "user.note", Some(b"ours")).unwrap();
        let mut operation = bench.put_file("a", "new");
        operation.entry.metadata = said;
        let outcome = execute(&mut bench, rules, operation);
        assert_eq!(found(&outcome).refused, None, "who does not want it misses nothing");
        assert_eq!(bench.text("a").as_deref(), Some("new"));
        assert_eq!(marks(&bench.fs, "a"), (7, 8, Some("ours".into())));
    }
}

#[test]
fn d14_a_name_outside_of_the_folder_keeps_its_owner() {
    let mut bench = Bench::with(&[("a", "text")]);
    bench.fs.user_hard_link("a", "elsewhere").unwrap();
    let mut operation = dress(&bench, "a", file("text"), owned(7, Some("x")));
    operation.entry.modified = bench.fs.status_of("a").unwrap().modified;
    assert!(execute(&mut bench, SYNC, operation).result.is_ok());
    assert_eq!(marks(&bench.fs, "a"), (7, 7, Some("x".into())));
    assert_eq!(marks(&bench.fs, "elsewhere"), (1_000, 1_000, None));
}

#[test]
fn c2_an_edit_of_the_content_in_the_last_moment_is_not_taken_for_ours() {
    let mut bench = Bench::with(&[("a", "text")]);
    let operation = dress(&bench, "a", file("text"), owned(7, Some("x")));
    bench.before(Call::SetOwner, |fs| fs.user_write_in_place("a", b"edit").unwrap());
    assert_eq!(execute(&mut bench, SYNC, operation).result, Err(Undone::Changed));
    assert_eq!(bench.text("a").as_deref(), Some("edit"));
}
