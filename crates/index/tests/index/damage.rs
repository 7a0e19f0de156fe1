//! Damaged databases: an error or the right answer, never a panic and never a wrong answer without a word.

use crate::disk::Disk;
use crate::world::{Random, create, dump, folder, locals, open};
use homesync_index::{Database, Index, IndexError, Options};

/// A folder with a few hundred items, cleanly closed, and what it says.
fn sound() -> (Vec<u8>, String) {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let mut index = folder(&database).unwrap();
    for batch in 0..4 {
        let paths: Vec<String> = (0..150).map(|item| format!("d{}/file {batch} {item}", item % 12)).collect();
        index.commit(&locals(&paths.iter().map(String::as_str).collect::<Vec<_>>())).unwrap();
    }
    let said = dump(&index);
    drop((index, database));
    (disk.image(), said)
}

/// Everything that the index says, if it can; an error as soon as one read has one.
fn said_by(image: Vec<u8>, options: &Options) -> Result<String, String> {
    let disk = Disk::of(image);
    let database = Database::open_with_backend(disk, options).map_err(|error| error.to_string())?;
    let mut index = folder(&database).map_err(|error| error.to_string())?;
    let unreadable = |error: homesync_engine::Unreadable| error.to_string();
    // The same questions as `dump`, which must not fail.
    index.locals(None, usize::MAX).map_err(unreadable)?;
    let mut paths = Vec::new();
    let mut visit = |path: &homesync_paths::RelativePath| {
        paths.push(path.clone());
        true
    };
    homesync_engine::View::paths_below(&index, None, &mut visit).map_err(unreadable)?;
    for path in &paths {
        homesync_engine::View::others(&index, path).map_err(unreadable)?;
        homesync_engine::View::agreed(&index, path).map_err(unreadable)?;
        let local = homesync_engine::View::local(&index, path).map_err(unreadable)?;
        let digest = local.and_then(|local| local.entry.content.blocks().map(|blocks| blocks.digest()));
        if let Some(digest) = digest {
            let found = homesync_engine::View::files_with(&index, digest, 2).map_err(unreadable)?;
            assert_eq!(found.as_slice(), std::slice::from_ref(path), "each has a content of its own");
        }
    }
    index.announce_since(0, usize::MAX).map_err(unreadable)?;
    index.open_intents().map_err(unreadable)?;
    index.journal(None, usize::MAX).map_err(unreadable)?;
    (0..4).try_for_each(|number| {
        index.others_position(crate::world::device(number)).map(drop).map_err(unreadable)
    })?;
    let said = dump(&index);
    // A commit on a damaged database fails or works, and does not panic either.
    let _ = index.commit(&locals(&["d1/more"]));
    Ok(said)
}

fn flipped(image: &[u8], random: &mut Random) -> Vec<u8> {
    let mut image = image.to_vec();
    for _ in 0..=random.below(40) {
        // Half of the damage goes to the beginning, where everything begins.
        let end = if random.below(2) == 0 { 8_192 } else { image.len() as u64 };
        image[random.below(end) as usize] ^= 1 << random.below(8);
    }
    image
}

#[test]
fn flipped_bits_give_an_error_or_the_right_answer() {
    let (image, right) = sound();
    let mut random = Random(21);
    let (mut errors, mut answers) = (0, 0);
    for seed in 0..90 {
        let options = Options { always_check: seed % 2 == 0, ..Options::default() };
        let damaged = match seed % 3 {
            // One bit anywhere in what is used.
            0 => {
                let mut image = image.clone();
                let used = image.iter().rposition(|byte| *byte != 0).unwrap() as u64;
                image[random.below(used) as usize] ^= 1 << random.below(8);
                image
            }
            _ => flipped(&image, &mut random),
        };
        match said_by(damaged, &options) {
            Ok(said) => {
                assert!(said == right, "seed {seed}: a wrong answer without a word");
                answers += 1;
            }
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 10 && answers > 0, "{errors} errors, {answers} right answers");
}

#[test]
fn a_database_cut_short_anywhere_is_refused_or_right() {
    let (image, right) = sound();
    let mut random = Random(22);
    let mut lengths: Vec<usize> = (0..40).map(|_| random.below(image.len() as u64) as usize).collect();
    lengths.extend([
        1,
        9,
        320,
        4_095,
        4_096,
        4_097,
        8_192,
        image.len() / 2,
        image.len() - 1,
        image.len() - 4_096,
    ]);
    for length in lengths {
        if let Ok(said) = said_by(image[..length].to_vec(), &Options::default()) {
            assert!(said == right, "cut to {length} bytes: a wrong answer without a word");
        }
    }
}

#[test]
fn durability_07_a_damaged_database_is_not_written_any_more_once_that_is_known() {
    let (image, _) = sound();
    let mut seen = 0;
    for seed in 0..60 {
        let disk = Disk::of(flipped(&image, &mut Random(seed)));
        let Ok(database) = open(&disk) else { continue };
        let Ok(mut index) = folder(&database) else { continue };
        if index.locals(None, usize::MAX).is_ok() {
            continue;
        }
        seen += 1;
        let before = disk.image();
        let first = index.commit(&locals(&["new"])).unwrap_err();
        assert!(matches!(first, IndexError::Broken { .. }), "{first}");
        assert_eq!(index.commit(&locals(&["new"])).unwrap_err(), first, "the same answer each time");
        drop((index, database));
        assert!(disk.image() == before, "seed {seed}: it was written");
    }
    assert!(seen > 5, "{seen} databases were noticed while they were read");
}

#[test]
fn durability_06_a_read_that_fails_is_an_error_and_never_an_absence() {
    let (image, _) = sound();
    let path = crate::world::path("d3/file 2 3");
    let mut errors = 0;
    for seed in 100..160 {
        let disk = Disk::of(flipped(&image, &mut Random(seed)));
        let Ok(database) = open(&disk) else { continue };
        let Ok(index) = folder(&database) else { continue };
        match homesync_engine::View::local(&index, &path) {
            Ok(found) => assert!(found.is_some(), "seed {seed}: it is there"),
            Err(_) => errors += 1,
        }
    }
    assert!(errors > 0);
}

#[test]
fn a_disk_that_cannot_be_read_is_not_taken_for_a_damaged_database() {
    let (image, _) = sound();
    let mut reads = 0;
    loop {
        let disk = Disk::of(image.clone());
        disk.fail_reads_after(Some(reads));
        match open(&disk).and_then(|database| folder(&database)) {
            Ok(_) => break,
            Err(error) => assert!(matches!(error, IndexError::Disk(_)), "after {reads} reads: {error}"),
        }
        reads += 1;
    }
    assert!(reads > 2, "opening reads the database");
}
