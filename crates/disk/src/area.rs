//! The place beside a folder's data that is ours: `.homesync` in its root, on the same file system, so that anything can be moved there
//! in one step.
//!
//! - `staged/` holds files that are being put together, by a name made from their path and content.
//! - `recovery/ACT/PATH` holds what was replaced or removed, under the path that it had. `ACT` is when, and a number.

use crate::tree::Tree;
use crate::vfs::{Name, Vfs};
use homesync_engine::date;
use homesync_paths::RelativePath;
use homesync_protocol::{BlockHash, BlockList, Timestamp};
use std::io;
use std::sync::Arc;

/// The directory in the root.
pub const AREA: &str = ".homesync";
/// The directory by which a root is known as one: an empty mount point has none. Other tools know it too.
pub const MARKER: &str = ".stfolder";
/// Files that are being put together.
const STAGED: &str = "staged";
/// What was replaced or removed.
pub(crate) const RECOVERY: &str = "recovery";
/// Nobody else has any business here.
pub(crate) const PRIVATE: u16 = 0o700;

/// The name of a staged file. It is made from the path and the content, so that blocks of two contents can never meet in one file; and any
/// path fits, however long.
pub(crate) fn staged_name(path: &RelativePath, content: Option<&BlockList>) -> String {
    let content = content.map(|blocks| blocks.digest().0).unwrap_or_default();
    staged_prefix(path) + &hex_of(&content)
}

/// What the names of all staged files of a path begin with.
pub(crate) fn staged_prefix(path: &RelativePath) -> String {
    hex_of(&BlockHash::of(path.as_str().as_bytes()).0) + "-"
}

/// Enough of a hash that no two meet.
fn hex_of(hash: &[u8; 32]) -> String {
    hash.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// The name of one act below `recovery/`: sorted by name is sorted by time.
pub(crate) fn act_name(now: Timestamp, number: u64) -> String {
    format!("{}-{number:x}", date(now, 0))
}

/// When an act was, in seconds since 1970, from its name.
pub(crate) fn seconds_of_act(name: &str) -> Option<i64> {
    let (day, time) = (name.get(..8)?, name.get(9..15)?);
    if name.get(8..9)? != "-"
        || ![day, time].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return None;
    }
    let number = |text: &str| text.parse::<i64>().ok();
    let (year, month, day) = (number(&day[..4])?, number(&day[4..6])?, number(&day[6..])?);
    let (hours, minutes, seconds) = (number(&time[..2])?, number(&time[2..4])?, number(&time[4..])?);
    // Years from March on, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100)
        + year.div_euclid(400)
        + (153 * month + 2) / 5
        + day
        - 719_469;
    Some(days * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

/// The directory of staged files, made if it is missing.
pub(crate) fn staged<V: Vfs>(tree: &Tree<'_, V>) -> io::Result<Arc<V::Directory>> {
    tree.ours(AREA, STAGED)
}

/// The directory of staged files, if there is one.
pub(crate) fn find_staged<V: Vfs>(tree: &Tree<'_, V>) -> io::Result<Option<Arc<V::Directory>>> {
    find(tree, tree.root()?, [AREA, STAGED])
}

/// The directory to which these names lead, if all of them are there.
fn find<'n, V: Vfs>(
    tree: &Tree<'_, V>,
    mut directory: Arc<V::Directory>,
    names: impl IntoIterator<Item = &'n str>,
) -> io::Result<Option<Arc<V::Directory>>> {
    for name in names {
        match tree.vfs.open_directory(&directory, Name::new(name.as_bytes())?) {
            Ok(next) => directory = Arc::new(next),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(directory))
}

/// The directory of what was displaced, made if it is missing.
pub(crate) fn recovery<V: Vfs>(tree: &Tree<'_, V>) -> io::Result<Arc<V::Directory>> {
    tree.ours(AREA, RECOVERY)
}

/// The directory that holds a slot, made if it is missing, and the slot's own name.
pub(crate) fn slot<'s, V: Vfs>(
    tree: &Tree<'_, V>,
    slot: &'s str,
) -> io::Result<(Arc<V::Directory>, Name<'s>)> {
    let mut directory = recovery(tree)?;
    let (above, name) = slot.rsplit_once('/').unwrap_or(("", slot));
    for part in above.split('/').filter(|part| !part.is_empty()) {
        directory = tree.make(&directory, part)?;
    }
    Ok((directory, Name::new(name.as_bytes())?))
}

/// The directory that holds a slot, if there is one.
pub(crate) fn find_slot<'s, V: Vfs>(
    tree: &Tree<'_, V>,
    slot: &'s str,
) -> io::Result<Option<(Arc<V::Directory>, Name<'s>)>> {
    let (above, name) = slot.rsplit_once('/').unwrap_or(("", slot));
    let parts = above.split('/').filter(|part| !part.is_empty());
    let Some(directory) = find(tree, recovery(tree)?, parts)? else { return Ok(None) };
    Ok(Some((directory, Name::new(name.as_bytes())?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_tells_when_it_was() {
        for seconds in [0, 1_700_000_000, 951_782_400, 951_868_799, 4_102_444_800, -1, 1_709_164_800] {
            assert_eq!(seconds_of_act(&act_name(Timestamp::at(seconds), 17)), Some(seconds));
        }
        assert_eq!(seconds_of_act("20240101x000000-1"), None);
        assert_eq!(seconds_of_act("notes"), None);
    }
}
