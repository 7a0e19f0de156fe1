//! What the network says, and where it goes.

use super::{Exchange, Stranger};
use crate::folder::{Heard, Input};
use homesync_network::{Connection, Event, Events, Permit};
use homesync_protocol::{IndexMessage, Message, Progress, Refusal, Request, Response};
use std::sync::Arc;
use tracing::{debug, info, trace, warn};

/// So many unknown machines are remembered for a person.
const MOST_STRANGERS: usize = 100;

impl Exchange {
    /// Hears the network until its end.
    pub(crate) fn listen(self: &Arc<Self>, mut events: Events) {
        while let Some(event) = events.next_event() {
            self.hear(event);
        }
    }

    fn hear(self: &Arc<Self>, event: Event) {
        match event {
            Event::Listening { wanted, address } => {
                info!(%address, "listening");
                self.on_place(&wanted, Ok(address));
            }
            Event::CannotListen { address, error } => {
                warn!(%address, %error, "cannot listen");
                self.on_place(&address, Err(error.to_string()));
            }
            Event::Connected { connection, hello } => {
                info!(device = %connection.device(), address = %connection.address(), client = hello.client_name, "connected");
                self.connected(&connection);
            }
            Event::Message { connection, message, permit } => self.message(&connection, message, permit),
            Event::Disconnected { connection, reason } => {
                info!(device = %connection.device(), reason, "disconnected");
                self.disconnected(&connection);
            }
            Event::Unknown { device, hello, address } => {
                info!(%device, %address, name = hello.device_name, "an unknown machine was sent away");
                let mut state = self.state();
                // It was sent away before the settings were in force that name it.
                let is_known = state.fleet.machines.contains_key(&device);
                if !is_known && state.unknown.len() < MOST_STRANGERS {
                    let stranger = Stranger { name: hello.device_name, address: address.to_string() };
                    state.unknown.insert(device, stranger);
                }
            }
            Event::Unreachable { device, errors } => {
                let reasons: Vec<String> =
                    errors.iter().map(|(address, error)| format!("{address}: {error}")).collect();
                debug!(%device, ?reasons, "cannot be reached");
                self.state().unreachable.insert(device, reasons.join("; "));
            }
            Event::Networks(names) => {
                info!(?names, "on these networks");
                self.on_networks(names);
            }
        }
        self.changes.ring();
    }

    fn message(self: &Arc<Self>, connection: &Connection, message: Message, permit: Permit) {
        match message {
            Message::ClusterConfig(config) => self.cluster_heard(connection.number(), config),
            Message::Index(index) => self.index(connection, index, true, permit),
            Message::IndexUpdate(index) => self.index(connection, index, false, permit),
            Message::Request(request) => self.requested(connection, request, permit),
            Message::Response(response) => self.answered(connection, response),
            Message::Progress(progress) => self.progress(connection, progress, permit),
            // The network's own affair.
            Message::Ping | Message::Close(_) => {}
        }
    }

    fn index(&self, connection: &Connection, message: IndexMessage, full: bool, permit: Permit) {
        let state = self.state();
        let line = state.lines.get(&connection.number());
        let index_id = line.and_then(|line| line.shared.get(&message.folder)).map(|index| index.index_id);
        let (Some(index_id), Some(folder)) = (index_id, state.folders.get(&message.folder)) else {
            // It may have been paused here a moment ago, and the other machine does not know it yet.
            debug!(folder = message.folder, "heard of a folder that is not shared now");
            return;
        };
        if !message.is_rising {
            return connection.close("the sequence numbers of an index do not rise");
        }
        for refused in &message.refused {
            warn!(folder = message.folder, device = %connection.device(), "an item was left aside: {refused:?}");
        }
        folder.tell(Input::Heard(Heard {
            device: connection.device(),
            index_id,
            full,
            entries: message.entries,
            last: message.last_sequence,
            permit: Some(permit),
        }));
    }

    /// What a machine says of a folder that is not shared with it counts as little as its index of that.
    fn progress(&self, connection: &Connection, progress: Progress, permit: Permit) {
        let state = self.state();
        let line = state.lines.get(&connection.number());
        let is_shared = line.is_some_and(|line| line.shared.contains_key(&progress.folder));
        if let Some(folder) = state.folders.get(&progress.folder).filter(|_| is_shared) {
            let blocks: usize = progress.updates.iter().flat_map(|update| &update.blocks).map(Vec::len).sum();
            trace!(folder = progress.folder, device = %connection.device(), blocks, "heard of unfinished files");
            folder.tell(Input::Progress(connection.device(), progress.updates, permit));
        }
    }

    fn requested(&self, connection: &Connection, request: Request, permit: Permit) {
        let state = self.state();
        let is_shared = state
            .lines
            .get(&connection.number())
            .is_some_and(|line| line.shared.contains_key(&request.folder));
        let folder = state.folders.get(&request.folder).filter(|_| is_shared).cloned();
        drop(state);
        let Some(folder) = folder else {
            let response = Response { id: request.id, result: Err(Refusal::Generic) };
            let _ = connection.answer(Message::Response(response), permit);
            return;
        };
        let (connection, of_job) = (connection.clone(), folder.clone());
        folder.move_blocks(move || {
            let result = of_job.serve(&request).map(Into::into).ok_or(Refusal::NoSuchFile);
            let _ = connection.answer(Message::Response(Response { id: request.id, result }), permit);
        });
    }

    fn answered(&self, connection: &Connection, response: Response) {
        let mut state = self.state();
        let Some(line) = state.lines.get_mut(&connection.number()) else { return };
        let Some(asked) = line.requests.take(response.id) else { return };
        drop(state);
        asked.folder.answered(connection.device(), asked.wanted, asked.block, response.result.ok());
    }
}
