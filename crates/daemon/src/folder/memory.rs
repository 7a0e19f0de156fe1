//! What is remembered about a folder beside its index, so that it outlives one that is lost: which directory its root was, and above which numbers
//! our counters must go on.

use homesync_engine::RootIdentity;
use homesync_host::file::{self, FileError};
use homesync_paths::RelativePath;
use homesync_protocol::BlocksHash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A few pages of text; what is longer was not written by us.
const MOST_BYTES: u64 = 1 << 22;
/// So many conflicts are remembered.
const MOST_CONFLICTS: usize = 1_000;

/// It.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Remembered {
    /// The root's file system.
    device: Option<u64>,
    /// Its number there.
    inode: Option<u64>,
    /// The highest floor that counters ever had.
    pub(crate) counter_floor: u64,
    /// What both sides of a conflict were made from: the digest, by the path of the copy.
    conflict_bases: BTreeMap<String, String>,
}

impl Remembered {
    /// What is remembered below the state directory about the folder of an id.
    pub(crate) fn read(path: &Path) -> Result<Self, FileError> {
        let bytes = file::read_bounded(path, MOST_BYTES)?;
        // A text that is not whole is as good as none: the root counts as new then, and is believed with its marker only.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
    }

    /// Writes it down durably.
    pub(crate) fn write(&self, path: &Path) -> Result<(), FileError> {
        if let Some(directory) = path.parent() {
            file::create_private_directory(directory)?;
        }
        let text = serde_json::to_vec(self).unwrap_or_default();
        file::replace(path, &text, 0o600)
    }

    /// What both sides of these conflicts were made from.
    pub(crate) fn conflict_bases(&self) -> BTreeMap<RelativePath, BlocksHash> {
        let known = |(path, digest): (&String, &String)| {
            let mut bytes = [0; 32];
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = u8::from_str_radix(digest.get(2 * at..2 * at + 2)?, 16).ok()?;
            }
            Some((RelativePath::parse(path).ok()?, BlocksHash(bytes)))
        };
        self.conflict_bases.iter().filter_map(known).collect()
    }

    /// From now on it is this; as much of it as anybody will ask for.
    pub(crate) fn set_conflict_bases(&mut self, bases: &BTreeMap<RelativePath, BlocksHash>) {
        let text = |digest: &BlocksHash| digest.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let newest = bases.iter().rev().take(MOST_CONFLICTS);
        self.conflict_bases =
            newest.map(|(path, digest)| (path.as_str().to_string(), text(digest))).collect();
    }

    pub(crate) fn identity(&self) -> Option<RootIdentity> {
        Some(RootIdentity { device: self.device?, inode: self.inode? })
    }

    pub(crate) fn set_identity(&mut self, identity: Option<RootIdentity>) {
        self.device = identity.map(|identity| identity.device);
        self.inode = identity.map(|identity| identity.inode);
    }
}

/// Where it is. Ids may hold anything, so they are told apart by a hash.
pub(crate) fn place_of(state: &Path, id: &str) -> PathBuf {
    let hash = homesync_protocol::BlockHash::of(id.as_bytes());
    let name: String = hash.0.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    state.join("folders").join(format!("{name}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_half_a_text_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = place_of(directory.path(), "../work");
        assert!(path.starts_with(directory.path().join("folders")));
        assert_eq!(Remembered::read(&path).unwrap(), Remembered::default());
        let mut remembered = Remembered { counter_floor: 7, ..Remembered::default() };
        remembered.set_identity(Some(RootIdentity { device: u64::MAX, inode: 2 }));
        let bases = BTreeMap::from([(RelativePath::parse("a/b").unwrap(), BlocksHash([7; 32]))]);
        remembered.set_conflict_bases(&bases);
        assert_eq!(remembered.conflict_bases(), bases);
        remembered.write(&path).unwrap();
        assert_eq!(Remembered::read(&path).unwrap(), remembered);
        file::replace(&path, b"{\"device\":", 0o600).unwrap();
        assert_eq!(Remembered::read(&path).unwrap(), Remembered::default());
    }
}
