//! A folder compared with itself: every block read, every number followed to its item.

use super::{DurableIndex, number_of};
use crate::IndexError;
use crate::codec::{decode_agreed, decode_entry, path_of, sequence_of};
use crate::database::{Blocks, Names};
use crate::packed::{Fault, Group, Tree, find, scan};

/// Items of one read.
const CHUNK: u64 = 10_000;

/// Pages first, then what they say.
pub(super) fn check(index: &mut DurableIndex) -> Result<(), IndexError> {
    index.shared.exclusive(|database| match database.check_integrity()? {
        true => Ok(()),
        false => Err(Fault::Damaged("pages do not fit their checksums".to_owned())),
    })?;
    let folder = index.record.number;
    let (mut items, mut present, mut references) = (0, 0, 0);
    chunks(index, Tree::Local, &mut |_, names, key, value| {
        let entry = decode_entry(path_of(key)?, value, &names.machines)?.entry;
        items += 1;
        present += u64::from(entry.is_present());
        references += super::references(&entry).iter().filter(|(tree, _)| *tree == Tree::Contents).count();
        expect(entry.sequence <= index.record.sequence, "an item has a number that was never given")
    })?;
    let mut numbers = 0;
    chunks(index, Tree::Sequences, &mut |blocks, names, key, path| {
        numbers += 1;
        let value = find(blocks, Group::of(folder, Tree::Local), path)?;
        let sequence = value.map(|value| sequence_of(&value, &names.machines)).transpose()?;
        expect(sequence == Some(number_of(key)?), "a number leads to another item")
    })?;
    let mut contents = 0;
    for tree in [Tree::Contents, Tree::Recent] {
        chunks(index, tree, &mut |_, _, _, _| {
            contents += 1;
            Ok(())
        })?;
    }
    chunks(index, Tree::Agreed, &mut |_, _, _, value| {
        decode_agreed(value)?;
        Ok(())
    })?;
    for tree in [Tree::Blocks, Tree::Spellings, Tree::Intents, Tree::Journal, Tree::Positions] {
        chunks(index, tree, &mut |_, _, _, _| Ok(()))?;
    }
    let all = [
        (numbers == items, "there are more or fewer numbers than items"),
        (present == index.record.present, "the count of present items is wrong"),
        (contents == references, "there are more or fewer contents than files"),
    ];
    index.shared.read(|_, _| all.iter().try_for_each(|(is_right, reason)| expect(*is_right, reason)))
}

fn expect(is_right: bool, reason: &str) -> Result<(), Fault> {
    if is_right { Ok(()) } else { Err(Fault::Damaged(reason.to_owned())) }
}

type Visit<'a> = &'a mut dyn FnMut(&Blocks, &Names, &[u8], &[u8]) -> Result<(), Fault>;

fn chunks(index: &DurableIndex, tree: Tree, visit: Visit<'_>) -> Result<(), IndexError> {
    let group = Group::of(index.record.number, tree);
    let mut from = Some(Vec::new());
    while let Some(start) = from.take() {
        index.shared.read(|blocks, names| {
            let mut count = 0;
            scan(blocks, group, &start, &mut |row| {
                visit(blocks, names, row.key, row.value)?;
                count += 1;
                if count == CHUNK {
                    from = Some([row.key, b"\0"].concat());
                }
                Ok(count < CHUNK)
            })
        })?;
    }
    Ok(())
}
