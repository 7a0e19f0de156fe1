//! Files that are being put together here: others are told now and then which blocks of them can be had already, and get those.

use super::engine_loop::EngineLoop;
use super::{Shared, lock};
use homesync_disk::serve_staged;
use homesync_engine::Unfinished;
use homesync_protocol::Request;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Others are told so often at most.
const OFTEN: Duration = Duration::from_secs(5);
/// A file of no more blocks is complete before it would help anybody to hear of them.
const FEW_BLOCKS: usize = 10;

impl EngineLoop {
    /// When others are told next, if there is something to tell.
    pub(super) fn expect_unfinished(&mut self) {
        if self.tell_at.is_none() && self.engine.has_unfinished() {
            self.tell_at = Some(Instant::now() + OFTEN);
        }
    }

    /// Says how far everything is that is being put together. What is complete, or given up, is not named any more.
    pub(super) fn tell_unfinished(&mut self) {
        self.tell_at = self.engine.has_unfinished().then(|| Instant::now() + OFTEN);
        let is_large = |file: &Unfinished| {
            file.wanted.content.blocks().is_some_and(|blocks| blocks.hashes().len() > FEW_BLOCKS)
        };
        let now: Vec<Unfinished> = self.engine.unfinished().filter(is_large).collect();
        let mut told = lock(&self.shared.unfinished);
        if **told != now {
            *told = Arc::new(now);
            drop(told);
            self.shared.bell.ring();
        }
    }
}

impl Shared {
    /// What others are told of files that are being put together.
    pub(crate) fn unfinished(&self) -> Arc<Vec<Unfinished>> {
        lock(&self.unfinished).clone()
    }

    /// A block of one of them, if it is there by now. It has the right hash, or is none.
    pub(super) fn serve_unfinished(&self, request: &Request) -> Option<Vec<u8>> {
        let (path, offset) = (request.path.as_ref().ok()?, request.offset?);
        let unfinished = self.unfinished();
        let wanted = &unfinished.iter().find(|file| file.wanted.path == *path)?.wanted;
        let blocks = wanted.content.blocks()?;
        let number = u32::try_from(offset / u64::from(blocks.block_size())).ok()?;
        let hash = *blocks.hashes().get(number as usize)?;
        let is_block = blocks.extent(number as usize) == (offset, request.size);
        if !is_block || request.hash.is_some_and(|wanted| wanted != hash) {
            return None;
        }
        let opened = self.root.opened()?;
        serve_staged(&*opened.vfs, wanted, number).ok().flatten()
    }
}
