//! An index that is not open: every question is an error, never an empty answer.

use homesync_engine::{Agreed, Local, Unreadable, View};
use homesync_paths::RelativePath;
use homesync_protocol::{BlocksHash, DeviceId, Entry};

/// What is read while the index is not open.
pub struct Closed;

fn unreadable<T>() -> Result<T, Unreadable> {
    Err(Unreadable("the index is not open".to_string()))
}

impl View for Closed {
    fn local(&self, _: &RelativePath) -> Result<Option<Local>, Unreadable> {
        unreadable()
    }

    fn others(&self, _: &RelativePath) -> Result<Vec<(DeviceId, Entry)>, Unreadable> {
        unreadable()
    }

    fn agreed(&self, _: &RelativePath) -> Result<Option<Agreed>, Unreadable> {
        unreadable()
    }

    fn paths_below(
        &self,
        _: Option<&RelativePath>,
        _: &mut dyn FnMut(&RelativePath) -> bool,
    ) -> Result<(), Unreadable> {
        unreadable()
    }

    fn children(&self, _: Option<&RelativePath>) -> Result<Vec<RelativePath>, Unreadable> {
        unreadable()
    }

    fn files_with(&self, _: BlocksHash, _: usize) -> Result<Vec<RelativePath>, Unreadable> {
        unreadable()
    }

    fn spellings(&self, _: &RelativePath) -> Result<Vec<RelativePath>, Unreadable> {
        unreadable()
    }

    fn present(&self) -> Result<u64, Unreadable> {
        unreadable()
    }
}
