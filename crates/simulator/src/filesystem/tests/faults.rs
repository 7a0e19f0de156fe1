//! Calls that fail, machines that crash between calls, and people who act between them.

use super::{choices, name, shown, write};
use crate::filesystem::{Call, Calls, Fault, Faults, Settings, SimFs, When, is_crash};
use homesync_disk::Vfs;
use rustix::io::Errno;
use std::io;

fn errno<T>(result: io::Result<T>) -> Option<Errno> {
    result.err().and_then(|error| Errno::from_io_error(&error))
}

#[test]
fn a_crash_lasts_until_the_machine_starts_again_and_handles_die_with_it() {
    let disk = SimFs::default();
    let root = disk.root().unwrap();
    let file = disk.create_file(&root, name("f"), 0o600).unwrap();
    disk.set_crash_at(Some(disk.calls() + 2));
    disk.write_at(&file, 0, b"x").unwrap();
    for _ in 0..2 {
        assert!(is_crash(&disk.write_at(&file, 1, b"y").unwrap_err()));
        assert!(is_crash(&disk.root().unwrap_err()));
    }
    disk.restart();
    assert_eq!(errno(disk.write_at(&file, 1, b"y")), Some(Errno::BADF));
    assert_eq!(errno(disk.list(&root)), Some(Errno::BADF));
    assert_eq!(shown(&disk), "f=x");
    assert!(disk.waiting_effects() > 0);
}

#[test]
fn faults_strike_the_calls_they_concern_once_or_for_good() {
    let disk = SimFs::default();
    let fault = |when, stays| Fault { calls: Calls::of(&[Call::Status]), errno: Errno::IO, when, stays };
    write(&disk, "f", b"x");
    let root = disk.root().unwrap();
    disk.set_faults(Faults { faults: vec![fault(When::At(disk.calls() + 1), false)], ..Faults::default() });
    assert_eq!(errno(disk.status(&root, name("f"))), Some(Errno::IO));
    assert_eq!(errno(disk.status(&root, name("f"))), None);
    disk.set_faults(Faults { faults: vec![fault(When::At(disk.calls() + 1), true)], ..Faults::default() });
    assert_eq!(errno(disk.status(&root, name("f"))), Some(Errno::IO));
    assert_eq!(errno(disk.list(&root)), None);
    assert_eq!(errno(disk.status(&root, name("f"))), Some(Errno::IO));
}

#[test]
fn writes_that_a_failed_synchronization_lost_do_not_come_back() {
    let disk = SimFs::default();
    let root = disk.root().unwrap();
    let file = disk.create_file(&root, name("f"), 0o600).unwrap();
    disk.write_at(&file, 0, b"lost").unwrap();
    let calls = Calls::SYNCHRONIZING;
    let fault = Fault { calls, errno: Errno::IO, when: When::At(disk.calls() + 1), stays: false };
    disk.set_faults(Faults { faults: vec![fault], ..Faults::default() });
    assert_eq!(errno(disk.synchronize_file(&file)), Some(Errno::IO));
    disk.synchronize_file(&file).unwrap();
    disk.synchronize_directory(&root).unwrap();
    assert_eq!(shown(&disk), "f=lost");
    disk.reboot();
    assert_eq!(shown(&disk), "f=\0\0\0\0");
}

#[test]
fn a_full_disk_takes_what_fits_and_room_comes_back() {
    let disk = SimFs::new(Settings { capacity: 8192, objects: 4, ..Settings::default() });
    let root = disk.root().unwrap();
    let file = disk.create_file(&root, name("f"), 0o600).unwrap();
    assert_eq!(disk.write_at(&file, 4096, &[1; 8192]).unwrap(), 4096);
    assert_eq!(errno(disk.write_at(&file, 8192, &[1; 1])), Some(Errno::NOSPC));
    assert_eq!(disk.space().unwrap().free, 0);
    disk.remove_file(&root, name("f")).unwrap();
    assert_eq!(disk.space().unwrap().free, 0, "an open file keeps its room");
    drop(file);
    assert_eq!(disk.space().unwrap().free, 8192);
    for directory in ["a", "b", "c"] {
        disk.create_directory(&root, name(directory), 0o700).unwrap();
    }
    assert_eq!(errno(disk.create_directory(&root, name("d"), 0o700)), Some(Errno::NOSPC));
}

#[test]
fn an_old_handle_writes_to_the_object_it_was_opened_for() {
    let disk = SimFs::default();
    write(&disk, "f", b"old");
    let root = disk.root().unwrap();
    let old = disk.open_file_for_writing(&root, name("f")).unwrap();
    disk.user_write("f", b"new").unwrap();
    disk.write_at(&old, 3, b"er").unwrap();
    assert_eq!(shown(&disk), "f=new");
    let mut buffer = [0; 9];
    let many = disk.read_at(&old, 0, &mut buffer).unwrap();
    assert_eq!(&buffer[..many], b"older");
    assert_eq!(disk.file_status(&old).unwrap().links, 0);
}

#[test]
fn a_refused_directory_hides_all_below_it() {
    let disk = SimFs::default();
    disk.user_write("d/e/f", b"x").unwrap();
    disk.refuse("d", Some(Errno::ACCESS)).unwrap();
    let root = disk.root().unwrap();
    assert_eq!(errno(disk.open_directory(&root, name("d"))), Some(Errno::ACCESS));
    assert_eq!(errno(disk.status(&root, name("d"))), None);
    disk.user_write("d/e/f", b"people may").unwrap();
    disk.refuse("d", None).unwrap();
    assert_eq!(errno(disk.open_directory(&root, name("d"))), None);
}

#[test]
fn short_reads_and_writes_make_progress() {
    let (mut short, mut whole) = (0, 0);
    for seed in 0..50 {
        let disk = SimFs::default();
        disk.set_choices(choices(seed));
        disk.set_faults(Faults { short_reads_one_in: 2, short_writes_one_in: 2, ..Faults::default() });
        let root = disk.root().unwrap();
        let file = disk.create_file(&root, name("f"), 0o600).unwrap();
        let mut written = 0;
        while written < 100 {
            let many = disk.write_at(&file, written as u64, &[b'x'; 100][written..]).unwrap();
            assert!(many > 0);
            if many < 100 - written {
                short += 1
            } else {
                whole += 1
            }
            written += many;
        }
        assert_eq!(disk.read("f").unwrap().len(), 100);
    }
    assert!(short > 10 && whole == 50, "{short} {whole}");
}

#[test]
fn somebody_acts_between_two_calls() {
    let disk = SimFs::default();
    write(&disk, "f", b"x");
    disk.set_hook(Box::new(|disk, _, call| {
        if call == Call::Exchange {
            disk.user_write("f", b"just saved").unwrap();
        }
    }));
    let root = disk.root().unwrap();
    disk.create_link(&root, name("t"), b"anywhere").unwrap();
    disk.exchange(&root, name("t"), &root, name("f")).unwrap();
    assert_eq!(shown(&disk), "f=anywhere t=just saved");
}

#[test]
fn equal_runs_have_equal_traces() {
    let run = |content: &[u8]| {
        let disk = SimFs::default();
        disk.keep_log();
        write(&disk, "f", content);
        disk.reboot();
        (disk.trace_hash(), disk.log())
    };
    assert_eq!(run(b"a"), run(b"a"));
    assert_ne!(run(b"a").0, run(b"b").0);
    assert_eq!(run(b"a").1.len(), 3);
}

#[test]
fn settings_change_what_the_file_system_can_do() {
    let settings = Settings {
        folds_case: true,
        exchange: false,
        granularity_nanoseconds: 2_000_000_000,
        ..Settings::default()
    };
    let disk = SimFs::new(settings);
    write(&disk, "File", b"x");
    let root = disk.root().unwrap();
    let status = disk.status(&root, name("fILE")).unwrap();
    assert_eq!((status.modified.seconds % 2, status.modified.nanoseconds), (0, 0));
    assert_eq!(errno(disk.create_file(&root, name("FILE"), 0o600)), Some(Errno::EXIST));
    assert_eq!(shown(&disk), "File=x");
    disk.user_rename("file", "FILE").unwrap();
    assert_eq!(shown(&disk), "FILE=x");
    assert_eq!(errno(disk.exchange(&root, name("file"), &root, name("file"))), Some(Errno::INVAL));
}
