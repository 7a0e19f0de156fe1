//! The durable index and its twin in memory agree on everything, whatever happens to them.

use crate::disk::Disk;
use crate::world::{FOLDER, Random, any_changes, any_intent, any_path, create, dump, folder, open};
use homesync_engine::{Journal, View};
use homesync_index::{FolderOptions, Index, MemoryIndex};
use homesync_protocol::BlockHash;

fn same_answers(durable: &dyn Index, model: &dyn Index, random: &mut Random) {
    assert_eq!(dump(durable), dump(model));
    for _ in 0..4 {
        let path = any_path(random);
        assert_eq!(durable.local(&path), model.local(&path));
        assert_eq!(durable.children(Some(&path)), model.children(Some(&path)));
        assert_eq!(durable.spellings(&path), model.spellings(&path), "{path:?}");
        let below = |index: &dyn Index, limit: usize| {
            let mut paths = Vec::new();
            let mut visit = |path: &homesync_paths::RelativePath| {
                paths.push(path.clone());
                paths.len() < limit
            };
            index.paths_below(Some(&path), &mut visit).map(|()| paths)
        };
        let limit = 1 + random.below(5) as usize;
        assert_eq!(below(durable, limit), below(model, limit));
        assert_eq!(durable.locals(Some(&path), limit), model.locals(Some(&path), limit));
        let since = random.below(model.sequence() + 2);
        assert_eq!(durable.announce_since(since, limit), model.announce_since(since, limit));
        assert_eq!(durable.journal(Some(since), limit), model.journal(Some(since), limit));
        let hash = BlockHash([random.below(60) as u8; 32]);
        assert_eq!(durable.block_places(hash, limit), model.block_places(hash, limit));
        if let Some(blocks) =
            model.local(&path).unwrap().and_then(|local| local.entry.content.blocks().cloned())
        {
            let limit = 1 + random.below(3) as usize;
            assert_eq!(durable.files_with(blocks.digest(), limit), model.files_with(blocks.digest(), limit));
        }
    }
    assert_eq!(durable.children(None), model.children(None));
}

#[test]
fn both_say_the_same_after_any_history() {
    arbtest::arbtest(|input| {
        let mut random = Random(input.arbitrary()?);
        let disk = Disk::default();
        let mut database = create(&disk).unwrap();
        let mut durable = folder(&database).unwrap();
        let mut model = MemoryIndex::new(FOLDER.index_id_if_new);
        let mut free = 1;
        for _ in 0..random.below(12) {
            match random.below(12) {
                0 => {
                    drop((durable, database));
                    database = open(&disk).unwrap();
                    durable = folder(&database).unwrap();
                }
                1 => durable.compact().unwrap(),
                2 => durable.check().unwrap(),
                3 => {
                    let numbers = (random.next(), random.below(99), random.below(2_000));
                    durable.raise(numbers.0, numbers.1, numbers.2).unwrap();
                    model.raise(numbers.0, numbers.1, numbers.2).unwrap();
                }
                4 | 5 => {
                    // Which numbers is the index's affair, as long as none comes twice.
                    let first = durable.reserve(2).unwrap();
                    assert!(first >= free, "{first} was given before");
                    free = first + 2;
                    let intents = [any_intent(&mut random, first), any_intent(&mut random, first + 1)];
                    durable.begin(&intents).unwrap();
                    model.begin(&intents).unwrap();
                }
                _ => {
                    let (changes, additions) = any_changes(&mut random);
                    let answer = durable.commit_with(&changes, &additions);
                    assert_eq!(answer, model.commit_with(&changes, &additions));
                }
            }
        }
        same_answers(&durable, &model, &mut random);
        durable.check().unwrap();
        Ok(())
    })
    .budget_ms(6_000);
}

#[test]
fn folders_in_one_database_do_not_see_each_other() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let mut random = Random(9);
    let names = ["one", "two", "three"];
    let mut pairs: Vec<_> = (0..3)
        .map(|place| {
            let options = FolderOptions { index_id_if_new: place + 1, folds_case: true };
            (database.folder(names[place as usize], options).unwrap(), MemoryIndex::new(place + 1))
        })
        .collect();
    for _ in 0..30 {
        let (durable, model) = &mut pairs[random.below(3) as usize];
        let (changes, additions) = any_changes(&mut random);
        assert_eq!(durable.commit_with(&changes, &additions), model.commit_with(&changes, &additions));
    }
    pairs[0].0.compact().unwrap();
    for (durable, model) in &pairs {
        same_answers(durable, model, &mut random);
    }
}

#[test]
fn thousands_of_items_come_back_in_order_before_and_after_compaction() {
    let disk = Disk::default();
    let mut durable = folder(&create(&disk).unwrap()).unwrap();
    let mut model = MemoryIndex::new(FOLDER.index_id_if_new);
    let mut random = Random(4);
    for _ in 0..6 {
        let paths: Vec<String> =
            (0..700).map(|_| format!("d{}/f{}", random.below(40), random.below(900))).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let changes = crate::world::locals(&paths);
        durable.commit(&changes).unwrap();
        model.commit(&changes).unwrap();
    }
    durable.check().unwrap();
    same_answers(&durable, &model, &mut random);
    let before = disk.image().len();
    durable.compact().unwrap();
    durable.check().unwrap();
    same_answers(&durable, &model, &mut random);
    assert!(disk.image().len() < before, "{} of {before} bytes", disk.image().len());
}

#[test]
fn other_spellings_are_found_from_the_moment_the_folder_needs_them() {
    let disk = Disk::default();
    let database = create(&disk).unwrap();
    let open =
        |folds_case| database.folder("folder", FolderOptions { index_id_if_new: 1, folds_case }).unwrap();
    open(false).commit(&crate::world::locals(&["a/B", "A/b", "c"])).unwrap();
    let path = crate::world::path("a/b");
    assert_eq!(open(false).spellings(&path), Ok(vec![]));
    assert_eq!(open(true).spellings(&path).unwrap().len(), 2);
    open(true).check().unwrap();
}
