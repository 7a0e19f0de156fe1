//! Which folders two machines share: what this one says about it, and what follows from what the other says.

use super::{Exchange, Line, Offer, Said, State, TheirIndex};
use crate::folder::{Input, Shared};
use homesync_index::{Index, Position};
use homesync_protocol::{ClusterConfig, DeviceId, Message, SharedDevice, SharedFolder};
use std::collections::BTreeSet;
use std::sync::Arc;
use tracing::{debug, warn};

impl Exchange {
    /// What a machine is told about the folders that are shared with it.
    pub(super) fn cluster_config(&self, state: &State, device: DeviceId) -> ClusterConfig {
        let shared = state.fleet.folders.values().filter(|plan| plan.with.contains(&device));
        let folders = shared.map(|plan| {
            let folder = state.folders.get(&plan.id);
            let mut own = SharedDevice::new(self.own);
            if let Some((index_id, sequence)) = folder.and_then(|folder| own_position(folder)) {
                (own.index_id, own.max_sequence) = (index_id, sequence);
            }
            let mut devices = vec![own];
            for with in &plan.with {
                let mut known = SharedDevice::new(*with);
                known.name =
                    state.fleet.machines.get(with).map_or_else(String::new, |plan| plan.name.clone());
                let position = folder.and_then(|folder| position_of(folder, *with));
                if let Some(Position { index_id, sequence }) = position {
                    (known.index_id, known.max_sequence) = (index_id, sequence);
                }
                devices.push(known);
            }
            devices.sort_by_key(|device| device.id);
            let is_elsewhere = plan.networks.as_ref().is_some_and(|names| names.is_disjoint(&state.networks));
            let is_resting = plan.is_manual && !state.travelling.contains_key(&plan.id);
            let is_turned_away = folder.is_some_and(|folder| folder.has_turned_away(device));
            let is_closed = is_elsewhere || is_resting || is_turned_away;
            let is_paused = plan.is_paused || is_closed || devices.iter().all(|device| device.index_id == 0);
            SharedFolder {
                id: plan.id.clone(),
                label: plan.name.clone(),
                is_paused,
                no_progress: false,
                devices,
            }
        });
        ClusterConfig { folders: folders.collect(), secondary: false }
    }

    /// Tells a machine again which folders are shared with it, and stops saying what it is not to hear any more.
    pub(super) fn share(&self, state: &mut State, number: u64) {
        let Some(line) = state.lines.get(&number) else { return };
        let device = line.connection.device();
        let config = self.cluster_config(state, device);
        let said = said(&config, self.own);
        let Some(line) = state.lines.get_mut(&number).filter(|line| line.said != said) else { return };
        line.said = said;
        let shared: BTreeSet<&str> = config
            .folders
            .iter()
            .filter(|folder| !folder.is_paused)
            .map(|folder| folder.id.as_str())
            .collect();
        let gone: Vec<String> =
            line.shared.keys().filter(|id| !shared.contains(id.as_str())).cloned().collect();
        for id in &gone {
            line.shared.remove(id);
            line.telling.stop_folder(id);
        }
        let connection = line.connection.clone();
        for id in &gone {
            self.left(state, device, id);
        }
        // What the other machine said last still holds for the folders that are new here.
        let theirs = state.lines.get(&number).and_then(|line| line.telling.theirs());
        let _ = connection.send(Message::ClusterConfig(config));
        if let Some(theirs) = theirs {
            self.agree(state, number, &theirs);
        }
    }

    /// A machine said which folders it shares with this one.
    pub(super) fn cluster_heard(&self, number: u64, config: ClusterConfig) {
        let mut state = self.state();
        let Some(line) = state.lines.get(&number) else { return };
        let device = line.connection.device();
        if let Err(error) = config.names_both(device, self.own) {
            return line.connection.close(&error.to_string());
        }
        if config.secondary {
            return;
        }
        line.telling.set_theirs(config.clone());
        state.offered.retain(|(who, _), _| *who != device);
        for folder in &config.folders {
            let is_ours = state.fleet.folders.get(&folder.id).is_some_and(|plan| plan.with.contains(&device));
            if !is_ours {
                let label = if folder.label.is_empty() { folder.id.clone() } else { folder.label.clone() };
                state.offered.insert((device, folder.id.clone()), Offer { label });
            }
        }
        self.agree(&mut state, number, &config);
        drop(state);
        self.changes.ring();
    }

    /// Folders that both share and neither has paused begin, with what each knows of the other; all others end.
    fn agree(&self, state: &mut State, number: u64, theirs: &ClusterConfig) {
        let Some(line) = state.lines.get(&number) else { return };
        let device = line.connection.device();
        let ours = self.cluster_config(state, device);
        let is_open = |id: &str| {
            let open = |config: &ClusterConfig| {
                config.folders.iter().any(|folder| folder.id == id && !folder.is_paused)
            };
            open(&ours) && open(theirs)
        };
        let gone: Vec<String> = line.shared.keys().filter(|id| !is_open(id)).cloned().collect();
        for id in gone {
            if let Some(line) = state.lines.get_mut(&number) {
                line.shared.remove(&id);
                line.telling.stop_folder(&id);
            }
            self.left(state, device, &id);
        }
        let begin: Vec<(&SharedFolder, Arc<Shared>)> = theirs
            .folders
            .iter()
            .filter(|folder| is_open(&folder.id))
            .filter_map(|folder| Some((folder, state.folders.get(&folder.id)?.clone())))
            .collect();
        let State { lines, met, .. } = state;
        let Some(line) = lines.get_mut(&number) else { return };
        for (folder, shared) in begin {
            if let Some(index) = self.begin(line, folder, &shared) {
                met.insert((folder.id.clone(), device), index);
            }
        }
    }

    /// Answers what the other machine has of it.
    fn begin(&self, line: &mut Line, theirs: &SharedFolder, folder: &Arc<Shared>) -> Option<TheirIndex> {
        let device = line.connection.device();
        let (index_id, sequence) = own_position(folder)?;
        let (of_us, of_them) = (theirs.device(self.own)?, theirs.device(device)?);
        if of_us.index_id == index_id && of_us.max_sequence > sequence {
            warn!(folder = theirs.id, "another machine has seen more of our index than there is");
            // It is told anew as soon as our index is another one.
            folder.tell(Input::SeenMore(of_us.max_sequence));
            return None;
        }
        let known = if of_us.index_id == index_id { of_us.max_sequence } else { 0 };
        debug!(folder = theirs.id, %device, known, sequence, "shared");
        folder.tell(Input::IndexIs(device, of_them.index_id));
        let index = TheirIndex { index_id: of_them.index_id, sequence: of_them.max_sequence };
        if line.shared.insert(theirs.id.clone(), index).is_none() {
            folder.tell(Input::Connected(device));
        }
        line.telling.tell_folder(&theirs.id, folder, known);
        Some(index)
    }
}

/// What of it changes what is shared.
pub(super) fn said(config: &ClusterConfig, own: DeviceId) -> Vec<Said> {
    let devices = |folder: &SharedFolder| {
        let index = |device: &SharedDevice| if device.id == own { device.index_id } else { 0 };
        folder.devices.iter().map(|device| (device.id, index(device))).collect()
    };
    config.folders.iter().map(|folder| (folder.id.clone(), folder.is_paused, devices(folder))).collect()
}

/// Our index, and up to where others may know it.
fn own_position(folder: &Shared) -> Option<(u64, u64)> {
    folder.index.read(|index| Ok((index.index_id(), index.sequence()))).ok()
}

/// Up to where another machine's index is known.
fn position_of(folder: &Shared, device: DeviceId) -> Option<Position> {
    folder.index.read(|index| index.others_position(device)).ok().flatten()
}
