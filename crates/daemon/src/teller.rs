//! Says to one machine what is new here, as fast as it listens: one thread for each connection.

use crate::bell::Bell;
use crate::folder::Shared;
use homesync_engine::{Unfinished, progress};
use homesync_index::Index;
use homesync_network::Connection;
use homesync_protocol::{ClusterConfig, Entry, IndexMessage, Message, Progress, batches};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;
use tracing::{debug, trace};

/// So many items are read at a time.
const AT_ONCE: usize = 1_000;
/// Without news it is looked all the same, in case that a bell was not heard.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What is told over one connection.
pub(crate) struct Telling {
    connection: Connection,
    bell: Arc<Bell>,
    changes: Arc<Bell>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    folders: BTreeMap<String, Told>,
    theirs: Option<ClusterConfig>,
    is_ended: bool,
}

/// What was told about one folder.
#[derive(Clone)]
struct Told {
    folder: Arc<Shared>,
    /// Up to which sequence number.
    sequence: u64,
    /// How far it was what is being put together here, when that was told last.
    unfinished: Arc<Vec<Unfinished>>,
    /// Another number at each beginning: a beginning that happens while something is told counts.
    beginning: u64,
}

impl Telling {
    pub(crate) fn new(connection: Connection, bell: Arc<Bell>, changes: Arc<Bell>) -> Self {
        Self { connection, bell, changes, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder is told from behind a sequence number on.
    pub(crate) fn tell_folder(&self, id: &str, folder: &Arc<Shared>, known: u64) {
        let mut state = self.state();
        let beginning = state.folders.get(id).map_or(0, |told| told.beginning + 1);
        let told = Told { folder: folder.clone(), sequence: known, unfinished: Arc::default(), beginning };
        state.folders.insert(id.to_string(), told);
        drop(state);
        self.bell.ring();
    }

    /// Nothing more is said about a folder.
    pub(crate) fn stop_folder(&self, id: &str) {
        self.state().folders.remove(id);
    }

    /// Up to which sequence number a folder was told.
    pub(crate) fn told(&self, id: &str) -> Option<u64> {
        self.state().folders.get(id).map(|told| told.sequence)
    }

    /// What the other machine said about folders.
    pub(crate) fn theirs(&self) -> Option<ClusterConfig> {
        self.state().theirs.clone()
    }

    /// The other machine said this about folders.
    pub(crate) fn set_theirs(&self, config: ClusterConfig) {
        self.state().theirs = Some(config);
    }

    /// Nothing more is said.
    pub(crate) fn end(&self) {
        self.state().is_ended = true;
        self.bell.ring();
    }

    fn run(&self) {
        loop {
            let rung = self.bell.count();
            let folders: Vec<(String, Told)> = {
                let state = self.state();
                if state.is_ended {
                    return;
                }
                state.folders.iter().map(|(id, told)| (id.clone(), told.clone())).collect()
            };
            let mut is_more = false;
            for (id, told) in folders {
                match self.tell(&id, &told) {
                    Some(more) => is_more |= more,
                    None => return,
                }
                if self.tell_unfinished(&id, &told).is_none() {
                    return;
                }
            }
            if !is_more {
                self.bell.wait(rung, LONGEST_WAIT);
            }
        }
    }

    /// Tells some of what is new. Answers whether there may be more, and nothing when the connection is closed.
    fn tell(&self, id: &str, told: &Told) -> Option<bool> {
        let entries = match told.folder.index.read(|index| index.announce_since(told.sequence, AT_ONCE)) {
            Ok(entries) => entries,
            Err(error) => {
                debug!(folder = id, %error, "nothing can be told");
                return Some(false);
            }
        };
        if entries.is_empty() {
            return Some(false);
        }
        let mut sequence = told.sequence;
        for batch in batches(entries.into_iter().map(Entry::announced).collect()) {
            if !self.is_current(id, told) {
                return Some(true);
            }
            let message = IndexMessage::new(id, batch, sequence);
            let last = message.last_sequence;
            let message = if sequence == 0 { Message::Index(message) } else { Message::IndexUpdate(message) };
            self.connection.send_and_wait(message).ok()?;
            sequence = last;
        }
        let mut state = self.state();
        match state.folders.get_mut(id).filter(|now| now.beginning == told.beginning) {
            Some(now) => {
                now.sequence = sequence;
                drop(state);
                // Somebody may wait for everything to be told.
                self.changes.ring();
            }
            // It ended, or began again, meanwhile.
            None => return Some(true),
        }
        Some(true)
    }

    /// Tells which blocks can be had from here of files that are being put together, if the other machine wants to know. Answers nothing when
    /// the connection is closed.
    fn tell_unfinished(&self, id: &str, told: &Told) -> Option<()> {
        let now = told.folder.unfinished();
        if Arc::ptr_eq(&now, &told.unfinished) || !self.is_current(id, told) || !self.wants_progress(id) {
            return Some(());
        }
        let updates = progress(&told.unfinished, &now);
        if !updates.is_empty() {
            trace!(folder = id, device = %self.connection.device(), files = updates.len(), "told of unfinished files");
            let message = Progress { folder: id.to_string(), updates };
            self.connection.send_and_wait(Message::Progress(message)).ok()?;
        }
        let mut state = self.state();
        if let Some(current) = state.folders.get_mut(id).filter(|current| current.beginning == told.beginning)
        {
            current.unfinished = now;
        }
        Some(())
    }

    fn wants_progress(&self, id: &str) -> bool {
        let state = self.state();
        let mut folders = state.theirs.iter().flat_map(|config| &config.folders);
        folders.any(|folder| folder.id == id && !folder.no_progress)
    }

    fn is_current(&self, id: &str, told: &Told) -> bool {
        self.state().folders.get(id).is_some_and(|now| now.beginning == told.beginning)
    }
}

/// Tells until the connection ends.
pub(crate) fn start(telling: &Arc<Telling>) -> io::Result<()> {
    let telling = telling.clone();
    let name = format!("tell {}", telling.connection.number());
    thread::Builder::new().name(name).spawn(move || telling.run()).map(drop)
}
