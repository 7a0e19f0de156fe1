//! Which blocks of files that are not complete yet can be had already.

use super::cluster::folder_id;
use super::item::{clean_path, version_from_wire, version_to_wire};
use crate::error::ProtocolError;
use crate::wire::field;
use crate::{Version, wire};
use homesync_paths::RelativePath;

/// The blocks of one folder's unfinished files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// In which folder.
    pub folder: String,
    /// What is new.
    pub updates: Vec<ProgressUpdate>,
}

/// What is new about one unfinished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgressUpdate {
    /// Which file.
    pub path: RelativePath,
    /// Of which version.
    pub version: Version,
    /// Blocks that can be had now, or none where the file is finished or given up and what was said of it is void.
    pub blocks: Option<Vec<u32>>,
    /// How large its blocks are.
    pub block_size: u32,
}

/// What the numbers of the wire mean.
const APPEND: i32 = 0;
const FORGET: i32 = 1;

impl Progress {
    pub(super) fn to_wire(&self) -> wire::Progress {
        let update = |update: &ProgressUpdate| wire::ProgressUpdate {
            kind: if update.blocks.is_some() { APPEND } else { FORGET },
            name: field(update.path.as_str()),
            version: Some(version_to_wire(&update.version)),
            blocks: update.blocks.iter().flatten().filter_map(|block| i32::try_from(*block).ok()).collect(),
            block_size: i32::try_from(update.block_size).unwrap_or(0),
        };
        wire::Progress { folder: field(&self.folder), updates: self.updates.iter().map(update).collect() }
    }

    /// An update that cannot be understood is left out: it only saves time.
    pub(super) fn from_wire(wire: wire::Progress) -> Result<Self, ProtocolError> {
        let mut updates = Vec::new();
        for update in wire.updates {
            let Ok(path) = clean_path(&update.name)? else { continue };
            let Ok(version) = version_from_wire(update.version) else { continue };
            let block = |block: i32| u32::try_from(block).ok();
            let blocks = match update.kind {
                APPEND => Some(update.blocks.into_iter().filter_map(block).collect()),
                FORGET => None,
                _ => continue,
            };
            let block_size = u32::try_from(update.block_size).unwrap_or(0);
            updates.push(ProgressUpdate { path, version, blocks, block_size });
        }
        Ok(Self { folder: folder_id(&wire.folder)?, updates })
    }
}
