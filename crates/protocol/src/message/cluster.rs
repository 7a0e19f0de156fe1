//! Which folders two machines share, and how far each knows everybody's index.

use crate::DeviceId;
use crate::error::{ProtocolError, invalid};
use crate::wire::{self, device_id, field, text};
use prost::bytes::Bytes;
use std::collections::BTreeSet;

/// The longest name of a folder; there is no limit elsewhere, and no person types so much.
const LONGEST_ID: usize = 4_096;

/// The folders that the sender shares with the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClusterConfig {
    /// Each of them.
    pub folders: Vec<SharedFolder>,
    /// It came on a further connection, and says nothing.
    pub secondary: bool,
}

/// One folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedFolder {
    /// By which all machines know it.
    pub id: String,
    /// For people.
    pub label: String,
    /// The sender says nothing about it for now, and wants to hear nothing.
    pub is_paused: bool,
    /// The sender wants to hear nothing of files that are not complete.
    pub no_progress: bool,
    /// Everybody that the sender shares it with, the sender and the receiver included.
    pub devices: Vec<SharedDevice>,
}

/// One machine, as the sender knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedDevice {
    /// Which.
    pub id: DeviceId,
    /// What the sender calls it.
    pub name: String,
    /// Where the sender finds it.
    pub addresses: Vec<String>,
    /// Up to where the sender knows that machine's index of this folder.
    pub max_sequence: u64,
    /// Which index that is; zero where the sender knows none.
    pub index_id: u64,
    /// The sender takes further machines from it.
    pub is_introducer: bool,
    /// Proof that a machine that may not read the folder has the right password; empty for all others.
    pub password_token: Vec<u8>,
}

impl SharedDevice {
    /// A machine of which nothing is known but its id.
    pub fn new(id: DeviceId) -> Self {
        Self {
            id,
            name: String::new(),
            addresses: vec!["dynamic".to_string()],
            max_sequence: 0,
            index_id: 0,
            is_introducer: false,
            password_token: Vec::new(),
        }
    }
}

impl SharedFolder {
    /// What is said about a machine.
    pub fn device(&self, id: DeviceId) -> Option<&SharedDevice> {
        self.devices.iter().find(|device| device.id == id)
    }
}

impl ClusterConfig {
    /// Checks what both sides expect of each other: in every folder both of them are named.
    pub fn names_both(&self, sender: DeviceId, receiver: DeviceId) -> Result<(), ProtocolError> {
        for folder in &self.folders {
            for (id, who) in [(sender, "its sender"), (receiver, "its receiver")] {
                if folder.device(id).is_none() {
                    return Err(invalid("the list of folders", format!("{} does not name {who}", folder.id)));
                }
            }
        }
        Ok(())
    }

    pub(super) fn to_wire(&self) -> wire::ClusterConfig {
        wire::ClusterConfig {
            folders: self.folders.iter().map(folder_to_wire).collect(),
            secondary: self.secondary,
        }
    }

    pub(super) fn from_wire(wire: wire::ClusterConfig) -> Result<Self, ProtocolError> {
        let folders: Vec<SharedFolder> =
            wire.folders.into_iter().map(folder_from_wire).collect::<Result<_, _>>()?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = folders.iter().find(|folder| !seen.insert(&folder.id)) {
            return Err(invalid("the list of folders", format!("{} is in it twice", twice.id)));
        }
        Ok(Self { folders, secondary: wire.secondary })
    }
}

fn folder_to_wire(folder: &SharedFolder) -> wire::Folder {
    wire::Folder {
        id: field(&folder.id),
        label: field(&folder.label),
        stopped: i32::from(folder.is_paused),
        no_progress: folder.no_progress,
        devices: folder.devices.iter().map(device_to_wire).collect(),
        ..wire::Folder::default()
    }
}

fn device_to_wire(device: &SharedDevice) -> wire::Device {
    wire::Device {
        id: field(device.id.as_bytes()),
        name: field(&device.name),
        addresses: device.addresses.iter().map(field).collect(),
        max_sequence: i64::try_from(device.max_sequence).unwrap_or(i64::MAX),
        index_id: device.index_id,
        introducer: device.is_introducer,
        password_token: field(&device.password_token),
        ..wire::Device::default()
    }
}

fn folder_from_wire(wire: wire::Folder) -> Result<SharedFolder, ProtocolError> {
    let id = folder_id(&wire.id)?;
    let devices = wire.devices.into_iter().map(device_from_wire).collect::<Result<_, _>>()?;
    Ok(SharedFolder {
        id,
        label: text(&wire.label),
        is_paused: wire.stopped != 0,
        no_progress: wire.no_progress,
        devices,
    })
}

fn device_from_wire(wire: wire::Device) -> Result<SharedDevice, ProtocolError> {
    Ok(SharedDevice {
        id: device_id(&wire.id)?,
        name: text(&wire.name),
        addresses: wire.addresses.iter().map(text).collect(),
        // A negative one is as good as none: everything is sent then.
        max_sequence: u64::try_from(wire.max_sequence).unwrap_or(0),
        index_id: wire.index_id,
        is_introducer: wire.introducer,
        password_token: wire.password_token.to_vec(),
    })
}

/// A folder's id, in whatever message it stands.
pub(super) fn folder_id(bytes: &Bytes) -> Result<String, ProtocolError> {
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| invalid("a folder's id", "it is no text"))?;
    if text.is_empty() || text.len() > LONGEST_ID {
        return Err(invalid("a folder's id", format!("it has {} bytes", text.len())));
    }
    Ok(text)
}
