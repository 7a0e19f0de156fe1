//! Reading: one key, or many in order.

use super::block::{Opened, open};
use super::{Fault, GROUP_LENGTH, Group};
use redb::{AccessGuard, ReadableTable};

/// One pair as a scan meets it.
pub(crate) struct Row<'a> {
    /// Without its group.
    pub key: &'a [u8],
    /// As it was stored.
    pub value: &'a [u8],
}

/// What a block in the database is read as.
pub(crate) type Pair<'a> = (AccessGuard<'a, &'static [u8]>, AccessGuard<'a, &'static [u8]>);

/// The block in which a key is, if it is anywhere.
pub(crate) fn block_of<'a>(
    table: &'a impl ReadableTable<&'static [u8], &'static [u8]>,
    group: Group,
    key: &[u8],
) -> Result<Pair<'a>, Fault> {
    let full = group.key(key);
    let pair = match table.range::<&[u8]>(..=full.as_slice())?.next_back() {
        Some(pair) => pair?,
        None => return Err(missing()),
    };
    if pair.0.value().starts_with(&group.0) { Ok(pair) } else { Err(missing()) }
}

/// A block must be there, for the whole range of keys: each group has one from its beginning.
fn missing() -> Fault {
    Fault::Damaged("a block is missing".to_owned())
}

/// The value of a key.
pub(crate) fn find(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    group: Group,
    wanted: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let (full, stored) = block_of(table, group, wanted)?;
    let mut block = open(full.value(), stored.value())?;
    if block.fence.is_some_and(|fence| wanted >= fence) {
        return Err(missing());
    }
    let (mut key, mut value) = (Vec::new(), Vec::new());
    while block.next(&mut key, &mut value)? {
        match key.as_slice().cmp(wanted) {
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => return Ok(Some(value)),
            std::cmp::Ordering::Greater => return Ok(None),
        }
    }
    Ok(None)
}

/// All pairs from a key on, in order, until `visit` answers `false`.
pub(crate) fn scan(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    group: Group,
    from: &[u8],
    visit: &mut dyn FnMut(Row<'_>) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    let first = block_of(table, group, from)?.0.value().to_vec();
    let (mut key, mut value) = (Vec::new(), Vec::new());
    let mut expected: Option<Vec<u8>> = None;
    for pair in table.range::<&[u8]>(first.as_slice()..)? {
        let (full, stored) = pair?;
        let separator = &full.value()[GROUP_LENGTH.min(full.value().len())..];
        if !full.value().starts_with(&group.0) || expected.as_deref().is_some_and(|fence| fence != separator)
        {
            return Err(missing());
        }
        let mut block: Opened<'_> = open(full.value(), stored.value())?;
        if expected.is_none() && block.fence.is_some_and(|fence| from >= fence) {
            return Err(missing());
        }
        let fence = block.fence.map(<[u8]>::to_vec);
        key.clear();
        value.clear();
        let mut is_behind = false;
        while block.next(&mut key, &mut value)? {
            // Keys of a block are in order, so those behind the first wanted one need no look.
            is_behind = is_behind || key.as_slice() >= from;
            if is_behind && !visit(Row { key: &key, value: &value })? {
                return Ok(());
            }
        }
        match fence {
            None => return Ok(()),
            fence => expected = fence,
        }
    }
    Err(missing())
}
