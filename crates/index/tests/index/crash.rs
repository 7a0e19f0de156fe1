//! Power cuts at every call to the disk.

use crate::disk::Disk;
use crate::world::{FOLDER, Random, any_changes, any_intent, create, dump, folder, open};
use homesync_engine::Journal;
use homesync_index::{Index, IndexError, MemoryIndex};

const STEPS: u64 = 7;

/// The same work each time. After each step that was answered, the model did it too.
fn work(index: &mut dyn Index, mut done: impl FnMut()) -> Result<(), IndexError> {
    let mut random = Random(11);
    for step in 0..STEPS {
        match step {
            2 => drop(index.reserve(5)?),
            3 => index.begin(&[any_intent(&mut random, 1), any_intent(&mut random, 2)])?,
            5 => index.raise(99, 1_000, 200)?,
            _ => {
                let (changes, additions) = any_changes(&mut random);
                index.commit_with(&changes, &additions)?;
            }
        }
        done();
    }
    Ok(())
}

/// What the index says after each number of steps.
fn models() -> Vec<String> {
    (0..=STEPS)
        .map(|steps| {
            let mut model = MemoryIndex::new(FOLDER.index_id_if_new);
            let mut random = Random(11);
            for step in 0..steps {
                match step {
                    2 => drop(model.reserve(5).unwrap()),
                    3 => {
                        let intents = [any_intent(&mut random, 1), any_intent(&mut random, 2)];
                        model.begin(&intents).unwrap();
                    }
                    5 => model.raise(99, 1_000, 200).unwrap(),
                    _ => {
                        let (changes, additions) = any_changes(&mut random);
                        model.commit_with(&changes, &additions).unwrap();
                    }
                }
            }
            dump(&model)
        })
        .collect()
}

/// A disk with an empty folder, cleanly closed.
fn prepared() -> Vec<u8> {
    let disk = Disk::default();
    drop(folder(&create(&disk).unwrap()).unwrap());
    disk.image()
}

/// Works until the power goes; answers how many steps were acknowledged.
fn until_cut(disk: &Disk, calls: u64) -> u64 {
    let mut steps = 0;
    disk.cut_after(calls);
    if let Ok(mut index) = open(disk).and_then(|database| folder(&database)) {
        let _ = work(&mut index, || steps += 1);
    }
    steps
}

#[test]
fn durability_01_a_commit_is_whole_or_absent_wherever_the_power_goes() {
    let (image, models) = (prepared(), models());
    let disk = Disk::of(image.clone());
    assert_eq!(until_cut(&disk, u64::MAX), STEPS);
    let calls = disk.calls();
    let mut random = Random(5);
    for cut in 0..calls {
        let disk = Disk::of(image.clone());
        let steps = until_cut(&disk, cut) as usize;
        let after = Disk::of(disk.after_power_cut(&mut random));
        let index = folder(&open(&after).unwrap()).unwrap();
        let found = dump(&index);
        let is_next = models.get(steps + 1).is_some_and(|model| found == *model);
        assert!(found == models[steps] || is_next, "cut at call {cut} of {calls}, after {steps} steps");
    }
}

#[test]
fn durability_02_what_was_acknowledged_survives_a_power_cut_after_the_answer() {
    let (image, models) = (prepared(), models());
    let mut random = Random(6);
    for seed in 0..40 {
        let disk = Disk::of(image.clone());
        let mut index = folder(&open(&disk).unwrap()).unwrap();
        let mut images = Vec::new();
        work(&mut index, || images.push(disk.after_power_cut(&mut random))).unwrap();
        for (step, image) in images.into_iter().enumerate().skip(seed % 3).step_by(3) {
            let index = folder(&open(&Disk::of(image)).unwrap()).unwrap();
            assert!(dump(&index) == models[step + 1], "seed {seed}, after step {step}");
        }
    }
}

#[test]
fn durability_04_a_sequence_number_is_never_given_twice_under_one_index_id() {
    let image = prepared();
    let mut random = Random(7);
    for seed in 0..40 {
        let disk = Disk::of(image.clone());
        let mut highest = 0;
        disk.cut_after(5 + seed * 3);
        if let Ok(mut index) = open(&disk).and_then(|database| folder(&database)) {
            let mut random = Random(seed);
            while let Ok(committed) = index.commit(&any_changes(&mut random).0) {
                highest = highest.max(committed.sequence);
            }
        }
        let after = Disk::of(disk.after_power_cut(&mut random));
        let mut index = folder(&open(&after).unwrap()).unwrap();
        assert!(index.sequence() >= highest);
        index.commit(&crate::world::locals(&["new"])).unwrap();
        let given = index.announce_since(highest, usize::MAX).unwrap();
        let new = given.iter().find(|entry| entry.path.as_str() == "new").unwrap();
        assert!(new.sequence > highest);
    }
}

#[test]
fn durability_05_a_number_for_an_intent_is_never_given_twice() {
    let image = prepared();
    let mut random = Random(8);
    for seed in 0..40 {
        let disk = Disk::of(image.clone());
        let mut highest = 0;
        disk.cut_after(5 + seed * 2);
        if let Ok(mut index) = open(&disk).and_then(|database| folder(&database)) {
            while let Ok(first) = index.reserve(3) {
                assert!(first > highest);
                highest = first + 2;
            }
        }
        let mut index = folder(&open(&Disk::of(disk.after_power_cut(&mut random))).unwrap()).unwrap();
        assert!(index.reserve(1).unwrap() > highest);
    }
}

#[test]
fn a_cut_while_the_database_is_made_leaves_nothing_that_is_taken_for_a_whole_one() {
    let disk = Disk::default();
    drop(create(&disk).unwrap());
    let mut random = Random(2);
    for cut in 0..disk.calls() {
        let disk = Disk::default();
        disk.cut_after(cut);
        let _ = create(&disk);
        match open(&Disk::of(disk.after_power_cut(&mut random))) {
            Ok(database) => drop(folder(&database).unwrap()),
            Err(error) => assert!(matches!(error, IndexError::Broken { .. }), "{error}"),
        }
    }
}
