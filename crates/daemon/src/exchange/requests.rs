//! What was asked of a machine and is not answered yet.

use crate::folder::{Shared, Wanted};
use homesync_network::Connection;
use homesync_protocol::{Entry, Message, Request};
use std::collections::HashMap;
use std::sync::Arc;

/// It, for one connection.
#[derive(Default)]
pub(super) struct Requests {
    last: i32,
    open: HashMap<i32, Asked>,
}

/// One of it.
pub(super) struct Asked {
    pub(super) folder: Arc<Shared>,
    pub(super) wanted: Box<Entry>,
    pub(super) block: u32,
}

impl Requests {
    /// Asks. Answers whether it could be.
    pub(super) fn send(&mut self, connection: &Connection, folder: &Arc<Shared>, wanted: Wanted) -> bool {
        let Wanted { entry: wanted, block, from_temporary } = wanted;
        let Some(blocks) = wanted.content.blocks() else { return false };
        let Some(hash) = blocks.hashes().get(block as usize) else { return false };
        let (offset, size) = blocks.extent(block as usize);
        let id = self.free_id();
        let request = Request {
            id,
            folder: folder.id.clone(),
            path: Ok(wanted.path.clone()),
            offset: Some(offset),
            size,
            hash: Some(*hash),
            from_temporary,
            block,
        };
        let is_sent = connection.send(Message::Request(request)).is_ok();
        if is_sent {
            self.open.insert(id, Asked { folder: folder.clone(), wanted, block });
        }
        is_sent
    }

    /// It is answered.
    pub(super) fn take(&mut self, id: i32) -> Option<Asked> {
        self.open.remove(&id)
    }

    fn free_id(&mut self) -> i32 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(0);
            if !self.open.contains_key(&self.last) {
                return self.last;
            }
        }
    }
}
