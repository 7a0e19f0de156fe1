//! The network between simulated machines: links that carry messages in order, until they are cut.

use homesync_protocol::{Entry, ProgressUpdate};
use std::collections::{BTreeMap, VecDeque};

/// What one machine says to another.
#[derive(Clone, Debug)]
pub enum Message {
    /// A part of its index.
    Index {
        /// It begins anew.
        full: bool,
        /// The id under which the sequence numbers count.
        index_id: u64,
        /// What it has.
        entries: Vec<Entry>,
    },
    /// It wants a block.
    Request {
        /// Of which content.
        wanted: Box<Entry>,
        /// Which.
        block: u32,
        /// The other one puts the file together itself.
        from_temporary: bool,
    },
    /// It tells which blocks it has of files that it is putting together.
    Progress(Vec<ProgressUpdate>),
    /// It gives a block, or says that it cannot.
    Response {
        /// Of which content.
        wanted: Box<Entry>,
        /// Which.
        block: u32,
        /// The bytes.
        bytes: Option<Vec<u8>>,
    },
}

/// All links. Each direction carries its own messages.
#[derive(Debug, Default)]
pub struct Network {
    up: BTreeMap<(usize, usize), VecDeque<Message>>,
}

impl Network {
    /// Both directions are up.
    pub fn is_up(&self, one: usize, other: usize) -> bool {
        self.up.contains_key(&(one, other))
    }

    /// Machines talk to each other from now on.
    pub fn connect(&mut self, one: usize, other: usize) {
        self.up.insert((one, other), VecDeque::new());
        self.up.insert((other, one), VecDeque::new());
    }

    /// The connection is gone, with all that is under way.
    pub fn cut(&mut self, one: usize, other: usize) {
        self.up.remove(&(one, other));
        self.up.remove(&(other, one));
    }

    /// Sends, if there is a connection.
    pub fn send(&mut self, from: usize, to: usize, message: Message) {
        if let Some(queue) = self.up.get_mut(&(from, to)) {
            queue.push_back(message);
        }
    }

    /// Directions on which something is under way.
    pub fn busy(&self) -> Vec<(usize, usize)> {
        self.up.iter().filter(|(_, queue)| !queue.is_empty()).map(|(link, _)| *link).collect()
    }

    /// Takes the next message of a direction.
    pub fn take(&mut self, link: (usize, usize)) -> Option<Message> {
        self.up.get_mut(&link)?.pop_front()
    }

    /// Takes the next message of a direction, with all the news that follow it: as a connection does that lags behind.
    pub fn take_all_news(&mut self, link: (usize, usize)) -> Option<Message> {
        let mut message = self.take(link)?;
        if let Message::Index { index_id, entries, .. } = &mut message {
            let queue = self.up.get_mut(&link)?;
            while let Some(Message::Index { full: false, index_id: next, entries: more }) = queue.front_mut()
                && next == index_id
            {
                entries.append(more);
                queue.pop_front();
            }
        }
        Some(message)
    }

    /// What a machine has sent and nobody has got yet.
    pub fn messages_from(&self, machine: usize) -> impl Iterator<Item = &Message> {
        self.up.iter().filter(move |(link, _)| link.0 == machine).flat_map(|(_, queue)| queue)
    }

    /// Messages under way in all.
    pub fn under_way(&self) -> usize {
        self.up.values().map(VecDeque::len).sum()
    }
}
